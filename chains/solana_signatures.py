"""Pages through an account's transactions, newest first, back to a slot: servers offer no other order."""

import time

from chains.endpoints import EndpointFault
from chains.solana_rpc import Head, Node, SignatureRow


class Listing:
    """An account's transactions from the slot `floor` on, none mined before `since` (epoch seconds).

    Reading it may take several scans, all with the same server: another one may not know where we are. It is used only
    once it is complete, since the oldest row, where work begins, comes last.
    """

    def __init__(self, node: Node, head: Head, account: str, floor: int, since: int) -> None:
        self.node, self.head, self.floor = node, head, floor
        self._account, self._since = account, since
        self.is_complete = False
        self.has_passed = False
        self._rows: list[SignatureRow] = []
        self._seen: set[str] = set()

    @property
    def oldest(self) -> str | None:
        """The signature of the oldest row that was read."""
        return self._rows[-1].signature if self._rows else None

    def read_on(self, known_oldest: str | None, deadline: float) -> None:
        """Read pages until the listing is complete, or the deadline (monotonic seconds) is past.

        It is complete when a row lies before `floor` or `since`, or when there are no more: `known_oldest` is the
        account's very first signature, where an earlier listing has found it.
        """
        while not self.is_complete and time.monotonic() < deadline:
            page = self.node.signatures(self._account, self.oldest, self.head)
            if not page and len(self._rows) > 1:
                page = self._proof_of_end()
            self._add(page)
            self.has_passed = bool(page) and self._is_before(page[-1])
            self.is_complete = not page or self.has_passed or self.oldest == known_oldest

    def rows(self, floor: int) -> list[SignatureRow]:
        """The successful transactions from the slot `floor` on, oldest first."""
        taken = [
            row
            for row in reversed(self._rows)
            if row.err is None and row.slot >= floor and (row.block_time is None or row.block_time >= self._since)
        ]
        return sorted(taken, key=lambda row: row.slot)

    def _add(self, page: list[SignatureRow]) -> None:
        new = [row for row in page if row.signature not in self._seen]
        if page and not new:  # or we would ask for ever
            raise EndpointFault("getSignaturesForAddress: it gives the same page again")
        self._rows += new
        self._seen.update(row.signature for row in new)

    def _proof_of_end(self) -> list[SignatureRow]:
        """What follows the last row, asked from the one before it.

        A server that does not know the signature to go on from may answer with an empty page, as if that were the end.
        So the end counts only if the server shows us the last row once more, with nothing behind it.
        """
        page = self.node.signatures(self._account, self._rows[-2].signature, self.head)
        if not page or page[0].signature != self._rows[-1].signature:
            raise EndpointFault("getSignaturesForAddress: it lost its place between two pages")
        return page[1:]

    def _is_before(self, row: SignatureRow) -> bool:
        return row.slot < self.floor or (row.block_time is not None and row.block_time < self._since)

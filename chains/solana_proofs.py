"""Proves listed transactions one by one, within what one scan may take, and remembers what was proven."""

import time
from collections.abc import Iterable
from dataclasses import dataclass, field

from chains.base import Transfer
from chains.solana_rpc import Node, SignatureRow
from chains.solana_transactions import Ours, transfers_to_us

SCAN_TRANSACTIONS = 100
MOST_REMEMBERED = 20_000
OVERDUE_SECONDS = 60  # a transaction that is listed and not there for so long: another server may have it


@dataclass(slots=True)
class Proving:
    """One scan's proving at one server, until `deadline` (monotonic seconds), and what has come of it.

    `since` (epoch seconds): nothing mined before it counts. `has_more`: the scan ended before the rows did. `overdue`:
    a transaction that this server ought to have by now.
    """

    node: Node
    since: int
    deadline: float
    transfers: list[Transfer] = field(default_factory=list)
    asked: int = 0
    proven: int = 0
    has_more: bool = False
    overdue: str | None = None


@dataclass(frozen=True, slots=True)
class Reached:
    """How far the proving came: the first row that is not done, if any, and up to when all is known because of it."""

    open_row: SignatureRow | None
    known_until: int


class Proofs:
    """What was proven, by signature.

    The memory spares calls; nothing is left out because of it. The transfers of a row are given at each scan that lists
    the row: the caller may have failed to record them the last time.
    """

    def __init__(self, ours: Ours) -> None:
        self._ours = ours
        self._known: dict[str, tuple[Transfer, ...]] = {}
        self._not_given = 0

    def given(self) -> None:
        """What was proven so far goes to the caller: the count of what one scan may prove begins anew.

        It runs on over scans that failed, so that a server that fails often still comes to give a batch.
        """
        self._not_given = 0

    def prove(self, proving: Proving, rows: Iterable[SignatureRow]) -> Reached:
        """Find the transfers of the rows, which come oldest first. A row without proof does not stop those after it."""
        held_back: Reached | None = None
        time_done, slot_done = proving.since, -1
        for row in rows:
            transfers = self._known.get(row.signature)
            if transfers is None:
                if self._is_enough(proving, is_new_slot=row.slot != slot_done):
                    # With nothing proven, going on at once would only ask for the same again.
                    proving.has_more = proving.proven > 0 or proving.asked == 0
                    return held_back or Reached(row, row.block_time or time_done)
                transfers = self._ask(proving, row)
            slot_done = row.slot
            if transfers is None:
                held_back = held_back or Reached(row, row.block_time or time_done)
            else:
                proving.transfers += transfers
                time_done = row.block_time or time_done
        return held_back or Reached(None, time_done)

    def _is_enough(self, proving: Proving, is_new_slot: bool) -> bool:
        """Whether the scan ends before the next call. The count ends it between slots only: the cursor is a slot."""
        is_time_up = time.monotonic() + proving.node.seconds_to_wait() > proving.deadline
        return is_time_up or (is_new_slot and self._not_given >= SCAN_TRANSACTIONS)

    def _ask(self, proving: Proving, row: SignatureRow) -> tuple[Transfer, ...] | None:
        if not row.is_final:
            return None
        proving.asked += 1
        document = proving.node.transaction(row.signature)
        transfers = transfers_to_us(document, row.signature, row.block_time, self._ours)
        if transfers is None:
            if row.block_time is not None and row.block_time < time.time() - OVERDUE_SECONDS:
                proving.overdue = row.signature
            return None
        transfers = tuple(transfer for transfer in transfers if transfer.mined_at >= proving.since)
        proving.proven += 1
        self._not_given += 1
        if len(self._known) >= MOST_REMEMBERED:
            del self._known[next(iter(self._known))]
        self._known[row.signature] = transfers
        return transfers

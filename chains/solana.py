"""Reads USDT on Solana: signatures of our token accounts say where to look, the transactions themselves prove."""

import time
from dataclasses import dataclass

from pydantic import BaseModel, Field, ValidationError
from solders.pubkey import Pubkey

from chains.base import Batch, Cursor, HistoryGone, ScanFailed, is_in_future
from chains.endpoints import AllResting, Behind, Endpoint, EndpointFault, Endpoints
from chains.solana_proofs import Proofs, Proving
from chains.solana_rpc import LAG_SECONDS, LOOK_BACK_SLOTS, Head, Node
from chains.solana_signatures import Listing
from chains.solana_sweep import Sweep
from chains.solana_transactions import TOKEN_PROGRAM, Ours

ASSOCIATED_TOKEN_PROGRAM = Pubkey.from_string("ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL")
FIRST_LOOK_SECONDS = 120
FIRST_LOOK_SLOTS = 1_500  # surely more than that time, for rows that come without one
MOST_SLOTS_A_SECOND = 5
LONG_GAP_SLOTS = 9_000  # an hour; every server keeps more than that
SCAN_SECONDS = 15.0


class _Place(BaseModel):
    """The cursor: for each token account of ours, the slot from which on (inclusive) it is read.

    What was mined before `since` (epoch seconds), where the first scan began, was not paid to us.
    """

    since: int
    accounts: dict[str, int] = Field(default_factory=dict)


class _HistoryMissing(EndpointFault):
    """The endpoint has no more of the blocks that are to be read."""


@dataclass(frozen=True, slots=True)
class _Scan:
    """One scan at one server: what it goes by, and what it proves."""

    node: Node
    head: Head
    place: _Place
    proving: Proving


class SolanaChain:
    """The reader of Solana. An idle scan costs three calls: the latest block, its time, and a page of signatures.

    It reads again what the last look-back holds, mostly from memory, so transfers are given more than once.
    """

    def __init__(self, endpoints: Endpoints, wallet: str, contract: str) -> None:
        self.endpoints = endpoints
        self._ours = Ours(wallet, contract, associated_account(wallet, contract))
        self._nodes: dict[str, Node] = {}
        self._listings: dict[str, Listing] = {}
        self._oldest: dict[str, str] = {}
        self._proofs = Proofs(self._ours)
        self._sweep = Sweep(self._ours)
        self._without_history: set[str] = set()
        # A first scan begins here however often it fails: who pays meanwhile pays us.
        self._began_at = int(time.time())

    def scan(self, cursor: Cursor | None) -> Batch:
        """The next batch of final transfers; see chains.base. Raises ScanFailed.

        `final_at` holds for the associated account, where wallets send to. Others of ours are only looked at now and
        then, and no intent waits for that: a transfer pays by the time it was mined, whenever it is seen.
        """
        place = _restored(cursor)
        try:
            return self.endpoints.first_to_serve(lambda endpoint, behind: self._scan(endpoint, place, behind))
        except AllResting as error:
            if len(self._without_history) == len(self.endpoints.records()):
                raise HistoryGone(str(error)) from None
            raise ScanFailed(str(error)) from None

    def _scan(self, endpoint: Endpoint, place: _Place | None, may_be_behind: bool) -> Batch:
        self._without_history.discard(endpoint.url)
        try:
            scan = self._begun(endpoint, place, may_be_behind)
            batch = self._batch(scan)
            if scan.proving.overdue and not may_be_behind:
                raise Behind(f"it lists the transaction {scan.proving.overdue}, and has not got it")
        except _HistoryMissing:
            self._without_history.add(endpoint.url)
            raise
        self._proofs.given()
        return batch

    def _begun(self, endpoint: Endpoint, place: _Place | None, may_be_behind: bool) -> _Scan:
        node = self._nodes.setdefault(endpoint.url, Node(endpoint))
        head = node.head()
        now = int(time.time())
        if head.mined_at is not None and is_in_future(head.mined_at):
            raise EndpointFault("its latest block is in the future")
        if head.mined_at is not None and head.mined_at < now - LAG_SECONDS and not may_be_behind:
            raise Behind(f"its latest block is {(now - head.mined_at) // 60} minutes old")
        if place is None:
            slots = FIRST_LOOK_SLOTS + (now - self._began_at) * MOST_SLOTS_A_SECOND
            start = 0 if head.slot is None else max(0, head.slot - slots)
            place = _Place(since=self._began_at - FIRST_LOOK_SECONDS, accounts={self._ours.account: start})
        return _Scan(node, head, place, Proving(node, place.since, time.monotonic() + SCAN_SECONDS))

    def _batch(self, scan: _Scan) -> Batch:
        slots = dict(scan.place.accounts)
        slots[self._ours.account], final_at = self._read(scan, self._ours.account)
        if not scan.proving.has_more:
            for account in self._sweep.due(scan.node, scan.place.accounts):
                slots[account], _ = self._read(scan, account)
                if scan.proving.has_more:
                    break
                self._sweep.done(account)
        place = _Place(since=scan.place.since, accounts=slots)
        head = slots[self._ours.account] if scan.head.slot is None else scan.head.slot
        given = dict.fromkeys(scan.proving.transfers)  # a transaction may touch two accounts of ours
        return Batch(tuple(given), place.model_dump(), final_at, head, caught_up=not scan.proving.has_more)

    def _read(self, scan: _Scan, account: str) -> tuple[int, int]:
        """Read an account on; returns the slot to read it from the next time, and up to when all is known."""
        floor = scan.place.accounts.get(account, 0)
        listing = self._listed(scan, account, floor)
        if not listing.is_complete:
            scan.proving.has_more = True
            return floor, scan.place.since
        rows = listing.rows(floor)
        reached = self._proofs.prove(scan.proving, rows)
        if not scan.proving.has_more:
            del self._listings[account]
            # What came while an older listing was worked off is not in it.
            scan.proving.has_more = listing.head is not scan.head
        # The look-back counts from the head only: what is older than that was listed long after it was final.
        newest = listing.head.slot if listing.head.slot is not None else max((row.slot for row in rows), default=floor)
        next_slot, final_at = newest - LOOK_BACK_SLOTS, listing.head.final_at
        if reached.open_row is not None:
            next_slot, final_at = min(next_slot, reached.open_row.slot), min(final_at, reached.known_until)
        return max(floor, next_slot), final_at

    def _listed(self, scan: _Scan, account: str, floor: int) -> Listing:
        """The account's signatures from the floor on. While there is much to catch up with, one listing lasts long."""
        listing = self._listings.get(account)
        is_usable = listing is not None and (listing.is_complete or listing.node is scan.node)
        if listing is None or listing.floor > floor or not is_usable:
            listing = self._listings[account] = Listing(scan.node, scan.head, account, floor, scan.place.since)
        if not listing.is_complete:
            listing.read_on(self._oldest.get(account), scan.proving.deadline)
            if listing.is_complete and not listing.has_passed:
                self._check_history(scan, account, floor)
                if listing.oldest is not None:
                    self._oldest[account] = listing.oldest
        return listing

    def _check_history(self, scan: _Scan, account: str, floor: int) -> None:
        """After a long gap, a list that ends early may be the account's whole story, or all that the server kept."""
        if floor == 0 or scan.head.slot is None or scan.head.slot - floor < LONG_GAP_SLOTS:
            return
        first = scan.node.first_slot()
        if first is not None and first > floor:
            del self._listings[account]
            raise _HistoryMissing(f"its history begins at slot {first}, and slot {floor} is to be read")


def associated_account(wallet: str, mint: str) -> str:
    """The token account that wallets send this mint to, derived from the owner's address."""
    seeds = [bytes(Pubkey.from_string(address)) for address in (wallet, TOKEN_PROGRAM, mint)]
    return str(Pubkey.find_program_address(seeds, ASSOCIATED_TOKEN_PROGRAM)[0])


def _restored(cursor: Cursor | None) -> _Place | None:
    try:
        return None if cursor is None else _Place.model_validate(cursor)
    except ValidationError:
        raise ScanFailed("the stored cursor is not one of this reader") from None

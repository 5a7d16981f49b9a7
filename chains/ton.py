"""USDT transfers on TON, read from toncenter's index (v3)."""

import time
from typing import Any

from pydantic import BaseModel, ValidationError

from chains import addresses
from chains.base import Batch, Cursor, ScanFailed, Transfer
from chains.endpoints import AllResting, Behind, Endpoint, EndpointFault, Endpoints
from chains.ton_answers import Block, Lt, MasterchainInfo, Row, Rows, Second, parsed
from chains.ton_proofs import Proofs, Round, Verdict, complain

FIRST_LOOK_BACK_SECONDS = 120
FINALITY_SECONDS = 10
LAG_SECONDS = 120
# Blocks of the shards come into the masterchain, and into the index, some time after the time that they bear.
SETTLING_SECONDS = 30
# For rows that are indexed late. Logical time (lt) grows by about a million a block: some minutes.
LOOK_BACK_LT = 1_000_000_000
ROWS_A_PAGE = 500
ROWS_A_SCAN = 1_000
PAGES_A_SCAN = 20
HELD_AT_MOST = 500
LONG_HELD_SECONDS = 3600
NOT_OFFERED = (404, 405, 501)


class Place(BaseModel):
    """A cursor: rows of `lt` and later are to be read, and those held asked about again.

    Held rows stand in the cursor, so that one whose trace is never finished keeps no others from being read. `since` is
    when the first scan began to look: what is older is not for us; `lt` is known from the first row on.
    """

    since: Second
    lt: Lt | None = None
    held: list[Row] = []


class TonChain:
    """The reader of TON; `wallet` is our user-friendly address, `contract` the jetton's raw one."""

    def __init__(self, endpoints: Endpoints, wallet: str, contract: str) -> None:
        self.endpoints = endpoints
        self._owner = addresses.ton_raw(wallet)
        self._contract = addresses.ton_raw(contract)
        self._proofs = Proofs(self._owner, self._contract)
        # A first scan begins here however often it fails: who pays meanwhile pays us.
        self._began_at = int(time.time())

    def scan(self, cursor: Cursor | None) -> Batch:
        """The next batch of final transfers. Raises ScanFailed."""
        place = _restored(cursor) or Place(since=self._began_at - FIRST_LOOK_BACK_SECONDS)
        try:
            return self.endpoints.first_to_serve(lambda endpoint, may_lag: self._read(endpoint, place, may_lag=may_lag))
        except AllResting as error:
            raise ScanFailed(str(error)) from None

    def _read(self, endpoint: Endpoint, place: Place, *, may_lag: bool) -> Batch:
        head = _head(endpoint)
        now = int(time.time())
        late = now - head.gen_utime if head else 0
        if late > FINALITY_SECONDS + LAG_SECONDS and not may_lag:
            raise Behind(f"its latest block is {late // 60} minutes old")
        final_at = min(head.gen_utime, now) - SETTLING_SECONDS if head else now - FINALITY_SECONDS - LAG_SECONDS
        rows, more = self._rows(endpoint, place)
        return self._batch(endpoint, place, rows, more=more, final_at=final_at, head=head.seqno if head else 0)

    def _rows(self, endpoint: Endpoint, place: Place) -> tuple[list[Row], bool]:
        """The rows to look at, in the order of their lt, and whether there are more."""
        start = place.lt
        if start is None:
            # Pages by time overlap and leave gaps: time only finds the lt to begin at.
            first = self._page(endpoint, {"start_utime": place.since})
            if not first:
                return [], False
            start = min(row.transaction_lt for row in first)
        rows: list[Row] = []
        for _ in range(PAGES_A_SCAN):
            page = self._page(endpoint, {"start_lt": start, "offset": len(rows)})
            rows += page
            order = [start, *(row.transaction_lt for row in rows)]
            if order != sorted(order):
                raise EndpointFault("its rows are not in the order asked for")
            if len(page) < ROWS_A_PAGE:
                return rows, False
            # Never stop among rows of the lt we began at: the next scan would begin there again, and so for ever.
            if len(rows) >= ROWS_A_SCAN and order[-1] > start:
                return rows, True
        raise EndpointFault("its rows have no end")

    def _page(self, endpoint: Endpoint, begin: dict[str, int]) -> list[Row]:
        query: dict[str, Any] = {
            "owner_address": self._owner,
            "jetton_master": self._contract,
            "direction": "in",
            "sort": "asc",
            "limit": ROWS_A_PAGE,
            **begin,
        }
        return parsed(Rows, endpoint.get("/api/v3/jetton/transfers", query)).jetton_transfers

    def _is_for_us(self, row: Row, since: int) -> bool:
        return (
            row.jetton_master == self._contract
            and row.destination == self._owner
            and row.amount > 0
            and not row.transaction_aborted
            and row.transaction_now >= since
        )

    def _batch(
        self, endpoint: Endpoint, place: Place, rows: list[Row], *, more: bool, final_at: int, head: int
    ) -> Batch:
        sorting = _Sorting(Round(endpoint, self._proofs), place.held)
        stopped_at = sorting.take([row for row in rows if self._is_for_us(row, place.since)])
        sorting.ask_again()
        waiting = sorting.held
        _tell_of_long_held(endpoint, waiting)
        final_at = min([final_at, *(row.transaction_now for row in waiting)])
        lt = place.lt
        if stopped_at or more:
            last = stopped_at or rows[-1]
            lt = last.transaction_lt
            final_at = min(final_at, last.transaction_now - SETTLING_SECONDS)
        elif rows:
            lt = max(rows[-1].transaction_lt - LOOK_BACK_LT, 0)
        return Batch(
            transfers=sorting.transfers,
            cursor=Place(since=place.since, lt=lt, held=waiting).model_dump(mode="json"),
            final_at=final_at,
            head=head,
            # With too many rows held there is nothing to be read at once: their traces have to be finished first.
            caught_up=not (stopped_at or more) or len(waiting) >= HELD_AT_MOST,
        )


class _Sorting:
    """Sorts rows into transfers that have arrived, and rows that are held until that is known."""

    def __init__(self, asking: Round, held: list[Row]) -> None:
        self._asking = asking
        self._to_ask_again = {row.transaction_hash: row for row in held}
        self._still_open: dict[str, Row] = {}
        self._arrived: dict[str, Transfer] = {}

    @property
    def transfers(self) -> tuple[Transfer, ...]:
        """What has arrived; each once, though pages overlap."""
        return tuple(self._arrived.values())

    @property
    def held(self) -> list[Row]:
        """The rows that are held, those last asked about at the end, so that each has its turn."""
        return [*self._to_ask_again.values(), *self._still_open.values()]

    def take(self, rows: list[Row]) -> Row | None:
        """Sort rows that were just read; the one to stop at where it has to wait for a later scan."""
        for row in rows:
            verdict = self._asking.verdict(row)
            is_held = row.transaction_hash in self._to_ask_again
            is_one_too_many = verdict is Verdict.OPEN and not is_held and len(self.held) >= HELD_AT_MOST
            if verdict is Verdict.UNASKED or is_one_too_many:
                return row
            self._sort(row, verdict)
        return None

    def ask_again(self) -> None:
        """Sort the held rows whose turn comes within the round's time."""
        for row in list(self._to_ask_again.values()):
            verdict = self._asking.verdict(row)
            if verdict is not Verdict.UNASKED:
                self._sort(row, verdict)

    def _sort(self, row: Row, verdict: Verdict) -> None:
        self._to_ask_again.pop(row.transaction_hash, None)
        if verdict is Verdict.ARRIVED:
            self._arrived[row.transaction_hash] = row.transfer()
        elif verdict is Verdict.OPEN:
            self._still_open[row.transaction_hash] = row


def _restored(cursor: Cursor | None) -> Place | None:
    try:
        return None if cursor is None else Place.model_validate(cursor)
    except ValidationError:
        raise ScanFailed("the stored cursor is not one of this reader") from None


def _head(endpoint: Endpoint) -> Block | None:
    """The latest block of the masterchain; None where the server does not tell it."""
    try:
        return parsed(MasterchainInfo, endpoint.get("/api/v3/masterchainInfo", {})).last
    except EndpointFault as fault:
        if fault.status in NOT_OFFERED:
            return None
        raise


def _tell_of_long_held(endpoint: Endpoint, held: list[Row]) -> None:
    """Let operators see transfers whose traces are overdue: by now, something is wrong."""
    ages = [time.time() - row.transaction_now for row in held]
    overdue = [age for age in ages if age > LONG_HELD_SECONDS]
    if overdue:
        complain(endpoint, f"{len(overdue)} transfers wait for their traces, one for {max(overdue) / 3600:.0f} hours")

"""Reads USDT-TRC20 through TronGrid: its list of transfers says where to look, receipts of final blocks prove."""

import re
import time
from dataclasses import dataclass, field
from typing import NamedTuple

from pydantic import BaseModel, Field, ValidationError

from chains.base import Batch, Cursor, ScanFailed, Transfer, is_in_future
from chains.endpoints import AllResting, Behind, Endpoint, EndpointFault, Endpoints
from chains.tron_grid import Pace, Row, TronGrid
from chains.tron_receipts import Receipts

FINAL_AFTER_SECONDS = 57
LAG_SECONDS = FINAL_AFTER_SECONDS + 120
FIRST_LOOK_SECONDS = 120
LOOK_BACK_MS = 10 * 60 * 1000  # the list has shown rows late before
LIST_DELAY_SECONDS = 30  # the list is made from the blocks, and comes a little after them
SCAN_SECONDS = 15.0
SCAN_RECEIPTS = 200
SCAN_TRANSFERS = 1_000
MOST_AWAITED = 25  # each costs a call at every scan; with so many, the server has no receipts to give
_HASH = re.compile(r"[0-9a-f]{64}")


class _Place(BaseModel):
    """The cursor. Times are of blocks, in milliseconds.

    All rows before `at_ms` were read, and the next scan reads from `from_ms`: earlier by the look-back, or within a
    pass that one scan could not finish. Nothing is looked for before `since_ms`, where the first scan began. `awaited`:
    transactions that are read but not proven, with their times. They wait here and not by holding `at_ms` back, so that
    one that never comes does not keep a scan from reaching those after it.
    """

    at_ms: int
    from_ms: int
    since_ms: int
    awaited: dict[str, int] = Field(default_factory=dict)


class _Head(NamedTuple):
    """The latest final block and its time (epoch seconds); 0 and a time surely final where a server does not tell."""

    number: int
    at: int
    lags: bool


@dataclass
class _Reading:
    """One scan's pass over the list, at one endpoint, from a place on."""

    grid: TronGrid
    receipts: Receipts
    place: _Place
    found: dict[str, tuple[Transfer, ...]] = field(default_factory=dict)
    awaited: dict[str, int] = field(default_factory=dict)
    asked: int = 0
    count: int = 0
    reached_ms: int = 0
    finished: bool = False
    deadline: float = field(default_factory=lambda: time.monotonic() + SCAN_SECONDS)

    def read(self, wallet: str, contract: str) -> None:
        """Prove what is awaited, then what is listed, until the list ends or one scan's work is done."""
        self.reached_ms = self.place.from_ms
        for tx_hash, at_ms in self.place.awaited.items():
            self._prove(tx_hash, at_ms)
        if self.stuck:
            return
        for row in self.grid.rows(wallet, contract, self.place.from_ms):
            if is_in_future(row.at_ms // 1000):
                raise EndpointFault("its list has a transfer from the future")
            # Only between two times: the next scan begins with all rows of a time, so it would get no further.
            if row.at_ms > self.reached_ms and self._is_enough():
                self.reached_ms = row.at_ms
                return
            self.reached_ms = row.at_ms
            if _claims_transfer(row, wallet, contract):
                self._prove(_tx_hash(row), row.at_ms)
        self.finished = True

    @property
    def stuck(self) -> bool:
        """True when so much is awaited that reading on would only make it more."""
        return len(self.awaited) >= MOST_AWAITED

    def _is_enough(self) -> bool:
        return (
            self.stuck
            or self.asked >= SCAN_RECEIPTS
            or self.count >= SCAN_TRANSFERS
            or time.monotonic() >= self.deadline
        )

    def _prove(self, tx_hash: str, at_ms: int) -> None:
        if tx_hash in self.found or tx_hash in self.awaited:
            return
        transfers = self.receipts.known(tx_hash)
        if transfers is None:
            self.asked += 1
            transfers = self.receipts.ask(self.grid, tx_hash, at_ms)
        if transfers is None:
            self.awaited[tx_hash] = at_ms
        else:
            self.found[tx_hash] = transfers
            self.count += len(transfers)


class TronChain:
    """The reader of TRON. An idle scan costs two calls: the latest block, and the list."""

    def __init__(self, endpoints: Endpoints, wallet: str, contract: str) -> None:
        self.endpoints = endpoints
        self._wallet = wallet
        self._contract = contract
        self._receipts = Receipts(wallet, contract)
        self._pace = Pace()
        # A first scan begins here however often it fails: who pays meanwhile pays us.
        self._began_at = int(time.time())

    def scan(self, cursor: Cursor | None) -> Batch:
        """The next batch of final transfers; see chains.base. Raises ScanFailed."""
        place = _restored(cursor)
        try:
            return self.endpoints.first_to_serve(lambda endpoint, may_lag: self._read(endpoint, place, may_lag=may_lag))
        except AllResting as error:
            raise ScanFailed(str(error)) from None

    def _read(self, endpoint: Endpoint, place: _Place | None, *, may_lag: bool) -> Batch:
        """A batch from one endpoint. Raises Behind for one that lags and may not."""
        grid = TronGrid(endpoint, self._pace)
        head = _head(grid)
        if head.lags and not may_lag:
            raise Behind(f"its latest block is {_minutes_since(head.at)} minutes old")
        if place is None:
            start_ms = (min(head.at, self._began_at) - FIRST_LOOK_SECONDS) * 1000
            place = _Place(at_ms=start_ms, from_ms=start_ms, since_ms=start_ms)
        reading = _Reading(grid, self._receipts, place)
        reading.read(self._wallet, self._contract)
        if reading.awaited and not may_lag:
            awaited_at = min(reading.awaited.values()) // 1000
            if time.time() - awaited_at > LAG_SECONDS:
                raise Behind(f"it has no receipt of a transfer that is {_minutes_since(awaited_at)} minutes old")
        return _batch(reading, head)


def _head(grid: TronGrid) -> _Head:
    block = grid.final_block()
    if block is None:
        return _Head(number=0, at=int(time.time()) - LAG_SECONDS, lags=False)
    number, at_ms = block
    if is_in_future(at_ms // 1000):
        raise EndpointFault("its latest block is from the future")
    return _Head(number, at_ms // 1000, lags=time.time() - at_ms // 1000 > LAG_SECONDS)


def _batch(reading: _Reading, head: _Head) -> Batch:
    place = reading.place
    at_ms = max(place.at_ms, reading.reached_ms)
    from_ms = max(place.since_ms, at_ms - LOOK_BACK_MS) if reading.finished else reading.reached_ms
    final_ats = [head.at - LIST_DELAY_SECONDS, *(awaited_ms // 1000 for awaited_ms in reading.awaited.values())]
    if not reading.finished:
        final_ats.append(at_ms // 1000)
    return Batch(
        transfers=tuple(transfer for transfers in reading.found.values() for transfer in transfers),
        cursor=_Place(at_ms=at_ms, from_ms=from_ms, since_ms=place.since_ms, awaited=reading.awaited).model_dump(),
        final_at=min(final_ats),
        head=head.number,
        caught_up=reading.finished or reading.stuck,  # stuck, it must wait: to ask at once again would not help
    )


def _restored(cursor: Cursor | None) -> _Place | None:
    try:
        return None if cursor is None else _Place.model_validate(cursor)
    except ValidationError as error:
        raise ScanFailed(f"the stored cursor is not one of TRON's: {error.error_count()} faults") from None


def _claims_transfer(row: Row, wallet: str, contract: str) -> bool:
    """True for a row that says to be what we look for. One that names no token is proven too: the list has such."""
    if row.kind != "Transfer" or row.recipient != wallet:
        return False
    token = row.token.get("address") if isinstance(row.token, dict) else None
    return token in (None, contract) and _amount(row) > 0


def _amount(row: Row) -> int:
    try:
        return int(row.value)
    except (TypeError, ValueError, OverflowError):
        raise EndpointFault("its list has an amount of a wrong shape") from None


def _tx_hash(row: Row) -> str:
    tx_hash = row.tx_hash.lower()
    if not _HASH.fullmatch(tx_hash):
        raise EndpointFault("its list has a transaction of a wrong shape")
    return tx_hash


def _minutes_since(at: int) -> int:
    return int(time.time() - at) // 60

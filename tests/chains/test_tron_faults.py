"""The TRON reader before servers that fail, lag, suspend, or talk nonsense."""

import time
from collections.abc import Iterator
from typing import Any

import pytest

from chains.base import ScanFailed
from chains.endpoints import Endpoints
from chains.tron import TronChain
from tests.chains.trongrid import BLOCK, FEED, RECEIPT, SUSPENSION, USDT, WALLET, Answer, TronGrid


@pytest.fixture
def grid() -> Iterator[TronGrid]:
    """The first TronGrid."""
    with TronGrid() as trongrid:
        yield trongrid


@pytest.fixture
def other() -> Iterator[TronGrid]:
    """The second one."""
    with TronGrid() as trongrid:
        yield trongrid


def reader(*grids: TronGrid) -> TronChain:
    """A reader of these, the first one preferred."""
    return TronChain(Endpoints([grid.url for grid in grids]), WALLET, USDT)


def same_payment(*grids: TronGrid) -> str:
    """Mine one transfer that all these servers know; returns its hash."""
    tx = grids[0].pay(5)
    for grid in grids[1:]:
        grid.rows, grid.receipts = grids[0].rows, grids[0].receipts
    return tx


@pytest.mark.parametrize("path", [BLOCK, FEED, RECEIPT])
@pytest.mark.parametrize("status", [403, 429])
def test_a_suspension_is_obeyed_and_the_next_endpoint_used(
    grid: TronGrid, other: TronGrid, path: str, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chains.endpoints.FIRST_REST_SECONDS", 0.01)
    tx = same_payment(grid, other)
    grid.faults[path] = Answer(status, SUSPENSION)
    chain = reader(grid, other)
    batch = chain.scan(None)
    assert [transfer.tx_hash for transfer in batch.transfers] == [tx]
    first = chain.endpoints.records()[0]
    assert first["rests_until"] == pytest.approx(time.time() + 27, abs=2)
    assert "suspended for 27 s" in first["last_error"]
    grid.asked.clear()
    assert chain.scan(batch.cursor).transfers == batch.transfers
    assert grid.asked == []


@pytest.mark.parametrize("path", [FEED, RECEIPT])
@pytest.mark.parametrize("answer", [Answer(400, b""), Answer(500, b"oops"), Answer(404, b""), Answer(200, b"<html>")])
def test_an_endpoint_that_fails_is_told_of_and_nothing_is_lost(grid: TronGrid, path: str, answer: Answer) -> None:
    cursor = reader(grid).scan(None).cursor
    tx = same_payment(grid)
    grid.faults[path] = answer
    chain = reader(grid)
    with pytest.raises(ScanFailed, match=r"127\.0\.0\.1:\d+: (HTTP|the answer)"):
        chain.scan(cursor)
    grid.faults.clear()
    assert [transfer.tx_hash for transfer in reader(grid).scan(cursor).transfers] == [tx]


def test_an_answer_without_success_is_a_fault(grid: TronGrid) -> None:
    grid.faults[FEED] = Answer(200, {"success": False, "error": "no such luck", "statusCode": 400})
    with pytest.raises(ScanFailed, match="no such luck"):
        reader(grid).scan(None)


def test_a_nodes_own_error_is_no_missing_receipt(grid: TronGrid) -> None:
    same_payment(grid)
    grid.faults[RECEIPT] = Answer(200, {"Error": "class java.lang.NullPointerException : null"})
    with pytest.raises(ScanFailed, match="NullPointerException"):
        reader(grid).scan(None)


def test_a_page_that_comes_again_and_again_is_a_fault(grid: TronGrid) -> None:
    same_payment(grid)

    def spoil(page: dict[str, Any]) -> None:
        page["data"], page["meta"]["fingerprint"] = grid.rows[:1], "opaque:0"

    grid.spoil = spoil
    with pytest.raises(ScanFailed, match="same page"):
        reader(grid).scan(None)


def test_a_full_page_of_one_time_that_breaks_off_is_a_fault(grid: TronGrid) -> None:
    cursor = reader(grid).scan(None).cursor
    grid.pay(*[5] * 210, at_ms=cursor["from_ms"])
    grid.spoil = lambda page: page["meta"].pop("fingerprint", None)
    with pytest.raises(ScanFailed, match="breaks off"):
        reader(grid).scan(cursor)


@pytest.mark.parametrize("answer", [Answer(404, b""), Answer(501, b""), Answer(body={})])
def test_a_server_without_the_call_for_the_latest_block_is_used(grid: TronGrid, answer: Answer) -> None:
    tx = same_payment(grid)
    grid.faults[BLOCK] = answer
    batch = reader(grid).scan(None)
    assert [transfer.tx_hash for transfer in batch.transfers] == [tx]
    assert batch.final_at <= time.time() - 177
    assert reader(grid).endpoints.records()[0]["last_error"] is None


def test_a_fresh_endpoint_is_preferred_to_one_that_lags(grid: TronGrid, other: TronGrid) -> None:
    tx = same_payment(grid, other)
    grid.head_at = time.time() - 600
    chain = reader(grid, other)
    batch = chain.scan(None)
    assert [transfer.tx_hash for transfer in batch.transfers] == [tx]
    assert batch.final_at > time.time() - 120
    assert "10 minutes old" in chain.endpoints.records()[0]["last_error"]
    assert grid.calls(FEED) == []


def test_where_all_endpoints_lag_their_final_transfers_are_used_at_each_scan(grid: TronGrid, other: TronGrid) -> None:
    grid.head_at = other.head_at = time.time() - 600
    tx = grid.pay(5, age=620)
    chain = reader(grid, other)
    other.faults[BLOCK] = Answer(500, b"")
    batch = chain.scan(None)
    for _ in range(3):
        assert [transfer.tx_hash for transfer in batch.transfers] == [tx]
        assert batch.final_at <= grid.head_at
        assert "minutes old" in chain.endpoints.records()[0]["last_error"]
        batch = chain.scan(batch.cursor)


def test_an_endpoint_without_old_receipts_gives_way_to_one_that_has_them(grid: TronGrid, other: TronGrid) -> None:
    grid.head_at = time.time() - 600
    cursor = reader(grid).scan(None).cursor
    grid.head_at = None
    old, new = grid.pay(5, age=300), same_payment(grid, other)
    grid.unproven.add(old)
    alone = reader(grid)
    batch = alone.scan(cursor)
    assert [transfer.tx_hash for transfer in batch.transfers] == [new]
    assert "no receipt of a transfer that is 5 minutes old" in alone.endpoints.records()[0]["last_error"]
    assert {transfer.tx_hash for transfer in reader(grid, other).scan(batch.cursor).transfers} == {old, new}


def test_a_cursor_that_is_not_ours_fails_the_scan(grid: TronGrid) -> None:
    with pytest.raises(ScanFailed, match="cursor"):
        reader(grid).scan({"lt": "7"})

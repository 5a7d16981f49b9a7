"""The TRON reader before answers of wrong shapes: always a failed scan that tells why, never a crash."""

import time
from collections.abc import Iterator
from typing import Any

import pytest

from chains.base import ScanFailed
from chains.endpoints import Endpoints
from chains.tron import TronChain
from tests.chains.trongrid import BLOCK, FEED, RECEIPT, USDT, WALLET, Answer, TronGrid


@pytest.fixture
def grid() -> Iterator[TronGrid]:
    """A TronGrid."""
    with TronGrid() as trongrid:
        yield trongrid


def reader(grid: TronGrid) -> TronChain:
    """A reader of it."""
    return TronChain(Endpoints([grid.url]), WALLET, USDT)


NONSENSE: list[Any] = [
    None,
    [],
    [{}],
    "text",
    7,
    True,
    {"success": True},
    {"success": True, "data": None, "meta": None},
    {"success": True, "data": {}, "meta": {"page_size": 0}},
    {"success": True, "data": [7], "meta": {"page_size": 1}},
    {"block_header": {}},
    {"block_header": {"raw_data": {"number": "x", "timestamp": None}}},
    {"block_header": {"raw_data": {"number": 1, "timestamp": 10**400}}},
    {"id": 7, "log": "x"},
    {"id": None, "blockTimeStamp": [], "receipt": 7},
]


@pytest.mark.parametrize("path", [BLOCK, FEED, RECEIPT])
@pytest.mark.parametrize("nonsense", NONSENSE, ids=[repr(shape)[:40] for shape in NONSENSE])
def test_an_answer_of_a_wrong_shape_is_a_fault_and_no_crash(grid: TronGrid, path: str, nonsense: Any) -> None:
    grid.pay(5)
    grid.faults[path] = Answer(200, nonsense)
    with pytest.raises(ScanFailed):
        reader(grid).scan(None)


@pytest.mark.parametrize(
    "wrong",
    [
        {"value": "a lot"},
        {"value": None},
        {"value": float("1e400")},
        {"value": [5]},
        {"transaction_id": "not a hash"},
        {"transaction_id": 7},
        {"block_timestamp": None},
        {"block_timestamp": -1},
        {"block_timestamp": 10**15},
    ],
    ids=repr,
)
def test_a_row_of_a_wrong_shape_is_a_fault_and_no_crash(grid: TronGrid, wrong: dict[str, Any]) -> None:
    grid.pay(5)

    def spoil(page: dict[str, Any]) -> None:
        page["data"] = [row | wrong for row in page["data"]]

    grid.spoil = spoil
    with pytest.raises(ScanFailed):
        reader(grid).scan(None)


@pytest.mark.parametrize(
    "wrong",
    [{"data": "zz"}, {"data": ""}, {"data": "ff" * 32}, {"topics": [7]}, {"address": None}, {"sender": "0x"}],
    ids=repr,
)
def test_a_log_of_a_wrong_shape_is_a_fault_and_no_crash(grid: TronGrid, wrong: dict[str, Any]) -> None:
    log = grid.receipts[grid.pay(5)]["log"][0]
    log |= wrong
    if "sender" in wrong:
        log["topics"][1] = wrong["sender"]
    with pytest.raises(ScanFailed):
        reader(grid).scan(None)


def test_the_receipt_of_another_transaction_proves_nothing(grid: TronGrid) -> None:
    tx = grid.pay(5)
    grid.receipts[tx] = grid.receipts[grid.pay(7)]
    with pytest.raises(ScanFailed, match="another transaction"):
        reader(grid).scan(None)


def test_a_list_in_the_wrong_order_is_a_fault(grid: TronGrid) -> None:
    grid.pay(5, age=100)
    grid.pay(5, age=80)
    grid.spoil = lambda page: page["data"].reverse()
    with pytest.raises(ScanFailed, match="out of order"):
        reader(grid).scan(None)


def test_a_list_that_begins_before_the_time_asked_for_is_a_fault(grid: TronGrid) -> None:
    grid.pay(5, age=5000)
    grid.spoil = lambda page: page["data"].extend(grid.rows)
    with pytest.raises(ScanFailed, match="out of order"):
        reader(grid).scan(None)


@pytest.mark.parametrize("kind", ["Transfer", "Approval"])
def test_no_row_from_the_future_carries_the_cursor_away(grid: TronGrid, kind: str) -> None:
    grid.pay(5)
    cursor = reader(grid).scan(None).cursor

    def spoil(page: dict[str, Any]) -> None:
        page["data"].append(grid.rows[0] | {"block_timestamp": int(time.time() + 5000) * 1000, "type": kind})

    grid.spoil = spoil
    with pytest.raises(ScanFailed, match="future"):
        reader(grid).scan(cursor)


def test_a_block_from_the_future_is_a_fault(grid: TronGrid) -> None:
    grid.head_at = time.time() + 5000
    with pytest.raises(ScanFailed, match="future"):
        reader(grid).scan(None)

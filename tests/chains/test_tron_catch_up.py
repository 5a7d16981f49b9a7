"""The TRON reader's way through long lists: pages, batches, downtime, and rows that show late."""

import time
from collections.abc import Iterator

import pytest

from chains.base import Batch, Cursor
from chains.endpoints import Endpoints
from chains.tron import TronChain
from tests.chains.trongrid import FEED, RECEIPT, USDT, WALLET, Event, TronGrid

HOUR = 3600


@pytest.fixture(autouse=True)
def unpaced(monkeypatch: pytest.MonkeyPatch) -> None:
    """Calls at full speed: at TronGrid's pace these tests would take minutes."""
    monkeypatch.setattr("chains.tron_grid.CALLS_A_SECOND", 10_000)


@pytest.fixture
def grid() -> Iterator[TronGrid]:
    """A TronGrid."""
    with TronGrid() as trongrid:
        yield trongrid


def reader(grid: TronGrid) -> TronChain:
    """A reader that remembers nothing."""
    return TronChain(Endpoints([grid.url], {"TRON-PRO-API-KEY": "key"}), WALLET, USDT)


def cursor_from(grid: TronGrid, age: float) -> Cursor:
    """The cursor of a scan that was made so long ago."""
    grid.head_at = time.time() - age
    cursor = reader(grid).scan(None).cursor
    grid.head_at = None
    grid.asked.clear()
    return cursor


def caught_up(chain: TronChain, cursor: Cursor | None, scans: int = 60) -> tuple[set[tuple[str, int]], list[Batch]]:
    """Scan until it has caught up; what was found, and the batches. Each batch must get further than the one before."""
    found: set[tuple[str, int]] = set()
    batches: list[Batch] = []
    for _ in range(scans):
        batches.append(chain.scan(cursor))
        found |= {(transfer.tx_hash, transfer.index) for transfer in batches[-1].transfers}
        assert batches[-1].cursor != cursor or batches[-1].caught_up
        cursor = batches[-1].cursor
        if batches[-1].caught_up:
            return found, batches
    raise AssertionError(f"not caught up after {scans} scans")


def mine(grid: TronGrid, transactions: int, transfers: int, age: float, together: int = 1) -> set[tuple[str, int]]:
    """Mine transactions of so many transfers each, `together` of them a block, from `age` seconds ago on."""
    start = int((time.time() - age) * 1000) // 3000 * 3000
    paid = set()
    for number in range(transactions):
        tx = grid.pay(*[Event(5)] * transfers, at_ms=start + number // together * 3000)
        paid |= {(tx, index) for index in range(transfers)}
    return paid


def test_450_rows_come_over_three_pages_each_with_the_key(grid: TronGrid) -> None:
    cursor = cursor_from(grid, HOUR)
    paid = mine(grid, transactions=90, transfers=5, age=HOUR - 60)
    found, batches = caught_up(reader(grid), cursor)
    assert (found, len(batches)) == (paid, 1)
    pages = grid.calls(FEED)
    assert [page.params.get("fingerprint") for page in pages] == [None, "opaque:200", "opaque:400"]
    assert all(asked.headers["tron-pro-api-key"] == "key" for asked in grid.asked)


def test_rows_of_one_time_on_both_sides_of_a_page_are_all_given(grid: TronGrid) -> None:
    cursor = cursor_from(grid, HOUR)
    paid = mine(grid, transactions=450, transfers=1, age=HOUR - 60, together=70)
    assert caught_up(reader(grid), cursor)[0] == paid


def test_one_block_with_more_than_a_batch_does_not_stop_the_reader(grid: TronGrid) -> None:
    cursor = cursor_from(grid, HOUR)
    paid = mine(grid, transactions=30, transfers=50, age=HOUR - 60, together=30)
    paid |= mine(grid, transactions=2, transfers=1, age=HOUR - 120)
    assert caught_up(reader(grid), cursor)[0] == paid


def test_a_long_catch_up_comes_in_batches_that_each_get_further(grid: TronGrid) -> None:
    cursor = cursor_from(grid, 8 * HOUR)
    paid = mine(grid, transactions=500, transfers=5, age=7 * HOUR)
    found, batches = caught_up(reader(grid), cursor)
    assert found == paid
    assert len(batches) >= 3
    assert all(len(batch.transfers) <= 1_005 for batch in batches)
    ends = [batch.final_at for batch in batches]
    assert ends == sorted(ends)
    given: set[int] = set()
    for batch in batches:  # nothing mined before a batch's final_at comes later for the first time
        new = {transfer.mined_at for transfer in batch.transfers} - given
        assert not given or min(new) >= max(given)
        given |= new


def test_a_catch_up_asks_for_no_receipt_twice_and_bounds_those_of_a_scan(grid: TronGrid) -> None:
    cursor = cursor_from(grid, 8 * HOUR)
    mine(grid, transactions=450, transfers=1, age=7 * HOUR)
    _, batches = caught_up(reader(grid), cursor)
    assert [len(batch.transfers) for batch in batches] == [200, 200, 50]
    assert len(grid.calls(RECEIPT)) == 450


def test_a_busy_look_back_larger_than_a_batch_ends(grid: TronGrid, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chains.tron.SCAN_TRANSFERS", 50)
    cursor = cursor_from(grid, HOUR)
    paid = mine(grid, transactions=180, transfers=1, age=680)
    chain = reader(grid)
    found, batches = caught_up(chain, cursor)
    again, more = caught_up(chain, batches[-1].cursor)
    assert found == paid
    assert again <= paid
    assert len(more) > 1
    assert min(batch.final_at for batch in more) >= max(transfer.mined_at for transfer in batches[-1].transfers)


def test_a_new_reader_with_the_old_cursor_misses_nothing_of_the_downtime(grid: TronGrid) -> None:
    cursor = cursor_from(grid, 9 * HOUR)
    paid = mine(grid, transactions=3, transfers=1, age=9 * HOUR - 300)
    found, batches = caught_up(reader(grid), cursor)
    assert found == paid
    paid |= mine(grid, transactions=40, transfers=2, age=4 * HOUR)
    assert found | caught_up(reader(grid), batches[-1].cursor)[0] == paid


def test_a_catch_up_goes_on_in_a_new_reader_after_each_batch(grid: TronGrid) -> None:
    cursor = cursor_from(grid, 8 * HOUR)
    paid = mine(grid, transactions=450, transfers=1, age=7 * HOUR, together=3)
    found = set()
    for _ in range(6):
        batch = reader(grid).scan(cursor)
        found |= {(transfer.tx_hash, transfer.index) for transfer in batch.transfers}
        cursor = batch.cursor
    assert batch.caught_up
    assert found == paid


def test_a_row_that_the_list_shows_five_minutes_late_is_found(grid: TronGrid) -> None:
    cursor = cursor_from(grid, HOUR)
    mine(grid, transactions=1, transfers=1, age=120)
    chain = reader(grid)
    _, batches = caught_up(chain, cursor)
    late = mine(grid, transactions=1, transfers=1, age=120 + 300)
    assert late <= caught_up(chain, batches[-1].cursor)[0]


def test_a_row_that_shows_late_is_found_after_a_long_catch_up_too(grid: TronGrid) -> None:
    cursor = cursor_from(grid, 8 * HOUR)
    mine(grid, transactions=450, transfers=1, age=450 * 3 + 120)
    chain = reader(grid)
    _, batches = caught_up(chain, cursor)
    late = mine(grid, transactions=1, transfers=1, age=120 + 300)
    assert late <= caught_up(chain, batches[-1].cursor)[0]


def test_a_full_page_that_tells_of_no_next_one_is_asked_for_again(grid: TronGrid) -> None:
    cursor = cursor_from(grid, HOUR)
    paid = mine(grid, transactions=90, transfers=5, age=HOUR - 60)
    partial = 2

    def break_off(page: dict[str, dict[str, str]]) -> None:
        nonlocal partial
        if partial and "fingerprint" in page["meta"]:
            partial -= 1
            del page["meta"]["fingerprint"], page["meta"]["links"]

    grid.spoil = break_off
    assert caught_up(reader(grid), cursor)[0] == paid
    asked_for = [page.params.get("fingerprint") for page in grid.calls(FEED)]
    assert asked_for == [None, None, None, "opaque:200", "opaque:400"]


def test_pages_that_never_tell_of_a_next_one_are_read_on_by_time(grid: TronGrid) -> None:
    cursor = cursor_from(grid, HOUR)
    paid = mine(grid, transactions=90, transfers=5, age=HOUR - 60)

    def break_off(page: dict[str, dict[str, str]]) -> None:
        page["meta"].pop("fingerprint", None)

    grid.spoil = break_off
    assert caught_up(reader(grid), cursor)[0] == paid


def test_a_list_that_ends_with_a_full_page_is_read_to_its_end(grid: TronGrid) -> None:
    cursor = cursor_from(grid, HOUR)
    paid = mine(grid, transactions=40, transfers=5, age=HOUR - 60)
    assert caught_up(reader(grid), cursor)[0] == paid

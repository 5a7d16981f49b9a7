"""What the TRON reader takes for a transfer, and what it does not."""

import time
from collections.abc import Iterator

import pytest

from chains import tron_grid
from chains.endpoints import Endpoints
from chains.tron import TronChain
from tests.chains.trongrid import BLOCK, FAKE_USDT, FEED, PAYER, RECEIPT, STRANGER, USDT, WALLET, Event, TronGrid


@pytest.fixture
def grid() -> Iterator[TronGrid]:
    """A TronGrid."""
    with TronGrid() as trongrid:
        yield trongrid


@pytest.fixture
def chain(grid: TronGrid) -> TronChain:
    """A reader of it."""
    return TronChain(Endpoints([grid.url], {"TRON-PRO-API-KEY": "key"}), WALLET, USDT)


def test_a_final_transfer_is_given_with_all_that_is_known_of_it(grid: TronGrid, chain: TronChain) -> None:
    tx = grid.pay(Event(12_340_000), age=110)
    batch = chain.scan(None)
    (transfer,) = batch.transfers
    assert (transfer.tx_hash, transfer.index, transfer.sender, transfer.amount) == (tx, 0, PAYER, 12_340_000)
    assert transfer.mined_at == grid.rows[0]["block_timestamp"] // 1000
    assert batch.caught_up
    assert batch.head == pytest.approx(time.time() // 3, abs=60)
    assert transfer.mined_at < batch.final_at <= time.time() - 57


def test_a_receipt_that_tells_no_time_has_the_one_of_the_list(grid: TronGrid, chain: TronChain) -> None:
    tx = grid.pay(5)
    del grid.receipts[tx]["blockTimeStamp"], grid.receipts[tx]["id"]
    (transfer,) = chain.scan(None).transfers
    assert transfer.mined_at == grid.rows[0]["block_timestamp"] // 1000


def test_a_transfer_is_asked_for_its_receipt_only_once(grid: TronGrid, chain: TronChain) -> None:
    grid.pay(5)
    first = chain.scan(None)
    again = chain.scan(first.cursor)
    assert again.transfers == first.transfers
    assert len(grid.calls(RECEIPT)) == 1


def test_an_idle_scan_costs_two_calls(grid: TronGrid, chain: TronChain) -> None:
    cursor = chain.scan(None).cursor
    grid.asked.clear()
    chain.scan(cursor)
    assert [asked.path for asked in grid.asked] == [BLOCK, FEED]


def test_a_transfer_that_is_not_final_is_not_given_yet(grid: TronGrid, chain: TronChain) -> None:
    cursor = chain.scan(None).cursor
    grid.pay(5, age=10)
    batch = chain.scan(cursor)
    assert batch.transfers == ()
    grid.head_at = time.time()
    assert len(chain.scan(batch.cursor).transfers) == 1


def test_what_was_paid_before_the_first_scan_is_never_looked_for(grid: TronGrid, chain: TronChain) -> None:
    grid.pay(5, age=300)
    first = chain.scan(None)
    assert (first.transfers, chain.scan(first.cursor).transfers) == ((), ())


def test_what_is_paid_while_first_scans_fail_is_given_in_the_end(grid: TronGrid, chain: TronChain) -> None:
    chain._began_at -= 600  # ten minutes of scans that failed
    tx = grid.pay(5, age=300)
    assert [transfer.tx_hash for transfer in chain.scan(None).transfers] == [tx]


@pytest.mark.parametrize(
    "event",
    [
        Event(5, kind="Approval"),
        Event(5, token=FAKE_USDT),
        Event(5, recipient=STRANGER),
        Event(5, sender=WALLET, recipient=STRANGER),
        Event(0),
    ],
    ids=["an approval", "a fake token named USDT", "to another wallet", "from our wallet", "of nothing"],
)
def test_what_is_no_transfer_to_us_is_ignored_though_the_server_lists_it(
    grid: TronGrid, chain: TronChain, event: Event
) -> None:
    grid.filters = False
    grid.pay(event)
    assert chain.scan(None).transfers == ()
    assert grid.calls(RECEIPT) == []


@pytest.mark.parametrize(
    "logged",
    [
        Event(5, kind="Approval"),
        Event(5, token=FAKE_USDT),
        Event(5, recipient=STRANGER),
        Event(0),
    ],
    ids=["an approval", "of a fake token", "to another wallet", "of nothing"],
)
def test_the_receipt_decides_whatever_the_list_claims(grid: TronGrid, chain: TronChain, logged: Event) -> None:
    tx = grid.pay(5)
    grid.receipts[tx]["log"] = [logged.log()]
    batch = chain.scan(None)
    assert batch.transfers == ()
    assert len(grid.calls(RECEIPT)) == 1
    assert chain.scan(batch.cursor).final_at > time.time() - 100
    assert len(grid.calls(RECEIPT)) == 1


def test_amount_and_sender_come_from_the_receipt(grid: TronGrid, chain: TronChain) -> None:
    tx = grid.pay(Event(999_000_000))
    grid.receipts[tx]["log"] = [Event(1, sender=STRANGER).log()]
    (transfer,) = chain.scan(None).transfers
    assert (transfer.amount, transfer.sender) == (1, STRANGER)


def test_the_decimals_are_never_the_listed_ones(grid: TronGrid, chain: TronChain) -> None:
    grid.pay(7_000_000)
    grid.rows[0]["token_info"]["decimals"] = 18
    assert chain.scan(None).transfers[0].amount == 7_000_000


def test_a_row_that_names_no_token_is_proven_by_its_receipt(grid: TronGrid, chain: TronChain) -> None:
    grid.filters = False
    grid.pay(5)
    grid.pay(Event(6, token=FAKE_USDT))
    for row in grid.rows:
        row["token_info"] = {}
    assert [transfer.amount for transfer in chain.scan(None).transfers] == [5]


def test_every_transfer_of_one_transaction_is_given_by_its_place_in_the_log(grid: TronGrid, chain: TronChain) -> None:
    tx = grid.pay(
        Event(9, token=FAKE_USDT), Event(5), Event(7, recipient=STRANGER), Event(5), Event(0), Event(8, sender=STRANGER)
    )
    found = [(transfer.tx_hash, transfer.index, transfer.amount) for transfer in chain.scan(None).transfers]
    assert found == [(tx, 1, 5), (tx, 3, 5), (tx, 5, 8)]
    assert len(grid.calls(RECEIPT)) == 1


@pytest.mark.parametrize("result", ["FAILED", "REVERT", "OUT_OF_ENERGY"])
def test_a_failed_transaction_is_dropped_and_asked_for_once(grid: TronGrid, chain: TronChain, result: str) -> None:
    tx = grid.pay(5, result=result)
    grid.receipts[tx]["log"] = [Event(5).log()]  # whatever it logged before it failed
    batch = chain.scan(None)
    assert (batch.transfers, chain.scan(batch.cursor).transfers) == ((), ())
    assert len(grid.calls(RECEIPT)) == 1


def test_a_transfer_without_its_receipt_is_awaited_while_later_ones_are_given(grid: TronGrid, chain: TronChain) -> None:
    early, late = grid.pay(5, age=100), grid.pay(6, age=70)
    grid.unproven.add(early)
    batch = chain.scan(None)
    assert [transfer.tx_hash for transfer in batch.transfers] == [late]
    assert batch.final_at <= grid.rows[0]["block_timestamp"] // 1000
    grid.rows.clear()  # the cursor knows what is awaited, whatever the list shows now
    batch = chain.scan(batch.cursor)
    assert batch.transfers == ()
    grid.unproven.clear()
    batch = chain.scan(batch.cursor)
    assert [(transfer.tx_hash, transfer.amount) for transfer in batch.transfers] == [(early, 5)]
    assert batch.final_at > time.time() - 100


def test_a_successful_receipt_without_logs_is_incomplete_and_awaited(grid: TronGrid, chain: TronChain) -> None:
    tx = grid.pay(5)
    logs = grid.receipts[tx].pop("log")
    batch = chain.scan(None)
    assert batch.transfers == ()
    grid.receipts[tx]["log"] = logs
    assert len(chain.scan(batch.cursor).transfers) == 1


def test_so_many_missing_receipts_stop_the_reading_and_lose_nothing(
    grid: TronGrid, chain: TronChain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chains.tron.MOST_AWAITED", 3)
    paid = [grid.pay(5, age=150 - 3 * step) for step in range(8)]
    grid.unproven.update(paid)
    batch = chain.scan(None)
    for _ in range(2):
        batch = chain.scan(batch.cursor)
        assert batch.transfers == ()
        assert batch.caught_up
    assert len(batch.cursor["awaited"]) <= 4
    grid.unproven.clear()
    found = set()
    for _ in range(3):
        batch = chain.scan(batch.cursor)
        found |= {transfer.tx_hash for transfer in batch.transfers}
    assert found == set(paid)


def test_calls_come_no_faster_than_trongrid_allows(grid: TronGrid, chain: TronChain) -> None:
    for _ in range(2 * tron_grid.CALLS_A_SECOND):
        grid.pay(5)
    chain.scan(None)
    moments = [asked.at for asked in grid.asked]
    gaps = [later - earlier for earlier, later in zip(moments, moments[tron_grid.CALLS_A_SECOND :], strict=False)]
    assert min(gaps) > 0.9

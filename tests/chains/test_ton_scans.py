"""How TON is scanned: pages, cursors, and catching up."""

import time
from collections.abc import Iterator

import pytest

from chains.base import Batch, Cursor
from chains.endpoints import Endpoints
from chains.ton import TonChain
from chains.ton_answers import friendly
from tests.chains.toncenter import HEAD, TRACES, TRANSFERS, Toncenter
from tests.chains.toncenter_shapes import address_of

OWNER = address_of("our owner")
USDT = "0:B113A994B5024A16719F69139328EB759596C38A25F59028B146FECDC3621DFE"


@pytest.fixture
def toncenter() -> Iterator[Toncenter]:
    server = Toncenter(OWNER, USDT)
    yield server
    server.close()


def chain_on(*servers: Toncenter) -> TonChain:
    return TonChain(Endpoints([server.url for server in servers]), friendly(OWNER), USDT)


@pytest.fixture
def chain(toncenter: Toncenter) -> TonChain:
    return chain_on(toncenter)


def hashes(batch: Batch) -> list[str]:
    return [transfer.tx_hash for transfer in batch.transfers]


def scans_until_caught_up(chain: TonChain, cursor: Cursor | None) -> list[Batch]:
    batches = [chain.scan(cursor)]
    while not batches[-1].caught_up:
        batches.append(chain.scan(batches[-1].cursor))
        assert len(batches) < 30, "no progress"
    return batches


def test_an_idle_scan_takes_two_calls(toncenter: Toncenter, chain: TonChain) -> None:
    cursor = chain.scan(None).cursor
    toncenter.asked.clear()

    batch = chain.scan(cursor)
    assert [path for path, _ in toncenter.asked] == [HEAD, TRANSFERS]
    assert batch.head == 53_000_000
    assert time.time() - 60 < batch.final_at <= time.time() - 10


def test_twelve_hundred_transfers_in_six_hundred_traces_come_in_batches(toncenter: Toncenter, chain: TonChain) -> None:
    paid = [toncenter.pay(number + 1, trace=f"trace {number // 2}", ago=100) for number in range(1200)]

    batches = scans_until_caught_up(chain, None)

    assert len(batches) > 1
    assert set().union(*map(hashes, batches)) == set(paid)
    assert toncenter.calls(TRACES) == 600
    assert all(batch.final_at <= time.time() - 100 for batch in batches[:-1])
    assert batches[-1].final_at > time.time() - 60


def test_a_catch_up_goes_on_though_each_scan_has_time_for_one_proof_only(
    toncenter: Toncenter, chain: TonChain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chains.ton_proofs.SECONDS_A_ROUND", 0.0)
    paid = [toncenter.pay() for _ in range(5)]

    batches = scans_until_caught_up(chain, None)
    assert len(batches) == 5
    assert set().union(*map(hashes, batches)) == set(paid)


def test_rows_of_one_lt_are_neither_lost_at_a_page_border_nor_read_for_ever(
    toncenter: Toncenter, chain: TonChain
) -> None:
    before = [toncenter.pay(trace="a batch", lt=60_000_000_000_000) for _ in range(3)]
    alike = [toncenter.pay(trace="a batch", lt=60_000_000_000_001) for _ in range(1100)]
    after = toncenter.pay(trace="a batch", lt=60_000_000_000_002)

    batches = scans_until_caught_up(chain, None)
    assert set().union(*map(hashes, batches)) == {*before, *alike, after}

    cursor = batches[-1].cursor | {"lt": 60_000_000_000_001}
    assert set().union(*map(hashes, scans_until_caught_up(chain, cursor))) == {*alike, after}


def test_rows_indexed_late_are_found_by_looking_back(toncenter: Toncenter, chain: TonChain) -> None:
    toncenter.pay(lt=60_000_500_000_000)
    cursor = chain.scan(None).cursor
    late = toncenter.pay(lt=60_000_400_000_000)

    assert late in hashes(chain.scan(cursor))


def test_a_restart_goes_on_at_the_stored_cursor_however_long_ago_that_was(
    toncenter: Toncenter, chain: TonChain
) -> None:
    toncenter.pay(lt=60_000_000_000_000)
    cursor = chain.scan(None).cursor | {"since": int(time.time()) - 90_000}
    missed = [toncenter.pay(lt=61_000_000_000_000, ago=80_000), toncenter.pay(lt=62_000_000_000_000, ago=10)]

    batch = chain_on(toncenter).scan(cursor)
    assert set(missed) <= set(hashes(batch))


def test_a_restart_before_anybody_paid_goes_on_at_the_time_of_the_first_scan(
    toncenter: Toncenter, chain: TonChain
) -> None:
    cursor = chain.scan(None).cursor
    cursor["since"] -= 5000
    missed = toncenter.pay(ago=4000)

    assert hashes(chain_on(toncenter).scan(cursor)) == [missed]


def test_a_batch_that_was_not_stored_is_given_again(toncenter: Toncenter, chain: TonChain) -> None:
    cursor = chain.scan(None).cursor
    paid = toncenter.pay()

    assert hashes(chain.scan(cursor)) == hashes(chain.scan(cursor)) == [paid]


def test_more_rows_than_are_held_wait_for_those_before_them(
    toncenter: Toncenter, chain: TonChain, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chains.ton.HELD_AT_MOST", 2)
    paid = []
    for name in "abcd":
        paid.append(toncenter.pay(trace=name))
        toncenter.set_state("incomplete", name)
    stuck = chain.scan(None)
    stuck = chain.scan(stuck.cursor)
    assert (stuck.transfers, stuck.caught_up, len(stuck.cursor["held"])) == ((), True, 2)
    for name in "abcd":
        toncenter.set_state("complete", name)

    given = set().union(*map(hashes, scans_until_caught_up(chain, stuck.cursor)))
    assert given == set(paid)

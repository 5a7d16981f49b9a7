"""However long the Solana reader was away, it reads what came meanwhile, in batches that each go on, and skips nothing."""

import time
from collections.abc import Iterator

import pytest

from chains import solana_proofs, solana_signatures
from chains.base import HistoryGone
from tests.chains.solana_desk import ACCOUNT, catch_up, deposit, later, reader
from tests.chains.solana_rpc import SolanaRpc, result, rpc_error


@pytest.fixture
def rpc() -> Iterator[SolanaRpc]:
    """A server with an empty chain."""
    with SolanaRpc() as server:
        yield server


def test_a_long_gap_is_caught_up_in_batches_that_each_go_on(rpc: SolanaRpc) -> None:
    rpc.page_size = 100
    chain = reader(rpc)
    cursor = later(rpc, chain.scan(None).cursor, 3600)
    made = [deposit(rpc, slots_ago) for slots_ago in range(2500, 0, -10)]
    rpc.calls.clear()
    batches, hashes = catch_up(chain, cursor)
    assert hashes == [each.signature for each in made]
    assert [batch.caught_up for batch in batches] == [False, False, False, True]
    slots = [batch.cursor["accounts"][ACCOUNT] for batch in batches]
    assert slots == sorted(slots)
    assert len(rpc.asked("getTransaction")) == 250
    finals = [batch.final_at for batch in batches]
    assert finals == sorted(finals)
    assert finals[-1] == rpc.head_time
    first_undone = made[len(batches[0].transfers)]
    assert finals[0] == first_undone.block_time


def test_what_comes_while_a_long_gap_is_caught_up_is_read_after_it(rpc: SolanaRpc) -> None:
    chain = reader(rpc)
    cursor = later(rpc, chain.scan(None).cursor, 3600)
    made = [deposit(rpc, slots_ago) for slots_ago in range(2500, 0, -20)]
    first = chain.scan(cursor)
    assert not first.caught_up
    made.append(deposit(rpc, -1))
    rpc.head_slot, rpc.head_time = rpc.head_slot + 5_000, rpc.head_time + 5
    _, hashes = catch_up(chain, first.cursor)
    assert {found.tx_hash for found in first.transfers} | set(hashes) == {each.signature for each in made}


def test_a_batch_ends_between_slots(rpc: SolanaRpc, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(solana_proofs, "SCAN_TRANSACTIONS", 3)
    cursor = later(rpc, reader(rpc).scan(None).cursor, 3600)
    made = [deposit(rpc, slots_ago) for slots_ago in (2000, 2000, 1900, 1900, 1900, 1900, 1900, 1800)]
    _, hashes = catch_up(reader(rpc), cursor)
    assert hashes == [each.signature for each in made]
    seen: set[str] = set()
    for _ in range(4):  # with a new process for each scan
        batch = reader(rpc).scan(cursor)
        seen |= {found.tx_hash for found in batch.transfers}
        cursor = batch.cursor
    assert seen == set(hashes)


def test_a_server_that_fails_in_the_middle_loses_nothing(rpc: SolanaRpc) -> None:
    cursor = reader(rpc).scan(None).cursor
    made = [deposit(rpc, slots_ago) for slots_ago in (30, 20, 10)]
    with SolanaRpc() as other:
        other.transactions = rpc.transactions
        chain = reader(rpc, other)
        rpc.faults["getTransaction"] = [result(made[0].document()), rpc_error(-32603, "Internal error")]
        batch = chain.scan(cursor)
        assert [found.tx_hash for found in batch.transfers] == [each.signature for each in made]
        assert len(other.asked("getTransaction")) == 2


def test_a_server_that_cannot_page_back_from_a_signature_is_not_taken_for_the_end(rpc: SolanaRpc) -> None:
    rpc.page_size = 2
    chain = reader(rpc)
    cursor = later(rpc, chain.scan(None).cursor, 3600)
    made = [deposit(rpc, slots_ago) for slots_ago in (2000, 1900, 1800, 1700)]
    rpc.unknown = {made[1].signature, made[2].signature}
    with SolanaRpc() as other:
        other.transactions = rpc.transactions
        batch = reader(rpc, other).scan(cursor)
    assert [found.tx_hash for found in batch.transfers] == [each.signature for each in made]


def test_the_reader_pages_back_and_does_not_ask_for_an_end_that_a_server_may_not_know(rpc: SolanaRpc) -> None:
    rpc.page_size = 2
    old = deposit(rpc, 20_000)
    cursor = later(rpc, reader(rpc).scan(None).cursor, 3600)
    made = [deposit(rpc, slots_ago) for slots_ago in (2000, 1900, 1800)]
    rpc.calls.clear()
    batch = reader(rpc).scan(cursor)
    assert [found.tx_hash for found in batch.transfers] == [each.signature for each in made]
    options = [options for _, options in rpc.asked("getSignaturesForAddress")]
    assert all("until" not in each for each in options)
    assert [each.get("before") for each in options] == [None, made[1].signature]
    assert old.signature not in [asked for asked, _ in rpc.asked("getTransaction")]


def test_a_listing_that_takes_longer_than_a_scan_goes_on_in_the_next(rpc: SolanaRpc) -> None:
    rpc.page_size = 1
    cursor = later(rpc, reader(rpc).scan(None).cursor, 3600)
    made = [deposit(rpc, slots_ago) for slots_ago in (2000, 1900, 1800)]
    ticks = iter(range(1000))
    chain = reader(rpc)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(solana_signatures, "time", _Ticking(ticks))
        first = chain.scan(cursor)
    assert (first.transfers, first.caught_up, first.cursor) == ((), False, cursor)
    rpc.calls.clear()
    _, hashes = catch_up(chain, first.cursor)
    assert hashes == [each.signature for each in made]
    assert rpc.asked("getSignaturesForAddress")[0][1]["before"] == made[2].signature


def test_a_history_that_a_server_has_thrown_away_is_an_alarm(rpc: SolanaRpc) -> None:
    cursor = later(rpc, reader(rpc).scan(None).cursor, 7200)
    made = deposit(rpc, 17_000)
    rpc.first_slot = rpc.head_slot - 10_000
    chain = reader(rpc)
    for _ in range(2):
        with pytest.raises(HistoryGone, match="its history begins at slot"):
            chain.scan(cursor)
    with SolanaRpc() as archive:
        archive.transactions = rpc.transactions
        batch = reader(rpc, archive).scan(cursor)
    assert [found.tx_hash for found in batch.transfers] == [made.signature]


class _Ticking:
    """A clock for the listing: the scan's time is up after its first page."""

    def __init__(self, ticks: Iterator[int]) -> None:
        self._ticks = ticks

    def monotonic(self) -> float:
        return time.monotonic() if next(self._ticks) == 0 else time.monotonic() + 3600

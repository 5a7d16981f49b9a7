"""How the Solana reader goes from scan to scan, and what it does about transactions that are not proven yet."""

from collections.abc import Iterator

import pytest

from tests.chains.solana_desk import ACCOUNT, deposit, later, reader
from tests.chains.solana_rpc import SolanaRpc


@pytest.fixture
def rpc() -> Iterator[SolanaRpc]:
    """A server with an empty chain."""
    with SolanaRpc() as server:
        yield server


def test_an_idle_scan_costs_three_calls(rpc: SolanaRpc) -> None:
    chain = reader(rpc)
    for slots_ago in (100, 90):
        deposit(rpc, slots_ago)
    cursor = chain.scan(None).cursor
    rpc.calls.clear()
    batch = chain.scan(cursor)
    assert [method for method, _ in rpc.calls] == ["getSlot", "getBlockTime", "getSignaturesForAddress"]
    assert batch.caught_up
    assert batch.final_at == rpc.head_time
    assert batch.head == rpc.head_slot


def test_a_new_deposit_is_found_by_the_next_scan(rpc: SolanaRpc) -> None:
    chain = reader(rpc)
    cursor = chain.scan(None).cursor
    made = deposit(rpc, 1)
    assert [found.tx_hash for found in chain.scan(cursor).transfers] == [made.signature]


def test_transfers_come_again_until_the_caller_comes_with_a_later_cursor(rpc: SolanaRpc) -> None:
    chain = reader(rpc)
    made = deposit(rpc, 100)
    first = chain.scan(None)
    assert chain.scan(None).transfers == chain.scan(first.cursor).transfers == first.transfers
    assert len(rpc.asked("getTransaction")) == 1
    assert first.transfers[0].tx_hash == made.signature


def test_a_signature_that_is_listed_late_is_found_all_the_same(rpc: SolanaRpc) -> None:
    chain = reader(rpc)
    deposit(rpc, 1)
    cursor = chain.scan(None).cursor
    made = deposit(rpc, 200)
    assert made.signature in [found.tx_hash for found in chain.scan(cursor).transfers]


def test_a_restart_goes_on_from_the_stored_cursor(rpc: SolanaRpc) -> None:
    cursor = reader(rpc).scan(None).cursor
    made = [deposit(rpc, slots_ago) for slots_ago in (3000, 2000, 1)]
    batch = reader(rpc).scan(later(rpc, cursor, 3600))
    assert [found.tx_hash for found in batch.transfers] == [each.signature for each in made]
    assert batch.caught_up


def test_a_null_transaction_is_asked_for_again_and_holds_up_nobody(rpc: SolanaRpc) -> None:
    chain = reader(rpc)
    cursor = chain.scan(None).cursor
    late, fine = deposit(rpc, 30), deposit(rpc, 10)
    rpc.missing = {late.signature}
    batch = chain.scan(cursor)
    assert [found.tx_hash for found in batch.transfers] == [fine.signature]
    assert batch.final_at == late.block_time
    assert batch.cursor["accounts"][ACCOUNT] <= late.slot
    rpc.head_slot, rpc.head_time = rpc.head_slot + 10_000, rpc.head_time + 5
    batch = chain.scan(batch.cursor)
    assert batch.cursor["accounts"][ACCOUNT] <= late.slot
    rpc.missing = set()
    batch = chain.scan(batch.cursor)
    assert late.signature in [found.tx_hash for found in batch.transfers]
    assert batch.cursor["accounts"][ACCOUNT] > fine.slot
    assert batch.final_at == rpc.head_time


def test_a_transaction_that_stays_away_is_taken_from_another_server(rpc: SolanaRpc) -> None:
    with SolanaRpc() as other:
        overdue, fine = deposit(rpc, 250), deposit(rpc, 10)
        rpc.missing = {overdue.signature}
        other.transactions = rpc.transactions
        chain = reader(rpc, other)
        hashes = [found.tx_hash for found in chain.scan(None).transfers]
    assert hashes == [overdue.signature, fine.signature]
    assert overdue.signature in str(chain.endpoints.records()[0]["last_error"])


def test_a_transaction_that_no_server_has_stops_no_other(rpc: SolanaRpc) -> None:
    chain = reader(rpc)
    overdue, fine = deposit(rpc, 250), deposit(rpc, 10)
    rpc.missing = {overdue.signature}
    batch = chain.scan(None)
    assert [found.tx_hash for found in batch.transfers] == [fine.signature]
    assert batch.final_at == overdue.block_time
    assert overdue.signature in str(chain.endpoints.records()[0]["last_error"])


def test_a_row_that_is_not_final_waits(rpc: SolanaRpc) -> None:
    chain = reader(rpc)
    cursor = chain.scan(None).cursor
    made = deposit(rpc, 1)
    made.status = "confirmed"
    batch = chain.scan(cursor)
    assert (batch.transfers, batch.final_at) == ((), made.block_time)
    made.status = "finalized"
    assert [found.tx_hash for found in chain.scan(batch.cursor).transfers] == [made.signature]


def test_a_row_without_a_time_gets_it_from_its_transaction(rpc: SolanaRpc) -> None:
    made = deposit(rpc, 10)
    made.row_time = False
    assert [found.mined_at for found in reader(rpc).scan(None).transfers] == [made.block_time]


def test_a_transaction_without_a_time_is_held_back(rpc: SolanaRpc) -> None:
    chain = reader(rpc)
    made = deposit(rpc, 10)
    made.block_time = None
    batch = chain.scan(None)
    assert batch.transfers == ()
    assert batch.final_at < rpc.head_time - 10
    made.block_time = rpc.head_time - 4
    assert [found.tx_hash for found in chain.scan(batch.cursor).transfers] == [made.signature]

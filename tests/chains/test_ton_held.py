"""Transfers on TON whose proof is not there yet: held, never lost, and nobody else's hindrance."""

import time
from collections.abc import Iterator

import pytest

from chains.base import Batch
from chains.endpoints import Endpoints
from chains.ton import TonChain
from chains.ton_answers import friendly
from tests.chains.toncenter import ADJACENT, TRACES, WALLETS, Answer, State, Toncenter
from tests.chains.toncenter_shapes import address_of

OWNER = address_of("our owner")
USDT = "0:B113A994B5024A16719F69139328EB759596C38A25F59028B146FECDC3621DFE"


@pytest.fixture
def toncenter() -> Iterator[Toncenter]:
    server = Toncenter(OWNER, USDT)
    yield server
    server.close()


@pytest.fixture
def chain(toncenter: Toncenter) -> TonChain:
    return TonChain(Endpoints([toncenter.url], {"X-API-Key": "a key"}), friendly(OWNER), USDT)


def hashes(batch: Batch) -> list[str]:
    return [transfer.tx_hash for transfer in batch.transfers]


@pytest.mark.parametrize("state", ["incomplete", "pending"])
def test_a_transfer_under_way_is_held_and_given_once_it_has_arrived(
    toncenter: Toncenter, chain: TonChain, state: State
) -> None:
    slow = toncenter.pay(fate="is under way", trace="slow", ago=100)
    toncenter.set_state(state, "slow")
    quick = toncenter.pay(ago=20)

    meanwhile = chain.scan(None)
    assert (hashes(meanwhile), meanwhile.caught_up) == ([quick], True)
    assert meanwhile.final_at <= toncenter.rows[0]["transaction_now"]

    # Held by the cursor, not by the rows that a scan happens to look back on, nor by the reader's memory.
    toncenter.rows.clear()
    toncenter.land(slow)
    done = TonChain(chain.endpoints, friendly(OWNER), USDT).scan(meanwhile.cursor)
    assert hashes(done) == [slow]
    assert done.final_at > time.time() - 60
    assert done.cursor["held"] == []


def test_a_transfer_whose_trace_is_incomplete_is_held_though_it_seems_to_have_arrived(
    toncenter: Toncenter, chain: TonChain
) -> None:
    tx_hash = toncenter.pay()
    toncenter.set_state("incomplete")
    cursor = chain.scan(None)
    assert not cursor.transfers
    toncenter.set_state("complete")

    assert hashes(chain.scan(cursor.cursor)) == [tx_hash]


@pytest.mark.parametrize("none", [Answer({"error": "not found"}, 404), Answer({"traces": []})])
def test_a_transfer_whose_trace_is_not_there_yet_is_held(toncenter: Toncenter, chain: TonChain, none: Answer) -> None:
    tx_hash = toncenter.pay()
    toncenter.always[TRACES] = none
    held = chain.scan(None)
    assert not held.transfers
    toncenter.always.clear()

    assert hashes(chain.scan(held.cursor)) == [tx_hash]


def test_a_row_without_a_trace_id_is_proven_by_its_transaction(toncenter: Toncenter, chain: TonChain) -> None:
    tx_hash = toncenter.pay(trace_id=None)

    assert hashes(chain.scan(None)) == [tx_hash]


def test_a_transfer_in_a_trace_too_large_for_the_server_is_proven_without_it(
    toncenter: Toncenter, chain: TonChain
) -> None:
    paid = toncenter.pay()
    toncenter.set_state("too large")
    toncenter.pay(fate="fails")
    toncenter.set_state("too large")

    batch = chain.scan(None)
    assert hashes(batch) == [paid]
    assert batch.cursor["held"] == []
    assert toncenter.calls(ADJACENT) == 2


def test_a_transfer_overdue_for_an_hour_stays_held_and_is_shown_to_operators(
    toncenter: Toncenter, chain: TonChain
) -> None:
    toncenter.pay(fate="is under way", ago=7300)
    toncenter.set_state("pending")
    cursor = chain.scan(None).cursor | {"since": 0}

    batch = chain.scan(cursor)
    assert len(batch.cursor["held"]) == 1
    (record,) = chain.endpoints.records()
    assert record["last_error"] == "1 transfers wait for their traces, one for 2 hours"


def test_without_a_jetton_wallet_there_is_nothing_to_read(toncenter: Toncenter, chain: TonChain) -> None:
    toncenter.has_wallet = False

    batch = chain.scan(None)
    assert (batch.transfers, batch.caught_up) == ((), True)
    assert batch.final_at > time.time() - 60
    assert hashes(chain.scan(batch.cursor)) == []


def test_our_first_transfer_is_held_until_the_wallet_that_it_made_is_indexed(
    toncenter: Toncenter, chain: TonChain
) -> None:
    toncenter.has_wallet = False
    tx_hash = toncenter.pay()
    held = chain.scan(None)
    assert not held.transfers
    toncenter.has_wallet = True
    toncenter.keeps_to_query = False

    assert hashes(chain.scan(held.cursor)) == [tx_hash]
    assert toncenter.calls(WALLETS) == 2


def test_a_trace_that_names_no_messages_proves_as_many_rows_as_it_has_arrivals(
    toncenter: Toncenter, chain: TonChain
) -> None:
    arrived = toncenter.pay(trace="batch", sender="Ann")
    toncenter.pay(trace="batch", sender="Ann", fate="fails")
    (trace,) = toncenter.traces.values()
    trace["transactions"] = {
        tx_hash: {name: value for name, value in transaction.items() if name != "out_msgs"}
        for tx_hash, transaction in trace["transactions"].items()
        if transaction["account"] == toncenter.wallet
    }

    first = chain.scan(None)

    assert [transfer.tx_hash for transfer in first.transfers] == [arrived]
    assert [transfer.tx_hash for transfer in chain.scan(first.cursor).transfers] == [arrived]

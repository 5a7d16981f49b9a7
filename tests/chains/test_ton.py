"""Which transfers on TON count: rows are judged by the proof of their arrival."""

import time
from collections.abc import Iterator
from typing import Any

import pytest

from chains import addresses
from chains.base import Batch, ScanFailed
from chains.endpoints import Endpoints
from chains.ton import TonChain
from chains.ton_answers import friendly
from tests.chains.toncenter import HEAD, TRACES, TRANSFERS, Answer, Fate, Toncenter
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


def test_a_transfer_is_given_with_its_amount_hash_sender_and_time(toncenter: Toncenter, chain: TonChain) -> None:
    tx_hash = toncenter.pay(25_130_000, sender="Ann", ago=7)

    (transfer,) = chain.scan(None).transfers

    assert (transfer.tx_hash, transfer.index, transfer.amount) == (tx_hash, 0, 25_130_000)
    assert len(transfer.tx_hash) == 64
    assert transfer.sender == friendly(address_of("Ann"))
    assert transfer.mined_at == toncenter.rows[0]["transaction_now"]
    assert toncenter.keys == {"a key"}


def test_a_sender_is_shown_in_the_form_that_wallets_show() -> None:
    assert friendly(USDT).startswith("UQCxE6mUtQJKFnGfaROTKOt1lZbDiiX1kCixRv7Nw2Id_")
    assert addresses.ton_raw(friendly(USDT)) == USDT
    assert addresses.ton_raw(friendly("-1:" + "5" * 64)) == "-1:" + "5" * 64


def test_a_transfer_seen_again_costs_no_further_calls_for_its_proof(toncenter: Toncenter, chain: TonChain) -> None:
    tx_hash = toncenter.pay()
    cursor = chain.scan(None).cursor
    toncenter.asked.clear()

    assert hashes(chain.scan(cursor)) == [tx_hash]
    assert [path for path, _ in toncenter.asked] == [HEAD, TRANSFERS]


def test_what_was_paid_before_the_first_scan_is_not_given(toncenter: Toncenter, chain: TonChain) -> None:
    toncenter.pay(ago=1000)
    toncenter.pay(ago=300)
    paid = toncenter.pay(ago=30)

    first = chain.scan(None)
    assert hashes(first) == [paid]
    assert hashes(chain.scan(first.cursor)) == [paid]


def test_what_is_paid_while_first_scans_fail_is_given(
    toncenter: Toncenter, chain: TonChain, monkeypatch: pytest.MonkeyPatch
) -> None:
    tx_hash = toncenter.pay(ago=60)
    toncenter.always[HEAD] = Answer({"error": "down"}, 503)
    with pytest.raises(ScanFailed):
        chain.scan(None)
    toncenter.always.clear()
    later = time.time() + 500
    monkeypatch.setattr(time, "time", lambda: later)

    assert hashes(chain.scan(None)) == [tx_hash]


@pytest.mark.parametrize(
    "row",
    [
        pytest.param({"jetton_master": address_of("a fake USDT")}, id="of another jetton"),
        pytest.param({"destination": address_of("a stranger")}, id="to another wallet"),
        pytest.param({"amount": "0"}, id="of nothing"),
        pytest.param({"transaction_aborted": True}, id="aborted"),
    ],
)
def test_a_row_that_is_not_for_us_is_dropped_whatever_was_asked_for(
    toncenter: Toncenter, chain: TonChain, row: dict[str, Any]
) -> None:
    toncenter.keeps_to_query = False
    toncenter.pay(**row)
    paid = toncenter.pay()

    assert hashes(chain.scan(None)) == [paid]


def test_addresses_are_compared_whatever_their_capitals(toncenter: Toncenter, chain: TonChain) -> None:
    paid = toncenter.pay(destination=OWNER.lower(), jetton_master=USDT.lower())
    toncenter.keeps_to_query = False

    assert hashes(chain.scan(None)) == [paid]


def test_a_transfer_of_which_only_a_forged_notification_came_is_dropped(toncenter: Toncenter, chain: TonChain) -> None:
    toncenter.pay(fate="is forged")

    batch = chain.scan(None)
    assert not batch.transfers
    assert batch.cursor["held"] == []


def test_a_transfer_that_fails_on_our_wallet_is_dropped(toncenter: Toncenter, chain: TonChain) -> None:
    toncenter.pay(fate="fails")

    batch = chain.scan(None)
    assert not batch.transfers
    assert batch.cursor["held"] == []


@pytest.mark.parametrize(("aborted", "computed"), [(True, True), (False, False), (False, None), (None, True)])
def test_a_transfer_that_half_works_on_our_wallet_is_dropped(
    toncenter: Toncenter, chain: TonChain, aborted: bool | None, computed: bool | None
) -> None:
    toncenter.pay()
    arrival = list(next(iter(toncenter.traces.values()))["transactions"].values())[-1]
    arrival["description"] = {"type": "ord", "aborted": aborted, "compute_ph": {"success": computed}}

    assert not chain.scan(None).transfers


@pytest.mark.parametrize("part", ["account", "source"])
def test_a_transfer_to_or_from_the_wrong_jetton_wallet_is_dropped(
    toncenter: Toncenter, chain: TonChain, part: str
) -> None:
    toncenter.pay()
    arrival = list(next(iter(toncenter.traces.values()))["transactions"].values())[-1]
    (arrival if part == "account" else arrival["in_msg"])[part] = address_of("a forger")

    assert not chain.scan(None).transfers


def test_five_transfers_of_one_batch_have_five_hashes_and_cost_one_trace(toncenter: Toncenter, chain: TonChain) -> None:
    paid = [toncenter.pay(amount, trace="a batch") for amount in (10, 10, 20, 30, 40)]

    batch = chain.scan(None)
    assert hashes(batch) == paid
    assert [transfer.amount for transfer in batch.transfers] == [10, 10, 20, 30, 40]
    assert toncenter.calls(TRACES) == 1


@pytest.mark.parametrize("order", [("arrives", "fails"), ("fails", "arrives"), ("arrives", "is under way")])
def test_of_two_transfers_from_one_wallet_in_one_trace_only_the_one_that_arrived_is_given(
    toncenter: Toncenter, chain: TonChain, order: tuple[Fate, Fate]
) -> None:
    paid = [toncenter.pay(5_000_000, fate=fate, sender="Ann", trace="both") for fate in order]

    assert hashes(chain.scan(None)) == [paid[order.index("arrives")]]


def test_a_row_indexed_late_cannot_use_the_proof_of_one_given_before(toncenter: Toncenter, chain: TonChain) -> None:
    paid = toncenter.pay(5_000_000, sender="Ann", trace="both")
    cursor = chain.scan(None).cursor
    toncenter.pay(5_000_000, fate="fails", sender="Ann", trace="both")

    assert hashes(TonChain(chain.endpoints, friendly(OWNER), USDT).scan(cursor)) == [paid]

"""Made-up transfers: only where they are allowed, and through the same path as real ones. What the sandbox sold."""

import time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from models.operators import Role
from settings import settings
from tests.desk import Desk, make_desk
from tests.factories import Shop, eventually, exact, make_shop
from tests.payers import NETWORK, NETWORKS, ask, make_till, pay
from tests.sandbox import running_sandbox
from web.admin import simulation


@pytest.fixture
def shop(client: FlaskClient) -> Shop:
    """A client without money."""
    return make_shop(client, "0")


@pytest.fixture
def till(client: FlaskClient) -> Desk:
    """Who lets transfers arrive."""
    return make_till(client)


def test_where_it_is_off_there_is_no_such_address(till: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(simulation, "settings", settings.model_copy(update={"allow_simulation": False}))

    for document in ({"network": NETWORK, "amount_usdt": "5"}, {}):
        refused = till.post("/simulate/transfer", document)
        assert (refused.status_code, refused.json["error"]) == (404, "not_found")
    assert till.get("/deposits").json["items"] == []


def test_a_transfer_is_shown_as_the_deposit_that_it_is(till: Desk) -> None:
    before = int(time.time())

    deposit = pay(till, "12.345678")

    assert deposit == exact(till.get(f"/deposits/{deposit['id']}"))
    assert (deposit["network"], str(deposit["amount_usdt"]), deposit["index"]) == (NETWORK, "12.345678", 0)
    assert before <= deposit["block_time"] <= time.time()
    assert len(deposit["tx_hash"]) == 64
    assert pay(till, "12.345678")["tx_hash"] != deposit["tx_hash"]


@pytest.mark.parametrize("network", NETWORKS)
def test_it_arrives_on_every_network(shop: Shop, till: Desk, network: str) -> None:
    ask(shop, "100", network)

    assert pay(till, "100", network)["status"] == "credited_auto"
    assert shop.balance()["balance_usdt"] == 100


def test_the_same_transaction_counts_once(shop: Shop, till: Desk) -> None:
    ask(shop, "100")
    ask(shop, "200")

    first = pay(till, "100", tx_hash="abc")

    assert {**pay(till, "100", tx_hash="abc"), "age_seconds": 0} == {**first, "age_seconds": 0}
    assert pay(till, "200", tx_hash="abc")["id"] == first["id"]
    assert shop.balance()["balance_usdt"] == 100
    assert len(till.get("/deposits").json["items"]) == 1


def test_on_another_network_the_same_hash_is_another_transaction(shop: Shop, till: Desk) -> None:
    for network in NETWORKS[:2]:
        ask(shop, "100", network)
        pay(till, "100", network, tx_hash="abc")

    assert shop.balance()["balance_usdt"] == 200


def test_the_time_of_its_block_can_be_chosen(shop: Shop, till: Desk) -> None:
    topup = ask(shop, "100")

    late = pay(till, "100", block_time=topup["expires_at"])
    in_time = pay(till, "100", block_time=topup["expires_at"] - 1)

    assert (late["block_time"], late["status"]) == (topup["expires_at"], "unmatched")
    assert (in_time["block_time"], in_time["status"]) == (topup["expires_at"] - 1, "credited_auto")


@pytest.mark.parametrize("block_time", [0, 253_402_300_799])
def test_the_first_and_the_last_instant_are_taken(till: Desk, block_time: int) -> None:
    assert pay(till, "5", block_time=block_time)["block_time"] == block_time


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"network": "bitcoin"}, "network"), ({"network": 5}, "network"), ({"amount_usdt": 0}, "amount_usdt"),
        ({"amount_usdt": "-5"}, "amount_usdt"), ({"amount_usdt": "0.0000001"}, "amount_usdt"),
        ({"amount_usdt": "1000000001"}, "amount_usdt"), ({"tx_hash": ""}, "tx_hash"), ({"tx_hash": "x" * 129}, "tx_hash"),
        ({"tx_hash": "a\0b"}, "tx_hash"), ({"block_time": -1}, "block_time"), ({"block_time": 10**12}, "block_time"),
        ({"block_time": "5"}, "block_time"), ({"memo": "x"}, "memo"),
    ],
)  # fmt: skip
def test_bodies_are_strict(till: Desk, change: dict[str, Any], field: str) -> None:
    refused = till.post("/simulate/transfer", {"network": NETWORK, "amount_usdt": "5", **change})

    assert (refused.status_code, [fault["field"] for fault in refused.json["fields"]]) == (422, [field])


def test_who_may_only_read_makes_nothing_up(client: FlaskClient) -> None:
    refused = make_desk(client, Role.READ).post("/simulate/transfer", {"network": NETWORK, "amount_usdt": "5"})

    assert refused.status_code == 403


@pytest.mark.parametrize("amount", ["0.000001", "1000000000"])
def test_the_smallest_and_the_largest_amount_are_kept_exactly(till: Desk, amount: str) -> None:
    assert str(exact(till.get(f"/deposits/{pay(till, amount)['id']}"))["amount_usdt"]) in (amount, "0.000001", "1E-6")


def test_what_the_sandbox_sold_is_listed_as_it_is(till: Desk, tmp_path: Path) -> None:
    with running_sandbox(tmp_path) as sandbox:
        assert till.get("/simulate/purchases").json == []
        for username, ton in (("durov", 12.34), ("pavel", 5)):
            recipient = sandbox.get("/ton/recipient/search", username=username, amount=ton).json()["recipient"]
            body = {"username": username, "recipient_hash": recipient, "amount": ton, "wallet_type": "TON"}
            sandbox.post("/orders/ton", body, f"key-{username}")
        sales = eventually(lambda: len(sold := exact(till.get("/simulate/purchases"))) == 2 and sold, "both sales")
        of_one = exact(till.get("/simulate/purchases", username="Durov"))

    assert [{**sale, "at": 0} for sale in sales] == [
        {"reference": "key-durov", "username": "durov", "product": "ton", "quantity": Decimal("12.34"), "at": 0},
        {"reference": "key-pavel", "username": "pavel", "product": "ton", "quantity": 5, "at": 0},
    ]
    assert of_one == sales[:1]


def test_a_sandbox_that_does_not_answer_is_unavailable(till: Desk) -> None:
    refused = till.get("/simulate/purchases")

    assert (refused.status_code, refused.json["error"]) == (503, "service_unavailable")
    assert int(refused.headers["Retry-After"]) >= 1


@pytest.mark.parametrize("change", [{"allow_simulation": False}, {"sandbox_api_url": None}])
def test_without_simulation_or_sandbox_there_are_no_purchases_to_list(
    till: Desk, monkeypatch: pytest.MonkeyPatch, change: dict[str, Any]
) -> None:
    monkeypatch.setattr(simulation, "settings", settings.model_copy(update=change))

    refused = till.get("/simulate/purchases")

    assert (refused.status_code, refused.json["error"]) == (404, "not_found")

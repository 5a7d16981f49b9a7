"""Idempotency keys on v2: a purchase that is sent again is made once."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from models import catalogue
from models.database import db
from models.settlement import Delivered
from tests.factories import (
    TelegramShop,
    exact,
    make_product,
    make_shop,
    make_telegram_goods,
    make_v2_shop,
    settle_purchase,
)
from tests.web.v2_refusals import assert_v2_refused


@pytest.fixture
def shop(client: FlaskClient) -> TelegramShop:
    """A client with money, in a shop that sells all five goods."""
    make_telegram_goods()
    return make_v2_shop(client, "100")


def stars(shop: TelegramShop, key: str = "one", query: str = "", **fields: Any) -> TestResponse:
    """Order stars under a key."""
    return shop.post(f"/stars{query}", {"username": "target", "amount": 100, **fields}, Idempotency_Key=key)


def assert_replay(again: TestResponse, first: TestResponse) -> None:
    """Check that an answer is the first one, byte for byte, and says so."""
    assert (again.status_code, again.get_data()) == (first.status_code, first.get_data())
    assert again.headers["Idempotent-Replayed"] == "true"
    assert "Idempotent-Replayed" not in first.headers


def orders_of(shop: TelegramShop) -> int:
    """How many orders the client has."""
    return int(exact(shop.get("/stats"))["total_orders"])


def test_the_same_request_gets_the_same_answer_and_buys_once(shop: TelegramShop) -> None:
    first = stars(shop)

    for _ in range(3):
        assert_replay(stars(shop), first)
    settle_purchase(first.json["order_id"], Delivered(100, "abc"))
    assert_replay(stars(shop), first)
    assert orders_of(shop) == 1


def test_what_would_refuse_the_purchase_now_does_not_refuse_its_repetition(shop: TelegramShop) -> None:
    first = stars(shop, amount=8000)
    with db.connection_context():
        catalogue.change("test", catalogue.named("tg-star").id, {"active": False, "price": 50_000})

    assert_replay(stars(shop, amount=8000), first)


@pytest.mark.parametrize(
    "change", [{"amount": 101}, {"username": "other"}, {"username": "@target"}, {"client_reference": "x"}]
)
def test_a_key_stands_for_one_body(shop: TelegramShop, change: dict[str, Any]) -> None:
    stars(shop)

    assert_v2_refused(stars(shop, **change), 409, "idempotency_key_reused")
    assert orders_of(shop) == 1


def test_a_key_stands_for_one_endpoint_on_both_surfaces(shop: TelegramShop) -> None:
    body = {"username": "target", "amount": 100}
    wholesale, product = make_shop(shop.client, account_id=shop.account_id), make_product("10")
    wholesale.post("/orders", {"product_id": product.id, "quantity": 1}, Idempotency_Key="two")
    stars(shop)

    assert_v2_refused(shop.post("/ton", body, Idempotency_Key="one"), 409, "idempotency_key_reused")
    assert_v2_refused(stars(shop, key="two"), 409, "idempotency_key_reused")
    answer = wholesale.post("/orders", {"product_id": product.id, "quantity": 1}, Idempotency_Key="one")
    assert (answer.status_code, answer.json["error"]) == (409, "idempotency_key_reused")
    assert orders_of(shop) == 2


def test_after_a_refusal_the_key_is_free(shop: TelegramShop) -> None:
    refused = [stars(shop, amount=1), stars(shop, username=""), stars(shop, amount=9000), stars(shop, x=1)]

    assert [answer.status_code for answer in refused] == [400] * 4
    first = stars(shop)
    assert first.status_code == 200
    assert_replay(stars(shop), first)


def test_after_a_timeout_the_repetition_shows_the_present_state(shop: TelegramShop) -> None:
    first = stars(shop, query="?wait=true&timeout=0")
    assert first.status_code == 408

    waiting = stars(shop)
    assert (waiting.status_code, waiting.json["status"]) == (200, "pending")
    assert stars(shop, query="?wait=true&timeout=0").status_code == 408
    settle_purchase(first.json["order_id"], Delivered(100, "abc"))

    for query in ("", "?wait=true", "?wait=true&timeout=0"):
        again = stars(shop, query=query)
        assert (again.status_code, again.json["status"], again.json["provider_order_id"]) == (200, "completed", "abc")
        assert again.headers["Idempotent-Replayed"] == "true"
        assert "message" not in exact(again)
    assert orders_of(shop) == 1


def test_a_repetition_may_wait_though_the_first_did_not(shop: TelegramShop) -> None:
    first = stars(shop)
    settle_purchase(first.json["order_id"], Delivered(100, "abc"))

    assert stars(shop, query="?wait=true").json["status"] == "completed"
    assert_replay(stars(shop), first)

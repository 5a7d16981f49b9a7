"""A signed request that is sent again: it counts once, or brings its recorded answer back."""

import json
from typing import Any

import pytest
from flask.testing import FlaskClient

from jobs.redis_calls import redis_client
from models.tables import Product
from tests.factories import Shop, exact, make_product, make_shop
from tests.web.refusals import assert_refused


@pytest.fixture
def shop(client: FlaskClient) -> Shop:
    """A client whose key has a secret."""
    return make_shop(client, "1000", signed=True)


@pytest.fixture
def product() -> Product:
    """Something to order, at 10 USDT."""
    return make_product("10", in_stock=100)


def body_for(product: Product, **fields: Any) -> bytes:
    """An order of one, as bytes."""
    return json.dumps({"product_id": product.id, "quantity": 1, **fields}).encode()


def orders_of(shop: Shop) -> int:
    """How many orders the client has."""
    return len(shop.get("/orders").json["items"])


def test_a_signed_request_counts_once(shop: Shop, product: Product) -> None:
    body = body_for(product)
    signature = shop.signature(body)
    assert shop.post("/orders", raw=body, **signature).status_code == 200

    assert_refused(shop.post("/orders", raw=body, **signature), 401, "replayed_request")
    upper = signature | {"X-Signature": signature["X-Signature"].upper()}
    assert_refused(shop.post("/orders", raw=body, **upper), 401, "replayed_request")
    assert orders_of(shop) == 1


def test_a_signed_request_that_was_refused_counts_once_too(client: FlaskClient, product: Product) -> None:
    shop = make_shop(client, "0", signed=True)
    body = body_for(product)
    signature = shop.signature(body)
    assert shop.post("/orders", raw=body, **signature).status_code == 402

    assert_refused(shop.post("/orders", raw=body, **signature), 401, "replayed_request")


def test_a_replay_is_refused_at_another_address_and_with_a_key_that_it_did_not_have(
    shop: Shop, product: Product
) -> None:
    body = body_for(product)
    signature = shop.signature(body)
    order_id = shop.post("/orders", raw=body, **signature).json["order_id"]

    assert_refused(shop.post(f"/orders/{order_id}/webhooks/resend", raw=body, **signature), 401, "replayed_request")
    assert_refused(shop.post("/orders", raw=body, **signature, Idempotency_Key="new"), 401, "replayed_request")
    assert orders_of(shop) == 1


def test_a_replay_whose_idempotency_key_is_on_record_gets_the_recorded_answer(shop: Shop, product: Product) -> None:
    body = body_for(product)
    sent = shop.signature(body) | {"Idempotency-Key": "one"}
    first = shop.post("/orders", raw=body, **sent)

    again = shop.post("/orders", raw=body, **sent)

    assert (first.status_code, again.status_code) == (200, 200)
    assert exact(again) == exact(first)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert orders_of(shop) == 1


@pytest.mark.parametrize("idempotency_key", [None, "another"])
def test_a_replay_orders_nothing_after_redis_was_emptied(
    shop: Shop, product: Product, idempotency_key: str | None
) -> None:
    body = body_for(product)
    sent = shop.signature(body)
    assert shop.post("/orders", raw=body, **sent, Idempotency_Key="one").status_code == 200

    redis_client().flushdb()

    assert_refused(shop.post("/orders", raw=body, **sent, Idempotency_Key=idempotency_key), 401, "replayed_request")
    assert orders_of(shop) == 1
    assert shop.balance()["held_usdt"] == 10


def test_a_replay_gets_the_recorded_answer_after_redis_was_emptied(shop: Shop, product: Product) -> None:
    body = body_for(product)
    sent = shop.signature(body) | {"Idempotency-Key": "one"}
    first = shop.post("/orders", raw=body, **sent)

    redis_client().flushdb()

    assert exact(shop.post("/orders", raw=body, **sent)) == exact(first)
    assert orders_of(shop) == 1

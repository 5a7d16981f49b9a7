"""Idempotency keys: a request that is sent again gets its first answer again, and nothing happens twice."""

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import psycopg2
import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from jobs import fulfilment
from jobs.redis_calls import redis_client
from models import catalogue, idempotency
from models.database import changed, db, row
from models.tables import Product
from settings import settings
from tests.factories import Shop, eventually, make_product, make_shop
from web import webhook_urls


@pytest.fixture
def shop(client: FlaskClient) -> Shop:
    """A client with money."""
    return make_shop(client, "1000")


@pytest.fixture
def product() -> Product:
    """Something to order, at 10 USDT."""
    return make_product("10", in_stock=20)


def order(shop: Shop, product: Product, key: str = "one", query: str = "", **fields: Any) -> TestResponse:
    """Order under a key."""
    document = {"product_id": product.id, "quantity": 1, **fields}
    return shop.post(f"/orders{query}", document, Idempotency_Key=key)


def assert_replay(again: TestResponse, first: TestResponse) -> None:
    """Check that an answer is the first one, byte for byte, and says so."""
    assert (again.status_code, again.get_data()) == (first.status_code, first.get_data())
    assert again.headers["Idempotent-Replayed"] == "true"
    assert "Idempotent-Replayed" not in first.headers


def assert_reused(answer: TestResponse) -> None:
    """Check that a key was refused because it stands for another request."""
    assert (answer.status_code, answer.json["error"]) == (409, "idempotency_key_reused")


def orders_of(shop: Shop) -> int:
    """How many orders the client has."""
    return len(shop.get("/orders").json["items"])


def test_the_same_request_gets_the_same_answer_and_orders_once(shop: Shop, product: Product) -> None:
    first = order(shop, product)

    for _ in range(3):
        assert_replay(order(shop, product), first)
    assert orders_of(shop) == 1
    assert shop.balance()["held_usdt"] == 10
    assert shop.get(f"/products/{product.id}").json["in_stock"] == 19


def test_the_first_answer_is_given_again_whatever_became_of_the_order(shop: Shop, product: Product) -> None:
    first = order(shop, product)

    fulfilment.fulfil(first.json["order_id"])

    assert shop.get(f"/orders/{first.json['order_id']}").json["status"] == "completed"
    assert_replay(order(shop, product), first)


def test_what_would_refuse_the_order_now_does_not_refuse_its_repetition(client: FlaskClient, product: Product) -> None:
    shop = make_shop(client, "10")
    first = order(shop, product)
    with db.connection_context():
        catalogue.change("test", product.id, {"price": 99_000_000, "active": False, "min_quantity": 5})

    assert_replay(order(shop, product), first)


def test_a_webhook_address_that_is_no_longer_allowed_does_not_refuse_a_repetition(
    shop: Shop, product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    allowed = [settings.model_copy(update={"webhook_allow_private": value}) for value in (True, False)]
    monkeypatch.setattr(webhook_urls, "settings", allowed[0])
    first = order(shop, product, webhook_url="http://127.0.0.1:9/")
    monkeypatch.setattr(webhook_urls, "settings", allowed[1])

    assert_replay(order(shop, product, webhook_url="http://127.0.0.1:9/"), first)
    assert order(shop, product, key="two", webhook_url="http://127.0.0.1:9/").status_code == 422
    assert_reused(order(shop, product, webhook_url="http://127.0.0.1:8/"))


def test_a_key_outlives_redis(shop: Shop, product: Product) -> None:
    first = order(shop, product)
    redis_client().flushdb()

    assert_replay(order(shop, product), first)


@pytest.mark.parametrize(
    "change", [{"quantity": 2}, {"client_reference": "x"}, {"product_id": 999}, {"max_price_usdt": "0.01"}]
)
def test_the_same_key_with_another_body_is_refused(shop: Shop, product: Product, change: dict[str, Any]) -> None:
    order(shop, product)

    assert_reused(order(shop, product, **change))
    assert orders_of(shop) == 1


def test_another_spelling_of_the_same_order_is_another_body(shop: Shop, product: Product) -> None:
    spelled = b'{"product_id": %d, "quantity": 1}' % product.id
    assert shop.post("/orders", raw=spelled, Idempotency_Key="one").status_code == 200

    assert_reused(shop.post("/orders", raw=spelled + b" ", Idempotency_Key="one"))


def test_a_key_of_an_order_is_refused_at_another_endpoint_and_the_other_way_round(shop: Shop, product: Product) -> None:
    order_id = order(shop, product, webhook_url="http://93.184.215.14/").json["order_id"]
    fulfilment.fulfil(order_id)
    resend = f"/orders/{order_id}/webhooks/resend"

    assert_reused(shop.post(resend, Idempotency_Key="one"))
    assert shop.post(resend, Idempotency_Key="two").status_code == 200
    assert_reused(order(shop, product, key="two"))


def test_a_resend_happens_once_for_each_key(shop: Shop, product: Product) -> None:
    order_id = order(shop, product, webhook_url="http://93.184.215.14/").json["order_id"]
    fulfilment.fulfil(order_id)
    path = f"/orders/{order_id}/webhooks/resend"
    first = shop.post(path, Idempotency_Key="again")
    with db.connection_context():
        changed("UPDATE webhook_deliveries SET state = 'fired', tries_left = 0")

    assert_replay(shop.post(path, Idempotency_Key="again"), first)
    with db.connection_context():
        assert row("SELECT state, tries_left FROM webhook_deliveries") == {"state": "fired", "tries_left": 0}
    assert shop.post(path, Idempotency_Key="yet again").json["status"] == "pending"


def test_keys_belong_to_the_account(client: FlaskClient, shop: Shop, product: Product) -> None:
    first = order(shop, product)
    colleague, stranger = make_shop(client, account_id=shop.account_id), make_shop(client)

    assert_replay(order(colleague, product), first)
    assert order(stranger, product).json["order_id"] != first.json["order_id"]


def test_keys_differ_by_every_character(shop: Shop, product: Product) -> None:
    keys = ("one", "One", "o ne", "one.", "one,", "0ne")

    assert len({order(shop, product, key=key).json["order_id"] for key in keys}) == len(keys)


def test_after_a_refusal_the_key_is_free(client: FlaskClient, product: Product) -> None:
    shop = make_shop(client, "10")
    refused = [
        order(shop, product, quantity=0),
        order(shop, product, product_id=999),
        order(shop, product, quantity=3, max_price_usdt=1),
        order(shop, product, quantity=21),
        order(shop, product, quantity=2),
        order(shop, product, payment_method="invoice"),
        shop.post("/orders", raw=b"{", Idempotency_Key="one"),
        shop.post("/orders", raw=b"{}", Idempotency_Key="one", Content_Type="text/plain"),
    ]

    assert [answer.status_code for answer in refused] == [422, 404, 409, 409, 402, 501, 422, 415]
    assert not any("Idempotent-Replayed" in answer.headers for answer in refused)
    first = order(shop, product)
    assert first.status_code == 200
    assert_replay(order(shop, product), first)


def test_a_get_heeds_no_key(shop: Shop, product: Product) -> None:
    headers = {"Idempotency-Key": "one"}
    shop.get("/balance", headers=headers)

    assert order(shop, product).status_code == 200
    assert "Idempotent-Replayed" not in shop.get("/orders", headers=headers).headers


def test_after_a_wait_the_repetition_shows_the_present_state(shop: Shop, product: Product) -> None:
    first = order(shop, product, query="?wait=true&timeout=0")
    assert first.json["status"] == "processing"

    fulfilment.fulfil(first.json["order_id"])
    again = order(shop, product, query="?wait=true&timeout=0")

    assert again.headers["Idempotent-Replayed"] == "true"
    assert (again.json["status"], len(again.json["items"])) == ("completed", 1)
    assert order(shop, product).json == again.json
    assert orders_of(shop) == 1


def test_a_repetition_may_wait_though_the_first_did_not(shop: Shop, product: Product) -> None:
    first = order(shop, product)
    fulfilment.fulfil(first.json["order_id"])

    assert order(shop, product, query="?wait=true").json["status"] == "completed"
    assert_replay(order(shop, product), first)


def test_a_key_is_kept_for_more_than_a_day_and_then_forgotten(shop: Shop, product: Product) -> None:
    first = order(shop, product)

    _age_keys(hours=25)
    assert_replay(order(shop, product), first)
    _age_keys(hours=24 * 7)
    assert order(shop, product).json["order_id"] != first.json["order_id"]


def _age_keys(hours: int) -> None:
    with db.connection_context():
        changed("UPDATE idempotency_keys SET created_at = created_at - make_interval(hours => %(h)s)", {"h": hours})
        idempotency.forget_old()


@contextmanager
def open_transaction(sql: str, *values: Any) -> Iterator[Any]:
    """Another process that has done something and not committed it yet; what it did is undone at the end."""
    with closing(psycopg2.connect(settings.database_url)) as other:
        other.cursor().execute(sql, values)
        yield other
        other.rollback()


def nobody_waits_for_a_lock() -> bool:
    """Whether no statement is held up in the database."""
    with db.connection_context():
        found = row(
            "SELECT count(*) AS n FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
    return found is not None and found["n"] == 0


def test_a_key_whose_first_request_is_running_is_told_to_come_back(shop: Shop, product: Product) -> None:
    running = "INSERT INTO idempotency_keys (account_id, key, request_digest) VALUES (%s, 'one', '\\x00')"
    began = time.monotonic()

    with open_transaction(running, shop.account_id):
        answer = order(shop, product)

    assert (answer.status_code, answer.json["error"]) == (503, "service_unavailable")
    assert 1 <= int(answer.headers["Retry-After"]) <= 60
    assert time.monotonic() - began < 5
    assert eventually(lambda: order(shop, product)).status_code == 200
    assert orders_of(shop) == 1


def test_an_order_that_was_answered_with_503_is_not_placed_behind_the_clients_back(
    shop: Shop, product: Product
) -> None:
    with open_transaction("SELECT 1 FROM accounts WHERE id = %s FOR UPDATE", shop.account_id):
        answer = shop.order(product)
        eventually(nobody_waits_for_a_lock, "the end of the statement that was given up")

    assert answer.status_code == 503
    assert orders_of(shop) == 0
    assert shop.balance()["held_usdt"] == 0

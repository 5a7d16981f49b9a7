"""The errors of v1: each with its status, code, sentence and facts, in one form; and which comes first."""

from collections.abc import Callable
from contextlib import closing
from typing import Any

import psycopg2
import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from models import keys
from models.database import db
from settings import settings
from tests.factories import Shop, add_stock, exact, make_product, make_shop
from tests.web.refusals import assert_refused

FORM = {"error", "message", "request_id"}


def assert_form(answer: TestResponse, status: int, code: str, *facts: str) -> Any:
    """Check an error's form and what it is to hold, and return its document."""
    document = assert_refused(answer, status, code)
    assert set(document) == FORM | set(facts)
    return document


Case = Callable[[FlaskClient, Shop], TestResponse]


def revoked(client: FlaskClient, shop: Shop) -> TestResponse:
    with db.connection_context():
        keys.revoke("test", shop.fingerprint)
    return shop.get("/balance")


def over_the_rate(client: FlaskClient, shop: Shop) -> TestResponse:
    limited = make_shop(client, rate_limit=1)
    limited.get("/health")
    return limited.get("/health")


def signed_twice(client: FlaskClient, shop: Shop) -> TestResponse:
    signer = make_shop(client, signed=True)
    signature = signer.signature(b"{}")
    signer.post("/orders", raw=b"{}", **signature)
    return signer.post("/orders", raw=b"{}", **signature)


def signed(client: FlaskClient, **headers: str | None) -> TestResponse:
    return make_shop(client, signed=True).post("/orders", raw=b"{}", **headers)


def stale(client: FlaskClient, shop: Shop) -> TestResponse:
    signer = make_shop(client, signed=True)
    return signer.post("/orders", raw=b"{}", **signer.signature(b"{}", -600))


def key_reused(client: FlaskClient, shop: Shop) -> TestResponse:
    product = make_product("10")
    for quantity in (1, 2):
        answer = shop.post("/orders", {"product_id": product.id, "quantity": quantity}, Idempotency_Key="one")
    return answer


CASES: dict[str, tuple[Case, int, str, tuple[str, ...]]] = {
    "no key": (lambda client, shop: client.get("/api/v1/balance"), 401, "missing_api_key", ()),
    "unknown key": (
        lambda client, shop: client.get("/api/v1/balance", headers={"X-API-Key": "x"}), 401, "invalid_api_key", ()
    ),
    "revoked key": (revoked, 401, "invalid_api_key", ()),
    "wrong address": (
        lambda client, shop: make_shop(client, ip_allowlist=["192.0.2.1"]).get("/balance"), 403, "ip_not_allowed", ()
    ),
    "over the rate": (over_the_rate, 429, "rate_limit_exceeded", ()),
    "unsigned": (lambda client, shop: signed(client, X_Signature=None), 401, "missing_signature", ()),
    "signed wrongly": (lambda client, shop: signed(client, X_Signature="0" * 64), 401, "invalid_signature", ()),
    "signed long ago": (stale, 401, "stale_timestamp", ()),
    "signed twice": (signed_twice, 401, "replayed_request", ()),
    "bad body": (lambda client, shop: shop.post("/orders", {}), 422, "invalid_body", ("fields",)),
    "bad query": (lambda client, shop: shop.get("/orders?limit=0"), 422, "invalid_body", ("fields",)),
    "bad cursor": (lambda client, shop: shop.get("/orders?cursor=x"), 422, "invalid_body", ("fields",)),
    "no recipient": (
        lambda client, shop: shop.order(make_product("10", needs_recipient=True)), 422, "invalid_body", ("fields",)
    ),
    "below minimum": (
        lambda client, shop: shop.order(make_product("10", min_quantity=2)), 400, "below_minimum", ("min_quantity",)
    ),
    "above maximum": (
        lambda client, shop: shop.order(make_product("10", max_quantity=2), 3), 400, "above_maximum", ("max_quantity",)
    ),
    "too dear": (
        lambda client, shop: shop.order(make_product("2000")), 402, "insufficient_balance",
        ("price_usdt", "balance_usdt", "missing_usdt", "topup"),
    ),
    "no product": (lambda client, shop: shop.get("/products/1"), 404, "product_not_found", ()),
    "order of no product": (
        lambda client, shop: shop.post("/orders", {"product_id": 1, "quantity": 1}), 404, "product_not_found", ()
    ),
    "product not for sale": (lambda client, shop: shop.order(make_product(active=False)), 404, "product_not_found", ()),
    "no order": (lambda client, shop: shop.get("/orders/1"), 404, "order_not_found", ()),
    "no order to tell of": (lambda client, shop: shop.get("/orders/1/webhooks"), 404, "order_not_found", ()),
    "no stock": (
        lambda client, shop: shop.order(make_product("10", in_stock=1), 2), 409, "insufficient_stock", ("in_stock",)
    ),
    "dearer than wanted": (
        lambda client, shop: shop.order(make_product("10"), max_price_usdt=9.99), 409, "price_changed", ("price_usdt",)
    ),
    "key used twice": (key_reused, 409, "idempotency_key_reused", ()),
    "no JSON": (lambda client, shop: shop.post("/orders", Content_Type="text/plain"), 415, "unsupported_media_type", ()),
    "too much": (lambda client, shop: shop.post("/orders", raw=b" " * 65_537), 413, "body_too_large", ()),
    "by invoice": (
        lambda client, shop: shop.order(make_product("10"), payment_method="invoice"), 501, "invoice_not_implemented", ()
    ),
    "no address": (lambda client, shop: shop.get("/nothing/here"), 404, "not_found", ()),
    "no address of anything": (lambda client, shop: client.get("/nothing"), 404, "not_found", ()),
    "no method": (lambda client, shop: shop.client.delete("/api/v1/orders"), 405, "method_not_allowed", ()),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_every_error_has_its_status_its_code_and_the_one_form(client: FlaskClient, name: str) -> None:
    make, status, code, facts = CASES[name]

    assert_form(make(client, make_shop(client, "1000")), status, code, *facts)


def test_the_first_of_several_reasons_is_told(client: FlaskClient) -> None:
    shop = make_shop(client, "0")
    product = make_product("10", in_stock=3, min_quantity=5, max_quantity=20)

    def order(quantity: Any, product_id: int = product.id, **fields: Any) -> TestResponse:
        return shop.post("/orders", {"product_id": product_id, "quantity": quantity, **fields})

    assert_form(order(0, 999, max_price_usdt=0.01), 422, "invalid_body", "fields")
    assert_form(order(1, 999, max_price_usdt=0.01), 404, "product_not_found")
    below = assert_form(order(4, max_price_usdt=0.01), 400, "below_minimum", "min_quantity")
    assert below["min_quantity"] == 5
    above = assert_form(order(21, max_price_usdt=0.01), 400, "above_maximum", "max_quantity")
    assert above["max_quantity"] == 20
    stock = assert_form(order(5, max_price_usdt=0.01), 409, "insufficient_stock", "in_stock")
    assert stock["in_stock"] == 3
    with db.connection_context():
        add_stock(product, 10)
    price = assert_form(order(5, max_price_usdt=0.01), 409, "price_changed", "price_usdt")
    assert price["price_usdt"] == 50
    money = assert_form(order(5), 402, "insufficient_balance", "price_usdt", "balance_usdt", "missing_usdt", "topup")
    assert (money["price_usdt"], money["balance_usdt"], money["missing_usdt"]) == (50, 0, 50)
    assert "50.00 USDT" in money["topup"]
    assert shop.get("/orders").json["items"] == []


def test_a_recipient_that_is_missing_comes_before_every_other_reason(client: FlaskClient) -> None:
    product = make_product("10", in_stock=0, min_quantity=5, needs_recipient=True)

    document = assert_form(make_shop(client, "0").order(product, max_price_usdt=1), 422, "invalid_body", "fields")

    assert [fault["field"] for fault in document["fields"]] == ["recipient"]


def test_what_is_missing_for_a_price_is_told_exactly(client: FlaskClient) -> None:
    shop, product = make_shop(client, "6.999999"), make_product("7.000001")

    answer = shop.order(product)

    assert exact(answer)["missing_usdt"] * 1_000_000 == 2
    assert b'"missing_usdt":0.000002' in answer.get_data()
    assert b'"price_usdt":7.000001' in answer.get_data()
    assert b'"balance_usdt":6.999999' in answer.get_data()


def test_a_request_id_is_new_each_time_and_not_the_clients(client: FlaskClient) -> None:
    shop = make_shop(client)
    answers = [shop.get("/health", headers={"X-Request-Id": "mine"}) for _ in range(3)]

    assert len({answer.headers["X-Request-Id"] for answer in answers} | {"mine"}) == 4


@pytest.mark.parametrize(
    "path", ["/health", "/orders", "/orders/1", "/balance", "/products/1", "/orders/1/webhooks/resend"]
)
def test_a_405_says_which_methods_there_are(client: FlaskClient, path: str) -> None:
    answer = make_shop(client).client.patch(f"/api/v1{path}")

    assert_form(answer, 405, "method_not_allowed")
    assert set(answer.headers["Allow"].split(", ")) & {"GET", "POST"}


def test_a_fault_of_ours_shows_nothing_of_the_inside(client: FlaskClient) -> None:
    shop = make_shop(client)
    shop.get("/orders")
    with closing(psycopg2.connect(settings.database_url)) as operator:
        operator.autocommit = True
        cursor = operator.cursor()
        cursor.execute("ALTER TABLE orders RENAME TO lost_orders")
        try:
            answer = shop.get("/orders")
        finally:
            cursor.execute("ALTER TABLE lost_orders RENAME TO orders")

    assert_form(answer, 500, "internal_error")
    text = answer.get_data(as_text=True).lower()
    assert not any(word in text for word in ("traceback", "select", "orders", "psycopg", "peewee", "relation", ".py"))


def test_no_error_repeats_a_secret(client: FlaskClient) -> None:
    shop = make_shop(client, signed=True)
    signature = shop.signature(b"{}")

    attempts: list[dict[str, Any]] = [{}, {"X_Signature": "0" * 64}, {"Idempotency_Key": "\x01"}, signature]
    for headers in attempts:
        answer = shop.post("/orders", raw=b"{}", **headers)
        shown = answer.get_data(as_text=True) + str(answer.headers)
        assert answer.status_code >= 400
        assert not any(secret in shown for secret in (shop.api_key, str(shop.secret), signature["X-Signature"]))

"""Orders, from placing to delivery."""

import time
from typing import Any

import dramatiq
import pytest
from flask.testing import FlaskClient

from jobs import fulfilment
from models import interventions, orders, stock
from models.database import changed, db
from models.purchases import Purchase
from models.strict_json import parse
from models.tables import Order
from settings import settings
from tests.factories import Shop, eventually, exact, make_product, make_shop
from web import waiting, webhook_urls

FIELDS = {
    "order_id", "status", "product_id", "quantity", "delivered_quantity", "price_usdt", "refunded", "refunded_usdt",
    "error_message", "client_reference", "raw_data", "created_at", "updated_at",
}  # fmt: skip


@pytest.fixture
def shop(client: FlaskClient) -> Shop:
    """A client with money."""
    return make_shop(client, "1000")


def test_an_order_is_accepted_fulfilled_and_shown_with_its_items(client: FlaskClient, worker: dramatiq.Worker) -> None:
    shop, product = make_shop(client, "100", signed=True), make_product("8.90", in_stock=3)

    placed = shop.order(product, 2, client_reference="mine")

    assert placed.status_code == 200
    assert placed.json["status"] == "processing"
    assert placed.json["price_usdt"] == 17.8
    order_id = placed.json["order_id"]
    order = eventually(lambda: (o := shop.get(f"/orders/{order_id}").json)["status"] == "completed" and o)
    assert len(order["items"]) == 2
    assert order["items"][0]["password"] == "s3cret"
    assert order["client_reference"] == "mine"
    assert shop.balance()["balance_usdt"] == 82.2
    assert shop.balance()["held_usdt"] == 0
    assert shop.get(f"/products/{product.id}").json["in_stock"] == 1


def test_an_accepted_order_is_shown_in_full_but_for_items(shop: Shop) -> None:
    product, before = make_product("12.34"), int(time.time())

    placed = exact(shop.order(product))

    assert set(placed) == FIELDS
    assert before <= placed["created_at"] == placed["updated_at"] <= time.time()
    assert {name: str(placed[name]) for name in ("price_usdt", "refunded_usdt")} == {
        "price_usdt": "12.34", "refunded_usdt": "0",
    }  # fmt: skip
    assert (placed["status"], placed["refunded"], placed["quantity"]) == ("processing", False, 1)
    assert (placed["product_id"], placed["delivered_quantity"], placed["error_message"]) == (product.id, 0, None)
    assert placed == exact(shop.get(f"/orders/{placed['order_id']}"))


def test_payment_method_may_be_left_out_and_optional_fields_null(shop: Shop) -> None:
    product = make_product("10")
    optional: dict[str, Any] = dict.fromkeys(("webhook_url", "client_reference", "max_price_usdt", "recipient"))

    assert shop.order(product, payment_method="balance").status_code == 200
    assert shop.order(product, **optional).status_code == 200


@pytest.mark.parametrize(
    ("end", "status", "refunded", "items"),
    [
        ("deliver", "completed", False, 2), ("deliver less", "partial", True, 1), ("refuse", "failed", True, None),
        ("expire", "expired", True, None), ("cancel", "cancelled", True, None), ("refund", "refunded", True, 2),
    ],
)  # fmt: skip
def test_every_end_of_an_order_is_shown_and_has_its_items(
    shop: Shop, end: str, status: str, refunded: bool, items: int | None
) -> None:
    order_id = shop.order(make_product("10", in_stock=2), 2).json["order_id"]
    with db.connection_context():
        if end in ("deliver less", "refuse"):
            changed("DELETE FROM stock_items WHERE id <= %(n)s", {"n": 1 if end == "deliver less" else 2})
        if end == "expire":
            changed("UPDATE orders SET deadline_at = now() - interval '1 second'")
        if end == "cancel":
            interventions.cancel("test", order_id)
    fulfilment.fulfil(order_id)
    if end == "refund":
        with db.connection_context():
            interventions.refund("test", order_id)

    shown = exact(shop.get(f"/orders/{order_id}"))

    assert (shown["status"], shown["refunded"], shown["refunded_usdt"] > 0) == (status, refunded, refunded)
    assert len(shown.get("items", [])) == shown["delivered_quantity"] == (items or 0)
    assert set(shown) == (FIELDS if items is None else FIELDS | {"items"})
    assert (shown["error_message"] is not None) == (status in ("partial", "failed", "expired", "cancelled"))


def test_items_come_out_exactly_as_they_went_in(shop: Shop) -> None:
    product = make_product("10", in_stock=0)
    item = (
        '{"amount":0.10,"big":123456789012345678901234567890,"code":"ключ 🎁 \\"x\\" \\\\ <b>","deep":{"a":[1,null,true]},'
        '"small":1E-7,"zero":0.0}'
    )
    with db.connection_context(), db.atomic():
        stock.add(product.id, [parse(item.encode())])

    order_id = shop.order(product).json["order_id"]
    fulfilment.fulfil(order_id)

    assert f'"items":[{item}]' in shop.get(f"/orders/{order_id}").get_data(as_text=True)


def test_the_oldest_items_are_sold_first(shop: Shop) -> None:
    product = make_product("10", in_stock=0)
    with db.connection_context(), db.atomic():
        stock.add(product.id, [{"n": number} for number in range(5)])
    order_ids = [shop.order(product, quantity).json["order_id"] for quantity in (2, 3)]
    for order_id in order_ids:
        fulfilment.fulfil(order_id)

    items = [[item["n"] for item in shop.get(f"/orders/{order_id}").json["items"]] for order_id in order_ids]

    assert items == [[0, 1], [2, 3, 4]]


@pytest.mark.parametrize(
    ("spelled", "plain"),
    [
        ("durov", "durov"), ("@durov", "durov"), ("t.me/durov", "durov"), ("https://t.me/durov", "durov"),
        ("HTTP://WWW.T.ME/Durov/", "Durov"), ("a_1b", "a_1b"), ("a" * 32, "a" * 32),
    ],
)  # fmt: skip
def test_a_recipient_is_kept_as_the_bare_name(shop: Shop, spelled: str, plain: str) -> None:
    order_id = shop.order(make_product("10", needs_recipient=True), recipient=spelled).json["order_id"]

    with db.connection_context():
        assert Order.get_by_id(order_id).recipient == plain


@pytest.mark.parametrize(
    "recipient",
    [
        None, "", "@", "abc", "a" * 33, "1durov", "_durov", "du rov", " durov", "durov ", "durov\n", "@@durov", "дуров", "durov/",
        "t.me/", "t.me/durov/1", "t.me/durov?start=x", "https://evil.example/durov", "t.me@durov", "durov-x", "ｄｕｒｏｖ", "duro\u0301v",
    ],
)  # fmt: skip
def test_what_is_no_telegram_name_is_refused(shop: Shop, recipient: str | None) -> None:
    answer = shop.order(make_product("10", needs_recipient=True), recipient=recipient)

    assert answer.status_code == 422
    assert [fault["field"] for fault in answer.json["fields"]] == ["recipient"]


@pytest.mark.parametrize("reference", ["r" * 64, "", "заказ № 5", "🎁" * 64, "' OR 1=1 --", "%", "a&b=c#d"])
def test_a_reference_comes_back_as_it_was_sent(shop: Shop, reference: str) -> None:
    placed = shop.order(make_product("10"), client_reference=reference).json

    assert placed["client_reference"] == reference
    found = shop.get("/orders", query_string={"client_reference": reference}).json["items"]
    assert [order["order_id"] for order in found] == [placed["order_id"]]


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://2130706433/",
        "http://[::1]:8000/x",
        "https://169.254.169.254/latest",
        "http://10.1.2.3/",
    ],
)
def test_a_webhook_to_a_private_address_is_refused_where_that_is_not_allowed(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    product = make_product("10")
    monkeypatch.setattr(webhook_urls, "settings", settings.model_copy(update={"webhook_allow_private": False}))

    refused = shop.order(product, webhook_url=url)

    assert refused.status_code == 422
    assert [fault["field"] for fault in refused.json["fields"]] == ["webhook_url"]
    assert shop.order(product, webhook_url="https://93.184.215.14/callback?a=b").status_code == 200


def test_whoever_waits_gets_the_items_at_once(client: FlaskClient, shop: Shop, worker: dramatiq.Worker) -> None:
    answer = shop.post("/orders?wait=true", {"product_id": make_product("10").id, "quantity": 1}).json

    assert answer["status"] == "completed"
    assert len(answer["items"]) == 1
    assert shop.get(f"/orders/{answer['order_id']}?wait=true").json == answer


@pytest.mark.parametrize("wait", ["true", "1"])
def test_a_wait_that_is_over_shows_the_present_state(shop: Shop, wait: str) -> None:
    product, began = make_product("10"), time.monotonic()
    placed = shop.post(f"/orders?wait={wait}&timeout=0", {"product_id": product.id, "quantity": 1})

    assert placed.json["status"] == "processing"
    assert shop.get(f"/orders/{placed.json['order_id']}?wait={wait}&timeout=0").json == placed.json
    assert time.monotonic() - began < 3


def test_a_wait_is_bounded_by_the_servers_limit(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "settings", settings.model_copy(update={"wait_timeout_seconds": 1}))
    order_id, began = shop.order(make_product("10")).json["order_id"], time.monotonic()

    for query in ("wait=true&timeout=86400", "wait=true"):
        assert shop.get(f"/orders/{order_id}?{query}").json["status"] == "processing"

    assert time.monotonic() - began < 5


def test_without_wait_nothing_waits(shop: Shop) -> None:
    order_id, began = shop.order(make_product("10")).json["order_id"], time.monotonic()

    for query in ("", "?wait=false", "?wait=0", "?timeout=60", "?wait=false&timeout=60"):
        assert shop.get(f"/orders/{order_id}{query}").json["status"] == "processing"

    assert time.monotonic() - began < 3


def test_an_order_is_reserved_at_once_for_good_and_in_full(shop: Shop) -> None:
    product = make_product("10", in_stock=2)
    first = shop.order(product, 2)
    second = shop.order(product, 1)

    assert first.status_code == 200
    assert (second.status_code, second.json["in_stock"]) == (409, 0)
    other: Any = make_shop(shop.client, "10")
    assert other.order(product).json["error"] == "insufficient_stock"
    assert shop.balance()["held_usdt"] == 20


def test_a_new_order_has_the_columns_of_one_that_is_read(shop: Shop) -> None:
    product = make_product("10")
    with db.connection_context():
        placed = orders.place(Purchase(shop.account_id, None, "v1", product.id, 1, client_reference="mine")).order

        assert placed == orders.get(placed["id"])

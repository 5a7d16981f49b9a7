"""Telegram goods through v2, from the purchase to its end."""

import time
from decimal import Decimal
from typing import Any

import pytest
from flask.testing import FlaskClient

from jobs import enqueue, queues
from models import catalogue, interventions, leases, settlement
from models.database import changed, db
from models.settlement import Delivered, Refused
from models.tables import Order
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

VIEW = {
    "ok", "order_id", "username", "amount", "price_usd", "status", "provider_order_id", "error_message",
    "client_reference", "created_at", "updated_at",
}  # fmt: skip
STARS = {"username": "target", "amount": 100}
PATHS = {"/stars": "/order", "/premium": "/premium_order", "/ton": "/ton_order"}


@pytest.fixture
def shop(client: FlaskClient) -> TelegramShop:
    """A client with money, in a shop that sells all five goods."""
    make_telegram_goods()
    return make_v2_shop(client, "1000")


def test_stars_are_ordered_and_shown_as_pending(shop: TelegramShop) -> None:
    before = int(time.time())

    placed = exact(shop.post("/stars", STARS))

    assert set(placed) == VIEW | {"message"}
    assert (placed["ok"], placed["username"], placed["amount"], placed["status"]) == (True, "target", 100, "pending")
    assert (str(placed["price_usd"]), placed["provider_order_id"], placed["error_message"]) == ("1.2", None, None)
    assert before <= placed["created_at"] == placed["updated_at"] <= time.time()
    message = placed.pop("message")
    assert f"/api/v2/order/{placed['order_id']}" in message
    assert exact(shop.get(f"/order/{placed['order_id']}")) == placed
    assert {name: str(value) for name, value in shop.balance().items()} == {
        "ok": "True", "balance_usd": "1000", "locked_usd": "1.2", "available_usd": "998.8",
    }  # fmt: skip


@pytest.mark.parametrize(("months", "price"), [(3, 12), (6, 16), (12, 29)])
def test_premium_is_ordered_by_its_months(shop: TelegramShop, months: int, price: int) -> None:
    placed = exact(shop.post("/premium", {"username": "target", "duration": months}))

    assert set(placed) == (VIEW - {"amount"}) | {"duration_months", "message"}
    assert (placed["duration_months"], placed["price_usd"], placed["status"]) == (months, price, "pending")
    assert "amount" not in exact(shop.get(f"/premium_order/{placed['order_id']}"))


@pytest.mark.parametrize(
    ("amount", "shown", "price"),
    [
        ("12.34", "12.34", "43.19"), ("1", "1", "3.5"), ("1.0", "1", "3.5"), ("1.01", "1.01", "3.535"), ("12.5", "12.5", "43.75"),
        ("12.50", "12.5", "43.75"), ("12.340", "12.34", "43.19"), ("1e2", "100", "350"), ("285.71", "285.71", "999.985"),
    ],
)  # fmt: skip
def test_ton_is_exact_to_the_hundredth(shop: TelegramShop, amount: str, shown: str, price: str) -> None:
    placed = exact(shop.post("/ton", raw=b'{"username": "target", "amount": %s}' % amount.encode()))

    assert (str(placed["amount"]), str(placed["price_usd"])) == (shown, price)
    assert str(exact(shop.get(f"/ton_order/{placed['order_id']}"))["amount"]) == shown
    assert shop.balance()["locked_usd"] == Decimal(price)
    with db.connection_context():
        order = Order.get_by_id(placed["order_id"])
    assert (order.quantity, order.parts) == (int(Decimal(shown) * 100), 100)
    assert (order.surface, order.recipient) == ("v2", "target")


@pytest.mark.parametrize("amount", [50, 1_000_000])
def test_the_least_and_the_most_stars_can_be_ordered(client: FlaskClient, amount: int) -> None:
    make_telegram_goods()
    shop = make_v2_shop(client, "12000")

    placed = exact(shop.post("/stars", {"username": "target", "amount": amount}))

    assert (placed["amount"], placed["price_usd"]) == (amount, amount * Decimal("0.012"))


def test_the_most_ton_can_be_ordered(client: FlaskClient) -> None:
    make_telegram_goods()

    placed = exact(make_v2_shop(client, "35000").post("/ton", {"username": "target", "amount": 10_000}))

    assert (placed["amount"], placed["price_usd"]) == (10_000, 35_000)


@pytest.mark.parametrize(
    "spelled", ["target", "@target", "t.me/target", "https://t.me/target", "HTTP://WWW.T.ME/target/"]
)
def test_a_username_is_echoed_plain(shop: TelegramShop, spelled: str) -> None:
    placed = shop.post("/stars", {"username": spelled, "amount": 50}).json

    assert placed["username"] == "target"
    assert shop.get(f"/order/{placed['order_id']}").json["username"] == "target"


def test_the_order_floor_and_dynamic_pricing_are_not_for_v2(shop: TelegramShop) -> None:
    prices = [shop.post("/stars", {"username": "target", "amount": 50}).json["price_usd"] for _ in range(4)]

    assert prices == [0.6] * 4


def test_an_order_of_v2_goes_to_the_workers_for_providers(shop: TelegramShop) -> None:
    shop.post("/stars", STARS)

    assert enqueue.lengths()[queues.PROVIDERS] == 1


def take_up(order_id: int) -> None:
    with db.connection_context():
        assert leases.claim(order_id, from_stock=False) is not None


def expire(order_id: int) -> None:
    with db.connection_context():
        changed("UPDATE orders SET deadline_at = now() - interval '1 second' WHERE id = %(id)s", {"id": order_id})
        assert settlement.expire(order_id) is not None


def cancel(order_id: int) -> None:
    with db.connection_context():
        interventions.cancel("test", order_id)


def deliver_and_refund(order_id: int) -> None:
    settle_purchase(order_id, Delivered(100, "abc123"))
    with db.connection_context():
        interventions.refund("test", order_id)


ENDS: dict[str, tuple[Any, str, str | None, str]] = {
    "taken up": (take_up, "processing", None, "1.2"),
    "delivered": (lambda order_id: settle_purchase(order_id, Delivered(100, "abc123")), "completed", None, "0"),
    "in part": (
        lambda order_id: settle_purchase(order_id, Delivered(60, "abc123", note="only 60 were left")), "completed",
        "only 60 were left", "0",
    ),
    "refused": (
        lambda order_id: settle_purchase(order_id, Refused("no such user")), "failed", "no such user", "0"
    ),
    "expired": (expire, "expired", "Nothing could take the order up before its deadline.", "0"),
    "cancelled": (cancel, "cancelled", "An operator cancelled the order.", "0"),
    "refunded": (
        deliver_and_refund, "cancelled", "The order was delivered, and an operator returned the money later.", "0"
    ),
}  # fmt: skip


@pytest.mark.parametrize("end", ENDS)
def test_every_state_of_an_order_is_shown_in_the_words_of_v2(shop: TelegramShop, end: str) -> None:
    bring_about, status, error, locked = ENDS[end]
    order_id = shop.post("/stars", STARS).json["order_id"]

    bring_about(order_id)

    shown = exact(shop.get(f"/order/{order_id}"))
    assert set(shown) == VIEW
    assert (shown["ok"], shown["status"], shown["error_message"]) == (True, status, error)
    assert shown["provider_order_id"] == ("abc123" if end in ("delivered", "in part", "refunded") else None)
    assert str(shop.balance()["locked_usd"]) == locked
    spent = {"delivered": "1.2", "in part": "0.72", "taken up": "0"}.get(end, "0")
    assert str(1000 - shop.balance()["balance_usd"]) == spent


def test_a_part_of_a_ton_order_is_paid_to_the_micro_dollar(shop: TelegramShop) -> None:
    order_id = shop.post("/ton", {"username": "target", "amount": 12.34}).json["order_id"]

    settle_purchase(order_id, Delivered(617, "abc"))

    assert str(shop.balance()["balance_usd"]) == "978.405"


def test_each_kind_of_order_has_its_own_address(shop: TelegramShop) -> None:
    bodies = {
        "/stars": STARS,
        "/premium": {"username": "target", "duration": 6},
        "/ton": {"username": "target", "amount": 2},
    }
    for bought, body in bodies.items():
        order_id = shop.post(bought, body).json["order_id"]
        for kind, path in PATHS.items():
            answer = shop.get(f"{path}/{order_id}")
            if kind == bought:
                assert answer.json["order_id"] == order_id
            else:
                assert_v2_refused(answer, 404, "order_not_found")


@pytest.mark.parametrize("path", PATHS.values())
@pytest.mark.parametrize("order_id", ["0", "99", "9223372036854775807", "9223372036854775808", "9" * 400])
def test_an_order_that_is_not_there_is_not_found(shop: TelegramShop, path: str, order_id: str) -> None:
    assert_v2_refused(shop.get(f"{path}/{order_id}"), 404, "order_not_found")


def test_another_accounts_order_is_not_found_and_a_colleagues_is(shop: TelegramShop) -> None:
    order_id = shop.post("/stars", STARS).json["order_id"]

    assert_v2_refused(make_v2_shop(shop.client).get(f"/order/{order_id}"), 404, "order_not_found")
    colleague = make_v2_shop(shop.client, account_id=shop.account_id)
    assert colleague.get(f"/order/{order_id}").json["order_id"] == order_id


def test_the_accounts_wholesale_orders_are_shown_only_where_they_are_telegram_goods(shop: TelegramShop) -> None:
    wholesale = make_shop(shop.client, account_id=shop.account_id)
    with db.connection_context():
        stars = catalogue.named("tg-star")
    goods = wholesale.order(stars, 1000, recipient="target").json["order_id"]
    keys = wholesale.order(make_product("10")).json["order_id"]

    assert shop.get(f"/order/{goods}").json["amount"] == 1000
    for path in PATHS.values():
        assert_v2_refused(shop.get(f"{path}/{keys}"), 404, "order_not_found")


def test_a_ton_order_is_shown_in_units_to_operators_and_on_v1(shop: TelegramShop) -> None:
    order_id = shop.post("/ton", {"username": "target", "amount": 12.34}).json["order_id"]
    settle_purchase(order_id, Delivered(617, "abc"))

    shown = exact(make_shop(shop.client, account_id=shop.account_id).get(f"/orders/{order_id}"))

    assert (str(shown["quantity"]), str(shown["delivered_quantity"])) == ("12.34", "6.17")


@pytest.mark.parametrize("reference", ["r" * 64, "", "заказ № 5", "🎁" * 64, "' OR 1=1 --"])
def test_a_reference_comes_back_as_it_was_sent(shop: TelegramShop, reference: str) -> None:
    order_id = shop.post("/stars", {**STARS, "client_reference": reference}).json["order_id"]

    assert shop.get(f"/order/{order_id}").json["client_reference"] == reference


def test_optional_fields_may_be_null(shop: TelegramShop) -> None:
    assert shop.post("/stars", {**STARS, "client_reference": None, "webhook_url": None}).status_code == 200


def test_an_operators_price_and_limits_count(shop: TelegramShop) -> None:
    with db.connection_context():
        stars, ton = catalogue.named("tg-star"), catalogue.named("tg-ton")
        catalogue.change("test", stars.id, {"price": 20_000, "min_quantity": 100})
        catalogue.change("test", ton.id, {"max_quantity": 100})

    assert shop.post("/stars", STARS).json["price_usd"] == 2
    below = assert_v2_refused(
        shop.post("/stars", {"username": "target", "amount": 99}), 400, "below_minimum", "min_quantity"
    )
    above = assert_v2_refused(
        shop.post("/ton", {"username": "target", "amount": 100.01}), 400, "above_maximum", "max_quantity"
    )
    assert (below["min_quantity"], above["max_quantity"]) == (100, 100)
    assert shop.post("/ton", {"username": "target", "amount": 100}).status_code == 200

"""The webhooks of Telegram orders."""

from decimal import Decimal
from typing import Any

import pytest
import standardwebhooks
from flask.testing import FlaskClient

from jobs.webhooks import deliver
from models import interventions, keys
from models.database import db, row
from models.settlement import Delivered, Outcome, Refused
from tests.factories import TelegramShop, make_shop, make_telegram_goods, make_v2_shop, settle_purchase
from tests.receiver import Receiver


@pytest.fixture
def shop(client: FlaskClient) -> TelegramShop:
    """A client with money, in a shop that sells all five goods."""
    make_telegram_goods()
    return make_v2_shop(client, "1000")


def told(shop: TelegramShop, path: str, body: dict[str, Any], outcome: Outcome, refund: bool = False) -> Any:
    """What the client is told of an order that ends like this."""
    with Receiver() as receiver:
        body |= {"username": "@target", "webhook_url": receiver.url, "client_reference": "mine"}
        order_id = shop.post(path, body).json["order_id"]
        settle_purchase(order_id, outcome)
        with db.connection_context():
            if refund:
                interventions.refund("test", order_id)
            delivery = row("SELECT max(id) AS id FROM webhook_deliveries WHERE order_id = %(id)s", {"id": order_id})
        assert delivery is not None
        deliver.fn(delivery["id"])
    [received] = receiver.requests
    document = received.json
    assert document.pop("order_id") == order_id
    assert document.pop("fired_at") > 0
    return document


COMPLETED = {
    "status": "completed", "username": "target", "error_message": None, "refunded": False, "refunded_usdt": 0,
    "client_reference": "mine",
}  # fmt: skip


def test_stars_are_told_with_their_user_and_amount(shop: TelegramShop) -> None:
    assert told(shop, "/stars", {"amount": 100}, Delivered(100, "abc")) == COMPLETED | {
        "amount": 100, "quantity": 100, "delivered_quantity": 100, "price_usdt": Decimal("1.2"),
    }  # fmt: skip


def test_premium_is_told_with_its_months(shop: TelegramShop) -> None:
    assert told(shop, "/premium", {"duration": 6}, Delivered(1, "abc")) == COMPLETED | {
        "duration_months": 6, "quantity": 1, "delivered_quantity": 1, "price_usdt": 16,
    }  # fmt: skip


def test_ton_is_told_in_units(shop: TelegramShop) -> None:
    assert told(shop, "/ton", {"amount": 12.34}, Delivered(1234, "abc")) == COMPLETED | {
        "amount": Decimal("12.34"), "quantity": Decimal("12.34"), "delivered_quantity": Decimal("12.34"),
        "price_usdt": Decimal("43.19"),
    }  # fmt: skip


def test_a_failed_order_is_told_with_its_reason(shop: TelegramShop) -> None:
    document = told(shop, "/ton", {"amount": 2}, Refused("no such user"))

    assert (document["status"], document["error_message"], document["refunded"]) == ("failed", "no such user", True)
    assert (document["refunded_usdt"], document["delivered_quantity"]) == (7, 0)


def test_states_are_told_in_the_words_of_v2(shop: TelegramShop) -> None:
    part = told(shop, "/ton", {"amount": 2}, Delivered(50, "abc"))
    refunded = told(shop, "/stars", {"amount": 100}, Delivered(100, "abd"), refund=True)

    assert (part["status"], part["delivered_quantity"], part["refunded_usdt"]) == (
        "completed",
        Decimal("0.5"),
        Decimal("5.25"),
    )
    assert (refunded["status"], refunded["refunded_usdt"]) == ("cancelled", Decimal("1.2"))
    assert "returned" in refunded["error_message"]


def test_the_secret_of_a_key_of_v2_signs_its_webhooks(client: FlaskClient) -> None:
    make_telegram_goods()
    shop = make_v2_shop(client, with_secret=True)
    with db.connection_context():
        key = row("SELECT id FROM api_keys WHERE fingerprint = %(f)s", {"f": shop.fingerprint})
        assert key is not None
        secret = keys.secret_of(key["id"])
    assert secret is not None
    with Receiver() as receiver:
        body = {"username": "target", "amount": 50, "webhook_url": receiver.url}
        settle_purchase(shop.post("/stars", body).json["order_id"], Delivered(50, "abc"))
        deliver.fn(1)

    standardwebhooks.Webhook(secret).verify(receiver.requests[0].body, receiver.requests[0].headers)


def test_telegram_goods_bought_on_v1_are_told_as_v1_does(shop: TelegramShop) -> None:
    wholesale = make_shop(shop.client)
    with Receiver() as receiver:
        body = {"product_id": 1, "quantity": 1000, "recipient": "target", "webhook_url": receiver.url}
        settle_purchase(wholesale.post("/orders", body).json["order_id"], Delivered(1000, "abc"))
        deliver.fn(1)

    document = receiver.requests[0].json
    assert (document["product_id"], document["items"], document["quantity"]) == (1, [], 1000)
    assert "username" not in document

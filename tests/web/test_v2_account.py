"""What v2 tells of an account: balance, figures and activity."""

from decimal import Decimal
from typing import Any

import pytest
from flask.testing import FlaskClient

from models import catalogue, interventions, leases
from models.database import db
from models.settlement import Delivered, Refused
from tests.factories import (
    TelegramShop,
    credit,
    exact,
    make_product,
    make_shop,
    make_telegram_goods,
    make_v2_shop,
    settle_purchase,
)

NOTHING = {
    "ok": True, "available_usd": 0, "locked_usd": 0, "total_topup_usd": 0, "total_spent_usd": 0, "total_orders": 0,
    "completed_orders": 0, "stars_bought": 0, "premium_bought": 0, "ton_bought": 0, "referrals": 0,
    "referral_earned_usd": 0, "referral_link": None,
}  # fmt: skip


@pytest.fixture
def shop(client: FlaskClient) -> TelegramShop:
    """A client with money, in a shop that sells all five goods."""
    make_telegram_goods()
    return make_v2_shop(client, "1000")


def stats(shop: TelegramShop) -> Any:
    return exact(shop.get("/stats"))


def activity(shop: TelegramShop, limit: int = 200) -> list[Any]:
    """The whole list, page by page."""
    items: list[Any] = []
    query: dict[str, Any] = {"limit": limit}
    while True:
        page = exact(shop.get("/activity", query_string=query))
        assert page["ok"] is True
        assert len(page["items"]) <= limit
        items += page["items"]
        if page["next_cursor"] is None:
            return items
        query["cursor"] = page["next_cursor"]


def buy(shop: TelegramShop, path: str, **body: Any) -> int:
    answer = shop.post(path, {"username": "target", **body})
    assert answer.status_code == 200
    return int(answer.json["order_id"])


def sell_a_bit_of_everything(shop: TelegramShop) -> dict[str, int]:
    """Orders of every kind and end."""
    orders = {
        "stars": buy(shop, "/stars", amount=100),
        "part": buy(shop, "/stars", amount=200),
        "failed": buy(shop, "/stars", amount=300),
        "pending": buy(shop, "/stars", amount=400),
        "premium": buy(shop, "/premium", duration=3),
        "more premium": buy(shop, "/premium", duration=12),
        "refunded": buy(shop, "/premium", duration=6),
        "ton": buy(shop, "/ton", amount=12.34),
        "more ton": buy(shop, "/ton", amount=1.66),
    }
    settle_purchase(orders["stars"], Delivered(100, "s1"))
    settle_purchase(orders["part"], Delivered(150, "s2"))
    settle_purchase(orders["failed"], Refused("no such user"))
    for name in ("premium", "more premium", "refunded"):
        settle_purchase(orders[name], Delivered(1, name))
    settle_purchase(orders["ton"], Delivered(1234, "t1"))
    settle_purchase(orders["more ton"], Delivered(166, "t2"))
    with db.connection_context():
        interventions.refund("test", orders["refunded"])
    return orders


def test_a_new_account_has_nothing(client: FlaskClient) -> None:
    shop = make_v2_shop(client, "0")

    assert stats(shop) == NOTHING
    assert activity(shop) == []
    assert shop.balance() == {"ok": True, "balance_usd": 0, "locked_usd": 0, "available_usd": 0}


def test_the_balance_is_what_can_be_spent_and_what_is_locked(shop: TelegramShop) -> None:
    order_id = buy(shop, "/ton", amount=12.34)

    assert shop.get("/balance").get_data() == (
        b'{"ok":true,"balance_usd":1000,"locked_usd":43.19,"available_usd":956.81}'
    )
    settle_purchase(order_id, Delivered(1234, "t"))
    assert shop.get("/balance").get_data() == b'{"ok":true,"balance_usd":956.81,"locked_usd":0,"available_usd":956.81}'


def test_the_figures_add_up(shop: TelegramShop) -> None:
    sell_a_bit_of_everything(shop)

    found = stats(shop)

    # 100 + 150 stars at 0.012, premium at 12 and 29, 14 TON at 3.50; and 400 stars that are still on their way
    spent, locked = Decimal(3) + 41 + 49, Decimal("4.8")
    assert found == NOTHING | {
        "available_usd": 1000 - spent - locked, "locked_usd": locked, "total_topup_usd": 1000,
        "total_spent_usd": spent + locked, "total_orders": 9, "completed_orders": 6, "stars_bought": 250,
        "premium_bought": 2, "ton_bought": 14,
    }  # fmt: skip
    assert found["available_usd"] == found["total_topup_usd"] - found["total_spent_usd"]
    assert b'"ton_bought":14,' in shop.get("/stats").get_data()


def test_parts_of_a_ton_are_counted_exactly(shop: TelegramShop) -> None:
    settle_purchase(buy(shop, "/ton", amount=1.01), Delivered(101, "t1"))
    settle_purchase(buy(shop, "/ton", amount=1.2), Delivered(120, "t2"))

    assert b'"ton_bought":2.21,' in shop.get("/stats").get_data()


def test_orders_of_every_surface_count_and_others_do_not(shop: TelegramShop) -> None:
    wholesale = make_shop(shop.client, account_id=shop.account_id)
    with db.connection_context():
        ton = catalogue.named("tg-ton")
    in_wholesale = wholesale.order(ton, 5, recipient="target").json["order_id"]
    settle_purchase(in_wholesale, Delivered(5, "t1"))
    settle_purchase(buy(shop, "/ton", amount=1.5), Delivered(150, "t2"))
    wholesale.order(make_product("10"))
    buy(make_v2_shop(shop.client), "/stars", amount=50)

    assert {name: str(stats(shop)[name]) for name in ("total_orders", "completed_orders", "ton_bought")} == {
        "total_orders": "3", "completed_orders": "2", "ton_bought": "6.5",
    }  # fmt: skip


def test_activity_tells_orders_refunds_and_top_ups_newest_first(shop: TelegramShop) -> None:
    orders = sell_a_bit_of_everything(shop)
    credit(shop, "5.5", "gift")
    credit(shop, "-0.25", "fee")

    told = activity(shop)

    assert all(set(item) == {"type", "id", "title", "amount_usd", "status", "created_at"} for item in told)
    shown = [(item["type"], item["id"], item["title"], str(item["amount_usd"]), item["status"]) for item in told]
    debit, gift = told[0]["id"], told[1]["id"]
    assert shown == [
        ("topup", debit, "Debit by an operator", "-0.25", "completed"),
        ("topup", gift, "Credit by an operator", "5.5", "completed"),
        ("refund", orders["refunded"], "Refund: Premium for 6 months for @target", "16", "completed"),
        ("refund", orders["failed"], "Refund: 300 Stars for @target", "3.6", "completed"),
        ("refund", orders["part"], "Refund: 200 Stars for @target", "0.6", "completed"),
        ("order", orders["more ton"], "1.66 TON for @target", "-5.81", "completed"),
        ("order", orders["ton"], "12.34 TON for @target", "-43.19", "completed"),
        ("order", orders["refunded"], "Premium for 6 months for @target", "-16", "cancelled"),
        ("order", orders["more premium"], "Premium for 12 months for @target", "-29", "completed"),
        ("order", orders["premium"], "Premium for 3 months for @target", "-12", "completed"),
        ("order", orders["pending"], "400 Stars for @target", "-4.8", "pending"),
        ("order", orders["failed"], "300 Stars for @target", "-3.6", "failed"),
        ("order", orders["part"], "200 Stars for @target", "-2.4", "completed"),
        ("order", orders["stars"], "100 Stars for @target", "-1.2", "completed"),
        ("topup", told[-1]["id"], "Credit by an operator", "1000", "completed"),
    ]
    assert sum(item["amount_usd"] for item in told) == stats(shop)["available_usd"]


def test_activity_shows_how_an_order_stands_now(shop: TelegramShop) -> None:
    order_id = buy(shop, "/stars", amount=100)
    assert activity(shop)[0]["status"] == "pending"
    with db.connection_context():
        leases.claim(order_id, from_stock=False)

    assert activity(shop)[0]["status"] == "processing"


def test_other_goods_are_told_by_their_name(shop: TelegramShop) -> None:
    product = make_product("10", name="Writer <Pro>")
    make_shop(shop.client, account_id=shop.account_id).order(product, 3)

    assert activity(shop)[0]["title"] == "3 × Writer <Pro>"


@pytest.mark.parametrize("limit", [1, 2, 4, 200])
def test_pages_of_activity_are_the_whole_list(shop: TelegramShop, limit: int) -> None:
    for _ in range(4):
        buy(shop, "/stars", amount=50)

    ids = [item["id"] for item in activity(shop, limit)]

    assert ids == [item["id"] for item in activity(shop)]
    assert len(ids) == 5


def test_another_accounts_activity_is_not_shown(shop: TelegramShop) -> None:
    buy(shop, "/stars", amount=50)

    assert activity(make_v2_shop(shop.client, "0")) == []


@pytest.mark.parametrize("query", ["limit=0", "limit=201", "limit=x", "cursor=", "cursor=!!", "limit=1&limit=2"])
def test_a_bad_page_is_refused(shop: TelegramShop, query: str) -> None:
    answer = shop.get(f"/activity?{query}")

    assert (answer.status_code, answer.json["ok"]) == (400, False)
    assert answer.json["error"].partition(" ")[0] in ("limit", "cursor")

"""The balance, which always adds up."""

from decimal import Decimal

import pytest
from flask.testing import FlaskClient

from jobs import fulfilment
from models import interventions, ledger
from models.database import changed, db
from models.tables import Product
from tests.factories import Shop, credit, exact, make_product, make_shop

AMOUNTS = ("0.000001", "0.3", "12.34", "1000000.1", "999999999.999999", "1000000000", "0.070001", "5")


def lose_items(product: Product, count: int) -> None:
    """Take items out of the stock behind Sutler's back."""
    with db.connection_context():
        sql = "DELETE FROM stock_items WHERE id IN (SELECT id FROM stock_items WHERE product_id = %(id)s LIMIT %(n)s)"
        changed(sql, {"id": product.id, "n": count})


def check_that_all_adds_up(shop: Shop, balance: str, held: str, spent: str, refunded: str) -> None:
    """Check the balance document, to the micro-dollar, against what it should be, itself, and the statement."""
    shown = exact(shop.get("/balance"))
    assert shown["balance_usdt"] == shown["total_topup_usdt"] - shown["total_spent_usdt"]
    assert shown["balance_usdt"] == sum(item["amount_usdt"] for item in shop.transactions())
    assert shown == {
        "balance_usdt": Decimal(balance), "held_usdt": Decimal(held), "total_spent_usdt": Decimal(spent),
        "total_refunded_usdt": Decimal(refunded), "total_topup_usdt": Decimal(balance) + Decimal(spent),
        "currency": "USDT",
    }  # fmt: skip


def test_the_balance_is_what_was_topped_up_less_what_was_spent_at_every_step(client: FlaskClient) -> None:
    shop, product = make_shop(client, "100"), make_product("10.000001", in_stock=100)
    check_that_all_adds_up(shop, "100", held="0", spent="0", refunded="0")

    delivered = shop.order(product).json["order_id"]
    check_that_all_adds_up(shop, "89.999999", held="10.000001", spent="10.000001", refunded="0")
    fulfilment.fulfil(delivered)
    assert shop.get(f"/orders/{delivered}").json["status"] == "completed"
    check_that_all_adds_up(shop, "89.999999", held="0", spent="10.000001", refunded="0")

    cancelled = shop.order(product, 2).json["order_id"]
    check_that_all_adds_up(shop, "69.999997", held="20.000002", spent="30.000003", refunded="0")
    with db.connection_context():
        interventions.cancel("test", cancelled)
    check_that_all_adds_up(shop, "89.999999", held="0", spent="10.000001", refunded="20.000002")

    with db.connection_context():
        interventions.refund("test", delivered)
    check_that_all_adds_up(shop, "100", held="0", spent="0", refunded="30.000003")

    credit(shop, "-40", "correction")
    check_that_all_adds_up(shop, "60", held="0", spent="0", refunded="30.000003")
    credit(shop, "0.000001", "gift")
    check_that_all_adds_up(shop, "60.000001", held="0", spent="0", refunded="30.000003")


def test_a_partial_delivery_returns_the_rest_to_the_micro_dollar(client: FlaskClient) -> None:
    shop, product = make_shop(client, "100"), make_product("3.333333", in_stock=3)
    order_id = shop.order(product, 3).json["order_id"]
    lose_items(product, 1)

    fulfilment.fulfil(order_id)

    order = exact(shop.get(f"/orders/{order_id}"))
    assert (order["status"], order["delivered_quantity"], len(order["items"])) == ("partial", 2, 2)
    assert str(order["refunded_usdt"]) == "3.333333"
    check_that_all_adds_up(shop, "93.333334", held="0", spent="6.666666", refunded="3.333333")
    with db.connection_context():
        interventions.refund("test", order_id)
    check_that_all_adds_up(shop, "100", held="0", spent="0", refunded="9.999999")


def test_a_failed_delivery_returns_everything(client: FlaskClient) -> None:
    shop, product = make_shop(client, "100"), make_product("10", in_stock=2)
    order_id = shop.order(product, 2).json["order_id"]
    lose_items(product, 2)

    fulfilment.fulfil(order_id)

    order = exact(shop.get(f"/orders/{order_id}"))
    assert (order["status"], order["refunded"], "items" in order) == ("failed", True, False)
    assert order["error_message"]
    check_that_all_adds_up(shop, "100", held="0", spent="0", refunded="20")


def test_a_balance_is_spent_to_the_last_micro_dollar_and_not_below(client: FlaskClient) -> None:
    shop, product = make_shop(client, "20.000001"), make_product("10.000001", in_stock=10)
    assert shop.order(product).status_code == 200
    credit(shop, "-10", "correction")

    assert exact(shop.get("/balance"))["balance_usdt"] == 0
    assert shop.order(product).status_code == 402
    with pytest.raises(ledger.BalanceTooLow):
        credit(shop, "-0.000001", "too much")
    check_that_all_adds_up(shop, "0", held="10.000001", spent="10.000001", refunded="0")


@pytest.mark.parametrize("amount", AMOUNTS)
def test_amounts_are_spelled_exactly(client: FlaskClient, amount: str) -> None:
    shop = make_shop(client, amount)

    assert f'"balance_usdt":{amount},' in shop.get("/balance").get_data(as_text=True)
    assert f'"amount_usdt":{amount},' in shop.get("/balance/transactions").get_data(as_text=True)
    assert [str(item["amount_usdt"]) for item in shop.transactions()] == [amount]


def test_many_small_amounts_add_up_without_a_speck(client: FlaskClient) -> None:
    shop = make_shop(client, "0.1")
    for number in range(2):
        credit(shop, "0.1", f"again {number}")

    assert '"balance_usdt":0.3,' in shop.get("/balance").get_data(as_text=True)

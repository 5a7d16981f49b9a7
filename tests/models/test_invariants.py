"""Each rule of the books notices when it is broken, and the database refuses what it can by itself."""

from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient
from peewee import IntegrityError, InternalError

from models import invariants, leases, settlement
from models.database import db, row
from tests.factories import Shop, make_product, make_shop


@pytest.fixture
def sold(client: FlaskClient) -> Iterator[Shop]:
    """A client with one delivered order and one open one."""
    shop, product = make_shop(client, "100"), make_product("10", in_stock=5)
    order_id = shop.order(product, 1).json["order_id"]
    shop.order(product, 2)
    with db.connection_context():
        lease = leases.claim(order_id)
        assert lease is not None
        settlement.settle(lease, settlement.FromStock())
        yield shop


BREAKAGES: dict[str, tuple[str, str]] = {
    "money from nowhere": ("UPDATE accounts SET available = available + 1", "All accounts together come to 1"),
    "a balance beside its journal": ("UPDATE accounts SET refunded = refunded + 5", "refunded is 5"),
    "a hold without an order": (
        "UPDATE orders SET price = price + 1 WHERE status = 'processing'",
        "for open orders of",
    ),
    "a final order with the wrong money": (
        "UPDATE orders SET refunded = 1 WHERE status = 'completed'",
        "do not fit its status",
    ),
    "an item too few": (
        "UPDATE stock_items SET order_id = NULL WHERE order_id IS NOT NULL",
        "delivered 1 items and has 0",
    ),
    "a wrong count": ("UPDATE products SET in_stock = in_stock + 1", "counts 3 in stock, and has 2"),
}


@pytest.mark.parametrize("breakage", BREAKAGES)
def test_a_broken_rule_is_noticed(sold: Shop, breakage: str) -> None:
    statement, sentence = BREAKAGES[breakage]
    assert invariants.check_all()["ok"]

    with db.atomic() as transaction:
        db.execute_sql(statement)
        differences = [difference for rule in invariants.RULES for difference in rule()]
        transaction.rollback()

    assert any(sentence in difference for difference in differences), differences


REFUSED: dict[str, tuple[str, type[Exception]]] = {
    "rewriting the journal": ("UPDATE transfers SET amount = 1", InternalError),
    "erasing the journal": ("DELETE FROM transfers", InternalError),
    "emptying the journal": ("TRUNCATE transfers", InternalError),
    "erasing an account": ("DELETE FROM accounts", InternalError),
    "erasing an order": ("DELETE FROM orders", InternalError),
    "a balance below zero": ("UPDATE accounts SET available = -1", IntegrityError),
    "a hold below zero": ("UPDATE accounts SET held = -1", IntegrityError),
    "a stock below zero": ("UPDATE products SET in_stock = -1", IntegrityError),
    "a movement done twice": (
        """INSERT INTO transfers (kind, source, target, account_id, amount, reference)
        SELECT kind, source, target, account_id, amount, reference FROM transfers""",
        IntegrityError,
    ),
    "a movement between the wrong accounts": (
        """INSERT INTO transfers (kind, source, target, account_id, amount, reference)
        VALUES ('capture', 'available', 'revenue', 1, 1, 'x')""",
        IntegrityError,
    ),
    "an item for two orders": (
        "INSERT INTO stock_items (product_id, ciphertext, digest) SELECT product_id, ciphertext, digest FROM stock_items",
        IntegrityError,
    ),
}


@pytest.mark.parametrize("deed", REFUSED)
def test_the_database_itself_refuses(sold: Shop, deed: str) -> None:
    statement, refusal = REFUSED[deed]

    with pytest.raises(refusal), db.atomic():
        db.execute_sql(statement)


def test_two_workers_with_leases_of_one_order_settle_it_once(client: FlaskClient) -> None:
    shop, product = make_shop(client, "100"), make_product("10", in_stock=5)
    order_id = shop.order(product, 1).json["order_id"]
    with db.connection_context():
        first = leases.claim(order_id)
        assert first is not None
        assert leases.claim(order_id) is None
        db.execute_sql("UPDATE orders SET lease_until = '-infinity'")
        second = leases.claim(order_id)
        assert second is not None

        assert settlement.settle(first, settlement.FromStock()) is None
        ended = settlement.settle(second, settlement.FromStock())
        assert ended is not None
        assert settlement.settle(second, settlement.FromStock()) is None
        assert row("SELECT count(*) AS n FROM stock_items WHERE order_id IS NOT NULL") == {"n": 1}


@pytest.mark.parametrize(("left", "status", "refunded"), [(2, "partial", 10), (0, "failed", 30)])
def test_items_that_are_missing_make_an_order_partial_or_failed_and_the_rest_comes_back(
    client: FlaskClient, left: int, status: str, refunded: int
) -> None:
    shop, product = make_shop(client, "100"), make_product("10", in_stock=3)
    order_id = shop.order(product, 3).json["order_id"]
    with db.connection_context():
        db.execute_sql("DELETE FROM stock_items WHERE id > %(left)s", {"left": left})
        lease = leases.claim(order_id)
        assert lease is not None
        settlement.settle(lease, settlement.FromStock())

    order = shop.get(f"/orders/{order_id}").json
    assert (order["status"], order["delivered_quantity"], order["refunded_usdt"]) == (status, left, refunded)
    assert len(order.get("items", [])) == left
    assert shop.balance()["balance_usdt"] == 70 + refunded
    assert shop.get(f"/products/{product.id}").json["in_stock"] == 0

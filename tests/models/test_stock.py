"""Items are given to orders, each to one, and never more than were asked for."""

import pytest
from flask.testing import FlaskClient

from models import ledger, stock
from models.database import db, rows
from tests.factories import add_stock, make_product, make_shop


def test_no_more_items_are_taken_than_asked_for_whatever_the_planner_thinks(client: FlaskClient) -> None:
    shop, product = make_shop(client), make_product(in_stock=1)
    with db.connection_context():
        db.execute_sql("ANALYZE stock_items")  # statistics of one row, for a table that then grows
        add_stock(product, 29)
    order_id = shop.order(product, 3).json["order_id"]

    with db.connection_context(), db.atomic() as transaction:
        assert stock.assign(product.id, order_id, 3) == 3
        assert rows("SELECT count(*) AS n FROM stock_items WHERE order_id IS NOT NULL") == [{"n": 3}]
        transaction.rollback()


def test_a_debit_that_is_repeated_by_its_reference_changes_nothing(client: FlaskClient) -> None:
    shop = make_shop(client, "100")
    with db.connection_context():
        _, moved = ledger.credit("test", shop.account_id, -100_000_000, "out", "")
        account, again = ledger.credit("test", shop.account_id, -100_000_000, "out", "")
        assert (moved, again, account["available"]) == (True, False, 0)
        with pytest.raises(ledger.BalanceTooLow):
            ledger.credit("test", shop.account_id, -1, "another", "")

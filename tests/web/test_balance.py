"""The balance, which always adds up, and the statement behind it, as pages and as CSV."""

import csv
import io
from decimal import Decimal
from typing import Any

import pytest
from flask.testing import FlaskClient

from jobs import fulfilment
from models import ledger, settlement
from models.database import changed, db
from models.money import parse_usd
from models.tables import Product
from tests.factories import Shop, exact, make_product, make_shop

AMOUNTS = ("0.000001", "0.3", "12.34", "1000000.1", "999999999.999999", "1000000000", "0.070001", "5")


def credit(shop: Shop, amount: str, reference: str, note: str = "") -> None:
    """Credit the account, as an operator would."""
    with db.connection_context():
        ledger.credit("test", shop.account_id, parse_usd(amount), reference, note)


def lose_items(product: Product, count: int) -> None:
    """Take items out of the stock behind Sutler's back."""
    with db.connection_context():
        sql = "DELETE FROM stock_items WHERE id IN (SELECT id FROM stock_items WHERE product_id = %(id)s LIMIT %(n)s)"
        changed(sql, {"id": product.id, "n": count})


def transactions(shop: Shop, limit: int = 200) -> list[Any]:
    """The whole statement, page by page."""
    items, cursor = [], None
    while True:
        query = {"limit": limit} | ({"cursor": cursor} if cursor else {})
        page = exact(shop.get("/balance/transactions", query_string=query))
        assert len(page["items"]) <= limit
        items += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            return items


def statement_csv(shop: Shop, **kwargs: Any) -> list[dict[str, str]]:
    """The statement as CSV, read back."""
    answer = shop.get("/balance/transactions?format=csv", **kwargs)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    return list(csv.DictReader(io.StringIO(answer.get_data(as_text=True), newline="")))


def check_that_all_adds_up(shop: Shop, balance: str, held: str, spent: str, refunded: str) -> None:
    """Check the balance document, to the micro-dollar, against what it should be, itself, and the statement."""
    shown = exact(shop.get("/balance"))
    assert shown["balance_usdt"] == shown["total_topup_usdt"] - shown["total_spent_usdt"]
    assert shown["balance_usdt"] == sum(item["amount_usdt"] for item in transactions(shop))
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
        settlement.cancel("test", cancelled)
    check_that_all_adds_up(shop, "89.999999", held="0", spent="10.000001", refunded="20.000002")

    with db.connection_context():
        settlement.refund("test", delivered)
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
        settlement.refund("test", order_id)
    check_that_all_adds_up(shop, "100", held="0", spent="0", refunded="9.999999")


def test_a_failed_delivery_returns_everything(client: FlaskClient) -> None:
    shop, product = make_shop(client, "100"), make_product("10", in_stock=2)
    order_id = shop.order(product, 2).json["order_id"]
    lose_items(product, 2)

    fulfilment.fulfil(order_id)

    order = shop.get(f"/orders/{order_id}").json
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
    assert [row["amount_usdt"] for row in statement_csv(shop)] == [amount]


def test_many_small_amounts_add_up_without_a_speck(client: FlaskClient) -> None:
    shop = make_shop(client, "0.1")
    for number in range(2):
        credit(shop, "0.1", f"again {number}")

    assert '"balance_usdt":0.3,' in shop.get("/balance").get_data(as_text=True)


def test_a_transaction_says_what_it_was_for(client: FlaskClient) -> None:
    shop, product = make_shop(client, "100"), make_product("10")
    order_id = shop.order(product).json["order_id"]
    fulfilment.fulfil(order_id)
    with db.connection_context():
        settlement.refund("test", order_id)
    credit(shop, "-5", "correction", note="paid twice")

    shown = transactions(shop)

    assert [(item["kind"], str(item["amount_usdt"]), item["order_id"]) for item in shown] == [
        ("credit", "-5", None), ("refund", "10", order_id), ("hold", "-10", order_id), ("credit", "100", None),
    ]  # fmt: skip
    assert set(shown[0]) == {"id", "created_at", "kind", "amount_usdt", "order_id", "topup_id", "note"}
    assert shown[0]["note"] == "paid twice"
    assert all(isinstance(item["created_at"], int) and item["topup_id"] is None for item in shown)
    assert [item["id"] for item in shown] == sorted((item["id"] for item in shown), reverse=True)


def test_another_account_is_not_on_the_statement(client: FlaskClient) -> None:
    mine, other = make_shop(client, "1"), make_shop(client, "2")

    assert [str(item["amount_usdt"]) for item in transactions(mine)] == ["1"]
    assert [row["amount_usdt"] for row in statement_csv(other)] == ["2"]


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 8, 200])
def test_pages_join_without_gap_or_overlap(client: FlaskClient, limit: int) -> None:
    shop = make_shop(client, "1")
    for number in range(6):
        credit(shop, f"0.{number + 1}", f"credit {number}")

    shown = transactions(shop, limit)

    assert [str(item["amount_usdt"]) for item in shown] == ["0.6", "0.5", "0.4", "0.3", "0.2", "0.1", "1"]


def test_what_comes_between_two_pages_does_not_shift_them(client: FlaskClient) -> None:
    shop = make_shop(client, "1")
    for number in range(3):
        credit(shop, f"0.{number + 1}", f"credit {number}")
    first = shop.get("/balance/transactions?limit=2").json

    credit(shop, "9", "late")
    second = shop.get(f"/balance/transactions?limit=2&cursor={first['next_cursor']}").json

    assert [item["amount_usdt"] for item in first["items"] + second["items"]] == [0.3, 0.2, 0.1, 1]
    assert second["next_cursor"] is None


@pytest.mark.parametrize(
    ("accept", "query", "is_csv"),
    [
        (None, "", False), ("*/*", "", False), ("application/json", "", False), ("text/csv", "", True), ("text/*", "", True),
        ("TEXT/CSV", "", True), ("application/json;q=0.1, text/csv", "", True),
        ("text/csv;q=0.5, application/json", "", False), ("text/csv, */*;q=0.1", "", True), ("text/html", "", False),
        ("text/csv;q=0, */*", "", False), ("rubbish", "", False), ("text/csv", "?format=json", False),
        ("application/json", "?format=csv", True), (None, "?format=csv", True),
    ],
)  # fmt: skip
def test_the_statement_is_csv_when_the_client_prefers_that(
    client: FlaskClient, accept: str | None, query: str, is_csv: bool
) -> None:
    shop = make_shop(client)

    answer = shop.get(f"/balance/transactions{query}", headers={"Accept": accept} if accept else {})

    assert answer.mimetype == ("text/csv" if is_csv else "application/json")


def test_the_csv_holds_what_the_pages_hold(client: FlaskClient) -> None:
    shop, product = make_shop(client, "100"), make_product("10")
    shop.order(product)
    credit(shop, "5", "five", note='Überweisung, "bar"\nund 🎁')

    rows, items = statement_csv(shop), transactions(shop)

    assert rows == [{name: "" if value is None else str(value) for name, value in item.items()} for item in items]
    assert rows[0]["note"] == 'Überweisung, "bar"\nund 🎁'


def test_a_long_statement_is_streamed_piece_by_piece(client: FlaskClient) -> None:
    shop = make_shop(client, "0.000001")
    with db.connection_context():
        changed(
            """
            WITH journal AS (
                INSERT INTO transfers (kind, source, target, account_id, amount, reference)
                SELECT 'credit', 'adjustments', 'available', %(id)s, n, 'bulk:' || n FROM generate_series(1, 2999) AS n
                RETURNING amount
            )
            UPDATE accounts SET available = available + total, topped_up = topped_up + total
            FROM (SELECT sum(amount) AS total FROM journal) AS summed WHERE id = %(id)s
            """,
            {"id": shop.account_id},
        )

    answer = shop.get("/balance/transactions?format=csv")
    pieces = list(answer.iter_encoded())
    rows = list(csv.DictReader(io.StringIO(b"".join(pieces).decode(), newline="")))

    assert "Content-Length" not in answer.headers
    assert len(pieces) > 3
    assert max(len(piece) for piece in pieces) < 20_000
    assert len(rows) == len({row["id"] for row in rows}) == 3000
    total = sum(Decimal(row["amount_usdt"]) for row in rows)
    assert total == exact(shop.get("/balance"))["balance_usdt"]


@pytest.mark.parametrize(
    "note",
    ["=1+1", "+1", "-1+2", "@SUM(A1)", "\t=1+1", "\r=1+1", "\n=1+1", '=HYPERLINK("http://evil.example")', "＝1+1", "=cmd|' /C calc'!A0"],
)  # fmt: skip
def test_no_note_is_a_formula_to_a_spreadsheet(client: FlaskClient, note: str) -> None:
    shop = make_shop(client, "0")
    credit(shop, "1", "one", note=note)

    [row] = statement_csv(shop)

    assert row["note"] == "'" + note
    assert transactions(shop)[0]["note"] == note

"""The statement behind the balance: pages, and CSV."""

import csv
import io
from decimal import Decimal
from typing import Any

import pytest
from flask.testing import FlaskClient

from jobs import fulfilment
from models import interventions
from models.database import changed, db
from tests.factories import Shop, credit, exact, make_product, make_shop


def statement_csv(shop: Shop, **kwargs: Any) -> list[dict[str, str]]:
    """The statement as CSV, read back."""
    answer = shop.get("/balance/transactions?format=csv", **kwargs)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    return list(csv.DictReader(io.StringIO(answer.get_data(as_text=True), newline="")))


def test_a_transaction_says_what_it_was_for(client: FlaskClient) -> None:
    shop, product = make_shop(client, "100"), make_product("10")
    order_id = shop.order(product).json["order_id"]
    fulfilment.fulfil(order_id)
    with db.connection_context():
        interventions.refund("test", order_id)
    credit(shop, "-5", "correction", note="paid twice")

    shown = shop.transactions()

    assert [(item["kind"], str(item["amount_usdt"]), item["order_id"]) for item in shown] == [
        ("credit", "-5", None), ("refund", "10", order_id), ("hold", "-10", order_id), ("credit", "100", None),
    ]  # fmt: skip
    assert set(shown[0]) == {"id", "created_at", "kind", "amount_usdt", "order_id", "topup_id", "note"}
    assert shown[0]["note"] == "paid twice"
    assert all(isinstance(item["created_at"], int) and item["topup_id"] is None for item in shown)
    assert [item["id"] for item in shown] == sorted((item["id"] for item in shown), reverse=True)


def test_another_account_is_not_on_the_statement(client: FlaskClient) -> None:
    mine, other = make_shop(client, "1"), make_shop(client, "2")

    assert [str(item["amount_usdt"]) for item in mine.transactions()] == ["1"]
    assert [row["amount_usdt"] for row in statement_csv(other)] == ["2"]


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 8, 200])
def test_pages_join_without_gap_or_overlap(client: FlaskClient, limit: int) -> None:
    shop = make_shop(client, "1")
    for number in range(6):
        credit(shop, f"0.{number + 1}", f"credit {number}")

    shown = shop.transactions(limit)

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

    rows, items = statement_csv(shop), shop.transactions()

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
    assert shop.transactions()[0]["note"] == note

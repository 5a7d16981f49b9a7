"""The audit log and the check of the books, as operators see them."""

from flask.testing import FlaskClient

from models.database import db
from models.operators import Role
from tests.desk import make_desk
from tests.factories import make_product, make_shop


def test_actions_are_listed_newest_first(client: FlaskClient) -> None:
    desk, product = make_desk(client), make_product()
    for number in range(3):
        desk.patch(f"/products/{product.id}", {"name": f"Name {number}"})

    newest = desk.get("/api-audit", limit=2).json
    next_ones = desk.get("/api-audit", limit=2, cursor=newest["next_cursor"]).json

    assert set(newest["items"][0]) == {"id", "created_at", "actor", "action", "subject", "details"}
    assert isinstance(newest["items"][0]["created_at"], int)
    assert [entry["details"]["name"] for entry in newest["items"]] == ["Name 2", "Name 1"]
    assert next_ones["items"][0]["details"]["name"] == "Name 0"
    assert next_ones["items"][0]["actor"] == desk.actor


def test_what_is_refused_or_only_read_leaves_no_entry(client: FlaskClient) -> None:
    desk = make_desk(client)
    before = desk.get("/api-audit").json["items"]

    desk.post("/products", {"sku": "x"})
    desk.post("/orders/1/cancel")
    desk.post("/accounts/1/credit", {"amount_usdt": 1, "reference": "r"})
    desk.get("/accounts")

    assert desk.get("/api-audit").json["items"] == before


def test_the_books_are_checked_on_demand(client: FlaskClient) -> None:
    make_shop(client, "10")
    make_shop(client, "0")

    report = make_desk(client, Role.READ).get("/ledger/check").json

    assert report == {"ok": True, "accounts": 2, "transfers": 1, "differences": []}


def test_a_balance_that_is_not_its_journal_s_is_told(client: FlaskClient) -> None:
    shop, desk = make_shop(client, "10"), make_desk(client)
    with db.connection_context():
        db.execute_sql("UPDATE accounts SET available = available + 1")

    report = desk.get("/ledger/check").json

    with db.connection_context():
        db.execute_sql("UPDATE accounts SET available = available - 1")
    assert report["ok"] is False
    assert any(f"Account {shop.account_id}" in difference for difference in report["differences"])

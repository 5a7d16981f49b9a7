"""Accounts, and money put on them by hand."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.desk import last_action, make_desk
from tests.factories import make_shop


def test_a_credit_counts_as_a_top_up(client: FlaskClient) -> None:
    desk, shop = make_desk(client), make_shop(client, "0")

    credited = desk.post(
        f"/accounts/{shop.account_id}/credit", {"amount_usdt": "12.345678", "reference": "wire 7", "note": "by wire"}
    )

    assert credited.status_code == 200
    assert credited.json == {
        "id": shop.account_id, "account_id": shop.account_id, "name": credited.json["name"],
        "balance_usdt": 12.345678, "held_usdt": 0, "total_topup_usdt": 12.345678, "total_spent_usdt": 0,
        "total_refunded_usdt": 0, "created_at": credited.json["created_at"], "credited": True,
    }  # fmt: skip
    assert desk.get(f"/accounts/{shop.account_id}").json == {
        name: value for name, value in credited.json.items() if name != "credited"
    }
    [movement] = shop.get("/balance/transactions").json["items"]
    assert (movement["amount_usdt"], movement["note"]) == (12.345678, "by wire")
    assert last_action() == {
        "actor": desk.actor, "action": "account.credit", "subject": f"account:{shop.account_id}",
        "details": {"amount_usdt": 12.345678, "reference": "wire 7"},
    }  # fmt: skip


def test_a_reference_credits_once(client: FlaskClient) -> None:
    desk, shop, other = make_desk(client), make_shop(client, "0"), make_shop(client, "0")
    credit = {"amount_usdt": 10, "reference": "wire 7"}

    first = desk.post(f"/accounts/{shop.account_id}/credit", credit)
    again = desk.post(f"/accounts/{shop.account_id}/credit", credit)
    other_amount = desk.post(f"/accounts/{shop.account_id}/credit", {**credit, "amount_usdt": 11})
    other_sign = desk.post(f"/accounts/{shop.account_id}/credit", {**credit, "amount_usdt": -10})
    other_account = desk.post(f"/accounts/{other.account_id}/credit", credit)

    assert (first.json["credited"], again.json["credited"]) == (True, False)
    assert (again.status_code, again.json["balance_usdt"]) == (200, 10)
    for refused in (other_amount, other_sign, other_account):
        assert (refused.status_code, refused.json["error"]) == (409, "reference_reused")
    assert shop.balance()["balance_usdt"] == 10


def test_a_negative_amount_takes_away_but_never_below_zero(client: FlaskClient) -> None:
    desk, shop = make_desk(client), make_shop(client, "10")
    path = f"/accounts/{shop.account_id}/credit"

    taken = desk.post(path, {"amount_usdt": "-4.5", "reference": "back"})
    too_much = desk.post(path, {"amount_usdt": "-5.500001", "reference": "more"})

    assert (taken.json["balance_usdt"], taken.json["total_topup_usdt"]) == (5.5, 5.5)
    assert (too_much.status_code, too_much.json["error"]) == (409, "balance_too_low")
    assert desk.post(path, {"amount_usdt": "-5.5", "reference": "rest"}).json["balance_usdt"] == 0


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"amount_usdt": 0}, "amount_usdt"), ({"amount_usdt": "0.0000001"}, "amount_usdt"),
        ({"amount_usdt": 1_000_000_001}, "amount_usdt"), ({"amount_usdt": -1_000_000_001}, "amount_usdt"),
        ({"amount_usdt": True}, "amount_usdt"), ({"amount_usdt": "1e3"}, "amount_usdt"),
        ({"amount_usdt": None}, "amount_usdt"), ({"reference": ""}, "reference"), ({"reference": "r" * 201}, "reference"),
        ({"reference": 7}, "reference"), ({"note": "n" * 501}, "note"), ({"note": "a\0"}, "note"), ({"more": 1}, "more"),
    ],
)  # fmt: skip
def test_a_wrong_credit_is_refused(client: FlaskClient, change: dict[str, Any], field: str) -> None:
    desk, shop = make_desk(client), make_shop(client, "0")

    refused = desk.post(f"/accounts/{shop.account_id}/credit", {"amount_usdt": 1, "reference": "r", **change})

    assert refused.status_code == 422
    assert [fault["field"] for fault in refused.json["fields"]] == [field]
    assert shop.balance()["balance_usdt"] == 0


def test_an_unknown_account_is_not_found(client: FlaskClient) -> None:
    desk = make_desk(client)

    for answer in (desk.get("/accounts/77"), desk.post("/accounts/77/credit", {"amount_usdt": 1, "reference": "r"})):
        assert (answer.status_code, answer.json["error"]) == (404, "account_not_found")


def test_accounts_are_listed_newest_first_page_by_page(client: FlaskClient) -> None:
    desk = make_desk(client)
    made = [make_shop(client, "0").account_id for _ in range(4)]

    first = desk.get("/accounts", limit=3).json
    rest = desk.get("/accounts", cursor=first["next_cursor"]).json

    assert [account["id"] for account in first["items"] + rest["items"]] == made[::-1]
    assert rest["next_cursor"] is None

"""Naming and revoking operators."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.desk import Desk, last_action, make_desk, whole_audit_log


def test_a_new_operator_acts_under_his_name(client: FlaskClient) -> None:
    desk = make_desk(client)

    made = desk.post("/operators", {"name": "ada", "role": "operate"})

    assert made.status_code == 201
    assert {name: made.json[name] for name in ("name", "role", "revoked_at")} == {
        "name": "ada", "role": "operate", "revoked_at": None,
    }  # fmt: skip
    assert (last_action()["actor"], last_action()["subject"]) == (desk.actor, "operator:ada")
    ada = Desk(client, "ada", made.json["token"])
    assert ada.post("/products", {"sku": "s", "category": "c", "name": "n", "price_usdt": 9}).status_code == 201
    assert last_action()["actor"] == "operator:ada"


def test_a_token_is_shown_once(client: FlaskClient) -> None:
    desk = make_desk(client)

    token = desk.post("/operators", {"name": "ada", "role": "read"}).json["token"]

    assert token not in desk.get("/operators").get_data(as_text=True)
    assert token not in whole_audit_log()


def test_a_revoked_operator_is_out_and_his_name_is_free(client: FlaskClient) -> None:
    desk = make_desk(client)
    made = desk.post("/operators", {"name": "ada", "role": "administer"}).json
    taken = desk.post("/operators", {"name": "ada", "role": "read"})
    assert (taken.status_code, taken.json["error"]) == (409, "operator_name_taken")

    revoked = desk.post(f"/operators/{made['id']}/revoke")

    assert revoked.json["revoked_at"] is not None
    assert (last_action()["actor"], last_action()["action"]) == (desk.actor, "operator.revoke")
    assert Desk(client, "ada", made["token"]).get("/accounts").json["error"] == "invalid_token"
    assert desk.post("/operators", {"name": "ada", "role": "read"}).status_code == 201
    assert desk.post(f"/operators/{made['id']}/revoke").json["revoked_at"] == revoked.json["revoked_at"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": "", "role": "read"}, "name"), ({"role": "read"}, "name"), ({"name": "x", "role": "root"}, "role"),
        ({"name": "x"}, "role"), ({"name": "x", "role": 1}, "role"), ({"name": "x", "role": "read", "token": "t"}, "token"),
    ],
)  # fmt: skip
def test_a_wrong_field_is_named(client: FlaskClient, body: dict[str, Any], field: str) -> None:
    refused = make_desk(client).post("/operators", body)

    assert (refused.status_code, [fault["field"] for fault in refused.json["fields"]]) == (422, [field])


def test_an_unknown_operator_is_not_found(client: FlaskClient) -> None:
    refused = make_desk(client).post("/operators/77/revoke")

    assert (refused.status_code, refused.json["error"]) == (404, "operator_not_found")


def test_operators_are_listed_newest_first_page_by_page(client: FlaskClient) -> None:
    desk = make_desk(client)
    for name in ("ada", "ben"):
        desk.post("/operators", {"name": name, "role": "read"})

    first = desk.get("/operators", limit=2).json
    rest = desk.get("/operators", cursor=first["next_cursor"]).json

    assert [operator["name"] for operator in first["items"] + rest["items"]] == ["ben", "ada", desk.name]

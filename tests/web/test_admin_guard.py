"""Who may use the admin API."""

from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from models import operators
from models.database import db
from models.operators import Role
from settings import settings
from tests.desk import make_desk
from tests.sandbox import running_sandbox

CHANGING_METHODS = ("POST", "PUT", "PATCH", "DELETE")
# What an operator who may operate, and not administer, can do.
OPERATED = {
    "/api/admin/accounts/1/credit", "/api/admin/orders/1/cancel", "/api/admin/orders/1/refund",
    "/api/admin/orders/1/retry", "/api/admin/orders/1/settle", "/api/admin/products", "/api/admin/products/1", "/api/admin/products/1/stock",
    "/api/admin/webhooks/1/resend", "/api/admin/deposits/1/credit", "/api/admin/deposits/1/ignore",
    "/api/admin/website-orders", "/api/admin/simulate/transfer", "/api/admin/referrals/1/reward",
    "/api/admin/referrals/1/refuse",
}  # fmt: skip


def _addresses(app: Flask) -> list[tuple[str, str]]:
    """Every method and address of the admin API, with 1 for each id."""
    found = []
    for rule in app.url_map.iter_rules():
        if rule.endpoint.startswith("admin."):
            values: dict[str, Any] = dict.fromkeys(rule.arguments, "1")
            path = app.url_map.bind("").build(rule.endpoint, values)
            found += [(method, path) for method in sorted(rule.methods or ()) if method not in ("HEAD", "OPTIONS")]
    return found


def test_without_a_token_nothing_is_answered(app: Flask, client: FlaskClient) -> None:
    addresses = _addresses(app)
    assert len(addresses) > 20
    for method, path in addresses:
        refused = client.open(path, method=method)
        assert (refused.status_code, refused.json["error"]) == (401, "missing_token"), path
        assert refused.json["request_id"] == refused.headers["X-Request-Id"]


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic dTpw", "token"])
def test_a_header_without_a_bearer_token_counts_as_none(client: FlaskClient, header: str) -> None:
    refused = client.get("/api/admin/accounts", headers={"Authorization": header})

    assert (refused.status_code, refused.json["error"]) == (401, "missing_token")


@pytest.mark.parametrize("token", ["wrong", "ü", "x" * 5000])
def test_a_token_of_nobody_is_refused(client: FlaskClient, token: str) -> None:
    refused = client.get("/api/admin/accounts", headers={"Authorization": f"Bearer {token}"})

    assert (refused.status_code, refused.json["error"]) == (401, "invalid_token")


def test_the_token_of_the_settings_may_administer(client: FlaskClient) -> None:
    headers = {"Authorization": f"Bearer {settings.admin_token}"}

    made = client.post("/api/admin/operators", json={"name": "ada", "role": "read"}, headers=headers)

    assert made.status_code == 201
    [entry] = client.get("/api/admin/api-audit", headers=headers).json["items"]
    assert entry["actor"] == "bootstrap"


def test_a_revoked_token_ends_at_once(client: FlaskClient) -> None:
    desk = make_desk(client)
    assert desk.get("/accounts").status_code == 200
    with db.connection_context():
        operators.revoke("test", 1)

    assert desk.get("/accounts").json["error"] == "invalid_token"


def test_a_reader_can_read_everything_and_change_nothing(app: Flask, client: FlaskClient, tmp_path: Path) -> None:
    desk = make_desk(client, Role.READ)
    with running_sandbox(tmp_path):
        for method, path in _addresses(app):
            answered = desk.client.open(path, method=method, headers={"Authorization": f"Bearer {desk.token}"})
            if method in CHANGING_METHODS:
                assert (answered.status_code, answered.json["error"]) == (403, "forbidden"), path
                assert answered.json["required_role"] in answered.json["message"]
            else:
                assert answered.status_code in (200, 404), path


def test_one_who_operates_can_do_all_but_keys_and_operators(app: Flask, client: FlaskClient) -> None:
    desk = make_desk(client, Role.OPERATE)
    allowed = set()
    for method, path in _addresses(app):
        if method in CHANGING_METHODS:
            answered = desk.client.open(path, method=method, headers={"Authorization": f"Bearer {desk.token}"})
            if answered.status_code != 403:
                allowed.add(path)
            else:
                assert "administer" in answered.json["message"]

    assert allowed == OPERATED


def test_the_role_is_checked_before_the_body(client: FlaskClient) -> None:
    desk = make_desk(client, Role.READ)

    assert desk.post("/api-keys", {"nonsense": True}).status_code == 403


def test_an_id_beyond_what_the_database_can_hold_is_not_found(client: FlaskClient) -> None:
    desk = make_desk(client)
    for path in ("/accounts", "/products", "/orders", "/webhooks", "/deposits", "/website-orders"):
        assert desk.get(f"{path}/{2**63}").status_code == 404


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"limit": 0}, "limit"), ({"limit": 201}, "limit"), ({"limit": "x"}, "limit"), ({"cursor": "?"}, "cursor"),
        ({"cursor": "a" * 101}, "cursor"), ({"cursor": "\0"}, "cursor"),
    ],
)  # fmt: skip
@pytest.mark.parametrize(
    "path", ["/api-keys", "/accounts", "/products", "/operators", "/orders", "/webhooks", "/api-audit"]
)
def test_every_list_refuses_a_wrong_position(client: FlaskClient, path: str, query: dict[str, Any], field: str) -> None:
    refused = make_desk(client, Role.READ).get(path, **query)

    assert refused.status_code == 422
    assert refused.json["fields"][0]["field"] == field

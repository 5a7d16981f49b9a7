"""Minting, changing and revoking clients' keys."""

import base64
from typing import Any

import pytest
from flask.testing import FlaskClient

from models import keys
from models.database import db
from tests.desk import last_action, make_desk, whole_audit_log
from tests.factories import make_shop


def test_a_minted_key_opens_the_api_and_is_shown_once(client: FlaskClient) -> None:
    desk = make_desk(client)

    made = desk.post("/api-keys", {"name": "Acme", "kind": "v1", "with_secret": True})

    assert made.status_code == 201
    assert set(made.get_json()) == {"fingerprint", "api_key", "secret", "account_id"}
    assert len(base64.b64decode(made.json["secret"])) == 32
    assert client.get("/api/v1/health", headers={"X-API-Key": made.json["api_key"]}).status_code == 200
    listed = desk.get("/api-keys").get_data(as_text=True)
    assert made.json["fingerprint"] in listed
    assert made.json["api_key"] not in listed
    assert made.json["secret"] not in listed
    assert desk.get(f"/accounts/{made.json['account_id']}").json["name"] == "Acme"


def test_minting_is_on_record_without_key_and_secret(client: FlaskClient) -> None:
    desk = make_desk(client)

    made = desk.post("/api-keys", {"name": "Acme", "kind": "v2", "with_secret": True}).json

    action = last_action()
    assert (action["actor"], action["action"]) == (desk.actor, "api_key.mint")
    assert action["subject"] == f"api_key:{made['fingerprint']}"
    assert made["api_key"] not in whole_audit_log()
    assert made["secret"] not in whole_audit_log()


def test_a_key_has_no_secret_unless_asked_for_and_the_limits_of_its_kind(client: FlaskClient) -> None:
    desk = make_desk(client)

    v1 = desk.post("/api-keys", {"name": "one", "kind": "v1"}).json
    v2 = desk.post("/api-keys", {"name": "two", "kind": "v2"}).json

    assert v1["secret"] is None
    assert v2["api_key"].startswith("sk-")
    assert desk.get(f"/api-keys/{v1['fingerprint']}").json["rate_limit"] == 60
    assert desk.get(f"/api-keys/{v2['fingerprint']}").json["rate_limit"] == 10


def test_a_key_can_be_minted_for_an_account_that_exists(client: FlaskClient) -> None:
    desk, shop = make_desk(client), make_shop(client)

    made = desk.post("/api-keys", {"name": "second", "kind": "v2", "account_id": shop.account_id, "rate_limit": 5})

    assert made.json["account_id"] == shop.account_id
    key = desk.get(f"/api-keys/{made.json['fingerprint']}").json
    assert (key["account_id"], key["rate_limit"], key["has_secret"]) == (shop.account_id, 5, False)
    missing = desk.post("/api-keys", {"name": "third", "kind": "v1", "account_id": 999})
    assert (missing.status_code, missing.json["error"]) == (404, "account_not_found")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": ""}, "name"), ({"name": "x" * 201}, "name"), ({"name": "a\nb"}, "name"), ({"name": "  "}, "name"),
        ({"name": "half \ud800"}, "name"), ({"name": None}, "name"), ({"kind": "v3"}, "kind"), ({"kind": None}, "kind"),
        ({"with_secret": 1}, "with_secret"), ({"with_secret": "true"}, "with_secret"), ({"account_id": 0}, "account_id"),
        ({"account_id": 2**63}, "account_id"), ({"account_id": "1"}, "account_id"), ({"rate_limit": 0}, "rate_limit"),
        ({"rate_limit": 1_000_001}, "rate_limit"), ({"rate_limit": True}, "rate_limit"), ({"surprise": 1}, "surprise"),
        ({"ip_whitelist": "1.2.3.4"}, "ip_whitelist"), ({"ip_whitelist": ["1.2.3"]}, "ip_whitelist.0"),
        ({"ip_whitelist": ["1.2.3.4", "1.2.3.4/33"]}, "ip_whitelist.1"), ({"ip_whitelist": [1]}, "ip_whitelist.0"),
        ({"ip_whitelist": ["fe80::1%eth0/64"]}, "ip_whitelist.0"), ({"ip_whitelist": ["localhost"]}, "ip_whitelist.0"),
        ({"ip_whitelist": ["10.0.0.1"] * 201}, "ip_whitelist"), ({"ip_whitelist": [""]}, "ip_whitelist.0"),
    ],
)  # fmt: skip
def test_a_wrong_field_is_named(client: FlaskClient, change: dict[str, Any], field: str) -> None:
    refused = make_desk(client).post("/api-keys", {"name": "Acme", "kind": "v1", **change})

    assert (refused.status_code, refused.json["error"]) == (422, "invalid_body")
    assert [fault["field"] for fault in refused.json["fields"]] == [field]


def test_allowed_addresses_are_brought_into_one_spelling(client: FlaskClient) -> None:
    desk, shop = make_desk(client), make_shop(client)
    given = ["10.1.2.3/8", "192.0.2.1", "192.0.2.1/32", "2001:DB8::1", "2001:db8::5/32", "::ffff:198.51.100.7",
             "::ffff:198.51.100.0/120"]  # fmt: skip

    changed = desk.put(f"/api-keys/{shop.fingerprint}/ip-whitelist", {"ips": given})

    assert changed.status_code == 200
    assert changed.json["ip_whitelist"] == [
        "10.0.0.0/8", "192.0.2.1", "2001:db8::1", "2001:db8::/32", "198.51.100.7", "198.51.100.0/24",
    ]  # fmt: skip
    with db.connection_context():
        caller = keys.identify(shop.api_key, "v1")
    assert caller is not None
    assert all(keys.allows(caller.ip_allowlist, address) for address in ("10.9.9.9", "::ffff:198.51.100.9"))
    assert not keys.allows(caller.ip_allowlist, "192.0.2.2")


def test_a_key_is_refused_from_elsewhere_until_the_list_is_emptied(client: FlaskClient) -> None:
    desk, shop = make_desk(client), make_shop(client)
    path = f"/api-keys/{shop.fingerprint}/ip-whitelist"

    desk.put(path, {"ips": ["192.0.2.0/24"]})
    assert shop.get("/health").json["error"] == "ip_not_allowed"
    assert last_action() == {
        "actor": desk.actor, "action": "api_key.ip_allowlist", "subject": f"api_key:{shop.fingerprint}",
        "details": {"ips": ["192.0.2.0/24"]},
    }  # fmt: skip

    desk.put(path, {"ips": []})
    assert shop.get("/health").status_code == 200


def test_a_rotated_secret_ends_the_old_one_at_once(client: FlaskClient) -> None:
    desk, shop = make_desk(client), make_shop(client, signed=True)

    rotated = desk.post(f"/api-keys/{shop.fingerprint}/rotate-secret")

    assert sorted(rotated.get_json()) == ["fingerprint", "secret"]
    assert shop.post("/orders", {}).json["error"] == "invalid_signature"
    shop.secret = rotated.json["secret"]
    assert shop.post("/orders", {}).json["error"] == "invalid_body"
    assert last_action()["action"] == "api_key.rotate_secret"
    assert rotated.json["secret"] not in whole_audit_log()


def test_rotating_gives_a_first_secret_to_a_key_without_one(client: FlaskClient) -> None:
    desk, shop = make_desk(client), make_shop(client)

    assert desk.post(f"/api-keys/{shop.fingerprint}/rotate-secret").json["secret"]

    assert shop.post("/orders", {}).json["error"] == "missing_signature"


def test_a_revoked_key_opens_nothing_and_stays_on_the_list(client: FlaskClient) -> None:
    desk, shop = make_desk(client), make_shop(client)

    first = desk.post(f"/api-keys/{shop.fingerprint}/revoke")
    again = desk.post(f"/api-keys/{shop.fingerprint}/revoke")

    assert first.json["revoked_at"] is not None
    assert again.json["revoked_at"] == first.json["revoked_at"]
    assert shop.get("/health").json["error"] == "invalid_api_key"
    assert desk.get("/api-keys").json["items"][0]["revoked_at"] is not None
    assert last_action()["action"] == "api_key.revoke"


@pytest.mark.parametrize("fingerprint", ["0123456789abcdef", "nonsense", "%00", "0123456789ABCDEF"])
def test_an_unknown_fingerprint_is_not_found(client: FlaskClient, fingerprint: str) -> None:
    desk = make_desk(client)
    answers = [
        desk.get(f"/api-keys/{fingerprint}"),
        desk.post(f"/api-keys/{fingerprint}/revoke"),
        desk.post(f"/api-keys/{fingerprint}/rotate-secret"),
        desk.put(f"/api-keys/{fingerprint}/ip-whitelist", {"ips": []}),
    ]

    assert [(answer.status_code, answer.json["error"]) for answer in answers] == [(404, "api_key_not_found")] * 4


def test_keys_are_listed_newest_first_page_by_page(client: FlaskClient) -> None:
    desk = make_desk(client)
    made = [desk.post("/api-keys", {"name": f"key {n}", "kind": "v1"}).json["fingerprint"] for n in range(5)]

    first = desk.get("/api-keys", limit=3).json
    second = desk.get("/api-keys", limit=3, cursor=first["next_cursor"]).json

    listed = [key["fingerprint"] for key in first["items"] + second["items"]]
    assert listed == made[::-1]
    assert second["next_cursor"] is None

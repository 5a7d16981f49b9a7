"""The gate: the checks and their order, keys, and the addresses that a key may be used from."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

import web
from models import keys
from models.database import db
from settings import settings
from tests.factories import make_product, make_shop
from web import create_app

GATED = ("/health", "/products", "/products/1", "/categories", "/balance", "/balance/transactions", "/orders", "/usage")


def error_of(answer: TestResponse) -> tuple[int, str]:
    """Status and code of a refusal."""
    return answer.status_code, answer.json["error"]


def test_the_first_check_that_fails_answers(client: FlaskClient) -> None:
    shop = make_shop(client, signed=True, rate_limit=1, ip_allowlist=["192.0.2.1"])
    allowed: dict[str, Any] = {"environ_base": {"REMOTE_ADDR": "192.0.2.1"}}

    def post(api_key: str | None, **kwargs: Any) -> TestResponse:
        headers = {"X-API-Key": api_key} if api_key is not None else {}
        return client.post("/api/v1/orders", data=b"not even JSON", headers=headers, **kwargs)

    assert error_of(post(None)) == (401, "missing_api_key")
    assert error_of(post("no-such-key")) == (401, "invalid_api_key")
    assert error_of(post(shop.api_key)) == (403, "ip_not_allowed")
    assert error_of(post(shop.api_key, **allowed)) == (401, "missing_signature")
    assert error_of(post(shop.api_key, **allowed)) == (429, "rate_limit_exceeded")


def test_a_body_is_looked_at_after_its_signature(client: FlaskClient) -> None:
    shop = make_shop(client, signed=True)

    assert error_of(shop.post("/orders", raw=b"[", X_Signature="0" * 64)) == (401, "invalid_signature")
    assert error_of(shop.post("/orders", raw=b"[")) == (422, "invalid_body")


def test_a_body_that_is_too_large_to_be_signed_counts_against_the_rate_too(client: FlaskClient) -> None:
    shop = make_shop(client, signed=True, rate_limit=1)
    large = b" " * 65_537

    assert error_of(shop.post("/orders", raw=large)) == (413, "body_too_large")
    assert error_of(shop.post("/orders", raw=large)) == (429, "rate_limit_exceeded")


@pytest.mark.parametrize("path", GATED)
def test_every_address_asks_for_a_key(client: FlaskClient, path: str) -> None:
    answer = client.get(f"/api/v1{path}")

    assert error_of(answer) == (401, "missing_api_key")
    assert "X-API-Key" in answer.json["message"]


def test_an_empty_key_is_a_missing_one(client: FlaskClient) -> None:
    assert error_of(client.get("/api/v1/health", headers={"X-API-Key": ""})) == (401, "missing_api_key")


def test_a_revoked_key_ends_at_once(client: FlaskClient) -> None:
    shop = make_shop(client)
    assert shop.get("/health").status_code == 200

    with db.connection_context():
        keys.revoke("test", shop.fingerprint)

    assert error_of(shop.get("/health")) == (401, "invalid_api_key")


def test_a_key_of_the_other_kind_is_unknown_here(client: FlaskClient) -> None:
    with db.connection_context():
        minted = keys.mint("test", "a Telegram client", "v2")

    answer = client.get("/api/v1/health", headers={"X-API-Key": minted.api_key})

    assert error_of(answer) == (401, "invalid_api_key")


@pytest.mark.parametrize(
    "change",
    [
        str.upper,
        str.lower,
        lambda key: key[:-1],
        lambda key: key + "x",
        lambda key: f"Bearer {key}",
        lambda key: key[::-1],
    ],
)
def test_a_key_counts_only_exactly_as_it_was_given_out(client: FlaskClient, change: Any) -> None:
    shop = make_shop(client)

    answer = client.get("/api/v1/health", headers={"X-API-Key": change(shop.api_key)})

    assert error_of(answer) == (401, "invalid_api_key")


@pytest.mark.parametrize("place", ["query", "cookie", "bearer", "basic"])
def test_a_key_is_taken_from_its_header_only(client: FlaskClient, place: str) -> None:
    shop = make_shop(client)
    ways: dict[str, dict[str, Any]] = {
        "query": {"query_string": {"api_key": shop.api_key, "X-API-Key": shop.api_key}},
        "cookie": {"headers": {"Cookie": f"X-API-Key={shop.api_key}"}},
        "bearer": {"headers": {"Authorization": f"Bearer {shop.api_key}"}},
        "basic": {"auth": ("user", shop.api_key)},
    }

    assert error_of(client.get("/api/v1/health", **ways[place])) == (401, "missing_api_key")


def test_the_refusal_of_a_key_does_not_repeat_it(client: FlaskClient) -> None:
    answer = client.get("/api/v1/health", headers={"X-API-Key": "a-key-of-somebody"})

    assert "a-key-of-somebody" not in answer.get_data(as_text=True)


@pytest.mark.parametrize(
    ("allowlist", "address", "allowed"),
    [
        ([], "198.51.100.7", True),
        (["192.0.2.1"], "192.0.2.1", True),
        (["192.0.2.1"], "192.0.2.10", False),
        (["192.0.2.1"], "192.0.2.2", False),
        (["192.0.2.1", "198.51.100.7"], "198.51.100.7", True),
        (["192.0.2.0/24"], "192.0.2.255", True),
        (["192.0.2.0/24"], "192.0.3.0", False),
        (["192.0.2.128/25"], "192.0.2.127", False),
        (["0.0.0.0/0"], "203.0.113.9", True),
        (["0.0.0.0/0"], "2001:db8::1", False),
        (["2001:db8::1"], "2001:db8::1", True),
        (["2001:db8::1"], "2001:0DB8:0:0::0001", True),
        (["2001:db8::1"], "2001:db8::2", False),
        (["2001:db8:1::/48"], "2001:db8:1:ffff::9", True),
        (["2001:db8:1::/48"], "2001:db8:2::1", False),
        (["fe80::/10"], "fe80::1%eth0", True),
        (["192.0.2.0/24"], "::ffff:192.0.2.9", True),
        (["192.0.2.0/24"], "::ffff:192.0.3.9", False),
        (["192.0.2.1"], "", False),
        (["192.0.2.1"], "localhost", False),
        (["192.0.2.1"], "192.0.2.1:443", False),
    ],
)
def test_a_key_with_an_allow_list_works_from_its_addresses_only(
    client: FlaskClient, allowlist: list[str], address: str, allowed: bool
) -> None:
    shop = make_shop(client, ip_allowlist=allowlist)

    answer = shop.get("/health", environ_base={"REMOTE_ADDR": address})

    assert answer.status_code == (200 if allowed else 403)
    if not allowed:
        assert answer.json["error"] == "ip_not_allowed"
        assert address in answer.json["message"]


@pytest.mark.parametrize(
    ("proxies", "forwarded", "remote", "allowed"),
    [
        (0, "192.0.2.1", "10.0.0.1", False),  # a client may write anything into the header
        (0, "203.0.113.9", "192.0.2.1", True),
        (1, "192.0.2.1", "10.0.0.1", True),
        (1, "192.0.2.1, 203.0.113.9", "10.0.0.1", False),  # the proxy saw 203.0.113.9, the rest is hearsay
        (1, "203.0.113.9, 192.0.2.1", "10.0.0.1", True),
        (2, "192.0.2.1, 10.0.0.2", "10.0.0.1", True),
        (2, "192.0.2.1, 203.0.113.9, 10.0.0.2", "10.0.0.1", False),
        (1, None, "203.0.113.9", False),
        (1, "rubbish", "192.0.2.1", False),
    ],
)
def test_as_many_proxies_are_believed_as_are_configured(
    monkeypatch: pytest.MonkeyPatch, proxies: int, forwarded: str | None, remote: str, allowed: bool
) -> None:
    monkeypatch.setattr(web, "settings", settings.model_copy(update={"trusted_proxies": proxies}))
    shop = make_shop(create_app().test_client(), ip_allowlist=["192.0.2.1"])

    answer = shop.get(
        "/health",
        headers={"X-Forwarded-For": forwarded} if forwarded else {},
        environ_base={"REMOTE_ADDR": remote},
    )

    assert answer.status_code == (200 if allowed else 403)


def test_a_request_from_a_forbidden_address_does_not_use_up_the_rate(client: FlaskClient) -> None:
    shop = make_shop(client, rate_limit=1, ip_allowlist=["192.0.2.1"])

    for _ in range(3):
        assert error_of(shop.get("/health")) == (403, "ip_not_allowed")

    assert shop.get("/health", environ_base={"REMOTE_ADDR": "192.0.2.1"}).status_code == 200


def test_two_keys_of_one_account_share_its_orders_and_balance(client: FlaskClient) -> None:
    first, product = make_shop(client, "100"), make_product("10")
    second = make_shop(client, account_id=first.account_id)

    placed = first.order(product).json

    assert second.get(f"/orders/{placed['order_id']}").json["order_id"] == placed["order_id"]
    assert second.balance() == first.balance()
    assert second.balance()["held_usdt"] == 10


def test_another_accounts_order_does_not_exist(client: FlaskClient) -> None:
    owner, stranger, product = make_shop(client), make_shop(client), make_product("10")
    order_id = owner.order(product).json["order_id"]

    for answer in (
        stranger.get(f"/orders/{order_id}"),
        stranger.get(f"/orders/{order_id}?wait=true&timeout=0"),
        stranger.get(f"/orders/{order_id}/webhooks"),
        stranger.post(f"/orders/{order_id}/webhooks/resend"),
    ):
        assert error_of(answer) == (404, "order_not_found")
    assert stranger.get("/orders").json == {"items": [], "next_cursor": None}

"""The dashboard's page of keys."""

import html
import re

import pytest
from flask.testing import FlaskClient

from models.database import db, rows
from tests.dashboard import Visitor, sign_in, sign_in_from_telegram
from tests.factories import Shop, make_shop, make_v2_shop

NO_STORE = "no-store"


def shown_once(page: str) -> list[str]:
    """What the page offers to copy: new keys and secrets."""
    return [html.unescape(text) for text in re.findall(r'data-copy="([^"]+)"', page)]


@pytest.fixture
def shop(client: FlaskClient) -> Shop:
    return make_shop(client, signed=True)


@pytest.fixture
def visitor(client: FlaskClient, shop: Shop) -> Visitor:
    return sign_in(client, shop)


@pytest.fixture
def owner(client: FlaskClient, shop: Shop) -> Visitor:
    """The Telegram user whose account it is."""
    return sign_in_from_telegram(client, shop.account_id)


def text_of(visitor: Visitor, path: str, **fields: str) -> str:
    """The page that answers a form."""
    answer = visitor.post(path, **fields)
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == NO_STORE
    return answer.get_data(as_text=True)


def test_the_owner_sees_all_keys_of_the_account_and_none_in_clear(
    client: FlaskClient, shop: Shop, owner: Visitor
) -> None:
    other = make_shop(client, account_id=shop.account_id)
    stranger = make_shop(client)
    page = owner.get("/keys").get_data(as_text=True)
    assert shop.fingerprint in page
    assert other.fingerprint in page
    assert stranger.fingerprint not in page
    assert shop.api_key not in page
    assert shop.secret is not None
    assert shop.secret not in page


def test_a_new_secret_is_shown_once_and_ends_the_old_one(shop: Shop, visitor: Visitor) -> None:
    [secret] = shown_once(text_of(visitor, f"/keys/{shop.fingerprint}/rotate-secret"))
    assert shown_once(visitor.get("/keys").get_data(as_text=True)) == []
    assert shop.post("/balance/topup", {}).status_code == 401
    shop.secret = secret
    assert shop.post("/balance/topup", {}).status_code == 422


def test_a_replaced_key_ends_and_the_session_goes_on_with_the_new_one(
    client: FlaskClient, shop: Shop, visitor: Visitor
) -> None:
    second = sign_in(client, shop)
    new_key, new_secret = shown_once(text_of(visitor, f"/keys/{shop.fingerprint}/replace"))
    assert shop.get("/balance").status_code == 401
    shop.api_key, shop.secret = new_key, new_secret
    assert shop.get("/balance").status_code == 200
    assert visitor.get("/keys").status_code == 200
    assert "You are signed in with it" in visitor.get("/keys").get_data(as_text=True)
    assert second.get("/keys").status_code == 303, "another session of the old key must end with it"


def test_a_revoked_key_ends_the_session_that_it_opened(shop: Shop, visitor: Visitor) -> None:
    answer = visitor.post(f"/keys/{shop.fingerprint}/revoke")
    assert (answer.status_code, answer.location) == (303, "/dashboard/sign-in")
    assert visitor.get("").status_code == 303
    assert shop.get("/balance").status_code == 401


def test_the_owner_can_revoke_every_key_of_the_account(client: FlaskClient, shop: Shop, owner: Visitor) -> None:
    other = make_shop(client, account_id=shop.account_id)
    assert "The key was revoked." in text_of(owner, f"/keys/{other.fingerprint}/revoke")
    assert other.get("/balance").status_code == 401
    assert owner.post(f"/keys/{other.fingerprint}/replace").status_code == 404


def test_who_signed_in_with_a_key_looks_after_that_one_alone(client: FlaskClient, shop: Shop, visitor: Visitor) -> None:
    other = make_shop(client, account_id=shop.account_id)
    assert other.fingerprint not in visitor.get("/keys").get_data(as_text=True)
    for action in ("rotate-secret", "replace", "revoke", "ip-list"):
        assert visitor.post(f"/keys/{other.fingerprint}/{action}", ips="127.0.0.1").status_code == 404
    assert other.get("/balance").status_code == 200
    assert "Issue a key" not in visitor.get("/keys").get_data(as_text=True)
    assert visitor.post("/keys").status_code == 422


@pytest.mark.parametrize("action", ["rotate-secret", "replace", "revoke", "ip-list"])
def test_keys_of_others_are_not_there(client: FlaskClient, visitor: Visitor, action: str) -> None:
    stranger = make_shop(client)
    for fingerprint in (stranger.fingerprint, "0" * 16, "x", "%00"):
        assert visitor.post(f"/keys/{fingerprint}/{action}", ips="127.0.0.1").status_code == 404
    assert stranger.get("/balance").status_code == 200


def test_an_address_list_is_kept_in_one_spelling(shop: Shop, visitor: Visitor) -> None:
    page = text_of(visitor, f"/keys/{shop.fingerprint}/ip-list", ips="127.0.0.1\r\n192.0.2.7/24, 2001:DB8::1\n::1")
    assert "127.0.0.1, 192.0.2.0/24, 2001:db8::1, ::1" in page
    assert "The key can be used from every address now." in text_of(
        visitor, f"/keys/{shop.fingerprint}/ip-list", ips=" "
    )
    with db.connection_context():
        assert rows("SELECT ip_allowlist FROM api_keys") == [{"ip_allowlist": []}]


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("192.0.2.0/24", "signed in with this key from 127.0.0.1"),
        ("127.0.0.1\nnowhere", "“nowhere” is no address"),
        ("127.0.0.1\n<b>", "“&lt;b&gt;” is no address"),
        ("\n".join(f"127.0.{number}.1" for number in range(201)), "At most 200 entries"),
    ],
)
def test_a_list_that_is_not_taken_stays_in_the_form(shop: Shop, visitor: Visitor, typed: str, sentence: str) -> None:
    answer = visitor.post(f"/keys/{shop.fingerprint}/ip-list", ips=typed)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert sentence in page
    assert html.escape(typed) in page
    with db.connection_context():
        assert rows("SELECT ip_allowlist FROM api_keys") == [{"ip_allowlist": []}]


def test_a_list_of_another_key_may_shut_out_the_present_address(
    client: FlaskClient, shop: Shop, owner: Visitor
) -> None:
    other = make_shop(client, account_id=shop.account_id)
    text_of(owner, f"/keys/{other.fingerprint}/ip-list", ips="192.0.2.0/24")
    assert other.get("/balance").status_code == 403


def test_a_key_for_telegram_goods_is_issued_once(client: FlaskClient, shop: Shop, owner: Visitor) -> None:
    assert "Issue a key" in owner.get("/keys").get_data(as_text=True)
    [key] = shown_once(text_of(owner, "/keys"))
    assert client.get("/api/v2/balance", headers={"Authorization": f"Bearer {key}"}).status_code == 200
    again = text_of(owner, "/keys")
    assert shown_once(again) == []
    assert "Issue a key" not in again
    with db.connection_context():
        assert len(rows("SELECT 1 FROM api_keys WHERE account_id = %(id)s", {"id": shop.account_id})) == 2


def test_whatever_changes_a_key_is_on_record_under_the_key_that_signed_in(client: FlaskClient) -> None:
    shop = make_v2_shop(client)
    visitor = sign_in(client, shop)
    visitor.post(f"/keys/{shop.fingerprint}/ip-list", ips="127.0.0.1")
    visitor.post(f"/keys/{shop.fingerprint}/rotate-secret")
    with db.connection_context():
        entries = rows(
            "SELECT action FROM api_audit_log WHERE actor = %(a)s ORDER BY id", {"a": f"key:{shop.fingerprint}"}
        )
    assert [entry["action"] for entry in entries] == ["api_key.ip_allowlist", "api_key.rotate_secret"]

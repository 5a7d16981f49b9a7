"""Signing in on the dashboard with a key, how long a session lasts, and signing out."""

import pytest
from flask.testing import FlaskClient

from jobs.redis_calls import redis_client
from models import dashboard_sessions, keys
from models.database import db, rows
from tests.dashboard import Visitor, sign_in
from tests.factories import make_shop, make_v2_shop
from web.pages.signing_in import TRIES_A_MINUTE

EVERYWHERE_ELSE = ["203.0.113.7"]


def is_signed_in(visitor: Visitor) -> bool:
    """Whether the visitor still sees his pages."""
    return visitor.get("").status_code == 200


def test_a_key_of_either_kind_signs_in(client: FlaskClient) -> None:
    for shop in (make_shop(client), make_v2_shop(client)):
        page = sign_in(client, shop).get("")
        assert page.status_code == 200
        assert "1\N{NARROW NO-BREAK SPACE}000.00 USD" in page.get_data(as_text=True)


def test_the_cookie_is_for_our_pages_only_and_no_script_reads_it(client: FlaskClient) -> None:
    answer = client.post("/dashboard/sign-in", data={"api_key": make_shop(client).api_key})
    cookie = answer.headers["Set-Cookie"]
    for part in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/dashboard", "Max-Age=43200"):
        assert part in cookie
    assert "Partitioned" not in cookie


def test_the_database_knows_no_token(client: FlaskClient) -> None:
    visitor = sign_in(client, make_shop(client))
    cookie = visitor.browser.get_cookie("sutler_session", path="/dashboard")
    assert cookie is not None
    with db.connection_context():
        [session] = rows("SELECT * FROM dashboard_sessions")
    assert cookie.value.encode() not in bytes(session["token_hash"])
    assert len(bytes(session["token_hash"])) == 32


@pytest.mark.parametrize("api_key", ["", "no-such-key", "sk-no-such-key", "x" * 1000, "\0", "ключ"])
def test_a_wrong_key_is_refused_with_the_form(client: FlaskClient, api_key: str) -> None:
    answer = client.post("/dashboard/sign-in", data={"api_key": api_key})
    assert answer.status_code == 401
    assert 'name="api_key"' in answer.get_data(as_text=True)
    assert "Set-Cookie" not in answer.headers


def test_a_key_whose_orders_are_signed_needs_its_secret(client: FlaskClient) -> None:
    shop = make_shop(client, signed=True)
    for secret, sentence in (("", "enter it too"), ("wrong", "secret is wrong"), ("секрет", "secret is wrong")):
        answer = client.post("/dashboard/sign-in", data={"api_key": shop.api_key, "secret": secret})
        assert answer.status_code == 401
        assert sentence in answer.get_data(as_text=True)
    assert is_signed_in(sign_in(client, shop))


def test_a_key_for_telegram_goods_needs_no_secret_since_its_orders_need_none(client: FlaskClient) -> None:
    assert is_signed_in(sign_in(client, make_v2_shop(client, with_secret=True)))


def test_a_key_is_used_from_its_addresses_only(client: FlaskClient) -> None:
    shop = make_shop(client, ip_allowlist=EVERYWHERE_ELSE)
    answer = client.post("/dashboard/sign-in", data={"api_key": shop.api_key})
    assert answer.status_code == 401
    assert "may not be used from your address, 127.0.0.1" in answer.get_data(as_text=True)


def test_an_address_has_so_many_tries_a_minute(client: FlaskClient) -> None:
    answers = [client.post("/dashboard/sign-in", data={"api_key": "x"}) for _ in range(2 * TRIES_A_MINUTE + 1)]
    assert answers[TRIES_A_MINUTE - 1].status_code == 401
    refused = answers[-1]  # the minute may have changed in between, once
    assert refused.status_code == 429
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    assert "Too many tries" in refused.get_data(as_text=True)
    elsewhere = client.post("/dashboard/sign-in", data={"api_key": "x"}, environ_base={"REMOTE_ADDR": "198.51.100.1"})
    assert elsewhere.status_code == 401


def test_without_a_session_every_page_leads_to_the_form_and_back(client: FlaskClient) -> None:
    answer = client.get("/dashboard/keys?cursor=x")
    assert (answer.status_code, answer.location) == (303, "/dashboard/sign-in?next=/dashboard/keys%3Fcursor%3Dx")
    form = client.get(answer.location).get_data(as_text=True)
    assert 'name="next" value="/dashboard/keys?cursor=x"' in form
    data = {"api_key": make_shop(client).api_key, "next": "/dashboard/keys?cursor=x"}
    assert client.post("/dashboard/sign-in", data=data).location == "/dashboard/keys?cursor=x"


@pytest.mark.parametrize(
    "place",
    [
        "https://evil.example/",
        "//evil.example",
        "/dashboard\\@evil.example",
        "/dashboardx",
        "/api/v1/orders",
        "/dashboard/\n",
    ],
)
def test_nobody_is_sent_to_another_place(client: FlaskClient, place: str) -> None:
    answer = client.post("/dashboard/sign-in", data={"api_key": make_shop(client).api_key, "next": place})
    assert answer.location == "/dashboard"


def test_a_part_of_a_page_that_has_lost_its_session_sends_the_whole_page_to_the_form(client: FlaskClient) -> None:
    answer = client.get("/dashboard/activity", headers={"HX-Request": "true"})
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (401, "/dashboard/sign-in")


def test_signing_out_ends_the_session_and_not_only_the_cookie(client: FlaskClient) -> None:
    visitor = sign_in(client, make_shop(client))
    cookie = visitor.browser.get_cookie("sutler_session", path="/dashboard")
    assert cookie is not None
    assert visitor.post("/sign-out").status_code == 303
    visitor.browser.set_cookie("sutler_session", cookie.value, path="/dashboard")
    assert not is_signed_in(visitor)


def test_signing_out_everywhere_ends_every_session_of_the_key_and_no_other(client: FlaskClient) -> None:
    shop = make_shop(client)
    here, elsewhere, somebody = sign_in(client, shop), sign_in(client, shop), sign_in(client, make_shop(client))
    assert here.post("/sign-out", everywhere="1").status_code == 303
    assert not is_signed_in(here)
    assert not is_signed_in(elsewhere)
    assert is_signed_in(somebody)


def test_signing_in_again_ends_the_session_before(client: FlaskClient) -> None:
    visitor = sign_in(client, make_shop(client))
    visitor.browser.post("/dashboard/sign-in", data={"api_key": make_shop(client).api_key})
    with db.connection_context():
        assert len(rows("SELECT 1 FROM dashboard_sessions")) == 1


def test_a_revoked_key_ends_what_it_has_opened(client: FlaskClient) -> None:
    shop = make_shop(client)
    visitor = sign_in(client, shop)
    with db.connection_context():
        keys.revoke("test", shop.fingerprint)
    assert not is_signed_in(visitor)


def test_a_new_secret_ends_what_the_old_one_has_opened(client: FlaskClient) -> None:
    shop = make_shop(client, signed=True)
    owner, thief = sign_in(client, shop), sign_in(client, shop)
    other = sign_in(client, make_shop(client, account_id=shop.account_id))
    assert owner.post(f"/keys/{shop.fingerprint}/rotate-secret").status_code == 200
    assert not is_signed_in(thief)
    assert is_signed_in(owner)
    with db.connection_context():
        keys.rotate_secret("operator", shop.fingerprint)
    assert not is_signed_in(owner)
    assert is_signed_in(other)


def test_a_session_is_over_after_its_time_and_is_forgotten(client: FlaskClient) -> None:
    visitor = sign_in(client, make_shop(client))
    with db.connection_context():
        assert dashboard_sessions.forget_expired() == 0
        rows("UPDATE dashboard_sessions SET expires_at = now()")
    assert not is_signed_in(visitor)
    with db.connection_context():
        assert dashboard_sessions.forget_expired() == 1


def test_an_address_list_holds_for_sessions_that_are_open(client: FlaskClient) -> None:
    shop = make_shop(client)
    visitor = sign_in(client, shop)
    with db.connection_context():
        keys.set_ip_allowlist("test", shop.fingerprint, EVERYWHERE_ELSE)
    assert not is_signed_in(visitor)
    assert visitor.get("", environ_base={"REMOTE_ADDR": EVERYWHERE_ELSE[0]}).status_code == 200


@pytest.mark.parametrize("token", ["", "x", "x" * 10_000, "ключ"])
def test_a_made_up_cookie_is_no_session(client: FlaskClient, token: str) -> None:
    client.set_cookie("sutler_session", token, path="/dashboard")
    assert client.get("/dashboard").status_code == 303


def test_no_key_or_secret_is_left_in_redis(client: FlaskClient) -> None:
    shop = make_shop(client, signed=True)
    sign_in(client, shop)
    names = [name.decode() for name in redis_client().keys("*sign-in*")]
    assert names
    assert not any(shop.api_key in name for name in names)

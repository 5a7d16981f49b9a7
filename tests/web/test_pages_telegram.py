"""Signing in from Telegram: what its Mini Apps send has to be signed, whole, single and fresh."""

import hashlib
import hmac
import json
import time
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from models.database import db, rows
from settings import settings
from tests.dashboard import csrf_token_in
from tests.factories import make_shop
from web.pages import signing_in
from web.pages.init_data import OLDEST_SECONDS

USER = {"id": 1234567890123, "first_name": "Ада", "username": "ada", "language_code": "ru"}


def pairs(age: int = 0, **changes: Any) -> dict[str, str]:
    """What Telegram's client knows, unsigned; a change to None leaves a pair out."""
    given = {"query_id": "AAE1", "user": json.dumps(USER), "auth_date": int(time.time()) - age, "signature": "3rd"}
    return {name: str(value) for name, value in {**given, **changes}.items() if value is not None}


def signature_of(fields: dict[str, str], token: str | None = None) -> str:
    """The hash as Telegram describes it."""
    key = hmac.new(b"WebAppData", (token or settings.telegram_bot_token or "").encode(), hashlib.sha256).digest()
    text = "\n".join(f"{name}={value}" for name, value in sorted(fields.items()))
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def signed(fields: dict[str, str], **changes: str) -> str:
    """The pairs with their hash, as they stand behind the # of a Mini App's address."""
    return urlencode({**fields, "hash": signature_of(fields), **changes})


def send(client: FlaskClient, init_data: str, framed: str = "") -> TestResponse:
    """What the page's script sends."""
    return client.post("/dashboard/telegram", data={"init_data": init_data, "framed": framed})


def sessions() -> list[dict[str, Any]]:
    """All sessions there are."""
    with db.connection_context():
        return rows("SELECT account_id, key_id, telegram_user_id FROM dashboard_sessions")


def test_who_opens_the_app_is_signed_in_and_has_an_account_from_then_on(client: FlaskClient) -> None:
    assert send(client, signed(pairs())).status_code == 204
    assert send(client.application.test_client(), signed(pairs())).status_code == 204
    first, second = sessions()
    assert first == second
    assert (first["key_id"], first["telegram_user_id"]) == (None, USER["id"])
    assert client.get("/dashboard").status_code == 200


def test_what_he_does_goes_on_record_under_his_number(client: FlaskClient) -> None:
    send(client, signed(pairs()))
    token = csrf_token_in(client.get("/dashboard/keys").get_data(as_text=True))
    answer = client.post("/dashboard/keys", data={"csrf_token": token})
    assert answer.status_code == 200
    assert "You are signed in with it" not in answer.get_data(as_text=True)
    with db.connection_context():
        [entry] = rows("SELECT actor, action FROM api_audit_log")
    assert entry == {"actor": f"telegram:{USER['id']}", "action": "api_key.mint"}


def test_the_pages_speak_his_language_until_he_chooses_another(client: FlaskClient) -> None:
    send(client, signed(pairs()))
    assert '<html lang="ru"' in client.get("/dashboard").get_data(as_text=True)
    answer = client.post("/dashboard/language", data={"language": "en", "next": "/dashboard/keys"})
    assert (answer.status_code, answer.location) == (303, "/dashboard/keys")
    assert '<html lang="en"' in client.get("/dashboard").get_data(as_text=True)
    with db.connection_context():
        assert rows("SELECT language FROM telegram_users") == [{"language": "en"}]


@pytest.mark.parametrize(
    ("framed", "expected", "absent"),
    [("", ["SameSite=Lax"], "Partitioned"), ("1", ["SameSite=None", "Partitioned", "Secure"], "SameSite=Lax")],
)
def test_in_a_frame_of_telegrams_web_client_the_cookie_is_one_that_frames_take(
    client: FlaskClient, framed: str, expected: list[str], absent: str
) -> None:
    cookie = send(client, signed(pairs()), framed).headers["Set-Cookie"]
    assert all(part in cookie for part in expected)
    assert absent not in cookie


def forgeries() -> dict[str, str]:
    """Texts that are not what Telegram has signed for this bot, by what is wrong with them."""
    fields = pairs()
    good = signed(fields)
    other = json.dumps({**USER, "id": 42})
    unsorted = hmac.new(
        hmac.new(b"WebAppData", (settings.telegram_bot_token or "").encode(), hashlib.sha256).digest(),
        "\n".join(f"{name}={value}" for name, value in sorted(fields.items(), reverse=True)).encode(),
        hashlib.sha256,
    ).hexdigest()
    return {
        "nothing": "",
        "no pairs": "hello",
        "another user": signed(fields, user=other),
        "a later date": signed(fields, auth_date=str(int(fields["auth_date"]) + 1)),
        "a pair more": good + "&chat_type=private",
        "a pair less": good.replace("query_id=AAE1&", ""),
        "no hash": urlencode(fields),
        "an empty hash": signed(fields, hash=""),
        "a hash that is no ASCII": signed(fields, hash="é" * 64),
        "the hash of pairs in another order": signed(fields, hash=unsorted),
        "another bot's hash": signed(fields, hash=signature_of(fields, "1:another")),
        "the user twice": good + "&user=" + quote(other),
        "the hash twice": good + "&hash=x",
        "too many pairs": good + "".join(f"&n{number}=1" for number in range(60)),
        "too long": signed(pairs(query_id="x" * 20_000)),
        "bytes that are no UTF-8": good + "&x=%ff",
        "too old": signed(pairs(age=OLDEST_SECONDS + 5)),
        "from the future": signed(pairs(age=-120)),
        "no date": signed(pairs(auth_date=None)),
        "a date in words": signed(pairs(auth_date="now")),
        "a date of other digits": signed(pairs(auth_date="١٢٣")),
        "no user": signed(pairs(user=None)),
        "a user that is no JSON": signed(pairs(user="{")),
        "a user without id": signed(pairs(user='{"first_name": "x"}')),
        "an id in words": signed(pairs(user='{"id": "42"}')),
        "an id that is true": signed(pairs(user='{"id": true}')),
        "a negative id": signed(pairs(user='{"id": -42}')),
        "an id that is too large": signed(pairs(user='{"id": 99999999999999999999}')),
        "a list for a user": signed(pairs(user="[42]")),
    }


def test_nothing_but_telegrams_fresh_word_signs_in(client: FlaskClient) -> None:
    for what, text in forgeries().items():
        answer = client.post(
            "/dashboard/telegram", data={"init_data": text}, environ_base={"REMOTE_ADDR": f"198.51.100.{len(what)}"}
        )
        assert answer.status_code == 401, what
        assert "Set-Cookie" not in answer.headers, what
    assert sessions() == []
    with db.connection_context():
        assert rows("SELECT 1 FROM accounts") == []


def test_a_word_of_nearly_a_day_ago_still_counts(client: FlaskClient) -> None:
    assert send(client, signed(pairs(age=OLDEST_SECONDS - 60))).status_code == 204


def test_a_hostile_username_does_no_harm(client: FlaskClient) -> None:
    user = {"id": 7, "username": "<script>\u0000", "language_code": ["ru"]}
    assert send(client, signed(pairs(user=json.dumps(user)))).status_code == 204
    assert "<script>\0" not in client.get("/dashboard").get_data(as_text=True)


def test_an_account_that_is_signed_in_by_key_gives_way(client: FlaskClient) -> None:
    client.post("/dashboard/sign-in", data={"api_key": make_shop(client).api_key})
    send(client, signed(pairs()))
    [session] = sessions()
    assert session["telegram_user_id"] == USER["id"]


def test_without_a_bot_there_is_no_such_sign_in(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signing_in, "settings", settings.model_copy(update={"telegram_bot_token": None}))
    assert send(client, signed(pairs())).status_code == 404


def test_another_sites_page_cannot_sign_a_visitor_in(client: FlaskClient) -> None:
    answer = client.post(
        "/dashboard/telegram", data={"init_data": signed(pairs())}, headers={"Origin": "https://evil.example"}
    )
    assert answer.status_code == 403
    assert sessions() == []

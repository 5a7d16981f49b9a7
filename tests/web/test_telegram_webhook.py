"""Where Telegram sends updates: only Telegram, each update once, and never a reason to send one again for ever."""

import json
import threading
from importlib import import_module
from typing import Any

import pytest
from flask.testing import FlaskClient

from jobs import queues
from jobs.broker import broker
from models import telegram_outbox
from models.database import db, rows
from models.telegram_updates import MOST_WAITING
from settings import settings
from tests.jobs.bot_customer import SECRET_HEADER, deliver

webhook = import_module("web.telegram")  # by its name, the package has the blueprint

UPDATE = {
    "update_id": 7,
    "message": {
        "message_id": 1,
        "from": {"id": 5001, "is_bot": False, "first_name": "A"},
        "chat": {"id": 5001, "type": "private"},
        "date": 1,
        "text": "/start",
    },
}


def kept() -> list[dict[str, Any]]:
    """The updates that were kept."""
    with db.connection_context():
        return rows("SELECT * FROM telegram_updates ORDER BY id")


def test_an_update_is_kept_as_it_came_and_a_worker_is_called(client: FlaskClient) -> None:
    answer = deliver(client, UPDATE)

    assert (answer.status_code, answer.json) == (200, {"ok": True})
    assert [(update["id"], update["user_id"], update["content"]) for update in kept()] == [(7, 5001, UPDATE)]
    assert broker.do_qsize(queues.TELEGRAM) == 1


def test_an_update_that_comes_again_is_kept_once(client: FlaskClient) -> None:
    changed = {**UPDATE, "message": {**UPDATE["message"], "text": "/other"}}  # type: ignore[dict-item]
    assert [deliver(client, update).status_code for update in (UPDATE, UPDATE, changed)] == [200] * 3

    assert [update["content"] for update in kept()] == [UPDATE]
    assert broker.do_qsize(queues.TELEGRAM) == 1


def test_an_update_that_comes_eight_times_at_once_is_kept_once(client: FlaskClient) -> None:
    statuses = []

    def send() -> None:
        statuses.append(deliver(client.application.test_client(), UPDATE).status_code)

    threads = [threading.Thread(target=send) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert statuses == [200] * 8
    assert len(kept()) == 1


def test_of_a_flood_of_one_user_so_many_updates_are_kept_and_others_are_served(client: FlaskClient) -> None:
    for number in range(MOST_WAITING + 5):
        assert deliver(client, {**UPDATE, "update_id": number}).status_code == 200
    other = {"chat": {"id": 5002, "type": "private"}, "text": "/start"}
    assert deliver(client, {"update_id": 1000, "message": other}).status_code == 200

    assert [update["id"] for update in kept()] == [*range(MOST_WAITING), 1000]


def test_who_has_not_read_so_many_answers_is_not_heard(client: FlaskClient) -> None:
    with db.connection_context():
        for _ in range(MOST_WAITING):
            telegram_outbox.say(5001, {"text": "x"})
    assert deliver(client, UPDATE).status_code == 200
    assert kept() == []

    with db.connection_context():
        telegram_outbox.finish_all(5001, "told")
    deliver(client, UPDATE)
    assert len(kept()) == 1


@pytest.mark.parametrize("secret", ["", "wrong", "é", "x" * 4000])
def test_who_does_not_know_the_secret_is_refused_before_anything_is_read(client: FlaskClient, secret: str) -> None:
    answer = client.post("/telegram/webhook", data=b"{", headers={SECRET_HEADER: secret})

    assert (answer.status_code, answer.json["error"]) == (401, "invalid_secret_token")
    assert str(settings.telegram_webhook_secret) not in answer.text
    assert kept() == []


def test_without_the_header_nobody_is_let_in(client: FlaskClient) -> None:
    assert client.post("/telegram/webhook", json=UPDATE).status_code == 401


@pytest.mark.parametrize("missing", ["telegram_bot_token", "telegram_webhook_secret"])
def test_without_a_bot_there_is_no_such_address(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    monkeypatch.setattr(webhook, "settings", settings.model_copy(update={missing: None}))

    assert deliver(client, UPDATE).status_code == 404


def test_only_post_is_answered(client: FlaskClient) -> None:
    assert client.get("/telegram/webhook").status_code == 405


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"null", b'"x"', b"\xff", b"[" * 100_000, b'{"message":' + json.dumps(UPDATE["message"]).encode() + b"}",
     *(json.dumps(UPDATE | {"update_id": number}).encode() for number in (-1, 2**63, "7", True, None, 1.5, 7.0))],
)  # fmt: skip
def test_what_is_no_update_is_a_bad_request(client: FlaskClient, body: bytes) -> None:
    sent = {SECRET_HEADER: str(settings.telegram_webhook_secret), "Content-Type": "application/json"}

    assert client.post("/telegram/webhook", data=body, headers=sent).status_code == 400
    assert kept() == []


def test_the_longest_message_that_quotes_another_in_escapes_is_taken(client: FlaskClient) -> None:
    text = "\U0001f642" * 4096
    update = {**UPDATE, "message": {**UPDATE["message"], "text": text, "reply_to_message": {"text": text}}}  # type: ignore[dict-item]
    assert len(json.dumps(update)) > 64 * 1024

    assert deliver(client, update).status_code == 200
    assert kept()[0]["content"] == update

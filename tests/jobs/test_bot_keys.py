"""🔑 API KEY in the bot: issued, shown once, replaced, revoked; and nothing of it is left behind."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from models import keys
from models.database import db, rows
from tests.desk import last_action, whole_audit_log
from tests.factories import eventually, make_v2_shop
from tests.jobs.bot_customer import Customer, deliver_ok


@pytest.fixture
def guest(alice: Customer) -> Customer:
    """Alice, with the menu before her."""
    alice.say("/start")
    return alice


def status(client: FlaskClient, api_key: str) -> int:
    """What the API says to the key."""
    return client.get("/api/v2/balance", headers={"Authorization": f"Bearer {api_key}"}).status_code


def issue(customer: Customer) -> str:
    """Have a key issued; the key as it is shown."""
    customer.say("/key")
    return customer.press("Issue a key").code_spans()[0]


def all_keys() -> list[dict[str, Any]]:
    """All keys there are."""
    with db.connection_context():
        return rows("SELECT * FROM api_keys ORDER BY id")


def everything() -> str:
    """All that the database holds of the bot, of keys and of the audit log, as one text to search."""
    tables = ("telegram_users", "telegram_updates", "telegram_messages", "api_keys", "api_audit_log", "vault")
    with db.connection_context():
        return "".join(str(rows(f"SELECT {table}::text FROM {table}")) for table in tables)  # noqa: S608 - literals


def test_a_key_is_issued_works_and_is_on_record(guest: Customer) -> None:
    api_key = issue(guest)

    assert api_key.startswith("sk-")
    assert status(guest.client, api_key) == 200
    fingerprint = keys.fingerprint_of(api_key)
    assert (last_action()["actor"], last_action()["subject"]) == ("telegram:5001", f"api_key:{fingerprint}")
    assert all_keys()[0]["account_id"] == guest.account["id"]
    assert all_keys()[0]["kind"] == "v2"
    assert api_key not in whole_audit_log()


def test_a_key_is_shown_once_and_nothing_of_it_stays_in_the_database(guest: Customer) -> None:
    api_key = issue(guest)
    guest.settle()

    again = guest.say("/key")
    assert keys.fingerprint_of(api_key) in again.text
    assert api_key not in again.text
    assert api_key not in everything()
    assert api_key.removeprefix("sk-") not in everything()
    with db.connection_context():
        assert rows("SELECT 1 FROM telegram_messages WHERE ciphertext IS NOT NULL") == []


def test_a_key_that_waits_to_be_shown_is_encrypted(guest: Customer) -> None:
    guest.say("/key")
    guest.settle()
    gone = guest.server.chats[guest.id]
    del guest.server.chats[guest.id]
    with db.connection_context():
        db.execute_sql("UPDATE telegram_users SET sends_from = now() + interval '1 hour'")
    deliver_ok(guest.client, guest.pressed("key_issue", gone.messages[-1]))
    waiting = _wait_for_key()

    assert waiting[0]["ciphertext"].startswith("gAAAA")
    assert "sk-" not in everything().replace("sk-or", "")
    guest.server.chats[guest.id] = gone
    guest.hurry()
    assert status(guest.client, guest.told_of("shown this once").code_spans()[0]) == 200


def _wait_for_key() -> list[dict[str, Any]]:
    def waiting() -> list[dict[str, Any]]:
        with db.connection_context():
            return rows("SELECT * FROM telegram_messages WHERE finished_at IS NULL")

    found: list[dict[str, Any]] = eventually(waiting, "the message with the key")
    return found


def test_pressed_twice_one_key_is_issued(guest: Customer) -> None:
    guest.say("/key")
    message, data = guest.button("Issue a key")
    for _ in range(3):
        deliver_ok(guest.client, guest.pressed(data, message))
    guest.settle()

    assert len(all_keys()) == 1
    assert "You have a key already." in [notice for _, notice in guest.server.notices]


def test_replacing_ends_the_old_key_at_once_after_a_question(guest: Customer) -> None:
    old = issue(guest)
    guest.say("/key")
    assert "Programs that use it stop working" in guest.press("Replace it").text
    assert status(guest.client, old) == 200

    new = guest.press("Yes, replace it").code_spans()[0]

    assert (status(guest.client, old), status(guest.client, new)) == (401, 200)
    assert [key["revoked_at"] is None for key in all_keys()] == [False, True]


def test_no_keeps_the_key(guest: Customer) -> None:
    api_key = issue(guest)
    guest.say("/key")
    guest.press("Revoke it")
    guest.press("No")

    assert status(guest.client, api_key) == 200


def test_revoking_ends_the_key_and_a_new_one_can_be_issued(guest: Customer) -> None:
    old = issue(guest)
    guest.say("/key")
    guest.press("Revoke it")
    assert "is revoked" in guest.press("Yes, revoke it").text
    assert (last_action()["actor"], last_action()["action"]) == ("telegram:5001", "api_key.revoke")

    new = issue(guest)

    assert (status(guest.client, old), status(guest.client, new)) == (401, 200)


def test_pressed_twice_a_key_is_replaced_once(guest: Customer) -> None:
    issue(guest)
    guest.say("/key")
    guest.press("Replace it")
    message, data = guest.button("Yes, replace it")
    for _ in range(2):
        deliver_ok(guest.client, guest.pressed(data, message))
    guest.settle()

    assert [key["revoked_at"] is None for key in all_keys()] == [False, True]
    assert "This button is out of date." in [notice for _, notice in guest.server.notices]


def test_nobody_touches_the_key_of_another(guest: Customer) -> None:
    shop = make_v2_shop(guest.client)
    for action in ("key_replace", "key_replaced", "key_revoke", "key_revoked", "a_revoke"):
        deliver_ok(guest.client, guest.pressed(f"{action}:{shop.fingerprint}", guest.messages[0]))
    guest.settle()

    assert status(guest.client, shop.api_key) == 200
    assert len(all_keys()) == 1
    assert shop.fingerprint not in "".join(guest.texts)

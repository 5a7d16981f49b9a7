"""What the bot's log never shows."""

import json
from io import StringIO

from models.database import Row, db, rows
from settings import settings
from tests.factories import eventually
from tests.jobs.bot_customer import Customer, deliver_ok
from tests.jobs.bot_server import refuses
from tests.jobs.stand_in import cut


def test_the_log_holds_no_token_no_key_and_no_words(production_log: StringIO, alice: Customer) -> None:
    alice.say("/start")
    alice.say("/key")
    api_key = alice.press("Issue a key").code_spans()[0]
    alice.server.faults["POST /sendMessage"] = [cut, refuses(401, "Unauthorized"), refuses(400, "Bad Request: x")]
    alice.write("my deepest secret")
    alice.hurry_until(lambda: newest()["error"], "the end of it")
    with db.connection_context():
        db.execute_sql("ALTER TABLE referrals RENAME TO referrals_away")
    try:
        deliver_ok(alice.client, alice.written("/stats my deepest secret"))
        eventually(lambda: "telegram.step_failed" in production_log.getvalue(), "the fault")
    finally:
        with db.connection_context():
            db.execute_sql("ALTER TABLE referrals_away RENAME TO referrals")

    written = production_log.getvalue()
    assert {"telegram.unreachable", "telegram.message_given_up"} <= {
        json.loads(line)["event"] for line in written.splitlines()
    }
    token = str(settings.telegram_bot_token)
    for secret in (token, token.partition(":")[2], str(settings.telegram_webhook_secret), api_key, "deepest", "alice"):
        assert secret not in written


def newest() -> Row:
    """The last message of the outbox."""
    with db.connection_context():
        return rows("SELECT * FROM telegram_messages ORDER BY id DESC LIMIT 1")[0]

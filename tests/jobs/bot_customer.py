"""A customer of the bot: he writes, presses the buttons that he sees, and reads what he is told."""

import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from jobs import enqueue, ticks
from models import accounts, ledger
from models.database import Row, changed, db, rows
from models.money import parse_usd
from settings import settings
from tests.factories import eventually
from tests.jobs.bot_server import BotServer, Message

SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"

_update_ids = itertools.count(1000)


def deliver(client: FlaskClient, update: Any, secret: str | None = None) -> TestResponse:
    """Send an update as Telegram would."""
    sent = {SECRET_HEADER: secret or settings.telegram_webhook_secret or ""}
    return client.post("/telegram/webhook", json=update, headers=sent)


def wake() -> None:
    """Let the sweeps look who waits, as the clock would have them do."""
    enqueue.tick(ticks.WAKE_CHATS)
    enqueue.tick(ticks.WAKE_ORDERS)


@dataclass
class Customer:
    """One Telegram user, in his private chat with the bot."""

    client: FlaskClient
    server: BotServer
    id: int = 5001
    username: str | None = "alice"
    language: str = "en"
    read: int = 0  # how many messages he has read
    _edits: dict[int, int] = field(default_factory=dict)

    def write(self, text: str, update_id: int | None = None) -> None:
        """Write something, and do not wait."""
        deliver_ok(self.client, self.written(text, update_id))

    def say(self, text: str) -> Message:
        """Write something; the answer."""
        self.write(text)
        return self.told()

    def press(self, label: str) -> Message:
        """Press the newest button that is labelled so, or begins so; what he is shown then."""
        self.tap(label)
        return self.told()

    def tap(self, label: str, update_id: int | None = None) -> None:
        """Press a button, and do not wait."""
        message, data = self.button(label)
        deliver_ok(self.client, self.pressed(data, message, update_id))

    def button(self, label: str) -> tuple[Message, str]:
        """The newest button of that label, and its data."""
        for message in reversed(self.messages):
            for found in (button for row in message.buttons for button in row):
                if found["text"].startswith(label) and "callback_data" in found:
                    return message, found["callback_data"]
        raise AssertionError(f"There is no button {label!r}: {[message.labels for message in self.messages]}")

    def told(self) -> Message:
        """The next message that is new, or says something new."""
        return eventually(self._news, f"news for user {self.id}")  # type: ignore[no-any-return]

    def told_of(self, words: str) -> Message:
        """The next message with these words."""
        while True:
            message = self.told()
            if words in message.text:
                return message

    @property
    def messages(self) -> list[Message]:
        """All that is in the chat."""
        return self.server.chats[self.id].messages

    @property
    def texts(self) -> list[str]:
        """What they say."""
        return [message.text for message in self.messages]

    def written(self, text: str, update_id: int | None = None) -> dict[str, Any]:
        """The update for a text."""
        return self._update(update_id, message={"message_id": 1, "from": self._who, "chat": self._chat, "text": text})

    def pressed(self, data: str, message: Message, update_id: int | None = None) -> dict[str, Any]:
        """The update for a button under a message."""
        under = {"message_id": message.id, "chat": self._chat, "date": 1}
        under |= {"photo": [], "caption": message.text} if message.picture else {"text": message.text}
        number = update_id or next(_update_ids)
        query = {"id": f"query-{number}", "from": self._who, "message": under, "data": data}
        return self._update(number, callback_query=query)

    def membership(self, status: str) -> dict[str, Any]:
        """The update for blocking the bot (`kicked`) or taking that back (`member`)."""
        return self._update(None, my_chat_member={
            "chat": self._chat, "from": self._who, "date": 1, "new_chat_member": {"status": status, "user": {"id": 77}},
        })  # fmt: skip

    @property
    def account(self) -> Row:
        """His account, as it stands."""
        with db.connection_context():
            [found] = rows("SELECT account_id FROM telegram_users WHERE id = %(id)s", {"id": self.id})
            return accounts.get(found["account_id"])

    def give(self, amount: str) -> None:
        """Put so many dollars on his account."""
        with db.connection_context():
            ledger.credit("test", self.account["id"], parse_usd(amount), f"gift:{next(_update_ids)}", "")

    def hurry(self, *, messages: bool = True) -> None:
        """Let what he asked (and what he is to be told) be due now, and wake the workers."""
        with db.connection_context():
            if messages:
                changed("UPDATE telegram_messages SET due_at = now() WHERE finished_at IS NULL")
            changed("UPDATE telegram_users SET sends_from = '-infinity' WHERE id = %(id)s", {"id": self.id})
            changed("UPDATE telegram_updates SET due_at = now() WHERE done_at IS NULL")
        enqueue.talk(self.id)

    def is_idle(self) -> bool:
        """Whether nothing of his waits any more, countdowns aside."""
        with db.connection_context():
            [found] = rows(
                "SELECT (SELECT count(*) FROM telegram_updates WHERE user_id = %(id)s AND done_at IS NULL)"
                " + (SELECT count(*) FROM telegram_messages WHERE chat_id = %(id)s AND finished_at IS NULL"
                " AND kind <> 'topup_countdown') + (SELECT count(*) FROM telegram_users"
                " WHERE id = %(id)s AND lease_until > now()) AS n",
                {"id": self.id},
            )
        return bool(found["n"] == 0)

    def settle(self) -> None:
        """Wait until everything is answered and told."""

        def done() -> bool:
            if not self.is_idle():
                self.nudge()
                return False
            return True

        eventually(done, "the end of all that waits")
        self.read = len(self.messages)
        self._edits = {message.id: message.edits for message in self.messages}

    def _news(self) -> Message | None:
        messages = self.messages
        for message in messages[: self.read]:
            if message.edits > self._edits.get(message.id, 0):
                self._edits[message.id] = message.edits
                return message
        if len(messages) > self.read:
            self.read += 1
            return messages[self.read - 1]
        self.nudge()
        return None

    _pressed_at: float = 0.0

    def until(self, condition: Callable[[], Any], what: str) -> Any:
        """Wait for a condition, while the clock ticks."""

        def holds() -> Any:
            found = condition()
            if not found:
                self.nudge()
            return found

        return eventually(holds, what)

    def hurry_until(self, condition: Callable[[], Any], what: str, *, messages: bool = True) -> Any:
        """Hurry, again and again (a worker that is just leaving hears nothing of it), until a condition holds."""
        hurried_at = 0.0

        def holds() -> Any:
            nonlocal hurried_at
            found = condition()
            if not found and time.monotonic() - hurried_at > 0.5:
                hurried_at = time.monotonic()
                self.hurry(messages=messages)
            return found

        return eventually(holds, what)

    def nudge(self) -> None:
        """Let the clock tick."""
        # The clock of production ticks twice a second; nobody waits for it here, nor for the pause after a message.
        if time.monotonic() - self._pressed_at > 0.05:
            self._pressed_at = time.monotonic()
            with db.connection_context():
                changed("UPDATE telegram_users SET sends_from = '-infinity' WHERE id = %(id)s"
                        " AND sends_from < now() + interval '1 second'", {"id": self.id})  # fmt: skip
            wake()

    @property
    def _who(self) -> dict[str, Any]:
        named = {"username": self.username} if self.username else {}
        return {"id": self.id, "is_bot": False, "first_name": "<b>A</b>", "language_code": self.language, **named}

    @property
    def _chat(self) -> dict[str, Any]:
        return {"id": self.id, "type": "private"}

    def _update(self, update_id: int | None, **content: Any) -> dict[str, Any]:
        return {"update_id": update_id or next(_update_ids), **content}


def deliver_ok(client: FlaskClient, update: Any) -> None:
    """Send an update that must be taken."""
    answer = deliver(client, update)
    assert answer.status_code == 200, answer.get_data(as_text=True)

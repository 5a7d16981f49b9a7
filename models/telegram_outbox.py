"""What the bot is to say: written down in the transaction that it speaks of, and sent later, in order, chat by chat."""

import json
from typing import Any

from models import vault
from models.database import Row, changed, db, row
from models.money import dumps

SAY = "say"
PAUSE_SECONDS = 1.0  # Telegram takes about one message a second in a chat
KEEP_DAYS = 7
# After so long, nobody waits for what could not be said; the figures are on the dashboard.
GIVE_UP_HOURS = 24


def say(chat_id: int, words: dict[str, Any]) -> None:
    """Have a message sent; `words` is what jobs.telegram.sending makes a call of. Encrypted: it may show a key."""
    changed(
        "INSERT INTO telegram_messages (chat_id, kind, ciphertext) VALUES (%(chat_id)s, %(kind)s, %(ciphertext)s)",
        {"chat_id": chat_id, "kind": SAY, "ciphertext": vault.encrypt(dumps(words))},
    )


def words_of(message: Row) -> dict[str, Any] | None:
    """What `say` was told to say; None for a message that only names what it tells of.

    Raises cryptography.fernet.InvalidToken when no key of ours encrypted it.
    """
    ciphertext = message["ciphertext"]
    return dict(json.loads(vault.decrypt(ciphertext))) if ciphertext else None


def follow_up(chat_id: int, kind: str, subject: int, message_id: int, seconds: float) -> None:
    """Have a message that was sent brought up to date after so many seconds."""
    changed(
        "INSERT INTO telegram_messages (chat_id, kind, subject, message_id, due_at)"
        " VALUES (%(chat_id)s, %(kind)s, %(subject)s, %(message_id)s, now() + make_interval(secs => %(seconds)s))",
        {"chat_id": chat_id, "kind": kind, "subject": subject, "message_id": message_id, "seconds": seconds},
    )


def next_of(chat_id: int) -> Row | None:
    """The chat's next message, with the user's `language` and `is_blocked`; `is_stale` if nobody waits for it any more.

    None while there is none, or it is too early for it.
    """
    return row(
        """
        SELECT m.*, u.language, u.blocked_at IS NOT NULL AS is_blocked,
            m.due_at < now() - make_interval(hours => %(hours)s) AS is_stale
        FROM telegram_messages m JOIN telegram_users u ON u.id = m.chat_id
        WHERE m.chat_id = %(chat_id)s AND m.finished_at IS NULL AND m.due_at <= now() AND u.sends_from <= now()
        ORDER BY m.id LIMIT 1
        """,
        {"chat_id": chat_id, "hours": GIVE_UP_HOURS},
    )


def finish(message_id: int, error: str | None = None) -> None:
    """Mark a message as sent, or as never to be sent for that reason; its words are gone then."""
    changed(
        "UPDATE telegram_messages SET finished_at = now(), ciphertext = NULL, error = %(error)s WHERE id = %(id)s",
        {"id": message_id, "error": error},
    )


def finish_all(chat_id: int, error: str) -> None:
    """The same for all that a chat was to be told."""
    changed(
        "UPDATE telegram_messages SET finished_at = now(), ciphertext = NULL, error = %(error)s"
        " WHERE chat_id = %(chat_id)s AND finished_at IS NULL",
        {"chat_id": chat_id, "error": error},
    )


def pause(chat_id: int, seconds: float) -> None:
    """Send nothing to the chat for so long."""
    changed(
        "UPDATE telegram_users SET sends_from = now() + make_interval(secs => %(seconds)s) WHERE id = %(id)s",
        {"id": chat_id, "seconds": seconds},
    )


def put_off(message_id: int, chat_id: int, tries: int) -> None:
    """Try a message again later, and keep what follows it behind it: 2 s, 4 s … 5 min."""
    with db.atomic():
        changed("UPDATE telegram_messages SET tries = tries + 1 WHERE id = %(id)s", {"id": message_id})
        pause(chat_id, min(2.0 ** (tries + 1), 300.0))


def forget_old() -> int:
    """Delete what was said long ago, or would have been if there were a bot still; returns how many messages."""
    return changed(
        "DELETE FROM telegram_messages WHERE created_at < now() - make_interval(days => %(n)s)", {"n": KEEP_DAYS}
    )

"""What Telegram tells the bot: each update once, kept until it was dealt with, in the order in which it was made."""

import re
from typing import Any

from models.database import Row, changed, row
from models.money import dumps
from models.telegram_outbox import SAY

MOST_TRIES = 5
MOST_WAITING = 100  # updates of one user, and answers to him; nobody writes so much before he has read the first answer
_NUL = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")  # the escape of it in JSON, and no backslash that is escaped itself
KEEP_DAYS = 7  # Telegram repeats an update for a day at most


def user_of(update: dict[str, Any]) -> int | None:
    """Whose update it is; None for one that is not from a user's own chat with the bot, or of an unknown kind."""
    query = update.get("callback_query")
    source = query.get("message") if isinstance(query, dict) else update.get("message") or update.get("my_chat_member")
    chat = source.get("chat") if isinstance(source, dict) else None
    if not isinstance(chat, dict) or chat.get("type") != "private":
        return None
    user_id = chat.get("id")
    return user_id if type(user_id) is int and 0 < user_id < 2**63 else None


def receive(update_id: int, user_id: int, content: dict[str, Any]) -> bool:
    """Keep an update of a user; False if it is here already, or he floods us: then it is dropped."""
    return bool(changed(
        """
        WITH met AS (INSERT INTO telegram_users (id) VALUES (%(user_id)s) ON CONFLICT DO NOTHING)
        INSERT INTO telegram_updates (id, user_id, content) SELECT %(id)s::bigint, %(user_id)s, %(content)s::jsonb
        WHERE (SELECT count(*) FROM (
            (SELECT 1 FROM telegram_updates WHERE user_id = %(user_id)s AND done_at IS NULL LIMIT %(most)s)
            UNION ALL
            (SELECT 1 FROM telegram_messages WHERE chat_id = %(user_id)s AND finished_at IS NULL AND kind = %(answer)s
                LIMIT %(most)s)
        ) AS waiting) < %(most)s
        ON CONFLICT DO NOTHING
        """,
        {
            "id": update_id, "user_id": user_id, "content": _storable(dumps(content)), "most": MOST_WAITING,
            "answer": SAY,
        },
    ))  # fmt: skip


def next_of(user_id: int) -> Row | None:
    """The user's first update that waits, with `is_last_try`; None while there is none, or it is to be tried later."""
    found = row(
        "SELECT id, content, due_at <= now() AS is_due, tries + 1 >= %(most)s AS is_last_try FROM telegram_updates"
        " WHERE user_id = %(id)s AND done_at IS NULL ORDER BY id LIMIT 1",
        {"id": user_id, "most": MOST_TRIES},
    )
    return found if found and found["is_due"] else None


def finish(update_id: int) -> bool:
    """Mark an update as dealt with, in the transaction that does so; False if another worker has."""
    return bool(changed(
        "UPDATE telegram_updates SET done_at = now(), content = NULL WHERE id = %(id)s AND done_at IS NULL",
        {"id": update_id},
    ))  # fmt: skip


def put_off(update_id: int) -> None:
    """Try again in a while: 2 s, 8 s, 32 s, 2 min."""
    changed(
        "UPDATE telegram_updates SET tries = tries + 1, due_at = now() + make_interval(secs => 2 * power(4, tries))"
        " WHERE id = %(id)s AND done_at IS NULL",
        {"id": update_id},
    )


def forget_old() -> int:
    """Delete updates that Telegram will not send again; returns how many. Nobody waits for an answer so old."""
    return changed(
        "DELETE FROM telegram_updates WHERE received_at < now() - make_interval(days => %(n)s)", {"n": KEEP_DAYS}
    )


def _storable(text: str) -> str:
    """JSON text without what PostgreSQL cannot hold: an update that is refused would come again and again."""
    return _NUL.sub(r"\1", text.encode("utf-8", "replace").decode())

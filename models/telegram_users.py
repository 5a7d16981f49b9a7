"""Customers of the bot: each Telegram user has an account, and one worker at a time talks with him."""

from dataclasses import dataclass
from typing import Any, Literal

from models import accounts
from models.database import changed, db, row, rows
from models.money import dumps

Language = Literal["en", "ru"]

LEASE_SECONDS = 45  # longer than two calls to Telegram may take, the most in one step
DUE_AT_A_TIME = 200


@dataclass(frozen=True, slots=True)
class Customer:
    """A Telegram user; `dialog` is where the conversation stands, as the bot has left it."""

    user_id: int
    account_id: int
    username: str | None
    language: Language
    dialog: dict[str, Any]
    is_new: bool


@dataclass(frozen=True, slots=True)
class ChatLease:
    """The right to talk in a chat, until it is released or its time is over."""

    user_id: int
    token: int


def account_of(user_id: int, username: str | None, language_code: str | None) -> int:
    """The account of a Telegram user, who gets one at his first contact. His username is noted as it is now.

    `language_code` is what his app says of its language, such as "ru" or "pt-br"; what he chose himself stays.
    """
    return meet(user_id, username, language_code).account_id


def meet(user_id: int, username: str | None, language_code: str | None) -> Customer:
    """The same, with all that is known of him."""
    language = "ru" if (language_code or "").lower().startswith("ru") else "en"
    with db.atomic():
        [known] = rows(
            """
            INSERT INTO telegram_users (id, username, language) VALUES (%(id)s, %(username)s, %(language)s)
            ON CONFLICT (id) DO UPDATE SET username = excluded.username, blocked_at = NULL,
                language = coalesce(telegram_users.language, excluded.language)
            RETURNING *
            """,
            {"id": user_id, "username": username, "language": language},
        )
        account_id = known["account_id"]
        if account_id is None:  # this row is locked now, so nobody else makes one too
            account_id = accounts.create(f"Telegram user {user_id}")
            changed("UPDATE telegram_users SET account_id = %(account_id)s WHERE id = %(id)s",
                    {"account_id": account_id, "id": user_id})  # fmt: skip
    return Customer(user_id, account_id, username, known["language"], known["dialog"], known["account_id"] is None)


def claim(user_id: int) -> ChatLease | None:
    """Take the chat; None while somebody else has it."""
    claimed = row(
        "UPDATE telegram_users SET lease_token = lease_token + 1,"
        " lease_until = now() + make_interval(secs => %(seconds)s)"
        " WHERE id = %(id)s AND lease_until < now() RETURNING lease_token",
        {"id": user_id, "seconds": LEASE_SECONDS},
    )
    return ChatLease(user_id, claimed["lease_token"]) if claimed else None


def extend(lease: ChatLease) -> bool:
    """Keep the chat for as long again; False when the lease was lost."""
    return bool(changed(
        "UPDATE telegram_users SET lease_until = now() + make_interval(secs => %(seconds)s)"
        " WHERE id = %(id)s AND lease_token = %(token)s",
        {"id": lease.user_id, "token": lease.token, "seconds": LEASE_SECONDS},
    ))  # fmt: skip


def release(lease: ChatLease) -> None:
    """Give the chat free."""
    changed(
        "UPDATE telegram_users SET lease_until = '-infinity' WHERE id = %(id)s AND lease_token = %(token)s",
        {"id": lease.user_id, "token": lease.token},
    )


def leave_dialog(user_id: int, dialog: dict[str, Any]) -> None:
    """Note where the conversation stands now."""
    changed("UPDATE telegram_users SET dialog = %(dialog)s WHERE id = %(id)s",
            {"id": user_id, "dialog": dumps(dialog)})  # fmt: skip


def set_language(user_id: int, language: Language) -> None:
    """Speak this language from now on."""
    changed("UPDATE telegram_users SET language = %(language)s WHERE id = %(id)s",
            {"id": user_id, "language": language})  # fmt: skip


def set_blocked(user_id: int, *, blocked: bool) -> None:
    """Note that the user wants to hear nothing of the bot any more, or again."""
    changed(
        "UPDATE telegram_users SET blocked_at = CASE WHEN %(blocked)s THEN coalesce(blocked_at, now()) END"
        " WHERE id = %(id)s",
        {"id": user_id, "blocked": blocked},
    )


def language_of(user_id: int) -> Language:
    """The language that the user reads."""
    found = row("SELECT language FROM telegram_users WHERE id = %(id)s", {"id": user_id})
    return found["language"] if found and found["language"] else "en"


def of_account(account_id: int) -> int | None:
    """The Telegram user whose account it is; None for the account of somebody who never met the bot."""
    found = row("SELECT id FROM telegram_users WHERE account_id = %(id)s", {"id": account_id})
    return found["id"] if found else None


def due() -> list[int]:
    """Users who have written, or are to be written to, and with whom nobody talks at present."""
    found = rows(
        """
        WITH first_updates AS (  -- what follows one that is to be tried again waits behind it
            SELECT DISTINCT ON (user_id) user_id, due_at FROM telegram_updates WHERE done_at IS NULL
            ORDER BY user_id, id
        ),
        waiting AS (
            SELECT user_id FROM first_updates WHERE due_at <= now()
            UNION
            SELECT m.chat_id FROM telegram_messages m JOIN telegram_users u ON u.id = m.chat_id
            WHERE m.finished_at IS NULL AND m.due_at <= now() AND u.sends_from <= now()
        )
        SELECT u.id FROM waiting JOIN telegram_users u ON u.id = waiting.user_id WHERE u.lease_until < now()
        LIMIT %(limit)s
        """,
        {"limit": DUE_AT_A_TIME},
    )
    return [user["id"] for user in found]

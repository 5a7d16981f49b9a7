"""The bot as Telegram knows it."""

from models.database import changed, row


def note(bot_id: int, username: str) -> None:
    """Keep the name of our bot, as Telegram has told it just now."""
    changed(
        "INSERT INTO telegram_bots (id, username) VALUES (%(id)s, %(username)s)"
        " ON CONFLICT (id) DO UPDATE SET username = excluded.username, checked_at = now()",
        {"id": bot_id, "username": username},
    )


def username() -> str | None:
    """The name of our bot; None while it is not known. Of several, that which was asked last is in use."""
    found = row("SELECT username FROM telegram_bots ORDER BY checked_at DESC LIMIT 1")
    return found["username"] if found else None

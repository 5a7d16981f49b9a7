"""Telegram's word for who opened a Mini App: `initData`, signed with what the bot's token makes."""

import hashlib
import hmac
import json
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

LONGEST = 16_384
OLDEST_SECONDS = 24 * 3600
CLOCK_DRIFT_SECONDS = 60
MOST_PAIRS = 50
LARGEST_USER_ID = 2**52  # Telegram: at most 52 significant bits


class NotInitData(ValueError):
    """The text is not what Telegram has signed for our bot, or it is too old; the text says which."""


@dataclass(frozen=True, slots=True)
class TelegramVisitor:
    """The user who opened the Mini App; `language_code` is what his app says of its language."""

    user_id: int
    username: str | None
    language_code: str | None


def verify(text: str, bot_token: str) -> TelegramVisitor:
    """Who the user is, if Telegram signed it for this bot in the last 24 hours. Raises NotInitData."""
    pairs = _pairs(text)
    given = pairs.pop("hash", "")
    if not hmac.compare_digest(sign(pairs, bot_token).encode(), given.encode()):
        raise NotInitData("the hash is wrong")
    moment = pairs.get("auth_date", "")
    if not (moment.isascii() and moment.isdigit() and len(moment) <= 12):
        raise NotInitData("auth_date is no time")
    age = time.time() - int(moment)
    if not -CLOCK_DRIFT_SECONDS <= age <= OLDEST_SECONDS:
        raise NotInitData("auth_date is too old, or in the future")
    return _user(pairs.get("user", ""))


def sign(pairs: dict[str, str], bot_token: str) -> str:
    """The hash that Telegram gives to these pairs: hex HMAC-SHA256 of them, sorted, one in a line."""
    key = hmac.digest(b"WebAppData", bot_token.encode(), hashlib.sha256)
    lines = "\n".join(f"{name}={pairs[name]}" for name in sorted(pairs))
    return hmac.digest(key, lines.encode(), hashlib.sha256).hex()


def _pairs(text: str) -> dict[str, str]:
    if len(text) > LONGEST:
        raise NotInitData("it is too long")
    try:
        listed = parse_qsl(
            text, keep_blank_values=True, strict_parsing=True, errors="strict", max_num_fields=MOST_PAIRS
        )
    except ValueError:
        raise NotInitData("it is no list of pairs") from None
    pairs = dict(listed)
    if len(pairs) != len(listed):
        raise NotInitData("a name is given twice")
    return pairs


def _user(text: str) -> TelegramVisitor:
    try:
        user: Any = json.loads(text)
    except ValueError:
        raise NotInitData("user is no JSON") from None
    user_id = user.get("id") if isinstance(user, dict) else None
    if type(user_id) is not int or not 0 < user_id < LARGEST_USER_ID:
        raise NotInitData("user has no id")
    return TelegramVisitor(user_id, _text(user.get("username")), _text(user.get("language_code")))


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value.isprintable() and 0 < len(value) <= 64 else None

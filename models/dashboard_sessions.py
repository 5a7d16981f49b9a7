"""Sessions of the client's dashboard: each lasts as long as what opened it, a key or a Telegram user; 12 hours at most.

The token is in the browser's cookie alone; the database has its hash.
"""

import hashlib
import secrets
from dataclasses import dataclass
from typing import Any

from models import keys
from models.database import changed, row

HOURS = 12

# A revoked key ends what it opened. So would another account of the key or the user, if they could ever change it.
_FIND = """
SELECT s.account_id, s.key_id, s.telegram_user_id, k.fingerprint, k.kind AS key_kind, k.ip_allowlist, u.language
FROM dashboard_sessions s
    LEFT JOIN api_keys k ON k.id = s.key_id AND k.account_id = s.account_id AND k.revoked_at IS NULL
    LEFT JOIN telegram_users u ON u.id = s.telegram_user_id AND u.account_id = s.account_id
WHERE s.token_hash = %(hash)s AND s.expires_at > now() AND (k.id IS NOT NULL OR u.id IS NOT NULL)
"""


@dataclass(frozen=True, slots=True)
class Session:
    """Who is signed in. `fingerprint`, `key_kind` and `ip_allowlist` are the key's, `language` the Telegram user's."""

    account_id: int
    key_id: int | None
    telegram_user_id: int | None
    fingerprint: str | None
    key_kind: str | None
    ip_allowlist: tuple[str, ...]
    language: str | None


def open_by_key(account_id: int, key_id: int) -> str:
    """Sign in the holder of a key; returns the token."""
    return _open({"account_id": account_id, "key_id": key_id, "telegram_user_id": None})


def open_by_telegram(account_id: int, telegram_user_id: int) -> str:
    """Sign in a Telegram user; returns the token."""
    return _open({"account_id": account_id, "key_id": None, "telegram_user_id": telegram_user_id})


def find(token: str) -> Session | None:
    """The session of a token; None when there is none, it is over, or the key was revoked that opened it."""
    found = row(_FIND, {"hash": hash_of(token)})
    if found is None:
        return None
    return Session(**found | {"ip_allowlist": tuple(found["ip_allowlist"] or ())})


def follow(token: str, fingerprint: str) -> None:
    """Let a session last as long as another key, the one that took the place of its own."""
    changed("UPDATE dashboard_sessions SET key_id = %(key_id)s WHERE token_hash = %(hash)s",
            {"key_id": keys.get(fingerprint).id, "hash": hash_of(token)})  # fmt: skip


def close_all(key_id: int | None, telegram_user_id: int | None) -> None:
    """End all sessions that a key, or a Telegram user, has opened."""
    changed(
        "DELETE FROM dashboard_sessions WHERE key_id = %(key_id)s OR telegram_user_id = %(user_id)s",
        {"key_id": key_id, "user_id": telegram_user_id},
    )


def close(token: str) -> None:
    """End a session, if it is one."""
    changed("DELETE FROM dashboard_sessions WHERE token_hash = %(hash)s", {"hash": hash_of(token)})


def forget_expired(limit: int = 5000) -> int:
    """Delete sessions whose time is over; returns how many."""
    return changed(
        "DELETE FROM dashboard_sessions WHERE token_hash IN"
        " (SELECT token_hash FROM dashboard_sessions WHERE expires_at <= now() LIMIT %(limit)s)",
        {"limit": limit},
    )


def hash_of(token: str) -> bytes:
    """What the database has in place of a token."""
    # 256 random bits need no slow hash.
    return hashlib.sha256(token.encode()).digest()


def _open(opener: dict[str, Any]) -> str:
    token = secrets.token_urlsafe(32)
    changed(
        "INSERT INTO dashboard_sessions (token_hash, account_id, key_id, telegram_user_id, expires_at) VALUES"
        " (%(hash)s, %(account_id)s, %(key_id)s, %(telegram_user_id)s, now() + make_interval(hours => %(hours)s))",
        {"hash": hash_of(token), "hours": HOURS, **opener},
    )
    return token

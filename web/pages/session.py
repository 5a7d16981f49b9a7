"""Who visits the dashboard: a cookie with a session's token, and what that session may do."""

import hashlib
import hmac
from dataclasses import dataclass

import structlog
from flask import g, request
from werkzeug import Response

from models import dashboard_sessions, keys

COOKIE = "sutler_session"
PATH = "/dashboard"


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who is signed in. `actor` is what the audit log calls him; `language` is his Telegram's, if that is known."""

    account_id: int
    key_id: int | None
    fingerprint: str | None
    key_kind: str | None
    telegram_user_id: int | None
    language: str | None
    actor: str
    csrf_token: str
    session_token: str


def load() -> Visitor | None:
    """The visitor whose cookie came with the request; None without a session that lives.

    A key's address list holds for what the key has opened, at every request.
    """
    token = request.cookies.get(COOKIE)
    session = dashboard_sessions.find(token) if token and token.isascii() and len(token) <= 100 else None
    if token is None or session is None or not keys.allows(session.ip_allowlist, request.remote_addr or ""):
        return None
    if session.fingerprint is not None:
        actor = f"key:{session.fingerprint}"
        structlog.contextvars.bind_contextvars(key=session.fingerprint)
    else:
        actor = f"telegram:{session.telegram_user_id}"
        structlog.contextvars.bind_contextvars(telegram_user=session.telegram_user_id)
    return Visitor(
        session.account_id, session.key_id, session.fingerprint, session.key_kind, session.telegram_user_id,
        session.language, actor, csrf_token_of(token), token,
    )  # fmt: skip


def csrf_token_of(session_token: str) -> str:
    """What a form of the session carries: only who can read our pages, or the cookie itself, knows it."""
    return hmac.digest(session_token.encode(), b"csrf", hashlib.sha256).hex()


def keep(response: Response, token: str, *, framed: bool = False) -> None:
    """Give the browser its session. In a frame of another site it takes only a cookie that is kept for that site."""
    end_present()
    response.set_cookie(
        COOKIE, token, max_age=dashboard_sessions.HOURS * 3600, path=PATH, secure=True, httponly=True,
        samesite="None" if framed else "Lax", partitioned=framed,
    )  # fmt: skip


def end(response: Response) -> None:
    """Sign the visitor out. The cookie of a frame is another one to the browser, so both are taken back."""
    end_present()
    response.delete_cookie(COOKIE, path=PATH, secure=True, httponly=True, samesite="Lax")
    response.delete_cookie(COOKIE, path=PATH, secure=True, httponly=True, samesite="None", partitioned=True)


def end_everywhere(response: Response) -> None:
    """Sign the visitor out in every browser: of a session that somebody has stolen, he has no cookie to end it with."""
    dashboard_sessions.close_all(g.visitor.key_id, g.visitor.telegram_user_id)
    end(response)


def end_present() -> None:
    """End the session that came with the request, if any: nobody has two in one browser."""
    if g.visitor is not None:
        dashboard_sessions.close(g.visitor.session_token)

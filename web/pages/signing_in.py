"""Signing in, with an API key or from Telegram, and out."""

import hmac
import time

import structlog
from flask import Blueprint, Response, g, redirect, render_template, request
from flask_babel import gettext as _
from werkzeug import Response as WerkzeugResponse
from werkzeug.exceptions import NotFound

from jobs.redis_calls import request_calls
from models import dashboard_sessions, keys, telegram_users
from models.errors import Refusal
from models.keys import Caller
from settings import settings
from web.pages import init_data, session
from web.pages.places import local_place

TRIES_A_MINUTE = 30
LONGEST_KEY = 200

log = structlog.get_logger()


class TooManyTries(Refusal):
    status, code = 429, "too_many_tries"


class NotSignedIn(Refusal):
    status, code = 401, "not_signed_in"


def route(pages: Blueprint) -> None:
    """Add these addresses."""
    pages.get("/sign-in")(show_sign_in)
    pages.post("/sign-in")(sign_in)
    pages.post("/telegram")(sign_in_by_telegram)
    pages.post("/sign-out")(sign_out)


def show_sign_in() -> WerkzeugResponse:
    """The form; whoever is signed in already goes on."""
    if g.visitor is not None:
        return redirect(local_place(request.args.get("next")), 303)
    return Response(_form())


def sign_in() -> WerkzeugResponse:
    """Open a session for the holder of a key, who gives its secret too where it has one."""
    _count_try()
    try:
        caller = _caller(request.form.get("api_key", "").strip(), request.form.get("secret", "").strip())
    except NotSignedIn as refusal:
        return Response(_form(refusal.message), refusal.status)
    response = redirect(local_place(request.form.get("next")), 303)
    session.keep(response, dashboard_sessions.open_by_key(caller.account_id, caller.key_id))
    log.info("dashboard.signed_in", key=caller.fingerprint)
    return response


def sign_in_by_telegram() -> WerkzeugResponse:
    """Open a session for the user who opened our Mini App in Telegram; the page's script asks for it."""
    if settings.telegram_bot_token is None:
        raise NotFound
    _count_try()
    try:
        user = init_data.verify(request.form.get("init_data", ""), settings.telegram_bot_token)
    except init_data.NotInitData as error:
        log.info("dashboard.init_data_refused", reason=str(error))
        raise NotSignedIn(_("Telegram's sign-in is not valid any more. Close the app and open it again.")) from None
    account_id = telegram_users.account_of(user.user_id, user.username, user.language_code)
    response = Response(status=204)
    token = dashboard_sessions.open_by_telegram(account_id, user.user_id)
    session.keep(response, token, framed=request.form.get("framed") == "1")
    log.info("dashboard.signed_in", telegram_user=user.user_id)
    return response


def sign_out() -> WerkzeugResponse:
    """End the session; or all that this key, or this Telegram user, has opened."""
    response = redirect("/dashboard/sign-in", 303)
    if request.form.get("everywhere"):
        session.end_everywhere(response)
    else:
        session.end(response)
    return response


def _form(problem: str | None = None) -> str:
    wanted = request.values.get("next")
    return render_template("dashboard/sign_in.html", problem=problem, next=local_place(wanted) if wanted else None)


def _caller(api_key: str, secret: str) -> Caller:
    """Who holds the key. Where its orders must be signed, the key alone does not place them here either."""
    if not api_key:
        raise NotSignedIn(_("Enter your API key."))
    caller, signs = _identify(api_key)
    if caller is None:
        raise NotSignedIn(_("This key is unknown or was revoked. Check that you copied all of it."))
    if not keys.allows(caller.ip_allowlist, request.remote_addr or ""):
        raise NotSignedIn(_("This key may not be used from your address, %(address)s.", address=request.remote_addr))
    if signs and caller.secret is not None:
        if not secret:
            raise NotSignedIn(_("This key has a signing secret: enter it too."))
        if not hmac.compare_digest(caller.secret.encode(), secret.encode()):
            raise NotSignedIn(_("The signing secret is wrong; the one of the last rotation counts."))
    return caller


def _identify(api_key: str) -> tuple[Caller | None, bool]:
    """The caller, and whether he has to sign: a secret of a v2 key signs our webhooks to him, and nothing else."""
    if len(api_key) > LONGEST_KEY:
        return None, False
    wholesale = keys.identify(api_key, "v1")
    return (wholesale, True) if wholesale else (keys.identify(api_key, "v2"), False)


def _count_try() -> None:
    """Note one more try from this address. Raises TooManyTries."""
    minute, second = divmod(int(time.time()), 60)
    counter = f"sign-in:{request.remote_addr}:{minute}"
    tries, _is_set = request_calls().call(("INCR", counter), ("EXPIRE", counter, 120))
    if tries > TRIES_A_MINUTE:
        seconds = 60 - second
        raise TooManyTries(_("Too many tries. Wait %(seconds)s seconds.", seconds=seconds), retry_after=seconds)

"""Keys: their secrets, their address lists, new ones and the end of old ones.

Who signed in with a key looks after that one alone, or one key that leaks would end all others of the account; who came
from Telegram owns the account, and looks after all of them. What is new is shown in the answer to the form that asked
for it, and never again.
"""

import re
from dataclasses import dataclass

from flask import Blueprint, Response, g, render_template, request
from flask_babel import gettext as _
from pydantic import TypeAdapter, ValidationError

from models import dashboard_sessions, keys, ledger
from models.database import db, retrying
from models.errors import Refusal
from models.tables import ApiKey
from web.ip_ranges import MOST_RANGES, Ranges
from web.pages.guard import SIGN_IN

NAME = "Dashboard"
_RANGES: TypeAdapter[list[str]] = TypeAdapter(Ranges)


@dataclass(frozen=True, slots=True)
class ShownOnce:
    """What the page shows this once: a key, a secret, or both."""

    fingerprint: str
    api_key: str | None
    secret: str | None


@dataclass(frozen=True, slots=True)
class RefusedList:
    """An address list that was not taken, as it was typed, and why."""

    fingerprint: str
    text: str
    problem: str


class NotTaken(Refusal):
    status, code = 422, "invalid_body"


def route(pages: Blueprint) -> None:
    """Add these addresses."""
    pages.get("/keys")(show_keys)
    pages.post("/keys")(issue_key)
    pages.post("/keys/<fingerprint>/rotate-secret")(rotate_secret)
    pages.post("/keys/<fingerprint>/replace")(replace_key)
    pages.post("/keys/<fingerprint>/revoke")(revoke_key)
    pages.post("/keys/<fingerprint>/ip-list")(set_ip_list)


def show_keys() -> str:
    """The page."""
    return _page()


def issue_key() -> str:
    """Make a key for Telegram goods, if the account has none."""
    if not _owns_account():
        raise NotTaken(_("Open the dashboard from Telegram to issue a key."))

    def transaction() -> keys.Minted | None:
        with db.atomic():
            ledger.lock([g.visitor.account_id])  # a form that is sent twice makes one key
            if _has_key_for_telegram_goods(keys.active_of(g.visitor.account_id)):
                return None
            return keys.mint(g.visitor.actor, NAME, "v2", account_id=g.visitor.account_id)

    minted = retrying(transaction)
    return _page(shown=_shown(minted)) if minted else _page()


def rotate_secret(fingerprint: str) -> str:
    """Give a key a new secret, or its first one; an old one ends at once, and so do the key's other sessions."""
    kept = dashboard_sessions.hash_of(g.visitor.session_token)
    secret = keys.rotate_secret(g.visitor.actor, _own(fingerprint).fingerprint, kept)
    return _page(shown=ShownOnce(fingerprint, None, secret))


def replace_key(fingerprint: str) -> str:
    """Give a new key in place of one, which ends at once; whoever signed in with that one stays signed in."""
    old = _own(fingerprint)
    is_mine = old.id == g.visitor.key_id

    def transaction() -> keys.Minted:
        with db.atomic():
            minted = keys.replace(g.visitor.actor, old.fingerprint)
            if is_mine:
                dashboard_sessions.follow(g.visitor.session_token, minted.fingerprint)
        return minted

    minted = retrying(transaction)
    return _page(shown=_shown(minted), signed_in_with=minted.fingerprint if is_mine else None)


def revoke_key(fingerprint: str) -> str | Response:
    """End a key at once, and with it what it has opened, this session perhaps too."""
    key = _own(fingerprint)
    keys.revoke(g.visitor.actor, key.fingerprint)
    if key.id != g.visitor.key_id:
        return _page(said=_("The key was revoked."))
    if "HX-Request" in request.headers:
        return Response(status=204, headers={"HX-Redirect": SIGN_IN})
    return Response(status=303, headers={"Location": SIGN_IN})


def set_ip_list(fingerprint: str) -> str | Response:
    """Say from where a key may be used."""
    key, text = _own(fingerprint), request.form.get("ips", "")
    try:
        ips = _read_list(key, text)
    except NotTaken as refusal:
        return Response(_page(refused=RefusedList(fingerprint, text, refusal.message)), refusal.status)
    keys.set_ip_allowlist(g.visitor.actor, key.fingerprint, ips)
    return _page(said=_("The address list was saved.") if ips else _("The key can be used from every address now."))


def _page(
    *,
    shown: ShownOnce | None = None,
    refused: RefusedList | None = None,
    said: str | None = None,
    signed_in_with: str | None = None,
) -> str:
    active = _keys(signed_in_with or g.visitor.fingerprint)
    return render_template(
        "dashboard/keys.html",
        keys=active,
        owns_account=_owns_account(),
        can_issue=_owns_account() and not _has_key_for_telegram_goods(active),
        signed_in_with=signed_in_with or g.visitor.fingerprint,
        shown=shown,
        refused=refused,
        said=said,
        address=request.remote_addr,
    )


def _owns_account() -> bool:
    return g.visitor.telegram_user_id is not None


def _keys(own: str | None) -> list[ApiKey]:
    """The active keys that the visitor looks after; `own` is the fingerprint of the one that he signed in with."""
    active = keys.active_of(g.visitor.account_id)
    return active if _owns_account() else [key for key in active if key.fingerprint == own]


def _own(fingerprint: str) -> ApiKey:
    """A key that the visitor looks after. Raises KeyNotFound."""
    for key in _keys(g.visitor.fingerprint):
        if key.fingerprint == fingerprint:
            return key
    raise keys.KeyNotFound("There is no such key.")


def _has_key_for_telegram_goods(active: list[ApiKey]) -> bool:
    return any(key.kind == "v2" for key in active)


def _shown(minted: keys.Minted) -> ShownOnce:
    return ShownOnce(minted.fingerprint, minted.api_key, minted.secret)


def _read_list(key: ApiKey, text: str) -> list[str]:
    """The addresses and ranges that were typed, a line each or with commas. Raises NotTaken."""
    entries = [entry for entry in re.split(r"[\s,;]+", text) if entry]
    if len(entries) > MOST_RANGES:
        raise NotTaken(_("At most %(most)s entries, please.", most=MOST_RANGES))
    try:
        ips = _RANGES.validate_python(entries)
    except ValidationError as error:
        entry = entries[int(error.errors()[0]["loc"][0])]
        message = _("“%(entry)s” is no address, and no range such as 192.0.2.0/24.", entry=entry[:60])
        raise NotTaken(message) from None
    address = request.remote_addr or ""
    if key.id == g.visitor.key_id and not keys.allows(tuple(ips), address):
        message = _("You are signed in with this key from %(address)s, which the list shuts out.", address=address)
        raise NotTaken(message)
    return ips

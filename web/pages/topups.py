"""Top-ups: the list, asking for one, and which amount to send where, until it has arrived."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import segno
import simplejson
from flask import Blueprint, Response, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from peewee import IntegrityError
from werkzeug import Response as WerkzeugResponse

from models import idempotency, networks, topups
from models.database import Row, db, retrying
from models.errors import Refusal
from models.idempotency import IdempotencyKey, KeyReused
from models.intents import CENT, NoFreeAmount, Wanted
from models.money import PER_USD, dumps
from models.networks import NETWORKS
from models.paging import Cursor
from models.pricing import as_text
from models.topups import LEAST, MOST, TooManyPending
from web.pages import live, refusals, typed
from web.pages.network_words import translated
from web.pages.shown import grouped
from web.pages.wishes import FORM_KEY, Unclear

PAGE_SIZE = 25
PENDING_SECONDS = 3
LONGEST_FIELD = 40
ENDPOINT = "dashboard top-up"


@dataclass(frozen=True, slots=True)
class Asked:
    """The form's fields as they were typed, and the token that makes it one form."""

    amount: str
    network: str
    token: str

    @classmethod
    def sent(cls, fields: Mapping[str, str]) -> "Asked":
        """What came with the request; a form without a token of ours gets one."""
        amount, network = (fields.get(name, "")[:LONGEST_FIELD] for name in ("amount", "network"))
        return cls(amount, network, typed.token(fields.get("token", "")) or typed.new_token())


def route(pages: Blueprint) -> None:
    """Add these addresses."""
    pages.get("/topups")(list_topups)
    pages.get("/topups/new")(ask_for_topup)
    pages.post("/topups")(request_topup)
    pages.get("/topups/<topup_id>")(show_topup)
    pages.get("/topups/<topup_id>/state")(topup_state)


def list_topups() -> str:
    """The account's top-ups, newest first. Raises InvalidCursor."""
    cursor = Cursor.read(request.args.get("cursor"), PAGE_SIZE)
    page = topups.listed(g.visitor.account_id, cursor)
    return render_template(
        "dashboard/topups.html", page=page, networks=NETWORKS, is_first_page=cursor.below is None, as_text=as_text
    )


def ask_for_topup() -> tuple[str, int]:
    """The form; a link may bring the amount."""
    return _form(Asked.sent(request.args), None)


def request_topup() -> tuple[str, int] | WerkzeugResponse:
    """Give the visitor an amount of his own to send; one for each form, however often it is sent."""
    asked = Asked.sent(request.form)
    try:
        topup_id = _requested(_wanted(asked), asked.token)
    except Refusal as refusal:
        return _form(asked, refusal)
    return redirect(url_for("pages.show_topup", topup_id=topup_id), 303)


def show_topup(topup_id: str) -> str:
    """One top-up. Raises TopupNotFound, for another's too."""
    topup = topups.get(topup_id, g.visitor.account_id)
    return render_template("dashboard/topup.html", topup=topup, as_text=as_text, state=live.part(**_state(topup)))


def topup_state(topup_id: str) -> Response:
    """How the top-up stands, for its page."""
    return live.answer(**_state(topups.get(topup_id, g.visitor.account_id)))


def _state(topup: Row) -> dict[str, Any]:
    return {
        "template": "dashboard/_topup.html",
        "address": url_for("pages.topup_state", topup_id=topup["public_id"]),
        "seconds": PENDING_SECONDS if topup["status"] == "pending" else None,
        "topup": topup,
        "network": NETWORKS[topup["network"]],
        "as_text": as_text,
        "translated": translated,
        "expires_at": int(topup["expires_at"].timestamp()),
        # As an image of its own: wallets read the address alone, whatever else they make of a payment link.
        "qr_code": segno.make(topup["payment_address"], error="m", micro=False).svg_data_uri(light="#fff"),
    }


def _form(asked: Asked, refusal: Refusal | None) -> tuple[str, int]:
    html = render_template(
        "dashboard/topup_form.html",
        asked=asked,
        # A form that has made a top-up makes no other one.
        token=typed.new_token() if isinstance(refusal, KeyReused) else asked.token,
        networks=networks.active(),
        translated=translated,
        least=LEAST // PER_USD,
        most=grouped(MOST // PER_USD),
        problem=refusals.sentence(refusal) if refusal else None,
        faulty=refusal.facts["field"] if isinstance(refusal, Unclear) else None,
    )
    return html, refusal.status if refusal else 200


def _wanted(asked: Asked) -> Wanted:
    """What was asked for. Raises Unclear, NetworkOff."""
    cents = typed.hundredths(asked.amount)
    if cents is None:
        raise Unclear("amount", _("Type the amount as a number with at most two decimals, such as 12.5."))
    amount = cents * CENT
    if not LEAST <= amount <= MOST:
        least, most = LEAST // PER_USD, grouped(MOST // PER_USD)
        raise Unclear("amount", _("The amount must be between %(least)s and %(most)s.", least=least, most=most))
    if not asked.network:
        raise Unclear("network", _("Choose a network."))
    return Wanted(asked.network, networks.wallet_of(asked.network), amount, g.visitor.account_id)


def _requested(wanted: Wanted, token: str) -> str:
    """The id of the form's top-up, made now or before. Raises NoFreeAmount, TooManyPending, KeyReused."""
    words = f"{wanted.network} {wanted.amount}"
    key = IdempotencyKey.of_request(FORM_KEY + token, ENDPOINT, words.encode(), waited=False)

    def transaction() -> str:
        with db.atomic():
            topup_id = str(topups.request_by_hand(wanted)["public_id"])
            idempotency.record(wanted.account_id, key, dumps(topup_id))
            return topup_id

    try:
        return _made_before(wanted, key) or retrying(transaction)
    except (IntegrityError, NoFreeAmount, TooManyPending):
        twin = _made_before(wanted, key)  # the same form was a moment faster, and may have had the last amount
        if twin is None:
            raise
        return twin


def _made_before(wanted: Wanted, key: IdempotencyKey) -> str | None:
    first = idempotency.recorded(wanted.account_id, key)
    return str(simplejson.loads(first["answer"])) if first else None

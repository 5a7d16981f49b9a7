"""Top-ups: which amount to send where, and whether it has arrived."""

from typing import Annotated

from flask import Blueprint, Response, g
from peewee import IntegrityError
from pydantic_core import PydanticCustomError

from models import networks, topups
from models.database import Row, db, retrying, violated_constraint
from models.idempotency import IdempotencyKey
from models.intents import CENT, NoFreeAmount, Wanted
from models.money import PER_USD, dumps, usd
from models.networks import NetworkOff
from models.tables import epoch
from models.topups import LEAST, MOST, TopupNotFound
from web import signatures
from web.answers import answer
from web.bodies import StrictModel, Usd, read_body
from web.field_rules import Checked
from web.idempotency import first_answer, keep, read_key
from web.reference.described import described
from web.v1 import shapes
from web.v1.networks import NetworkCode
from web.webhook_urls import WebhookUrl, check_webhook_url

_ASKABLE = {"minimum": LEAST, "maximum": MOST, "multipleOf": CENT}


def _askable(amount: int) -> int:
    if not LEAST <= amount <= MOST:
        raise PydanticCustomError(
            "range", "must be between {least} and {most}", {"least": LEAST // PER_USD, "most": MOST // PER_USD}
        )
    if amount % CENT:
        raise PydanticCustomError("cents", "must have at most 2 decimal places")
    return amount


class TopupBody(StrictModel):
    """How much will be sent on which network."""

    amount_usdt: Annotated[Usd, Checked(_askable, rule=_ASKABLE)]
    network: NetworkCode
    webhook_url: WebhookUrl | None = None


EXAMPLE = {"amount_usdt": "25.00", "network": "usdt_trc_20"}


def route(v1: Blueprint) -> None:
    """Add this resource's addresses."""
    v1.post("/balance/topup")(request_topup)
    v1.get("/balance/topup/<topup_id>")(show_topup)


@described(shapes.Topup, body=TopupBody, refusals=(NetworkOff, NoFreeAmount), body_example=EXAMPLE)
def request_topup() -> Response:
    """Give the client an amount of its own to send."""
    body = read_body(TopupBody)
    key = read_key()
    # A repetition comes first: what would refuse it now, such as a network that is off, did not refuse it then.
    return first_answer(key) or _requested(_wanted(body, key), key)


@described(shapes.Topup, refusals=(TopupNotFound,))
def show_topup(topup_id: str) -> Response:
    """One top-up of the caller's account."""
    return answer(view(topups.get(topup_id, g.caller.account_id)))


def _wanted(body: TopupBody, key: IdempotencyKey | None) -> Wanted:
    address = networks.wallet_of(body.network)
    check_webhook_url(body.webhook_url, key)
    return Wanted(
        body.network, address, body.amount_usdt, g.caller.account_id, g.caller.key_id, body.webhook_url, g.signature
    )


def _requested(wanted: Wanted, key: IdempotencyKey | None) -> Response:
    def transaction() -> str:
        with db.atomic():
            text = dumps(view({**topups.request(wanted), "status": "pending", "credited": None, "tx_hash": None}))
            if key is not None:
                keep(key, text)
            return text

    try:
        return Response(retrying(transaction), mimetype="application/json")
    except (IntegrityError, NoFreeAmount) as error:
        twin = first_answer(key)  # a request with the same key was a moment faster, and may have had the last amount
        if twin is not None:
            return twin
        if violated_constraint(error) == "payment_intents_signature_once":
            raise signatures.replayed() from None
        raise


def view(topup: Row) -> shapes.Topup:
    """A top-up as its client sees it."""
    return {
        "topup_id": str(topup["public_id"]),
        "status": topup["status"],
        "payment_address": topup["payment_address"],
        "payment_network": topup["network"],
        "amount_usdt": usd(topup["amount"]),
        "requested_usdt": usd(topup["requested"]),
        "credited_usdt": None if topup["credited"] is None else usd(topup["credited"]),
        "tx_hash": topup["tx_hash"],
        "created_at": epoch(topup["created_at"]),
        "expires_at": epoch(topup["expires_at"]),
    }

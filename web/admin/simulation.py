"""Made-up transfers, for development: they are recorded, matched and credited as real ones are."""

import secrets
import time
from typing import Annotated, Any

from flask import Blueprint, Response
from pydantic import AfterValidator, Field
from werkzeug.exceptions import NotFound

from jobs import enqueue
from models import deposit_credits, deposits, networks
from models.database import db, retrying
from models.deposits import Arrival, Recorded
from models.money import LARGEST
from models.operators import Role
from settings import settings
from web.admin import deposits as admin_deposits
from web.admin.guard import needs
from web.answers import answer
from web.bodies import StrictModel, Usd, plain_text, read_body
from web.v1.products import LATEST_EPOCH

SENDER = "simulated"


class SimulatedTransfer(StrictModel):
    """A transfer to make up: micro-dollars, and epoch seconds (the present, if left out)."""

    network: Annotated[str, Field(max_length=40)]
    amount_usdt: Annotated[Usd, Field(gt=0, le=LARGEST)]
    tx_hash: Annotated[str, Field(min_length=1, max_length=128), AfterValidator(plain_text)] | None = None
    block_time: Annotated[int, Field(ge=0, le=LATEST_EPOCH)] | None = None


def route(admin: Blueprint) -> None:
    """Add this resource's addresses."""
    admin.post("/simulate/transfer")(simulate)


@needs(Role.OPERATE)
def simulate() -> Response:
    """Let a made-up transfer arrive; one that is repeated counts once, as a real one does."""
    if not settings.allow_simulation:
        raise NotFound
    return answer(transfer(read_body(SimulatedTransfer)), 201)


def transfer(made_up: SimulatedTransfer) -> dict[str, Any]:
    """Record the transfer; the deposit that it is. Raises NetworkOff."""
    networks.wallet_of(made_up.network)
    tx_hash = made_up.tx_hash or secrets.token_hex(32)
    mined_at = time.time() if made_up.block_time is None else made_up.block_time
    recorded = _record(made_up.network, Arrival(tx_hash, 0, SENDER, made_up.amount_usdt, mined_at))
    for order in recorded.orders:
        enqueue.fulfil(order["id"], order["provider"])
    for delivery_id in recorded.delivery_ids:
        enqueue.deliver(delivery_id)
    return admin_deposits.view(deposit_credits.of_transaction(made_up.network, tx_hash, 0))


def _record(network: str, arrival: Arrival) -> Recorded:
    def transaction() -> Recorded:
        with db.atomic():
            return deposits.record(network, [arrival])

    return retrying(transaction)

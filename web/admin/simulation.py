"""For development: made-up transfers, which are recorded, matched and credited as real ones are, and what the made-up
provider sold."""

import secrets
import time
from typing import Annotated

from flask import Blueprint, Response
from pydantic import Field
from werkzeug.exceptions import NotFound

from jobs import enqueue
from models import deposit_credits, deposits, networks
from models.database import db, release_connection, retrying
from models.deposits import Arrival, Recorded
from models.money import LARGEST
from models.networks import NetworkOff
from models.operators import Role
from models.referrals import SIMULATED_SENDER
from settings import settings
from web.admin import deposits as admin_deposits
from web.admin import order_shapes, shapes
from web.admin.guard import needs
from web.answers import answer
from web.bodies import PLAIN, QueryModel, StrictModel, Usd, read_body, read_query
from web.errors import RETRY_AFTER_SECONDS, ServiceUnavailable
from web.reference.described import described
from web.v1.networks import NetworkCode
from web.v1.products import LATEST_EPOCH


class SimulatedTransfer(StrictModel):
    """A transfer to make up. Without `block_time`, in epoch seconds, it is mined now."""

    network: NetworkCode
    amount_usdt: Annotated[Usd, Field(gt=0, le=LARGEST)]
    tx_hash: Annotated[str, Field(min_length=1, max_length=128), PLAIN] | None = None
    block_time: Annotated[int, Field(ge=0, le=LATEST_EPOCH)] | None = None


class PurchasesQuery(QueryModel):
    """Whose purchases; everybody's, if left out."""

    username: Annotated[str, Field(max_length=64)] | None = None


def route(admin: Blueprint) -> None:
    """Add this resource's addresses."""
    admin.post("/simulate/transfer")(simulate)
    admin.get("/simulate/purchases")(list_purchases)


@needs(Role.OPERATE)
@described(
    shapes.Deposit,
    status=201,
    is_simulation=True,
    body=SimulatedTransfer,
    refusals=(NetworkOff,),
    body_example={"network": "usdt_trc_20", "amount_usdt": "25.00"},
)
def simulate() -> Response:
    """Let a made-up transfer arrive; one that is repeated counts once, as a real one does."""
    if not settings.allow_simulation:
        raise NotFound
    return answer(transfer(read_body(SimulatedTransfer)), 201)


@needs(Role.READ)
@described(list[order_shapes.SandboxPurchase], is_simulation=True, query=PurchasesQuery)
def list_purchases() -> Response:
    """What the made-up provider really sold, by its own book."""
    if not settings.allow_simulation or settings.sandbox_api_url is None:
        raise NotFound
    username = read_query(PurchasesQuery).username
    # Loaded when it is wanted: where there is no sandbox, the web needs none of it.
    from jobs.providers import sandbox
    from jobs.providers.base import ProviderFault

    release_connection()
    try:
        return answer(sandbox.purchases(username))
    except ProviderFault as fault:
        message = f"The sandbox cannot tell ({fault}); try again shortly."
        raise ServiceUnavailable(message, retry_after=RETRY_AFTER_SECONDS) from None


def transfer(made_up: SimulatedTransfer) -> shapes.Deposit:
    """Record the transfer; the deposit that it is. Raises NetworkOff."""
    networks.wallet_of(made_up.network)
    tx_hash = made_up.tx_hash or secrets.token_hex(32)
    mined_at = time.time() if made_up.block_time is None else made_up.block_time
    recorded = _record(made_up.network, Arrival(tx_hash, 0, SIMULATED_SENDER, made_up.amount_usdt, mined_at))
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

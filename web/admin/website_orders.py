"""Orders of a storefront's buyers, who have no account and pay by transfer."""

from typing import Annotated, cast

from flask import Blueprint, Response, g
from pydantic import Field

from models import networks, stock, website_orders
from models.catalogue import ProductNotFound
from models.intents import NoFreeAmount
from models.money import usd
from models.networks import NetworkOff
from models.operators import Role
from models.orders import OrderNotFound
from models.purchases import AboveMaximum, BelowMinimum, InsufficientStock, RecipientMissing
from models.tables import epoch
from models.webhooks import DELIVERED_STATUSES
from web.admin import order_shapes as shapes
from web.admin.guard import needs
from web.answers import answer
from web.bodies import Id, StrictModel, read_body
from web.reference.described import described
from web.telegram_names import Username
from web.v1 import orders as v1_orders
from web.v1.networks import NetworkCode
from web.webhook_urls import WebhookUrl, check_webhook_url


class WebsiteOrder(StrictModel):
    """What a buyer wants, and the network on which he will pay."""

    product_id: Id
    quantity: Annotated[int, Field(ge=1, le=10_000)]
    network: NetworkCode
    webhook_url: WebhookUrl | None = None
    recipient: Username | None = None


def route(admin: Blueprint) -> None:
    """Add this resource's addresses."""
    admin.post("/website-orders")(place_website_order)
    admin.get("/website-orders/<int:order_id>")(show_website_order)


@needs(Role.OPERATE)
@described(
    shapes.WebsiteOrderInFull,
    status=201,
    body=WebsiteOrder,
    refusals=(
        ProductNotFound, BelowMinimum, AboveMaximum, InsufficientStock, RecipientMissing, NetworkOff, NoFreeAmount,
    ),
    body_example={"product_id": 1, "quantity": 2, "network": "usdt_trc_20"},
)  # fmt: skip
def place_website_order() -> Response:
    """Set goods aside, and say what to pay where."""
    body = read_body(WebsiteOrder)
    networks.wallet_of(body.network)
    check_webhook_url(body.webhook_url)
    return answer(view(place(g.operator.name, body)), 201)


@needs(Role.READ)
@described(shapes.WebsiteOrderInFull, refusals=(OrderNotFound,))
def show_website_order(order_id: int) -> Response:
    """One website order; its items, which are the buyer's, are not for those who may only read."""
    document = cast(shapes.WebsiteOrderInFull, view(order_id))  # which are alike but for the items
    if g.operator.role >= Role.OPERATE:
        _add_items(document)
    return answer(document)


def place(actor: str, wanted: WebsiteOrder) -> int:
    """Place what the body asks for; returns the order's id. Raises what `website_orders.place` does."""
    return website_orders.place(
        actor, wanted.product_id, wanted.quantity, wanted.network,
        webhook_url=wanted.webhook_url, recipient=wanted.recipient,
    )  # fmt: skip


def view(order_id: int) -> shapes.WebsiteOrderFacts:
    """A website order: how to pay it, and how it stands. Raises OrderNotFound."""
    order, intent = website_orders.get(order_id)
    return {
        **v1_orders.view(order),
        "payment_address": intent["payment_address"],
        "payment_network": intent["network"],
        "amount_usdt": usd(intent["amount"]),
        "expires_at": epoch(intent["expires_at"]),
        "tx_hash": intent["tx_hash"],
    }


def _add_items(document: shapes.WebsiteOrderInFull) -> None:
    if document["status"] in DELIVERED_STATUSES:
        document["items"] = stock.delivered_to(document["order_id"])

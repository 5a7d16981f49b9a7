"""Orders of a storefront's buyers, who have no account and pay by transfer."""

from typing import Annotated, Any

from flask import Blueprint, Response, g
from pydantic import AfterValidator, Field

from models import networks, stock, website_orders
from models.money import usd
from models.operators import Role
from models.tables import epoch
from models.webhooks import DELIVERED_STATUSES
from web.admin.guard import needs
from web.answers import answer
from web.bodies import Id, StrictModel, plain_text, read_body
from web.telegram_names import Username
from web.v1 import orders as v1_orders
from web.webhook_urls import check_webhook_url


class WebsiteOrder(StrictModel):
    """What a buyer wants, and the network on which he will pay."""

    product_id: Id
    quantity: Annotated[int, Field(ge=1, le=10_000)]
    network: Annotated[str, Field(max_length=40)]
    webhook_url: Annotated[str, Field(max_length=2048), AfterValidator(plain_text)] | None = None
    recipient: Username | None = None


def route(admin: Blueprint) -> None:
    """Add this resource's addresses."""
    admin.post("/website-orders")(place_website_order)
    admin.get("/website-orders/<int:order_id>")(show_website_order)


@needs(Role.OPERATE)
def place_website_order() -> Response:
    """Set goods aside, and say what to pay where."""
    body = read_body(WebsiteOrder)
    networks.wallet_of(body.network)
    check_webhook_url(body.webhook_url)
    return answer(view(place(g.operator.name, body)), 201)


@needs(Role.READ)
def show_website_order(order_id: int) -> Response:
    """One website order; its items, which are the buyer's, are not for those who may only read."""
    document = view(order_id)
    if g.operator.role >= Role.OPERATE:
        document |= items_of(document)
    return answer(document)


def place(actor: str, wanted: WebsiteOrder) -> int:
    """Place what the body asks for; returns the order's id. Raises what `website_orders.place` does."""
    return website_orders.place(
        actor, wanted.product_id, wanted.quantity, wanted.network,
        webhook_url=wanted.webhook_url, recipient=wanted.recipient,
    )  # fmt: skip


def view(order_id: int) -> dict[str, Any]:
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


def items_of(document: dict[str, Any]) -> dict[str, Any]:
    """The field `items` of a website order that has some."""
    if document["status"] not in DELIVERED_STATUSES:
        return {}
    return {"items": stock.delivered_to(document["order_id"])}

"""`flask website-orders`: orders of a storefront's buyers."""

import click

from web.admin.website_orders import WebsiteOrder, place, view
from web.bodies import validate
from web.commands.operator_command import Id, OperatorGroup, actor, given
from web.commands.output import show
from web.webhook_urls import check_webhook_url


@click.group("website-orders", cls=OperatorGroup)
def group() -> None:
    """Orders of a storefront's buyers, who pay by transfer."""


@group.command("create")
@click.option("--product", "product_id", type=Id, required=True)
@click.option("--quantity", type=int, default=1, show_default=True)
@click.option("--network", required=True)
@click.option("--webhook-url")
@click.option("--recipient", help="The Telegram username, where the product is for one.")
def create(product_id: int, quantity: int, network: str, webhook_url: str | None, recipient: str | None) -> None:
    """Set goods aside, and say what to pay where."""
    wanted = validate(
        WebsiteOrder,
        given(product_id=product_id, quantity=quantity, network=network, webhook_url=webhook_url, recipient=recipient),
    )
    check_webhook_url(wanted.webhook_url)
    show(view(place(actor(), wanted)))


@group.command("show")
@click.argument("order_id", type=Id)
def show_order(order_id: int) -> None:
    """Show one website order, without its items."""
    show(view(order_id))

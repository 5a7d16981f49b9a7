"""`flask orders`: clients' orders."""

from typing import get_args

import click

from jobs import enqueue
from models import interventions, listings
from web.admin.order_shapes import AnyOrderStatus
from web.admin.orders import OrdersQuery, Settlement, full_view, settle_by_hand, view
from web.bodies import validate
from web.commands.operator_command import Id, OperatorGroup, actor, given
from web.commands.output import paged, show, show_page

LISTED = ("order_id", "status", "account_id", "product_sku", "quantity", "delivered_quantity", "price_usdt",
          "refunded_usdt", "created_at", "client_reference")  # fmt: skip
REVIEWED = ("order_id", "provider", "provider_order_id", "reference", "recipient", "product_sku", "quantity",
            "price_usdt", "submitted_at", "account_id")  # fmt: skip


@click.group("orders", cls=OperatorGroup)
def group() -> None:
    """Clients' orders."""


@group.command("list")
@click.option("--account", "account_id", type=Id)
@click.option("--status", type=click.Choice(get_args(AnyOrderStatus)))
@click.option("--client-reference")
@click.option("--needs-review", is_flag=True, help="Only those whose provider has not told their end in time.")
@paged
def list_orders(
    account_id: int | None, status: str | None, client_reference: str | None, needs_review: bool, limit: int,
    cursor: str | None,
) -> None:  # fmt: skip
    """Show orders, newest first."""
    query = validate(
        OrdersQuery,
        given(account_id=account_id, status=status, client_reference=client_reference, limit=limit, cursor=cursor,
              needs_review=needs_review or None),
    )  # fmt: skip
    columns = REVIEWED if needs_review else LISTED
    show_page(listings.orders_in_full(query.wanted, query.position), view, columns)


@group.command("show")
@click.argument("order_id", type=Id)
def show_order(order_id: int) -> None:
    """Show one order, without its items."""
    show(full_view(order_id))


@group.command("cancel")
@click.argument("order_id", type=Id)
def cancel(order_id: int) -> None:
    """End an open order that no provider has, and return its money."""
    enqueue.announce(interventions.cancel(actor(), order_id))
    show(full_view(order_id))


@group.command("refund")
@click.argument("order_id", type=Id)
def refund(order_id: int) -> None:
    """Return the money of a delivered order."""
    enqueue.announce(interventions.refund(actor(), order_id))
    show(full_view(order_id))


@group.command("retry")
@click.argument("order_id", type=Id)
def retry(order_id: int) -> None:
    """Have an open order taken up at once."""
    enqueue.fulfil(order_id, interventions.retry(actor(), order_id))
    click.echo(f"Order {order_id} is waiting to be taken up.")


@group.command("settle")
@click.argument("order_id", type=Id)
@click.option("--outcome", type=click.Choice(["delivered", "failed"]), required=True)
@click.option("--note", required=True, help="How you know: it goes on record.")
@click.option("--provider-order-id", help="What the provider calls the order.")
def settle(order_id: int, outcome: str, note: str, provider_order_id: str | None) -> None:
    """End an order that its provider has not told the end of, as you have found out there."""
    found = validate(Settlement, given(outcome=outcome, note=note, provider_order_id=provider_order_id))
    enqueue.announce(settle_by_hand(actor(), order_id, found))
    show(full_view(order_id))

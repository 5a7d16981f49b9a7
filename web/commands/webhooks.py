"""`flask webhooks`: what clients are told of their orders."""

from typing import Any, get_args

import click

from jobs import enqueue
from models import webhooks
from models.tables import WebhookDelivery, epoch
from web.admin.webhooks import view
from web.commands.operator_command import Id, OperatorGroup, actor
from web.commands.output import paged, read_position, show, show_page, show_table
from web.v1.shapes import WebhookState


@click.group("webhooks", cls=OperatorGroup)
def group() -> None:
    """Webhook deliveries."""


@group.command("list")
@click.option("--status", type=click.Choice(get_args(WebhookState)))
@paged
def list_webhooks(status: str | None, limit: int, cursor: str | None) -> None:
    """Show deliveries, newest first."""
    columns = ("id", "status", "attempts", "order_id", "account_id", "event", "created_at", "url")
    show_page(webhooks.listed(status, read_position(limit, cursor)), _view, columns)


@group.command("show")
@click.argument("delivery_id", type=Id)
def show_webhook(delivery_id: int) -> None:
    """Show one delivery, with every attempt and what came of it."""
    delivery = view(webhooks.get(delivery_id))
    show({name: value for name, value in delivery.items() if name != "attempts"})
    show_table(delivery["attempts"], ("number", "at", "status", "error", "duration_ms", "answer"))


@group.command("resend")
@click.argument("delivery_id", type=Id)
def resend(delivery_id: int) -> None:
    """Send a delivery again, with all its retries."""
    webhooks.resend_by_operator(actor(), delivery_id)
    enqueue.deliver(delivery_id)
    click.echo(f"Delivery {delivery_id} is waiting to be sent.")


def _view(delivery: WebhookDelivery) -> dict[str, Any]:
    return {
        "id": delivery.id,
        "status": delivery.state,
        "attempts": delivery.attempts,
        "order_id": delivery.order_id,
        "account_id": delivery.account_id,
        "event": delivery.event,
        "created_at": epoch(delivery.created_at),
        "url": delivery.url,
    }

"""Webhook deliveries of all clients."""

from flask import Blueprint, Response, g

from jobs import enqueue
from models import webhooks
from models.operators import Role
from models.tables import WebhookAttempt, WebhookDelivery
from models.webhooks import WebhookNotFound
from web.admin import order_shapes as shapes
from web.admin.guard import needs
from web.admin.lists import ListQuery
from web.answers import answer
from web.bodies import read_query
from web.reference.described import described
from web.v1.shapes import WebhookState
from web.v1.webhooks import delivery_view


class WebhooksQuery(ListQuery):
    """Which deliveries."""

    status: WebhookState | None = None


def route(admin: Blueprint) -> None:
    """Add this resource's addresses."""
    admin.get("/webhooks")(list_webhooks)
    admin.get("/webhooks/<int:delivery_id>")(show_webhook)
    admin.post("/webhooks/<int:delivery_id>/resend")(resend)


@needs(Role.READ)
@described(shapes.WebhookDelivery, is_page=True, query=WebhooksQuery)
def list_webhooks() -> Response:
    """The deliveries, each with its attempts."""
    query = read_query(WebhooksQuery)
    page = webhooks.listed(query.status, query.position)
    return answer({"items": views(page.items), "next_cursor": page.next_cursor})


@needs(Role.READ)
@described(shapes.WebhookDelivery, refusals=(WebhookNotFound,))
def show_webhook(delivery_id: int) -> Response:
    """One delivery."""
    return answer(view(webhooks.get(delivery_id)))


@needs(Role.OPERATE)
@described(shapes.WebhookDelivery, refusals=(WebhookNotFound,))
def resend(delivery_id: int) -> Response:
    """Send a delivery again, with all its retries."""
    webhooks.resend_by_operator(g.operator.name, delivery_id)
    enqueue.deliver(delivery_id)
    return answer(view(webhooks.get(delivery_id)))


def view(delivery: WebhookDelivery) -> shapes.WebhookDelivery:
    """A delivery with its attempts."""
    return views([delivery])[0]


def views(deliveries: list[WebhookDelivery]) -> list[shapes.WebhookDelivery]:
    """Deliveries as operators see them: what the client sees, and whose each is."""
    return [_view(delivery, attempts) for delivery, attempts in webhooks.with_attempts(deliveries)]


def _view(delivery: WebhookDelivery, attempts: list[WebhookAttempt]) -> shapes.WebhookDelivery:
    return {
        **delivery_view(delivery, attempts),
        "order_id": delivery.order_id,
        "account_id": delivery.account_id,
    }

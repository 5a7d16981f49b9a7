"""The delivery log of an order's webhooks."""

from typing import cast

from flask import Blueprint, Response
from peewee import IntegrityError

from jobs import enqueue
from models import webhooks
from models.database import db
from models.idempotency import IdempotencyKey
from models.money import dumps
from models.orders import OrderNotFound
from models.tables import WebhookAttempt, WebhookDelivery, epoch
from models.webhooks import WebhookNotFound
from web.answers import answer
from web.idempotency import first_answer, keep, read_key
from web.reference.described import described
from web.v1 import shapes
from web.v1.orders import get_own
from web.v1.shapes import WebhookState


def route(v1: Blueprint) -> None:
    """Add this resource's addresses."""
    v1.get("/orders/<int:order_id>/webhooks")(list_webhooks)
    v1.post("/orders/<int:order_id>/webhooks/resend")(resend_webhook)


@described(shapes.WebhookLog, refusals=(OrderNotFound,))
def list_webhooks(order_id: int) -> Response:
    """Each event of the order, with the attempts to tell it."""
    order = get_own(order_id)
    return answer(_log(order["id"]))


@described(shapes.WebhookEvent, refusals=(OrderNotFound, WebhookNotFound))
def resend_webhook(order_id: int) -> Response:
    """Send the latest event again, with all its retries."""
    key = read_key()
    order = get_own(order_id)
    return first_answer(key) or _resend(order["id"], key)


def _resend(order_id: int, key: IdempotencyKey | None) -> Response:
    delivery_id = webhooks.latest_of_order(order_id)
    try:
        with db.atomic():
            webhooks.resend(delivery_id)
            # Without the log: receivers' answers may echo items, and this text is kept with the key as it is.
            text = dumps(event_view(webhooks.get(delivery_id)))
            if key is not None:
                keep(key, text)
    except IntegrityError:
        twin = first_answer(key)  # a request with the same key was a moment faster
        if twin is None:
            raise
        return twin
    enqueue.deliver(delivery_id)
    return Response(text, mimetype="application/json")


def _log(order_id: int) -> shapes.WebhookLog:
    deliveries = [delivery_view(delivery, attempts) for delivery, attempts in webhooks.of_order(order_id)]
    return {"items": deliveries, "next_cursor": None}


def delivery_view(delivery: WebhookDelivery, attempts: list[WebhookAttempt]) -> shapes.WebhookDelivery:
    """A delivery and its attempts, as clients and operators see them."""
    return {**event_view(delivery), "attempts": [attempt_view(attempt) for attempt in attempts]}


def event_view(delivery: WebhookDelivery) -> shapes.WebhookEvent:
    """A delivery without its attempts."""
    return {
        "id": delivery.id,
        "webhook_id": delivery.webhook_id,
        "event": delivery.event,
        "url": delivery.url,
        "status": cast(WebhookState, delivery.state),
        "created_at": epoch(delivery.created_at),
        "next_attempt_at": epoch(delivery.due_at) if delivery.state == "pending" else None,
    }


def attempt_view(attempt: WebhookAttempt) -> shapes.WebhookAttempt:
    """One attempt; `answer` is the start of what the receiver said."""
    return {
        "number": attempt.number,
        "at": epoch(attempt.at),
        "status": attempt.status,
        "error": attempt.error,
        "duration_ms": attempt.duration_ms,
        "answer": webhooks.answer_to(attempt),
    }

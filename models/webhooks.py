"""What clients are to be told of their orders and top-ups: one delivery for each event,
with the log of the attempts to make it.

A delivery is written in the transaction that makes the event true, so neither exists without the other. Its body is
fixed then, but for the items, which are never stored in clear and are added as each attempt is made.
"""

import secrets
import time
from typing import Any
from urllib.parse import urlsplit

from models import audit, telegram_orders, vault
from models.database import Row, changed, db, row, rows
from models.errors import Refusal
from models.leases import in_units
from models.money import dumps, usd
from models.paging import Cursor, Page, page_of
from models.tables import WebhookAttempt, WebhookDelivery, epoch

TRIES = 6  # one attempt and five retries
DELIVERED_STATUSES = frozenset({"completed", "partial", "refunded"})


class WebhookNotFound(Refusal):
    status, code = 404, "webhook_not_found"


def record(order: Row) -> int:
    """Note that the client is to be told of the order's present status; returns the delivery's id."""
    return _write(order, order["status"], _body(order), order_id=order["id"])


def record_topup(intent_id: int) -> int:
    """Note that the client is to be told that a top-up was credited; returns the delivery's id."""
    [topup] = rows(
        "SELECT i.*, d.amount AS credited, d.tx_hash FROM payment_intents i JOIN deposits d ON d.id = i.deposit_id"
        " WHERE i.id = %(id)s",
        {"id": intent_id},
    )
    event = f"credited_{topup['credited_how']}"
    body = {
        "topup_id": str(topup["public_id"]),
        "status": event,
        "payment_network": topup["network"],
        "requested_usdt": usd(topup["requested"]),
        "amount_usdt": usd(topup["amount"]),
        "credited_usdt": usd(topup["credited"]),
        "tx_hash": topup["tx_hash"],
        "fired_at": int(time.time()),
    }
    return _write(topup, event, body, intent_id=intent_id)


def _write(
    of: Row, event: str, body: dict[str, Any], *, order_id: int | None = None, intent_id: int | None = None
) -> int:
    [made] = rows(
        """
        INSERT INTO webhook_deliveries (webhook_id, order_id, intent_id, account_id, key_id, url, host, event, body,
            tries_left)
        VALUES (%(webhook_id)s, %(order_id)s, %(intent_id)s, %(account_id)s, %(key_id)s, %(url)s, %(host)s, %(event)s,
            %(body)s, %(n)s)
        RETURNING id
        """,
        {
            "webhook_id": "msg_" + secrets.token_hex(12), "order_id": order_id, "intent_id": intent_id,
            "account_id": of["account_id"], "key_id": of["key_id"], "url": of["webhook_url"],
            "host": _host(of["webhook_url"]), "event": event, "body": dumps(body), "n": TRIES,
        },
    )  # fmt: skip
    return int(made["id"])


def _body(order: Row) -> dict[str, Any]:
    """What the client is told; a field `items`, where there is one, is filled in for each attempt."""
    body = {
        "order_id": order["id"],
        "status": order["status"],
        "price_usdt": usd(order["price"]),
        "quantity": in_units(order["quantity"], order["parts"]),
        "error_message": order["error_message"],
        "refunded": order["refunded"] > 0,
        "fired_at": epoch(order["updated_at"]),
        "client_reference": order["client_reference"],
        "delivered_quantity": in_units(order["delivered_quantity"], order["parts"]),
        "refunded_usdt": usd(order["refunded"]),
    }
    if order["surface"] == "v2":
        return body | telegram_orders.state(order) | telegram_orders.wish(order)
    return body | {"product_id": order["product_id"], "items": []}


def _host(url: str) -> str:
    """Whom attempts are counted against: the host as the address spells it, and the port."""
    parts = urlsplit(url)
    return f"{(parts.hostname or '').rstrip('.')}:{parts.port or (443 if parts.scheme == 'https' else 80)}"


def resend(delivery_id: int) -> None:
    """Make a delivery due now, with all its tries again. Raises WebhookNotFound.

    An attempt that is under way loses its lease: its outcome is put on record, and decides nothing any more.
    """
    sql = """
        UPDATE webhook_deliveries SET state = 'pending', tries_left = %(n)s, due_at = now(), finished_at = NULL,
            lease_token = lease_token + 1, lease_until = '-infinity'
        WHERE id = %(id)s
    """
    if not changed(sql, {"id": delivery_id, "n": TRIES}):
        raise WebhookNotFound(f"There is no webhook delivery {delivery_id}.")


def resend_by_operator(actor: str, delivery_id: int) -> None:
    """The same, on record. Raises WebhookNotFound."""
    with db.atomic():
        resend(delivery_id)
        audit.record(actor, "webhook.resend", f"webhook:{delivery_id}")


def latest_of_order(order_id: int) -> int:
    """The delivery of the order's last event. Raises WebhookNotFound."""
    found = row("SELECT id FROM webhook_deliveries WHERE order_id = %(id)s ORDER BY id DESC LIMIT 1", {"id": order_id})
    if found is None:
        raise WebhookNotFound("No webhook was sent for this order: it has no webhook_url, or it is not final yet.")
    return int(found["id"])


def of_order(order_id: int) -> list[tuple[WebhookDelivery, list[WebhookAttempt]]]:
    """The order's deliveries, first event first, each with its attempts that have an outcome."""
    deliveries = WebhookDelivery.select().where(WebhookDelivery.order_id == order_id).order_by(WebhookDelivery.id)
    return with_attempts(list(deliveries))


def with_attempts(deliveries: list[WebhookDelivery]) -> list[tuple[WebhookDelivery, list[WebhookAttempt]]]:
    """Each of the deliveries with its attempts that have an outcome."""
    attempts = WebhookAttempt.select().where(
        WebhookAttempt.delivery_id.in_([delivery.id for delivery in deliveries])
        & (WebhookAttempt.status.is_null(False) | WebhookAttempt.error.is_null(False))
    )
    by_delivery: dict[int, list[WebhookAttempt]] = {delivery.id: [] for delivery in deliveries}
    for attempt in attempts.order_by(WebhookAttempt.id):
        by_delivery[attempt.delivery_id].append(attempt)
    return [(delivery, by_delivery[delivery.id]) for delivery in deliveries]


def answer_to(attempt: WebhookAttempt) -> str:
    """The start of what the receiver answered; encrypted at rest, because some echo the items that they were sent."""
    return vault.decrypt(attempt.answer_ciphertext) if attempt.answer_ciphertext else ""


def get(delivery_id: int) -> WebhookDelivery:
    """One delivery. Raises WebhookNotFound."""
    found: WebhookDelivery | None = WebhookDelivery.get_or_none(WebhookDelivery.id == delivery_id)
    if found is None:
        raise WebhookNotFound(f"There is no webhook delivery {delivery_id}.")
    return found


def listed(state: str | None, cursor: Cursor) -> Page[WebhookDelivery]:
    """All deliveries, newest first, of one state if one is named."""
    query = WebhookDelivery.select()
    return page_of(query.where(WebhookDelivery.state == state) if state else query, WebhookDelivery.id, cursor)

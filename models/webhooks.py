"""What clients are to be told of their orders: one delivery for each event, its attempts, and who may make one.

A delivery is written in the transaction that makes the event true, so neither exists without the other. Its body is
fixed then, but for the items, which are never stored in clear and are added as each attempt is made.
"""

import secrets
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import simplejson

from models import audit, stock
from models.database import Row, changed, db, row, rows
from models.errors import Refusal
from models.money import dumps, usd
from models.paging import Cursor, Page, page_of
from models.tables import WebhookAttempt, WebhookDelivery, epoch

TRIES = 6  # one attempt and five retries
LEASE_SECONDS = 30
PER_HOST = 4
PER_ACCOUNT = 16
ANSWER_LENGTH = 2048
HOST_LOCK = 7202  # the class of the advisory locks that are taken on a host's name
DELIVERED_STATUSES = frozenset({"completed", "partial", "refunded"})


class WebhookNotFound(Refusal):
    status, code = 404, "webhook_not_found"


@dataclass(frozen=True, slots=True)
class Sending:
    """A claimed delivery: what to send where, and the lease to finish it under."""

    delivery_id: int
    webhook_id: str
    token: int
    attempt: int
    url: str
    host: str
    key_id: int | None
    order_id: int | None
    account_id: int
    tries_left: int
    body: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Attempt:
    """How one attempt went: an HTTP status, or an error where there was none; `answer` is the start of its body."""

    status: int | None
    error: str | None
    duration_ms: int
    answer: str


def record(order: Row) -> int:
    """Note that the client is to be told of the order's present status; returns the delivery's id."""
    body = {
        "order_id": order["id"],
        "status": order["status"],
        "price_usdt": usd(order["price"]),
        "quantity": order["quantity"],
        "product_id": order["product_id"],
        "error_message": order["error_message"],
        "refunded": order["refunded"] > 0,
        "refunded_usdt": usd(order["refunded"]),
        "delivered_quantity": order["delivered_quantity"],
        "client_reference": order["client_reference"],
        "fired_at": epoch(order["updated_at"]),
    }
    [made] = rows(
        """
        INSERT INTO webhook_deliveries (webhook_id, order_id, account_id, key_id, url, host, event, body, tries_left)
        VALUES (%(webhook_id)s, %(order_id)s, %(account_id)s, %(key_id)s, %(url)s, %(host)s, %(event)s, %(body)s, %(n)s)
        RETURNING id
        """,
        {
            "webhook_id": "msg_" + secrets.token_hex(12), "order_id": order["id"], "account_id": order["account_id"],
            "key_id": order["key_id"], "url": order["webhook_url"], "host": _host(order["webhook_url"]),
            "event": order["status"], "body": dumps(body), "n": TRIES,
        },
    )  # fmt: skip
    return int(made["id"])


def claim(delivery_id: int) -> Sending | None:
    """Take a delivery that is due; None when it is not, or when its host or account has its share of attempts under way.

    One that is left waiting for that reason is found again when an attempt to its host ends, or by the sweep.
    """
    with db.atomic():
        found = row("SELECT host FROM webhook_deliveries WHERE id = %(id)s", {"id": delivery_id})
        if found is None:
            return None
        # Two workers that count at once would both find room for one more.
        rows("SELECT pg_advisory_xact_lock(%(lock)s, hashtext(%(host)s))", {"lock": HOST_LOCK, "host": found["host"]})
        taken = row(
            """
            UPDATE webhook_deliveries d SET lease_token = lease_token + 1, attempts = attempts + 1,
                lease_until = now() + make_interval(secs => %(lease)s), due_at = now() + make_interval(secs => %(lease)s)
            WHERE id = %(id)s AND state = 'pending' AND due_at <= now() AND lease_until < now()
                AND (SELECT count(*) FROM webhook_deliveries o WHERE o.host = d.host AND o.state = 'pending'
                     AND o.lease_until >= now()) < CASE WHEN EXISTS (
                        SELECT 1 FROM webhook_deliveries f JOIN webhook_attempts a ON a.delivery_id = f.id
                        WHERE f.host = d.host AND f.state = 'pending' AND f.attempts > 0 AND a.status IS NULL
                            AND a.at > now() - interval '1 minute'
                     ) THEN 1 ELSE %(per_host)s END
                AND (SELECT count(*) FROM webhook_deliveries o WHERE o.account_id = d.account_id AND o.state = 'pending'
                     AND o.lease_until >= now()) < %(per_account)s
            RETURNING *, body::text AS body_text
            """,
            {"id": delivery_id, "lease": LEASE_SECONDS, "per_host": PER_HOST, "per_account": PER_ACCOUNT},
        )
    if taken is None:
        return None
    return Sending(
        delivery_id=taken["id"], webhook_id=taken["webhook_id"], token=taken["lease_token"], attempt=taken["attempts"],
        url=taken["url"], host=taken["host"], key_id=taken["key_id"], order_id=taken["order_id"],
        account_id=taken["account_id"], tries_left=taken["tries_left"],
        body=simplejson.loads(taken["body_text"], use_decimal=True),
    )  # fmt: skip


def payload(sending: Sending) -> str:
    """The body to send, as JSON, with the items where the order delivered some."""
    body = dict(sending.body)
    if "product_id" in body:
        delivered = body["status"] in DELIVERED_STATUSES and sending.order_id is not None
        body["items"] = stock.delivered_to(sending.order_id) if delivered and sending.order_id else []
    return dumps(body)


def finish(sending: Sending, attempt: Attempt, *, delivered: bool, retry_in: float | None) -> None:
    """Write an attempt down, and end the delivery or make it due again in `retry_in` seconds (None: no more tries).

    When the lease was lost meanwhile, the attempt is on record all the same, and the delivery is left as it is.
    """
    with db.atomic():
        changed(
            "INSERT INTO webhook_attempts (delivery_id, number, status, error, duration_ms, answer)"
            " VALUES (%(id)s, %(n)s, %(status)s, %(error)s, %(ms)s, %(answer)s)",
            {"id": sending.delivery_id, "n": sending.attempt, "status": attempt.status, "error": attempt.error,
             "ms": attempt.duration_ms, "answer": attempt.answer.replace("\0", "")[:ANSWER_LENGTH]},
        )  # fmt: skip
        state = "delivered" if delivered else "pending" if retry_in is not None else "fired"
        changed(
            """
            UPDATE webhook_deliveries SET state = %(state)s, tries_left = tries_left - 1, lease_until = '-infinity',
                due_at = now() + make_interval(secs => %(retry_in)s),
                finished_at = CASE WHEN %(state)s = 'pending' THEN NULL ELSE now() END
            WHERE id = %(id)s AND lease_token = %(token)s
            """,
            {"id": sending.delivery_id, "token": sending.token, "state": state, "retry_in": retry_in or 0},
        )


def due(limit: int) -> list[int]:
    """Deliveries whose next attempt is due, longest due first, at most a share of them for any one host."""
    found = rows(
        """
        SELECT id FROM (
            SELECT id, due_at, row_number() OVER (PARTITION BY host ORDER BY due_at) AS place FROM webhook_deliveries
            WHERE state = 'pending' AND due_at <= now() AND lease_until < now()
        ) AS waiting WHERE place <= %(per_host)s ORDER BY due_at LIMIT %(limit)s
        """,
        {"per_host": PER_HOST, "limit": limit},
    )
    return [found_row["id"] for found_row in found]


def next_due_at_host(host: str) -> int | None:
    """The delivery that has waited longest for an attempt to this host, if one is due."""
    found = row(
        "SELECT id FROM webhook_deliveries WHERE host = %(host)s AND state = 'pending' AND due_at <= now()"
        " AND lease_until < now() ORDER BY due_at LIMIT 1",
        {"host": host},
    )
    return found["id"] if found else None


def resend(delivery_id: int) -> None:
    """Make a delivery due now, with all its tries again. Raises WebhookNotFound."""
    sql = """
        UPDATE webhook_deliveries SET state = 'pending', tries_left = %(n)s, due_at = now(), finished_at = NULL
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
    found = row(
        "SELECT id FROM webhook_deliveries WHERE order_id = %(id)s ORDER BY id DESC LIMIT 1", {"id": order_id}
    )
    if found is None:
        raise WebhookNotFound("No webhook was sent for this order: it has no webhook_url, or it is not final yet.")
    return int(found["id"])


def of_order(order_id: int) -> list[tuple[WebhookDelivery, list[WebhookAttempt]]]:
    """The order's deliveries, first event first, each with its attempts."""
    deliveries = list(WebhookDelivery.select().where(WebhookDelivery.order_id == order_id).order_by(WebhookDelivery.id))
    attempts = WebhookAttempt.select().where(WebhookAttempt.delivery_id.in_([d.id for d in deliveries]))
    by_delivery: dict[int, list[WebhookAttempt]] = {delivery.id: [] for delivery in deliveries}
    for attempt in attempts.order_by(WebhookAttempt.id):
        by_delivery[attempt.delivery_id].append(attempt)
    return [(delivery, by_delivery[delivery.id]) for delivery in deliveries]


def listed(state: str | None, cursor: Cursor) -> Page[WebhookDelivery]:
    """All deliveries, newest first, of one state if one is named."""
    query = WebhookDelivery.select()
    return page_of(query.where(WebhookDelivery.state == state) if state else query, WebhookDelivery.id, cursor)


def _host(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.hostname}:{parts.port or (443 if parts.scheme == 'https' else 80)}"

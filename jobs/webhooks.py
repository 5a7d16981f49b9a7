"""Send a webhook: claim it, make one attempt, and decide what comes next."""

import random
import time
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import dramatiq
import structlog

from jobs import enqueue, outbound, queues, signing
from jobs.outbound import Exchange, Undeliverable
from models import keys, webhook_sending
from models.database import db
from models.webhook_sending import Attempt, Sending
from settings import settings

LONGEST_RETRY_AFTER_SECONDS = 3600.0
RETRY_FACTOR = 6.0
JITTER = 0.1
BUSY_STATUSES = frozenset({429, 503})  # those whose Retry-After is heeded

log = structlog.get_logger()


@dramatiq.actor(actor_name=queues.DELIVER_WEBHOOK, queue_name=queues.WEBHOOKS)
def deliver(delivery_id: int) -> None:
    """Make one attempt, unless the delivery is not due, or has to wait for its turn."""
    sending = webhook_sending.claim(delivery_id)
    if sending is None:
        return
    attempt, retry_in = _attempt(sending)
    webhook_sending.finish(sending, attempt, retry_in=retry_in)
    log.info(
        "webhook.attempt", delivery_id=delivery_id, order_id=sending.order_id, host=sending.host,
        attempt=sending.attempt, status=attempt.status, error=attempt.error, duration_ms=attempt.duration_ms,
    )  # fmt: skip
    waiting = webhook_sending.next_due_at_host(sending.host)
    db.close()
    for next_id in waiting:
        enqueue.deliver(next_id)


def _attempt(sending: Sending) -> tuple[Attempt, float | None]:
    """Send the message once; returns how that went, and in how many seconds to try again (None: not again)."""
    body = webhook_sending.payload(sending)
    secret = keys.secret_of(sending.key_id)
    headers = signing.headers(sending.webhook_id, sending.attempt, body, secret, int(time.time()))
    db.close()  # no connection is kept while a stranger takes its time
    result: Exchange | Undeliverable
    try:
        result = outbound.post(sending.url, body, headers, allow_private=settings.webhook_allow_private)
        attempt = Attempt(result.status, None, result.duration_ms, result.answer)
    except Undeliverable as error:
        result = error
        attempt = Attempt(None, str(error), error.duration_ms, timed_out=error.timed_out)
    again = sending.tries_left > 0 and not attempt.delivered and is_worth_a_retry(result)
    return attempt, retry_delay(sending.tries_used, result) if again else None


def is_worth_a_retry(result: Exchange | Undeliverable) -> bool:
    """Whether a failed attempt may go better later: the receiver is broken, busy or out of reach."""
    if isinstance(result, Undeliverable):
        return not result.permanent
    return 500 <= result.status < 600 or result.status in (408, 429)


def retry_delay(tries_used: int, result: Exchange | Undeliverable) -> float:
    """Seconds until the next attempt: six times longer after each, and longer still where the receiver asks for it."""
    spread = random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311 - it spreads load, and guards nothing
    own = settings.webhook_retry_base_seconds * RETRY_FACTOR ** (tries_used - 1) * spread
    if isinstance(result, Exchange) and result.status in BUSY_STATUSES and result.retry_after:
        return max(own, min(_read_retry_after(result.retry_after), LONGEST_RETRY_AFTER_SECONDS))
    return own


def _read_retry_after(value: str) -> float:
    """The header's seconds, or the time until its date; 0 when it is neither."""
    if value.isascii() and value.isdigit():
        return float(value)
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return 0.0
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())

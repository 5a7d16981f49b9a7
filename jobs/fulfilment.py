"""Fulfil an order: claim it, let its provider deliver, and settle what came of it."""

import dramatiq
import structlog

from jobs import enqueue, queues
from jobs.providers import PROVIDERS
from models import leases, settlement

log = structlog.get_logger()


@dramatiq.actor(actor_name=queues.FULFIL_ORDER, queue_name=queues.FULFILMENT)
def fulfil(order_id: int) -> None:
    """Take the order up, unless it is final or somebody is at it."""
    structlog.contextvars.bind_contextvars(order_id=order_id)
    lease = leases.claim(order_id)
    if lease is None:
        log.info("order.not_claimed")
        return
    if lease.overdue:
        ended = settlement.expire(order_id, lease)
    else:
        ended = settlement.settle(lease, PROVIDERS[lease.provider].deliver(lease))
    if ended is None:
        log.warning("order.settled_elsewhere", lease_token=lease.token)
        return
    log.info("order.ended", status=ended.status, lease_token=lease.token)
    enqueue.announce(ended)

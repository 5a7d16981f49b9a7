"""Fulfil an order from our own items: claim it, and settle it with what is in stock."""

import dramatiq
import structlog

from jobs import enqueue, queues
from models import leases, settlement
from models.settlement import FromStock

log = structlog.get_logger()


@dramatiq.actor(actor_name=queues.FULFIL_ORDER, queue_name=queues.FULFILMENT)
def fulfil(order_id: int) -> None:
    """Take the order up, unless it is final or somebody is at it."""
    structlog.contextvars.bind_contextvars(order_id=order_id)
    lease = leases.claim(order_id)
    if lease is None:
        log.info("order.not_claimed")
        return
    ended = settlement.expire(order_id, lease) if lease.overdue else settlement.settle(lease, FromStock())
    if ended is None:
        log.warning("order.settled_elsewhere", lease_token=lease.token)
        return
    log.info("order.ended", status=ended.status, lease_token=lease.token)
    enqueue.announce(ended)

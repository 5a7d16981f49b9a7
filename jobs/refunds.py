"""The safety net under refunds: money goes back in the transaction that ends an order, so what is left to do here is
to end the orders that nothing took up before their deadline."""

import dramatiq
import structlog
from peewee import PeeweeException

from jobs import enqueue, queues, ticks
from models import leases, settlement

BATCH = 500
log = structlog.get_logger()


@dramatiq.actor(actor_name=ticks.RETURN_MONEY, queue_name=queues.UPKEEP, max_retries=0)
def expire_overdue(sent_at: float) -> None:
    """Expire overdue orders, each in a transaction of its own."""
    if ticks.is_stale(ticks.RETURN_MONEY, sent_at):
        return
    while overdue := leases.overdue(BATCH):
        ended = [order_id for order_id in overdue if _expire(order_id)]
        if len(overdue) < BATCH or not ended:
            return


def _expire(order_id: int) -> bool:
    """Expire one order; a fault with it must not keep the others' money."""
    try:
        ended = settlement.expire(order_id)
    except PeeweeException:
        log.exception("order.expiry_failed", order_id=order_id)
        return False
    if ended is not None:
        log.info("order.ended", order_id=order_id, status=ended.status)
        enqueue.announce(ended)
    return ended is not None

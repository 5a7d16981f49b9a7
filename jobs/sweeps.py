"""Find what Redis lost, or what nobody has taken up: every order and webhook is written down with when to look after it."""

import dramatiq

from jobs import enqueue, queues, ticks
from models import settlement, webhooks

BATCH = 200


@dramatiq.actor(actor_name=ticks.WAKE_ORDERS, queue_name=queues.UPKEEP, max_retries=0)
def wake_orders(sent_at: float) -> None:
    """Enqueue open orders whose message must have been lost."""
    if ticks.is_stale(ticks.WAKE_ORDERS, sent_at):
        return
    for order_id in settlement.due_to_wake(BATCH):
        enqueue.fulfil(order_id)


@dramatiq.actor(actor_name=ticks.WAKE_WEBHOOKS, queue_name=queues.UPKEEP, max_retries=0)
def wake_webhooks(sent_at: float) -> None:
    """Enqueue webhooks whose next attempt is due."""
    if ticks.is_stale(ticks.WAKE_WEBHOOKS, sent_at):
        return
    for delivery_id in webhooks.due(BATCH):
        enqueue.deliver(delivery_id)

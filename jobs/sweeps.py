"""Find what Redis lost, or nobody has taken up: each order and webhook is written down with when to look after it."""

import dramatiq

from jobs import enqueue, queues, ticks
from jobs.broker import broker
from models import leases, telegram_users, webhook_sending

BATCH = 200
ENOUGH_MESSAGES = 1000  # what is due stays due until it is taken: while workers are down, more would only heap up


@dramatiq.actor(actor_name=ticks.WAKE_ORDERS, queue_name=queues.UPKEEP, max_retries=0)
def wake_orders(sent_at: float) -> None:
    """Enqueue open orders whose message must have been lost, and those to be looked up at their provider again."""
    if ticks.is_stale(ticks.WAKE_ORDERS, sent_at):
        return
    for queue in (queues.FULFILMENT, queues.PROVIDERS):
        if broker.do_qsize(queue) >= ENOUGH_MESSAGES:
            continue
        for order in leases.due_to_wake(BATCH, from_stock=queue == queues.FULFILMENT):
            enqueue.fulfil(order["id"], order["provider"])


@dramatiq.actor(actor_name=ticks.WAKE_WEBHOOKS, queue_name=queues.UPKEEP, max_retries=0)
def wake_webhooks(sent_at: float) -> None:
    """Enqueue webhooks whose next attempt is due."""
    if ticks.is_stale(ticks.WAKE_WEBHOOKS, sent_at):
        return
    webhook_sending.end_spent()
    if broker.do_qsize(queues.WEBHOOKS) >= ENOUGH_MESSAGES:
        return
    for delivery_id in webhook_sending.due(BATCH):
        enqueue.deliver(delivery_id)


@dramatiq.actor(actor_name=ticks.WAKE_CHATS, queue_name=queues.UPKEEP, max_retries=0)
def wake_chats(sent_at: float) -> None:
    """Enqueue the Telegram users who wait for an answer, or are to be told something."""
    if ticks.is_stale(ticks.WAKE_CHATS, sent_at) or broker.do_qsize(queues.TELEGRAM) >= ENOUGH_MESSAGES:
        return
    for user_id in telegram_users.due():
        enqueue.talk(user_id)

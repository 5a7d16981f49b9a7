"""Wake a worker. PostgreSQL has already committed what is to be done, so a message that is lost is only a delay.

Messages are made by name, so that whoever enqueues does not import what the job needs.
"""

import time

import dramatiq
import redis
import structlog

from jobs import queues
from jobs.broker import broker
from jobs.waiting import publish
from models.settlement import Ended

log = structlog.get_logger()


def fulfil(order_id: int) -> None:
    """Have an order taken up."""
    _send(queues.FULFIL_ORDER, order_id)


def deliver(delivery_id: int) -> None:
    """Have a webhook sent."""
    _send(queues.DELIVER_WEBHOOK, delivery_id)


def announce(ended: Ended) -> None:
    """Tell those who wait for an order that it is final: requests, and the client's webhook."""
    publish(ended.order_id)
    if ended.delivery_id is not None:
        deliver(ended.delivery_id)


def tick(job: str) -> None:
    """Have a periodic job run; it drops messages that have become stale."""
    _send(job, time.time())


def _send(job: str, argument: int | float) -> None:
    message: dramatiq.Message[None] = dramatiq.Message(
        queue_name=queues.QUEUE_OF_JOB.get(job, queues.UPKEEP),
        actor_name=job,
        args=(argument,),
        kwargs={},
        options={"request_id": structlog.contextvars.get_contextvars().get("request_id")},
    )
    try:
        broker.enqueue(message)
    except (redis.RedisError, dramatiq.BrokerError) as error:
        # Never raised to whoever has just committed: the sweep finds the order or webhook within seconds.
        log.warning("enqueue.failed", job_to_run=job, argument=argument, error=type(error).__name__)

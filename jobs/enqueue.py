"""Wake a worker. PostgreSQL has already committed what is to be done, so a message that is lost is only a delay.

Messages are made by name, so that whoever enqueues does not import what the job needs.
"""

import time
from typing import cast
from uuid import uuid4

import dramatiq
import redis
import structlog

from jobs import queues
from jobs.broker import broker
from jobs.redis_calls import RedisCalls, Script
from jobs.waiting import publish
from models.database import release_connection
from models.settlement import Ended
from settings import settings

SECONDS = 1.0
CONNECTIONS = 50
NO_MAINTENANCE = 0  # workers see to that
LUA_STACK = 1000  # how many values a script may unpack; this command unpacks none

log = structlog.get_logger()

# The script behind Dramatiq's own `enqueue` (2.2): its arguments are named at its head. A test holds the two together.
_dispatch = Script(
    RedisCalls(settings.broker_url, SECONDS, CONNECTIONS), cast(bytes, broker.scripts["dispatch"].script)
)


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


def tick(job: str, about: str | None = None) -> None:
    """Have a periodic job run, on what it is to look after; it drops messages that have become stale."""
    _send(job, time.time(), *((about,) if about else ()))


def _send(job: str, *arguments: int | float | str) -> None:
    redis_message_id = str(uuid4())
    message: dramatiq.Message[None] = dramatiq.Message(
        queue_name=queues.QUEUE_OF_JOB.get(job, queues.UPKEEP),
        actor_name=job,
        args=arguments,
        kwargs={},
        options={
            "redis_message_id": redis_message_id,
            "request_id": structlog.contextvars.get_contextvars().get("request_id"),
        },
    )
    release_connection()
    now = int(time.time() * 1000)
    try:
        _dispatch(
            [broker.namespace],
            ["enqueue", now, message.queue_name, broker.broker_id, broker.heartbeat_timeout, broker.dead_message_ttl,
             NO_MAINTENANCE, LUA_STACK, redis_message_id, message.encode()],
        )  # fmt: skip
    except redis.RedisError as error:
        # Never raised to whoever has just committed: the sweep finds the order or webhook within seconds.
        log.warning("enqueue.failed", job_to_run=job, arguments=arguments, error=type(error).__name__)

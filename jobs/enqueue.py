"""Wake a worker. PostgreSQL has already committed what is to be done, so a message that is lost is only a delay.

Messages are made by name, so that whoever enqueues does not import what the job needs. They are what Dramatiq's own
`enqueue` (2.2) would leave in Redis, and a test holds the two together; but its script takes Redis 30 µs, and these two
commands 18, and it notes each process that enqueues as a worker that is alive.
"""

import json
import secrets
import time

import redis
import structlog

from jobs import queues
from jobs.broker import broker
from jobs.redis_calls import RedisCalls
from jobs.waiting import publish
from models.database import release_connection
from models.leases import STOCK
from models.settlement import Ended
from settings import settings

SECONDS = 1.0
CONNECTIONS = 50

log = structlog.get_logger()

_broker_calls = RedisCalls(settings.broker_url, SECONDS, CONNECTIONS)
_as_json = json.JSONEncoder(separators=(",", ":")).encode


def fulfil(order_id: int, provider: str) -> None:
    """Have an order taken up: from stock, or by whoever its provider is."""
    _send(queues.FULFIL_ORDER if provider == STOCK else queues.PURCHASE_ORDER, order_id)


def deliver(delivery_id: int) -> None:
    """Have a webhook sent."""
    _send(queues.DELIVER_WEBHOOK, delivery_id)


def talk(user_id: int) -> None:
    """Have a Telegram user answered, and told what he is to be told."""
    _send(queues.TALK, user_id)


def announce(ended: Ended) -> None:
    """Tell those who wait for an order that it is final: requests, and the client's webhook."""
    publish(ended.order_id)
    if ended.delivery_id is not None:
        deliver(ended.delivery_id)


def tick(job: str, about: str | None = None) -> None:
    """Have a periodic job run, on what it is to look after; it drops messages that have become stale."""
    _send(job, time.time(), *((about,) if about else ()))


def lengths() -> dict[str, int]:
    """How many messages wait for a worker, by queue. Raises RedisError."""
    waiting = _broker_calls.call(*(("LLEN", f"{broker.namespace}:{queue}") for queue in queues.ALL))
    return dict(zip(queues.ALL, waiting, strict=True))


def _send(job: str, *arguments: int | float | str) -> None:
    message_id = secrets.token_hex(16)
    queue_name = queues.QUEUE_OF_JOB.get(job, queues.UPKEEP)
    message = {
        "queue_name": queue_name,
        "actor_name": job,
        "args": arguments,
        "kwargs": {},
        "options": {
            "redis_message_id": message_id,
            "request_id": structlog.contextvars.get_contextvars().get("request_id"),
        },
        "message_id": message_id,
        "message_timestamp": int(time.time() * 1000),
    }
    release_connection()
    queue = f"{broker.namespace}:{queue_name}"
    try:
        _broker_calls.call(("HSET", f"{queue}.msgs", message_id, _as_json(message)), ("RPUSH", queue, message_id))
    except redis.RedisError as error:
        # Never raised to whoever has just committed: the sweep finds the order or webhook within seconds.
        log.warning("enqueue.failed", job_to_run=job, arguments=arguments, error=type(error).__name__)

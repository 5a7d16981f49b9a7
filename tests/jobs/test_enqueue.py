"""Messages, as our short way enqueues them, beside Dramatiq's own."""

from typing import Any

import dramatiq
import redis
import structlog

from jobs import enqueue, queues
from jobs.broker import broker
from settings import settings


def queued(queue: str) -> list[dict[str, Any]]:
    """The messages that lie in a queue."""
    client: Any = redis.Redis.from_url(settings.broker_url)
    ids = client.lrange(f"{broker.namespace}:{queue}", 0, -1)
    found = [client.hget(f"{broker.namespace}:{queue}.msgs", message_id) for message_id in ids]
    return [dict(dramatiq.Message.decode(message).asdict()) for message in found]


def test_a_message_is_queued_as_dramatiq_would_queue_it() -> None:
    enqueue.fulfil(7, "stock")
    broker.enqueue(
        dramatiq.Message(
            queue_name=queues.FULFILMENT, actor_name=queues.FULFIL_ORDER, args=(7,), kwargs={},
            options={"request_id": None},
        )
    )  # fmt: skip

    ours, theirs = queued(queues.FULFILMENT)

    for changing in ("message_id", "message_timestamp"):
        assert ours.pop(changing)
        assert theirs.pop(changing)
    assert ours["options"].pop("redis_message_id") != theirs["options"].pop("redis_message_id")
    assert ours == theirs


def test_a_message_carries_the_id_of_the_request_that_it_comes_from() -> None:
    with structlog.contextvars.bound_contextvars(request_id="abc"):
        enqueue.deliver(3)

    [message] = queued(queues.WEBHOOKS)
    assert message["options"]["request_id"] == "abc"
    assert message["args"] == (3,)

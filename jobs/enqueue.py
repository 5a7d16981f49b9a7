"""Wake a worker. PostgreSQL has already committed what is to be done, so a message that is lost is only a delay.

Messages are made by name, so that whoever enqueues does not import what the job needs. They are sent from a thread of
their own, many in one round trip when many are there: whoever has committed need not wait for Redis, nor hear that it
is down.
"""

import atexit
import os
import queue
import threading
import time
from typing import Any

import dramatiq
import redis
import structlog

from jobs import queues
from jobs.broker import broker
from jobs.waiting import publish
from models.settlement import Ended

MOST_AT_ONCE = 200
FLUSH_SECONDS = 3.0

log = structlog.get_logger()
Message = dramatiq.Message[Any]


def fulfil(order_id: int) -> None:
    """Have an order taken up."""
    _sender.send(_message(queues.FULFIL_ORDER, order_id))


def deliver(delivery_id: int) -> None:
    """Have a webhook sent."""
    _sender.send(_message(queues.DELIVER_WEBHOOK, delivery_id))


def announce(ended: Ended) -> None:
    """Tell those who wait for an order that it is final: requests, and the client's webhook."""
    publish(ended.order_id)
    if ended.delivery_id is not None:
        deliver(ended.delivery_id)


def tick(job: str) -> None:
    """Have a periodic job run; it drops messages that have become stale."""
    _sender.send(_message(job, time.time()))


def _message(job: str, argument: int | float) -> Message:
    return dramatiq.Message(
        queue_name=queues.QUEUE_OF_JOB.get(job, queues.UPKEEP),
        actor_name=job,
        args=(argument,),
        kwargs={},
        options={"request_id": structlog.contextvars.get_contextvars().get("request_id")},
    )


class _Sender:
    """The thread that sends, started with the first message."""

    def __init__(self) -> None:
        self._messages: queue.Queue[Message] = queue.Queue()
        self._lock = threading.Lock()
        self._process = 0

    def send(self, message: Message) -> None:
        """Have a message sent, soon."""
        self._messages.put(message)
        if self._process != os.getpid():  # a fork takes no threads along
            with self._lock:
                if self._process != os.getpid():
                    self._process = os.getpid()
                    threading.Thread(target=self._run, name="enqueue", daemon=True).start()
                    atexit.register(self._flush)

    def _flush(self) -> None:
        """Let what is under way be sent before the process ends: a command of an operator ends at once."""
        if self._process == os.getpid():
            with self._messages.all_tasks_done:
                self._messages.all_tasks_done.wait_for(lambda: not self._messages.unfinished_tasks, FLUSH_SECONDS)

    def _run(self) -> None:
        while True:
            messages = [self._messages.get()]
            while len(messages) < MOST_AT_ONCE:
                try:
                    messages.append(self._messages.get_nowait())
                except queue.Empty:
                    break
            try:
                broker.enqueue_all(messages)
            except (redis.RedisError, dramatiq.BrokerError) as error:
                # The sweep finds these orders and webhooks within seconds of the end of the outage.
                log.warning("enqueue.failed", messages=len(messages), error=type(error).__name__)
            for _ in messages:
                self._messages.task_done()


_sender = _Sender()

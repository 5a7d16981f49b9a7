"""Waiting for an order to become final: one listener a process wakes every request that waits for it.

A waiting request holds a thread and an event, no connection. Redis says when an order is final; because a message can
be lost, the orders waited for are also re-read now and then, all in one query.
"""

import threading
import time
from collections import defaultdict
from urllib.parse import urlsplit

import redis
import structlog
from peewee import PeeweeException

from jobs.redis_calls import COMMAND_SECONDS, request_calls
from models import leases
from models.database import release_connection
from settings import settings

# Redis does not keep the channels of its numbered databases apart.
CHANNEL = f"orders:final{urlsplit(settings.database_url).path}{urlsplit(settings.redis_url).path}"
REREAD_SECONDS = 3.0
SUBSCRIBE_SECONDS = 1.0
# Some threads are kept for requests that do not wait, or a crowd of waiting ones would shut everybody else out.
MOST_WAITS = settings.web_threads - max(2, settings.web_threads // 25)

log = structlog.get_logger()


def publish(order_id: int) -> None:
    """Say that an order is final, after the commit that made it so."""
    try:
        request_calls().call(("PUBLISH", CHANNEL, order_id))
    except redis.RedisError as error:
        log.warning("waiting.publish_failed", order_id=order_id, error=type(error).__name__)


class Waiters:
    """The requests of this process that wait, by order."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._events: dict[int, set[threading.Event]] = defaultdict(set)
        self._subscribed = threading.Event()
        self._listener: threading.Thread | None = None
        self._stopping = False
        self._count = 0

    def wait(self, order_id: int, seconds: float) -> bool:
        """Return when the order is final, the time is up, or the process is about to stop; the caller reads which.

        False when the time is up: only then is there a point in waiting again. With MOST_WAITS of them there already,
        it returns at once.
        """
        release_connection()
        deadline = time.monotonic() + seconds
        event = threading.Event()
        if not self._register(order_id, event):
            log.warning("waiting.too_many", most=MOST_WAITS)
            return True  # at once, so that there are threads for those who ask something else
        try:
            # Registered first, read second: an order that becomes final in between is seen by one of the two. Read
            # again after each wake: another Sutler on the same Redis may speak of an order of the same number.
            while not leases.final_among([order_id]):
                release_connection()
                if self._stopping:
                    return True
                if not event.wait(max(0.0, deadline - time.monotonic())):
                    return False
                event.clear()
            return True
        finally:
            self._unregister(order_id, event)

    def stop(self) -> None:
        """Wake everybody, and let nobody wait any more: the process has been told to end."""
        self._stopping = True
        with self._lock:
            events = [event for waiting in self._events.values() for event in waiting]
        for event in events:
            event.set()

    def _register(self, order_id: int, event: threading.Event) -> bool:
        with self._lock:
            if self._count >= MOST_WAITS:
                return False
            self._count += 1
            self._events[order_id].add(event)
            if self._listener is None or not self._listener.is_alive():
                self._listener = threading.Thread(target=self._listen, name="waiting", daemon=True)
                self._listener.start()
        if self._stopping:
            event.set()
        self._subscribed.wait(SUBSCRIBE_SECONDS)
        return True

    def _unregister(self, order_id: int, event: threading.Event) -> None:
        with self._lock:
            self._count -= 1
            self._events[order_id].discard(event)
            if not self._events[order_id]:
                del self._events[order_id]

    def _wake(self, order_id: int) -> None:
        with self._lock:
            events = list(self._events.get(order_id, ()))
        for event in events:
            event.set()

    def _listen(self) -> None:
        while True:
            try:
                self._follow_channel()
            except Exception as error:  # noqa: BLE001 - whatever it is, those who wait must still be woken
                self._subscribed.clear()
                log.warning("waiting.listener_failed", error=type(error).__name__)
                self._reread()
                time.sleep(1)

    def _follow_channel(self) -> None:
        # No time-out on the socket: the listener's own waits are bounded by get_message.
        client = redis.Redis.from_url(
            settings.redis_url,
            socket_timeout=None,
            socket_connect_timeout=COMMAND_SECONDS,
            socket_keepalive=True,
            health_check_interval=10,
        )
        with client.pubsub(ignore_subscribe_messages=True) as channel:  # type: ignore[no-untyped-call]
            channel.subscribe(CHANNEL)
            self._subscribed.set()
            read_at = time.monotonic()
            while True:
                message = channel.get_message(timeout=1.0)
                if message is not None:
                    self._wake(int(message["data"]))
                if time.monotonic() - read_at > REREAD_SECONDS:
                    self._reread()
                    read_at = time.monotonic()

    def _reread(self) -> None:
        with self._lock:
            order_ids = list(self._events)
        if not order_ids:
            return
        try:
            for order_id in leases.final_among(order_ids):
                self._wake(order_id)
        except PeeweeException as error:
            log.warning("waiting.database_unreachable", error=type(error).__name__)
        finally:
            release_connection()


waiters = Waiters()

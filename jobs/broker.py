"""Dramatiq on Redis, set up so that a killed worker's jobs come back within seconds."""

import os
import signal
import sys
from typing import Any

import dramatiq
import redis
import structlog
from dramatiq.brokers.redis import RedisBroker
from dramatiq.middleware import Middleware, Retries
from redis.backoff import NoBackoff
from redis.retry import Retry

from models.database import db
from settings import settings

# Of a worker that was killed, nothing is heard; its jobs go back to the queue after this long, at the next fetch of
# any other worker. The defaults (60 s, and a look at one fetch in a thousand) take minutes.
HEARTBEAT_TIMEOUT_MS = 15_000
MAINTENANCE_ALWAYS = 1_000_000
SOCKET_SECONDS = 2.0
SHUTDOWN_MS = 15_000  # under the 30 s that platforms give a process to end

log = structlog.get_logger()


class IgnoreRepeatedSigterm(Middleware):
    """A platform signals the whole process group, and Dramatiq's parent passes the signal on to its children too.

    Dramatiq takes the second SIGTERM as an order to drop its jobs at once. Only the first one counts here.
    """

    def after_process_boot(self, broker: dramatiq.Broker) -> None:
        """Wrap the handler that Dramatiq has just installed in this worker process."""
        stop = signal.getsignal(signal.SIGTERM)
        stopping = False

        def once(signum: int, frame: Any) -> None:
            nonlocal stopping
            if not stopping and callable(stop):
                stopping = True
                stop(signum, frame)

        signal.signal(signal.SIGTERM, once)


class LeaveNothingBehind(Middleware):
    """Between two jobs a thread holds no connection and no log context."""

    def before_process_message(self, broker: dramatiq.Broker, message: dramatiq.MessageProxy) -> None:
        """Let the job's log lines name it, and the request that it came from."""
        structlog.contextvars.bind_contextvars(job=message.actor_name, request_id=message.options.get("request_id"))

    def after_process_message(
        self,
        broker: dramatiq.Broker,
        message: dramatiq.MessageProxy,
        *,
        result: Any = None,
        exception: BaseException | None = None,
    ) -> None:
        """Give the connection back to the pool, and forget the log context."""
        if not db.is_closed():
            db.close()
        structlog.contextvars.clear_contextvars()

    after_skip_message = after_process_message


class RetriesWithoutTraceback(Retries):
    """Retries whose messages stay what messages are: ids. The exception's text belongs in the log."""

    def before_enqueue(self, broker: dramatiq.Broker, message: dramatiq.Message[Any], delay: int | None) -> None:
        """Drop the traceback that Dramatiq puts into the message of a next try."""
        message.options.pop("traceback", None)


def _client() -> redis.Redis:
    return redis.Redis.from_url(
        settings.broker_url,
        socket_timeout=SOCKET_SECONDS,
        socket_connect_timeout=SOCKET_SECONDS,
        # One retry at once, for a connection that an idle server or a router closed.
        retry=Retry(NoBackoff(), 1),
        retry_on_error=[redis.ConnectionError],
    )


def setup() -> RedisBroker:
    """Make the broker of this process."""
    made = RedisBroker(  # type: ignore[no-untyped-call]
        client=_client(),
        namespace="sutler",
        heartbeat_timeout=HEARTBEAT_TIMEOUT_MS,
        maintenance_chance=MAINTENANCE_ALWAYS,
        middleware=[
            IgnoreRepeatedSigterm(),
            LeaveNothingBehind(),
            # What still fails after these is found again by a sweep, so there is no need to insist here.
            RetriesWithoutTraceback(max_retries=3, min_backoff=200, max_backoff=5_000),
        ],
    )
    dramatiq.set_broker(made)
    return made


broker = setup()


def run_worker(queue: str, processes: int, threads: int, idle_ms: int) -> None:
    """Become a Dramatiq worker of one queue; never returns. `idle_ms` is how long it pauses when there is nothing."""
    command = [
        sys.executable, "-m", "dramatiq", "jobs.actors", "--queues", queue, "--processes", str(processes),
        "--threads", str(threads), "--worker-shutdown-timeout", str(SHUTDOWN_MS), "--skip-logging",
    ]  # fmt: skip
    os.execve(sys.executable, command, os.environ | {"dramatiq_worker_timeout": str(idle_ms)})  # noqa: S606 - no shell

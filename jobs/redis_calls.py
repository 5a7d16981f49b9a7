"""Redis commands on the way of every order, at a quarter of the client's cost.

redis-py's client and its pool spend some 80 µs of a core on each call, on retries, hooks, locks and answer callbacks
that a short command with a deadline has no use for. Its connections do all that is needed here.
"""

import hashlib
import threading
from collections import deque
from functools import lru_cache
from typing import Any

import hiredis
import redis
from redis.backoff import NoBackoff
from redis.connection import ConnectionInterface
from redis.exceptions import NoScriptError, ResponseError
from redis.retry import Retry

from settings import settings

Command = tuple[str | bytes | int, ...]

COMMAND_SECONDS = 1.0
POOL_SIZE = 50
WAIT_SECONDS = 2.0


class RedisCalls:
    """A few connections to one server, each for one call at a time."""

    def __init__(self, url: str, seconds: float, most: int) -> None:
        """`seconds` is the limit for connecting and for each answer; `most` the number of connections."""
        # Only its way to read a URL is wanted of the pool: it would count connections that it never gets back.
        self._factory = redis.ConnectionPool.from_url(
            url, socket_timeout=seconds, socket_connect_timeout=seconds, retry=Retry(NoBackoff(), 0)
        )
        self._free: deque[ConnectionInterface] = deque()
        self._places = threading.BoundedSemaphore(most)

    def call(self, *commands: Command) -> list[Any]:
        """Send commands in one packet and return their answers, in order. Raises RedisError."""
        if not self._places.acquire(timeout=WAIT_SECONDS):
            raise redis.ConnectionError("all connections to Redis are in use")
        try:
            return self._call(commands)
        finally:
            self._places.release()

    def _call(self, commands: tuple[Command, ...]) -> list[Any]:
        while self._free:
            # The server, or a router, may have closed an idle connection: that is no outage, so try the next.
            try:
                return self._exchange(self._free.pop(), commands)
            except redis.TimeoutError:
                raise
            except redis.ConnectionError:
                continue
            except IndexError:
                break  # another thread took the last one
        return self._exchange(self._connect(), commands)

    def _connect(self) -> ConnectionInterface:
        made: ConnectionInterface = self._factory.connection_class(**self._factory.connection_kwargs)
        return made

    def _exchange(self, connection: ConnectionInterface, commands: tuple[Command, ...]) -> list[Any]:
        try:
            # Not packed by the connection, which looks at each argument in Python first: 6 µs a command instead of 2.
            packed = b"".join([hiredis.pack_command(command) for command in commands])  # type: ignore[arg-type]
            connection.send_packed_command([packed])
            answers = [connection.read_response() for _ in commands]
        except ResponseError:
            if len(commands) == 1:
                self._free.append(connection)  # refused, and nothing more to read
            else:
                connection.disconnect()
            raise
        except BaseException:
            connection.disconnect()  # an answer may still come, and must not become the next caller's
            raise
        self._free.append(connection)
        return answers


class Script:
    """A Lua script that the server keeps by its digest, and is told again when it has forgotten it."""

    def __init__(self, calls: RedisCalls, text: bytes) -> None:
        self._calls = calls
        self._text = text
        self._digest = hashlib.sha1(text, usedforsecurity=False).hexdigest()

    def __call__(self, keys: list[str], args: list[str | bytes | int]) -> Any:
        """Run the script. Raises RedisError."""
        try:
            [answer] = self._calls.call(("EVALSHA", self._digest, len(keys), *keys, *args))
        except NoScriptError:
            [answer] = self._calls.call(("EVAL", self._text, len(keys), *keys, *args))
        return answer


@lru_cache(maxsize=1)
def redis_client() -> redis.Redis:
    """The process's client for short commands; a server that does not answer is given up after a second."""
    pool = redis.BlockingConnectionPool.from_url(
        settings.redis_url,
        max_connections=POOL_SIZE,
        timeout=WAIT_SECONDS,
        socket_timeout=COMMAND_SECONDS,
        socket_connect_timeout=COMMAND_SECONDS,
        # redis-py would try three times with pauses; the caller has 5 seconds in all to hear that Redis is down.
        retry=Retry(NoBackoff(), 0),
    )
    return redis.Redis(connection_pool=pool)


@lru_cache(maxsize=1)
def request_calls() -> RedisCalls:
    """The process's connections for what every request asks of Redis."""
    return RedisCalls(settings.redis_url, COMMAND_SECONDS, POOL_SIZE)

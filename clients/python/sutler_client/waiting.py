"""Waiting for the end of an order: in long requests, and where those fail by asking now and then."""

import math
import time
from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from sutler_client.connection import Connection, asked_pause, may_pass
from sutler_client.errors import ApiError, NoAnswer, StillOpen

LONGEST_WAIT_SECONDS = 60
POLL_SECONDS = 5.0


class _Order(Protocol):
    @property
    def is_final(self) -> bool: ...


T = TypeVar("T", bound=_Order)


def wait_for(connection: Connection, path: str, order_id: int, read: Callable[[Any], T], timeout: float | None) -> T:
    """Return the order at `path` as soon as it is final, whatever its end is.

    Raises StillOpen after `timeout` seconds (None: as long as it takes), ApiError and NoAnswer.
    """
    ends_at = math.inf if timeout is None else time.monotonic() + timeout
    waits = True
    while True:
        asked_at = time.monotonic()
        left = max(0.0, ends_at - asked_at)
        try:
            order = read(_at_the_end(connection, path, left) if waits else connection.get(path))
        except (ApiError, NoAnswer) as problem:
            if not waits or not may_pass(problem):
                raise
            # Some routers cut off what is silent for half a minute. No long request would ever be answered there.
            waits = False
            time.sleep(min(asked_pause(problem), left))
            continue
        if order.is_final:
            return order
        left = ends_at - time.monotonic()
        if left <= 0:
            raise StillOpen(order_id)
        # Where too many wait, Sutler answers at once how the order stands. To ask again at once would not help it.
        if not waits or time.monotonic() - asked_at < POLL_SECONDS:
            time.sleep(min(POLL_SECONDS, left))


def _at_the_end(connection: Connection, path: str, most: float) -> Any:
    """The order at its end, or as it is after a while: in one attempt, since what was cut off would be again."""
    seconds = math.ceil(min(most, LONGEST_WAIT_SECONDS))
    try:
        return connection.get_once(path, {"wait": "true", "timeout": seconds}, timeout=seconds + 15)
    except ApiError as error:
        if error.code != "timeout":
            raise
        return connection.get(path)  # v2 says only that the time is up, not how the order stands

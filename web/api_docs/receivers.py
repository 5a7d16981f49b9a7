"""Receivers of the inspector, in Redis: few, for an hour, and of each the last deliveries.

They hold items in clear, which we do nowhere else. That is why there are none in production.
"""

import json
import secrets
import time
from base64 import b64encode
from typing import TypedDict, cast

from jobs.redis_calls import redis_client

LIFETIME_SECONDS = 3600
MOST_RECEIVERS = 20
MOST_DELIVERIES = 20  # of each, of at most 64 KiB: all together stay below 45 MB
_ALL = "inspector"  # the tokens, each with the time at which it was made


class Delivery(TypedDict):
    """What was received: headers as they came, the body in base64, the time in epoch seconds."""

    at: int
    headers: dict[str, str]
    body: str


def make() -> str:
    """Make a receiver, in place of the oldest if there are many; returns its token."""
    token = secrets.token_urlsafe(16)
    redis = redis_client()
    redis.zadd(_ALL, {token: time.time()})
    redis.expire(_ALL, LIFETIME_SECONDS)
    surplus = cast(list[bytes], redis.zrange(_ALL, 0, -MOST_RECEIVERS - 1))
    if surplus:
        redis.zrem(_ALL, *surplus)
        redis.delete(*(_key(old.decode()) for old in surplus))
    return token


def keep(token: str, headers: dict[str, str], body: bytes) -> bool:
    """Put a delivery on record; False if there is no such receiver."""
    if not _lives(token):
        return False
    delivery: Delivery = {"at": int(time.time()), "headers": headers, "body": b64encode(body).decode()}
    with redis_client().pipeline() as pipe:
        pipe.lpush(_key(token), json.dumps(delivery))
        pipe.ltrim(_key(token), 0, MOST_DELIVERIES - 1)
        pipe.expire(_key(token), LIFETIME_SECONDS)
        pipe.execute()
    return True


def deliveries(token: str) -> list[Delivery] | None:
    """What came, newest first; None if there is no such receiver."""
    if not _lives(token):
        return None
    return [json.loads(kept) for kept in cast(list[bytes], redis_client().lrange(_key(token), 0, -1))]


def _lives(token: str) -> bool:
    made = redis_client().zscore(_ALL, token)
    return made is not None and time.time() - made < LIFETIME_SECONDS


def _key(token: str) -> str:
    return f"inspector:{token}"

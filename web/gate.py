"""Who is calling: key, address, rate and signature, in one pass and one round trip to each server.

The first check that fails answers. The database is asked first, Redis second, so an outage is told before anything
else about the request.
"""

import math
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import structlog
from flask import g, request

from jobs.waiting import redis_client
from models import keys, usage
from models.errors import Refusal
from models.keys import Caller, Kind
from web import signatures
from web.errors import check_both_servers

WINDOW_SECONDS: dict[Kind, int] = {"v1": 60, "v2": 1}
SIGNATURE_MEMORY_SECONDS = 2 * signatures.DRIFT_SECONDS + 60
_SCRIPT = (Path(__file__).parent / "rate_limit.lua").read_text()


class MissingKey(Refusal):
    status, code = 401, "missing_api_key"


class InvalidKey(Refusal):
    status, code = 401, "invalid_api_key"


class AddressNotAllowed(Refusal):
    status, code = 403, "ip_not_allowed"


class RateLimitExceeded(Refusal):
    status, code = 429, "rate_limit_exceeded"


@dataclass(frozen=True, slots=True)
class Rate:
    """Where a key stands with its limit."""

    limit: int
    remaining: int
    reset_seconds: int


def enter(api_key: str | None, kind: Kind, hint: str) -> None:
    """Let the request's caller in: sets `g.caller`, `g.rate`, `g.signature`, `g.replayed`; raises what refuses it.

    `hint` is the sentence that tells how to send a key.
    """
    g.caller = _identify(api_key, kind, hint)
    _check_address(g.caller)
    signed = request.method == "POST" and g.caller.secret is not None
    signature, refusal = signatures.check(g.caller.secret or "") if signed else (None, None)
    g.signature = signature
    g.replayed = _count(g.caller, kind, signature)
    if refusal is not None:
        raise refusal
    if g.replayed and "Idempotency-Key" not in request.headers:
        raise signatures.replayed()


def _identify(api_key: str | None, kind: Kind, hint: str) -> Caller:
    caller = keys.identify(api_key, kind) if api_key else None
    if caller is None:
        check_both_servers()
        raise InvalidKey(f"The key is unknown or was revoked. {hint}") if api_key else MissingKey(hint)
    structlog.contextvars.bind_contextvars(key=caller.fingerprint)
    return caller


def _check_address(caller: Caller) -> None:
    address = request.remote_addr or ""
    if not keys.allows(caller.ip_allowlist, address):
        check_both_servers()
        raise AddressNotAllowed(f"This key may not be used from {address}; ask the operator to allow the address.")


def _count(caller: Caller, kind: Kind, signature: bytes | None) -> bool:
    """Count the request; returns whether its signature was seen before. Raises RateLimitExceeded."""
    accepted, remaining, free_in, seen = _script()(
        keys=[
            f"rate:{caller.key_id}",
            usage.counter(caller.key_id),
            usage.DIRTY_KEYS,
            f"signature:{caller.key_id}:{signature.hex() if signature else ''}",
        ],
        args=[
            caller.rate_limit,
            WINDOW_SECONDS[kind] * 1_000_000,
            request.path[:200],
            caller.key_id,
            SIGNATURE_MEMORY_SECONDS if signature else 0,
        ],
    )
    seconds = max(1, math.ceil(free_in / 1_000_000))
    g.rate = Rate(caller.rate_limit, remaining, seconds)
    if not accepted:
        raise RateLimitExceeded(
            f"The key's limit is {caller.rate_limit} requests in {WINDOW_SECONDS[kind]} s; try again in {seconds} s.",
            retry_after=seconds,
        )
    return bool(seen)


@lru_cache(maxsize=1)
def _script() -> Any:
    return redis_client().register_script(_SCRIPT)



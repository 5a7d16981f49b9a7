"""Who is calling: key, address, rate and signature, in one pass and one round trip to each server.

The first check that fails answers. A refusal that needed neither server asks both all the same before it goes out, so
that an outage is told before anything else about the request.
"""

import math
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import structlog
from flask import g, request

from jobs.key_versions import version_key
from jobs.redis_calls import Script, request_calls
from models import keys, usage
from models.database import release_connection
from models.errors import Refusal
from models.keys import Caller, Kind
from web import known_keys, signatures
from web.errors import check_both_servers
from web.known_keys import Known

WINDOW_SECONDS: dict[Kind, int] = {"v1": 60, "v2": 1}
SIGNATURE_MEMORY_SECONDS = 2 * signatures.DRIFT_SECONDS + 60
_SCRIPT = (Path(__file__).parent / "rate_limit.lua").read_bytes()


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


@dataclass(frozen=True, slots=True)
class Counted:
    """What Redis said of a request: whether the limit allows it, whether its signature is old, the key's version."""

    accepted: bool
    seen: bool
    version: bytes | None


def enter(api_key: str | None, kind: Kind, hint: str) -> None:
    """Let the request's caller in: sets `g.caller`, `g.rate`, `g.signature`, `g.replayed`; raises what refuses it.

    `hint` is the sentence that tells how to send a key.
    """
    known = _identify(api_key, kind, hint)
    release_connection()  # the body may take its time to come
    if not _comes_from_allowed_address(known.caller):
        known = _identify_anew(api_key, kind, hint)  # the list may have changed since it was remembered
        _check_address(known.caller)
    signature, refusal = _check_signature(known.caller, kind)
    counted = _count(known.caller, kind, signature)
    if counted.version != known.version:
        # An operator changed the key since it was remembered: what the database says now is what counts.
        known = _identify_anew(api_key, kind, hint)
        _check_address(known.caller)
        signature, refusal = _check_signature(known.caller, kind)
    g.caller, g.signature, g.replayed = known.caller, signature, counted.seen
    if not counted.accepted:
        raise _too_many(known.caller, kind)
    if refusal is not None:
        raise refusal
    if g.replayed and "Idempotency-Key" not in request.headers:
        raise signatures.replayed()


def _identify(api_key: str | None, kind: Kind, hint: str) -> Known:
    known = known_keys.identify(api_key, kind) if api_key else None
    if known is None and api_key:
        raise InvalidKey(f"The key is unknown or was revoked. {hint}")
    if known is None:
        check_both_servers()
        raise MissingKey(hint)
    structlog.contextvars.bind_contextvars(key=known.caller.fingerprint)
    return known


def _identify_anew(api_key: str | None, kind: Kind, hint: str) -> Known:
    known_keys.forget(api_key or "", kind)
    return _identify(api_key, kind, hint)


def _comes_from_allowed_address(caller: Caller) -> bool:
    return keys.allows(caller.ip_allowlist, request.remote_addr or "")


def _check_address(caller: Caller) -> None:
    if not _comes_from_allowed_address(caller):
        check_both_servers()
        address = request.remote_addr
        raise AddressNotAllowed(f"This key may not be used from {address}; ask the operator to allow the address.")


def _check_signature(caller: Caller, kind: Kind) -> tuple[bytes | None, Exception | None]:
    """The signature, if it holds; or its refusal, which waits until the request has been counted.

    Requests of v2 are not signed: a secret of such a key signs our webhooks to its holder, and nothing else.
    """
    if kind != "v1" or request.method != "POST" or caller.secret is None:
        return None, None
    return signatures.check(caller.secret)


def _count(caller: Caller, kind: Kind, signature: bytes | None) -> Counted:
    accepted, remaining, free_in, seen, version = _script()(
        [
            f"rate:{caller.key_id}",
            usage.counter(caller.key_id),
            usage.DIRTY_KEYS,
            f"signature:{caller.key_id}:{signature.hex() if signature else ''}",
            version_key(caller.fingerprint),
        ],
        [
            caller.rate_limit,
            WINDOW_SECONDS[kind] * 1_000_000,
            request.path[:200],
            caller.key_id,
            SIGNATURE_MEMORY_SECONDS if signature else 0,
        ],
    )
    g.rate = Rate(caller.rate_limit, remaining, max(1, math.ceil(free_in / 1_000_000)))
    return Counted(bool(accepted), bool(seen), version)


def _too_many(caller: Caller, kind: Kind) -> RateLimitExceeded:
    seconds = g.rate.reset_seconds
    return RateLimitExceeded(
        f"The key's limit is {caller.rate_limit} requests in {WINDOW_SECONDS[kind]} s; try again in {seconds} s.",
        retry_after=seconds,
    )


@lru_cache(maxsize=1)
def _script() -> Script:
    return Script(request_calls(), _SCRIPT)

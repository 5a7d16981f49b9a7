"""Keys that were identified a moment ago, so that a busy client's requests do not each ask the database.

What an operator changes must hold at once: each key has a version in Redis, which the gate reads in the round trip it
makes anyway, and an entry of another version is not believed. The entries' short life bounds what is left: changes
that Redis lost, and how long an outage of the database can go unnoticed by requests that do not need it.
"""

import hashlib
import time
from dataclasses import dataclass

from jobs.key_versions import version_key
from jobs.redis_calls import request_calls
from models import keys
from models.database import release_connection
from models.keys import Caller, Kind

LIFE_SECONDS = 1.0
MOST = 10_000


@dataclass(frozen=True, slots=True)
class Known:
    """A caller, as the database had him at this version of his key."""

    caller: Caller
    version: bytes | None
    until: float


_known: dict[bytes, Known] = {}


def identify(api_key: str, kind: Kind) -> Known | None:
    """The key's caller, from memory for a second, else from the database."""
    name = _name(api_key, kind)
    known = _known.get(name)
    if known is not None and known.until > time.monotonic():
        return known
    # The version is read before the row: a change in between makes the entry old at birth, not wrongly new.
    [version] = request_calls().call(("GET", version_key(keys.fingerprint_of(api_key))))
    caller = keys.identify(api_key, kind)
    release_connection()
    if caller is None:
        _known.pop(name, None)
        return None
    if len(_known) >= MOST:
        _known.clear()
    known = _known[name] = Known(caller, version, time.monotonic() + LIFE_SECONDS)
    return known


def forget(api_key: str, kind: Kind) -> None:
    """Do not believe this process's entry any more."""
    _known.pop(_name(api_key, kind), None)


def _name(api_key: str, kind: Kind) -> bytes:
    return hashlib.sha256(f"{kind}:{api_key}".encode()).digest()  # no key stays in memory for longer than its request

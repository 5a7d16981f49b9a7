"""Idempotency keys: a request that is sent again gets its first answer again, and is not done twice.

A key is written in the transaction that does what the request asks for, so either both are there or neither is.
A second request with the same key waits, in PostgreSQL, for the first one's transaction, and then finds its record.
"""

import hashlib
from dataclasses import dataclass

from models.database import Row, changed, row
from models.errors import Refusal

KEEP_HOURS = 48


class KeyReused(Refusal):
    status, code = 409, "idempotency_key_reused"


@dataclass(frozen=True, slots=True)
class IdempotencyKey:
    """A client's key for one request; `digest` tells whether a later request is the same one."""

    key: str
    digest: bytes
    waited: bool

    @classmethod
    def of_request(cls, key: str, endpoint: str, body: bytes, *, waited: bool) -> "IdempotencyKey":
        """`endpoint` is the method and path: the same body sent elsewhere is another request."""
        return cls(key, hashlib.sha256(endpoint.encode() + b"\n" + body).digest(), waited)


def recorded(account_id: int, key: IdempotencyKey) -> Row | None:
    """What the key's first request made: `order_id`, `waited`, `answer`; None while it made nothing.

    Raises KeyReused when the first request was another one.
    """
    found = row(
        "SELECT request_digest, order_id, waited, answer FROM idempotency_keys"
        " WHERE account_id = %(account_id)s AND key = %(key)s",
        {"account_id": account_id, "key": key.key},
    )
    if found is not None and bytes(found["request_digest"]) != key.digest:
        raise KeyReused("This Idempotency-Key was used for another request; use a new key for each new request.")
    return found


def record(account_id: int, key: IdempotencyKey, answer: str) -> None:
    """Keep a key with its answer (JSON text), in the transaction that the answer is about.

    Raises peewee.IntegrityError (`idempotency_keys_once`) when another request was first.
    """
    changed(
        "INSERT INTO idempotency_keys (account_id, key, request_digest, waited, answer)"
        " VALUES (%(account_id)s, %(key)s, %(digest)s, %(waited)s, %(answer)s)",
        {"account_id": account_id, "key": key.key, "digest": key.digest, "waited": key.waited, "answer": answer},
    )


def forget_old(limit: int = 5000) -> int:
    """Delete keys that are past their time; returns how many."""
    return changed(
        "DELETE FROM idempotency_keys WHERE (account_id, key) IN (SELECT account_id, key FROM idempotency_keys"
        " WHERE created_at < now() - make_interval(hours => %(hours)s) LIMIT %(limit)s)",
        {"hours": KEEP_HOURS, "limit": limit},
    )

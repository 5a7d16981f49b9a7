"""The Idempotency-Key header, and the answer that it brings back."""

import time

from flask import Response, g, request

from models import idempotency
from models.database import Row, db
from models.idempotency import IdempotencyKey
from web import signatures
from web.bodies import InvalidBody

LONGEST = 255
# A replayed request may be the twin of one that is just being served: its record is waited for so long.
TWIN_SECONDS = 2.0
TWIN_PAUSE_SECONDS = 0.05


def read_key(*, waited: bool = False) -> IdempotencyKey | None:
    """The request's key, if it has one. Raises InvalidBody, and ReplayedRequest for an old signature off the record."""
    text = request.headers.get("Idempotency-Key")
    if text is None:
        return None
    if not 0 < len(text) <= LONGEST or not all(" " <= character <= "~" for character in text):
        message = f"must be 1 to {LONGEST} printable ASCII characters"
        raise InvalidBody(f"Idempotency-Key {message}.", fields=[{"field": "Idempotency-Key", "message": message}])
    key = IdempotencyKey.of_request(text, f"{request.method} {request.path}", request.get_data(), waited=waited)
    if g.replayed:
        _await_record(key)
    return key


def first_answer(key: IdempotencyKey | None) -> Response | None:
    """The answer to the key's first request, if there was one that kept it. Raises KeyReused."""
    first = _recorded(key) if key else None
    if first is None:
        return None
    return Response(first["answer"], mimetype="application/json", headers={"Idempotent-Replayed": "true"})


def is_recorded(key: IdempotencyKey | None) -> bool:
    """Whether the key's first request made something. Raises KeyReused."""
    return key is not None and _recorded(key) is not None


def keep(key: IdempotencyKey, answer_text: str) -> None:
    """Record the answer, in the transaction of what it is about. Raises IntegrityError if another was first."""
    idempotency.record(g.caller.account_id, key, answer_text)


def _recorded(key: IdempotencyKey) -> Row | None:
    return idempotency.recorded(g.caller.account_id, key)


def _await_record(key: IdempotencyKey) -> None:
    deadline = time.monotonic() + TWIN_SECONDS
    while _recorded(key) is None:
        db.close()
        if time.monotonic() > deadline:
            raise signatures.replayed()
        time.sleep(TWIN_PAUSE_SECONDS)

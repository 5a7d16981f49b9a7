"""The errors of the APIs: what each surface may answer to anything, and the facts that some codes bring along."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from models.errors import Refusal
from models.idempotency import KeyReused
from models.orders import ReplayedRequest
from web.admin.guard import Forbidden, InvalidToken, MissingToken
from web.bodies import InvalidBody
from web.errors import FAULT, ServiceUnavailable
from web.field_rules import Schema
from web.gate import AddressNotAllowed, InvalidKey, MissingKey, RateLimitExceeded
from web.reference.described import Description
from web.reference.glossary import meaning_of
from web.signatures import InvalidSignature, MissingSignature, StaleTimestamp
from web.waiting import WaitQuery

Codes = dict[int, list[str]]

_NUMBER, _COUNT, _TEXT = {"type": "number"}, {"type": "integer"}, {"type": "string"}
_FIELDS = {
    "type": "array",
    "items": {
        "type": "object", "required": ["field", "message"],
        "properties": {
            "field": {**_TEXT, "description": "Where the fault is."},
            "message": {**_TEXT, "description": "What is wrong there."},
        },
    },
}  # fmt: skip

# What stands beside code and message. None of it is required: it depends on what went wrong.
_FACTS: dict[str, dict[str, Schema]] = {
    "invalid_body": {"fields": _FIELDS},
    "below_minimum": {"min_quantity": _COUNT},
    "above_maximum": {"max_quantity": _COUNT},
    "insufficient_balance": {"price_usdt": _NUMBER, "balance_usdt": _NUMBER, "missing_usdt": _NUMBER, "topup": _TEXT},
    "insufficient_stock": {"in_stock": _COUNT},
    "price_changed": {"price_usdt": _NUMBER},
    "forbidden": {"required_role": _TEXT},
    "timeout": {"order_id": _COUNT},
}  # fmt: skip
_FACTS_OF_V2 = {"insufficient_balance": {"price_usd": _NUMBER, "balance_usd": _NUMBER, "missing_usd": _NUMBER}}

_GATE: dict[str, tuple[type[Refusal], ...]] = {
    "v1": (MissingKey, InvalidKey, AddressNotAllowed, RateLimitExceeded, ServiceUnavailable),
    "v2": (MissingKey, InvalidKey, AddressNotAllowed, RateLimitExceeded, ServiceUnavailable),
    "admin": (MissingToken, InvalidToken, Forbidden, ServiceUnavailable),
}
_SIGNED = (MissingSignature, InvalidSignature, StaleTimestamp, ReplayedRequest)


def codes_by_status(surface: str, description: Description, method: str, *, has_path_ids: bool) -> Codes:
    """The error codes that an operation may answer, by status."""
    found: dict[int, set[str]] = defaultdict(set)
    for refusal in _classes(surface, description, method):
        found[refusal.status].add(refusal.code)
    for status, code in _of_http(surface, description, method, has_path_ids=has_path_ids):
        found[status].add(code)
    if surface == "v2":
        found[400] |= found.pop(InvalidBody.status, set())  # v2 has no 422, see web.v2.errors
        found[400] |= set(description.texts)
    return {status: sorted(codes) for status, codes in sorted(found.items()) if codes}


def _classes(surface: str, description: Description, method: str) -> Iterator[type[Refusal]]:
    yield from _GATE[surface]
    yield from description.refusals
    is_keyed = method == "POST" and surface != "admin"  # takes an Idempotency-Key
    if method == "POST" and surface == "v1":
        yield from _SIGNED
    if is_keyed:
        yield KeyReused
    if is_keyed or description.body is not None or description.query is not None:
        yield InvalidBody


def _of_http(surface: str, description: Description, method: str, *, has_path_ids: bool) -> Iterator[tuple[int, str]]:
    yield FAULT.status, FAULT.code
    if surface == "v2" and method == "POST":
        yield FAULT.status, "order_creation_failed"
    if surface == "v2" and description.query is WaitQuery:
        yield 408, "timeout"
    if has_path_ids or description.is_simulation:
        yield 404, "not_found"
    # The body is read for the signature and the Idempotency-Key, too.
    if description.body is not None or (method == "POST" and surface != "admin"):
        yield 400, "bad_request"
        yield 413, "body_too_large"
    if description.body is not None and surface != "v2":
        yield 415, "unsupported_media_type"


def schema_of(codes: Sequence[str]) -> Schema:
    """The schema of an error answer that has one of the codes."""
    return _schema({"error": {"type": "string", "enum": sorted(codes)}}, codes, _FACTS)


def schema_of_v2(status: int, codes: Sequence[str]) -> Schema:
    """The same in v2's form, where a 400 tells by its own text what is wrong: those that are listed are examples."""
    known = {"examples" if status == 400 else "enum": sorted(codes)}
    head: dict[str, Schema] = {"ok": {"type": "boolean", "const": False}, "error": {"type": "string", **known}}
    return _schema(head, codes, _FACTS | _FACTS_OF_V2)


def _schema(head: dict[str, Schema], codes: Sequence[str], facts: dict[str, dict[str, Schema]]) -> Schema:
    return {
        "type": "object",
        "required": [*head, "message", "request_id"],
        "properties": {
            **head,
            "message": {"type": "string", "description": "A sentence that a person can act on."},
            "request_id": {"type": "string", "description": "Names this request in our log."},
            **{
                name: {**fact, "description": meaning_of(name)}
                for code in sorted(codes)
                for name, fact in facts.get(code, {}).items()
            },
        },
    }

"""The two documents: one for clients, with v1 and v2, and one for operators."""

import tomllib
from functools import lru_cache
from pathlib import Path
from typing import Any

from flask import Flask

from settings import settings
from web.field_rules import Schema
from web.reference.components import HEADERS, Components
from web.reference.examples import ANSWERS
from web.reference.operations import Surface, operations
from web.reference.refusals import schema_of, schema_of_v2
from web.reference.webhooks import webhooks
from web.signatures import DRIFT_SECONDS

OPENAPI = "3.1.0"
_PROJECT = Path(__file__).parent.parent.parent / "pyproject.toml"

V1 = Surface(
    "v1",
    [{"v1_key": []}],
    lambda _, codes: schema_of(codes),
    signed=[{"v1_key": [], "v1_timestamp": [], "v1_signature": []}],
    answers=ANSWERS["v1"],
)
V2 = Surface("v2", [{"v2_key": []}], schema_of_v2, answers=ANSWERS["v2"])
ADMIN = Surface("admin", [{"operator": []}], lambda _, codes: schema_of(codes))

_SCHEMES_OF_CLIENTS = {
    "v1_key": {
        "type": "apiKey", "in": "header", "name": "X-API-Key",
        "description": "The key that you were given.",
    },
    "v1_timestamp": {
        "type": "apiKey", "in": "header", "name": "X-Timestamp",
        "description": "For keys with a secret, with every POST: the time in epoch seconds, at most"
        f" {DRIFT_SECONDS // 60} minutes off.",
    },
    "v1_signature": {
        "type": "apiKey", "in": "header", "name": "X-Signature",
        "description": "For keys with a secret, with every POST: the hex HMAC-SHA256, keyed with the secret's text, of"
        " X-Timestamp, a line feed and the body, byte for byte.",
    },
    "v2_key": {"type": "http", "scheme": "bearer", "description": "The key that you were given; it begins with `sk-`."},
}  # fmt: skip
_SCHEMES_OF_OPERATORS = {"operator": {"type": "http", "scheme": "bearer", "description": "An operator's token."}}

_ABOUT_CLIENTS = """\
Digital goods, bought by program. **v1** is the wholesale API: a catalogue, orders that are delivered in an answer or a
webhook, and a balance that is topped up in USDT. **v2** sells Telegram goods: stars, Premium and TON.

Amounts of money are exact decimal numbers; send them as numbers or, to be safe from rounding, as strings. Times are
seconds since 1970. Send bodies as `application/json`; a field that is not described is refused. An error is an object
with a code in `error`, which is for programs, and a sentence in `message`, which is for people. Quote `request_id` when
you ask about a request.

A POST that may have been lost can be sent again: with the same `Idempotency-Key` it is done once, however often it
comes. Requests are counted for each key; after an answer with status 429 or 503, wait for the seconds in `Retry-After`.
"""
_ABOUT_OPERATORS = """\
What operators do: clients' keys and accounts, the catalogue and its stock, orders, deposits and webhooks. Every change
is on record under the name of who made it, see `GET /api/admin/api-audit`. A token has a role: `read` sees everything,
`operate` may do all but hand out keys and tokens, which `administer` may.
"""


def for_clients(app: Flask) -> dict[str, Any]:
    """The document of v1 and v2."""
    components = Components()
    v1_paths, v1_tags = operations(app, V1, components)
    v2_paths, v2_tags = operations(app, V2, components)
    told = {"name": "webhooks", "description": "What we send to the `webhook_url` of an order or top-up."}
    return {
        **_head("Sutler API", _ABOUT_CLIENTS),
        "tags": [*v1_tags, *v2_tags, told],
        "paths": v1_paths | v2_paths,
        "webhooks": webhooks(components),
        "components": _components(components, _SCHEMES_OF_CLIENTS),
    }


@lru_cache(maxsize=1)
def shown_to_clients(app: Flask) -> dict[str, Any]:
    """The same, made once for all that shows it; not to be changed."""
    return for_clients(app)


def for_operators(app: Flask) -> dict[str, Any]:
    """The document of the operators' API."""
    components = Components()
    paths, tags = operations(app, ADMIN, components)
    return {
        **_head("Sutler operators' API", _ABOUT_OPERATORS),
        "tags": tags,
        "paths": paths,
        "components": _components(components, _SCHEMES_OF_OPERATORS),
    }


def _head(title: str, about: str) -> Schema:
    return {
        "openapi": OPENAPI,
        "info": {"title": title, "version": _version(), "description": about},
        "servers": [{"url": settings.public_url or "/"}],
    }


def _components(collected: Components, schemes: Schema) -> Schema:
    return {"schemas": dict(sorted(collected.schemas.items())), "headers": HEADERS, "securitySchemes": schemes}


def _version() -> str:
    return str(tomllib.loads(_PROJECT.read_text())["project"]["version"])

"""What the documents say of bodies is what the code takes."""

import re
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from jsonschema_rs import Draft202012Validator

from models.strict_json import NotStrictJson, parse
from models.telegram_names import plain
from tests.factories import make_product, make_shop, make_telegram_goods, make_v2_shop
from tests.web.test_hostile_input import BODIES as V1_BODIES
from tests.web.test_v2_hostile_input import BODIES as V2_BODIES
from web.reference.documents import for_clients
from web.telegram_names import PATTERN

# A whole number that is spelled with a point or an exponent is one to JSON Schema; we refuse it. And how many decimals a
# number has, a schema cannot tell so that validators agree on it.
_SPELLED = re.compile(r"[0-9]\.0|[0-9][eE]|: *[0-9]+\.[0-9]{3}")
# Told by the address itself, which a schema cannot look up.
_SEMANTIC = re.compile(r"webhook_url")


@pytest.fixture(scope="module")
def validators(app: Flask) -> dict[str, Draft202012Validator]:
    """The bodies' validators, by path."""
    document = for_clients(app)
    made = {}
    for path, methods in document["paths"].items():
        body = methods.get("post", {}).get("requestBody")
        if body:
            schema = body["content"]["application/json"]["schema"]
            made[path] = Draft202012Validator({**schema, "components": document["components"]})
    return made


def _document(body: str | bytes) -> Any:
    """The parsed body, with floats for exact numbers; None for what is refused before its fields are looked at."""
    try:
        return _floats(parse(body.encode() if isinstance(body, str) else body))
    except NotStrictJson:
        return None


def _floats(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _floats(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_floats(inner) for inner in value]
    return float(value) if isinstance(value, Decimal) else value


def test_no_hostile_body_of_v2_is_allowed(validators: dict[str, Draft202012Validator]) -> None:
    for path, body, error in V2_BODIES:
        document = _document(body)
        if document is not None and not _SPELLED.search(str(body)):
            assert not validators[f"/api/v2{path}"].is_valid(document), (body[:100], error)


def test_no_hostile_body_of_v1_is_allowed(validators: dict[str, Draft202012Validator]) -> None:
    for what, (body, field) in V1_BODIES.items():
        document = _document(body)
        if document is not None and not _SPELLED.search(str(body)) and not _SEMANTIC.search(field):
            assert not validators["/api/v1/orders"].is_valid(document), what


@given(st.from_regex(PATTERN, fullmatch=True) | st.text(alphabet="abcXYZ019_@./:thpsmeTHPSME \n", max_size=45))
def test_the_pattern_of_usernames_takes_what_the_code_takes(text: str) -> None:
    assert Draft202012Validator({"pattern": PATTERN}).is_valid(text) == (plain(text) is not None)


def test_every_post_that_tells_of_an_idempotency_key_reads_it(app: Flask, client: FlaskClient) -> None:
    shop, telegram = make_shop(client), make_v2_shop(client)
    order = shop.order(make_product()).json["order_id"]
    make_telegram_goods()
    asked = 0
    for path, methods in for_clients(app)["paths"].items():
        if "post" not in methods:
            continue
        body = methods["post"].get("requestBody", {}).get("content", {}).get("application/json", {}).get("example", {})
        for surface, caller in (("/api/v1", shop), ("/api/v2", telegram)):
            if path.startswith(surface):
                below = path.removeprefix(surface).replace("{order_id}", str(order))
                answer = caller.post(below, body, Idempotency_Key="x" * 256)
                assert "Idempotency-Key" in answer.text, path
                asked += 1
    assert asked > 5

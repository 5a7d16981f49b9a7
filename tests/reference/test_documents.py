"""The OpenAPI documents: valid, complete, and as the views are."""

import json
import re
from collections.abc import Iterator
from typing import Annotated, Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from jsonschema_rs import Draft202012Validator
from openapi_spec_validator import validate
from pydantic import Field, create_model

from jobs import signing
from models.money import PER_USD
from settings import settings
from web.bodies import Usd
from web.reference import webhooks
from web.reference.components import Components
from web.reference.documents import for_clients, for_operators
from web.reference.error_codes import MEANINGS
from web.reference.glossary import MEANINGS as GLOSSARY

Document = dict[str, Any]


@pytest.fixture(scope="module")
def clients(app: Flask) -> Document:
    """The document of v1 and v2."""
    return for_clients(app)


@pytest.fixture(scope="module")
def operators(app: Flask) -> Document:
    """The document of the operators' API."""
    return for_operators(app)


@pytest.mark.parametrize("path", ["/api/openapi.json", "/api/admin/openapi.json"])
def test_a_document_is_valid_openapi_and_needs_no_key(client: FlaskClient, path: str) -> None:
    answer = client.get(path)

    assert answer.status_code == 200
    assert answer.mimetype == "application/json"
    document = json.loads(answer.get_data())
    assert document["openapi"] == "3.1.0"
    assert document["servers"] == [{"url": settings.public_url or "/"}]
    validate(document)


@pytest.mark.parametrize("path", ["/api/openapi.json", "/api/admin/openapi.json"])
def test_who_has_a_document_already_is_not_sent_it_again(client: FlaskClient, path: str) -> None:
    etag = client.get(path).headers["ETag"]

    again = client.get(path, headers={"If-None-Match": etag})

    assert (again.status_code, again.get_data()) == (304, b"")


def test_every_address_is_described(app: Flask, clients: Document, operators: Document) -> None:
    described = {operation["operationId"] for operation in _operations(clients, operators)}

    routed = {rule.endpoint.replace(".", "_") for rule in app.url_map.iter_rules()}

    assert described == {name for name in routed if name.startswith(("v1_", "v2_", "admin_"))}
    assert len(described) > 60


def test_simulation_is_described_only_where_it_is_on(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "/api/admin/simulate/transfer" in for_operators(app)["paths"]
    monkeypatch.setattr("web.reference.operations.settings", settings.model_copy(update={"allow_simulation": False}))

    assert not [path for path in for_operators(app)["paths"] if "simulate" in path]


def test_an_answer_that_began_with_white_space_may_be_an_error(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("web.reference.operations.settings", settings.model_copy(update={"wait_keepalive_seconds": 20}))

    answers = for_clients(app)["paths"]["/api/v2/stars"]["post"]["responses"]["200"]["content"]["application/json"]

    order, late = answers["schema"]["anyOf"]
    assert order == {"$ref": "#/components/schemas/TelegramOrder"}
    assert "timeout" in late["properties"]["error"]["enum"]


def test_every_example_is_what_its_schema_says(clients: Document, operators: Document) -> None:
    checked = 0
    for document in (clients, operators):
        for content in _contents(document):
            if "example" in content:
                schema = {**content["schema"], "components": document["components"]}
                assert [error.message for error in Draft202012Validator(schema).iter_errors(content["example"])] == []
                checked += 1
    assert checked > 40


def test_clients_find_an_example_of_every_body_and_answer(clients: Document) -> None:
    for operation in _operations(clients):
        contents = [operation["requestBody"]["content"]] if "requestBody" in operation else []
        for content in [*contents, operation["responses"]["200"]["content"]]:
            assert "example" in content["application/json"], operation["operationId"]


def test_every_meaning_of_an_error_is_told_somewhere(clients: Document, operators: Document) -> None:
    told = json.dumps([clients, operators])

    assert [code for code in MEANINGS if f"- `{code}`: " not in told] == []


def test_every_word_of_the_glossary_is_used_and_no_field_of_money_goes_without(
    clients: Document, operators: Document
) -> None:
    told = json.dumps([clients, operators])
    assert [word for word, meaning in GLOSSARY.items() if json.dumps(meaning) not in told] == []

    for name, schema in clients["components"]["schemas"].items():
        for field, described in schema["properties"].items():
            if "_usd" in field:
                assert described.get("description"), (name, field)


def test_no_amount_is_told_in_micro_dollars(clients: Document, operators: Document) -> None:
    told = json.dumps([clients, operators])

    assert "micro" not in told
    assert not re.search(r'"format": "usd"|"(ge|gt|le|lt)":', told)


def test_money_is_a_number_or_a_decimal_string(clients: Document) -> None:
    amount = clients["components"]["schemas"]["TopupBody"]["properties"]["amount_usdt"]
    validator = Draft202012Validator(amount)

    good = [1, 1.5, 12.34, 100_000, "1", "12.30", "12.340000", "99999.99", "100000.00"]
    bad = [
        0,
        0.99,
        100_000.01,
        "",
        "0",
        "0.99",
        "-1",
        "1e2",
        "12.345",
        "100000.01",
        "100001",
        "1,5",
        True,
        None,
    ]
    assert [value for value in good if not validator.is_valid(value)] == []
    assert [value for value in bad if validator.is_valid(value)] == []


def test_no_number_has_to_be_a_multiple_which_most_validators_reckon_in_floats(
    clients: Document, operators: Document
) -> None:
    assert "multipleOf" not in json.dumps([clients, operators])


@pytest.mark.parametrize(
    "bound", [Field(le=500 * PER_USD), Field(lt=1000 * PER_USD), Field(ge=5 * PER_USD), Field(gt=PER_USD)], ids=str
)
def test_bounds_of_money_that_the_pattern_could_not_tell_are_noticed(bound: Any) -> None:
    model = create_model("Body", amount_usdt=(Annotated[Usd, bound], ...))

    with pytest.raises(ValueError, match="must be"):
        Components().body(model)


def test_the_headers_of_webhooks_are_those_that_are_sent() -> None:
    plain = signing.headers("msg_1", 1, b"{}", None, 1)
    signed = signing.headers("msg_1", 1, b"{}", "c2VjcmV0", 1)

    assert set(webhooks.ALWAYS_SENT) == set(plain) - {"Content-Type", "User-Agent"}
    assert set(webhooks.SENT_WITH_A_SECRET) == set(signed) - set(plain)


def test_operators_are_told_which_role_is_needed(operators: Document) -> None:
    for operation in _operations(operators):
        assert re.search(r"Needs the role `(read|operate|administer)`", operation["description"])


def _operations(*documents: Document) -> Iterator[Any]:
    for document in documents:
        for methods in document["paths"].values():
            yield from methods.values()


def _contents(document: Document) -> Iterator[Any]:
    """Every body and answer that is JSON."""
    for operation in [*_operations(document), *(hook["post"] for hook in document.get("webhooks", {}).values())]:
        for part in [operation.get("requestBody", {}), *operation["responses"].values()]:
            if "application/json" in part.get("content", {}):
                yield part["content"]["application/json"]

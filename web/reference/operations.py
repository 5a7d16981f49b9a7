"""The operations of an API, made of its routes, what its views say of themselves, and the models that validate."""

import inspect
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from flask import Flask
from pydantic import BaseModel
from werkzeug.routing import Rule

from settings import settings
from web.field_rules import Schema
from web.idempotency import LONGEST
from web.reference import glossary
from web.reference.components import Components
from web.reference.described import Description, description_of
from web.reference.error_codes import told
from web.reference.refusals import codes_by_status
from web.waiting import WaitQuery

_PARAMETER = re.compile(r"<(?:(?P<kind>\w+)(?:\([^)]*\))?:)?(?P<name>\w+)>")
_RATE_LIMIT = ("RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset")
_RETRY_STATUSES = (429, 503)
_NOT_COUNTED = (401, 403, 404, 500, 503)  # refused before the key was known and counted, or maybe so
_IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key", "in": "header", "required": False,
    "description": "Of your own choice. The same request, sent again with the same key, gets the first answer again.",
    "schema": {"type": "string", "minLength": 1, "maxLength": LONGEST, "pattern": "^[ -~]+$"},
}  # fmt: skip
_IF_NONE_MATCH = {
    "name": "If-None-Match", "in": "header", "required": False,
    "description": "The ETag of an earlier answer.",
    "schema": {"type": "string"},
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Surface:
    """An API: the blueprint that it is, how its callers prove who they are, and the form of its errors."""

    blueprint: str
    security: Sequence[dict[str, list[str]]]
    error: Callable[[int, Sequence[str]], Schema]
    signed: Sequence[dict[str, list[str]]] = ()  # beside `security`, for POSTs that are signed
    answers: Mapping[str, Any] | None = None  # examples, by the name of the view

    @property
    def is_for_clients(self) -> bool:
        """Whether requests are counted, and POSTs take an Idempotency-Key."""
        return self.blueprint != "admin"


@dataclass(frozen=True, slots=True)
class _Operation:
    surface: Surface
    rule: Rule
    method: str
    view: Callable[..., Any]
    description: Description

    @property
    def is_post(self) -> bool:
        return self.method == "POST"

    @property
    def tag(self) -> str:
        return " ".join([self.surface.blueprint, self.view.__module__.rpartition(".")[2].replace("_", " ")])


def operations(
    app: Flask, surface: Surface, components: Components
) -> tuple[dict[str, dict[str, Any]], list[dict[str, str]]]:
    """The paths of a surface, each with its operations, and the tags of these.

    Raises ValueError for a view that says nothing of itself.
    """
    paths: dict[str, dict[str, Any]] = {}
    tags: dict[str, str] = {}
    for operation in _all(app, surface):
        path = _PARAMETER.sub(r"{\g<name>}", operation.rule.rule)
        paths.setdefault(path, {})[operation.method.lower()] = _document(operation, components)
        tags[operation.tag] = _one_line(inspect.getdoc(sys.modules[operation.view.__module__]) or "")
    return paths, [{"name": name, "description": about} for name, about in sorted(tags.items())]


def _all(app: Flask, surface: Surface) -> list[_Operation]:
    found = []
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule):
        if not rule.endpoint.startswith(f"{surface.blueprint}."):
            continue
        view = app.view_functions[rule.endpoint]
        description = description_of(view)
        if description is None:
            raise ValueError(f"{rule.endpoint} is not described.")
        if description.is_simulation and not settings.allow_simulation:
            continue
        methods = sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
        found += [_Operation(surface, rule, method, view, description) for method in methods]
    return found


def _document(operation: _Operation, components: Components) -> dict[str, Any]:
    surface, described = operation.surface, operation.description
    summary, _, rest = (inspect.getdoc(operation.view) or "").partition("\n\n")
    role = getattr(operation.view, "needed_role", None)
    needs = f"Needs the role `{role.name.lower()}`." if role else ""
    about = " ".join(filter(None, [_one_line(rest), needs]))
    document: dict[str, Any] = {
        "operationId": operation.rule.endpoint.replace(".", "_"),
        "tags": [operation.tag],
        "summary": _one_line(summary).rstrip("."),
        "parameters": [
            *_path_parameters(operation.rule),
            *_query_parameters(described.query, components),
            *([_IDEMPOTENCY_KEY] if operation.is_post and surface.is_for_clients else []),
            *([_IF_NONE_MATCH] if described.is_tagged else []),
        ],
        "responses": {**_good(operation, components), **_refusals(operation)},
        "security": [*surface.security, *(surface.signed if operation.is_post else ())],
    }
    if about:
        document["description"] = about
    if described.body is not None:
        document["requestBody"] = _request_body(described.body, described, components)
    return document


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _path_parameters(rule: Rule) -> list[Schema]:
    return [
        {
            "name": found["name"], "in": "path", "required": True,
            "description": glossary.meaning_of(found["name"]),
            "schema": {"type": "integer", "minimum": 1} if found["kind"] == "int" else {"type": "string"},
        }
        for found in _PARAMETER.finditer(rule.rule)
    ]  # fmt: skip


def _query_parameters(query: type[BaseModel] | None, components: Components) -> list[Schema]:
    if query is None:
        return []
    fields, required = components.query(query)
    return [_query_parameter(name, dict(schema), is_required=name in required) for name, schema in fields.items()]


def _query_parameter(name: str, schema: Schema, *, is_required: bool) -> Schema:
    """A parameter may be left out, which is what None stands for; it cannot be null."""
    about = schema.pop("description", "")
    choices = [choice for choice in schema.get("anyOf", []) if choice != {"type": "null"}]
    texts = [choice for choice in choices if choice.get("type") == "string"]
    if texts:
        [schema] = texts  # all is text in a query, so of the two forms of an amount it is this one
    elif len(choices) == 1:
        schema = choices[0]
    elif choices:
        schema["anyOf"] = choices
    elif isinstance(schema.get("type"), list):
        [schema["type"]] = [kind for kind in schema["type"] if kind != "null"]
    return {"name": name, "in": "query", "required": is_required, "description": about, "schema": schema}


def _request_body(body: type[BaseModel], described: Description, components: Components) -> Schema:
    content: Schema = {"application/json": {"schema": components.body(body), "example": described.body_example}}
    content |= {media: {"schema": {"type": "string", "description": about}} for media, about in described.body_media}
    return {"required": True, "content": content}


def _good(operation: _Operation, components: Components) -> Schema:
    described, surface = operation.description, operation.surface
    schema = components.answer(described.answer)
    if described.is_page:
        schema = _page_of(schema)
    if described.query is WaitQuery and settings.wait_keepalive_seconds:
        # The status went out with the first white space, before the end was known.
        late = surface.error(408, ["timeout", "service_unavailable", "internal_error"])
        schema = {"anyOf": [schema, late]}
    answer: Schema = {"schema": schema}
    example = (surface.answers or {}).get(operation.view.__name__)
    if example is not None:
        answer["example"] = example
    content: Schema = {"application/json": answer}
    content |= {media: {"schema": {"type": "string", "description": about}} for media, about in described.media}
    good = {
        "description": HTTPStatus(described.status).phrase,
        "headers": _headers(operation, described.status),
        "content": content,
    }
    unchanged = {"description": "It is as your ETag names it.", "headers": _headers(operation, 304)}
    return {str(described.status): good, **({"304": unchanged} if described.is_tagged else {})}


def _page_of(item: Schema) -> Schema:
    return {
        "type": "object",
        "required": ["items", "next_cursor"],
        "properties": {
            "items": {"type": "array", "items": item},
            "next_cursor": {"type": ["string", "null"], "description": glossary.meaning_of("next_cursor")},
        },
    }


def _refusals(operation: _Operation) -> Schema:
    surface = operation.surface
    by_status = codes_by_status(
        surface.blueprint, operation.description, operation.method, has_path_ids=bool(operation.rule.arguments)
    )
    return {
        str(status): {
            "description": f"{HTTPStatus(status).phrase}\n\n{told(codes)}",
            "headers": _headers(operation, status),
            "content": {"application/json": {"schema": surface.error(status, codes)}},
        }
        for status, codes in by_status.items()
    }


def _headers(operation: _Operation, status: int) -> Schema:
    names = ["X-Request-Id"]
    if operation.surface.is_for_clients and status not in _NOT_COUNTED:
        names += _RATE_LIMIT
    if status in _RETRY_STATUSES:
        names.append("Retry-After")
    if operation.description.is_tagged and status in (200, 304):
        names.append("ETag")
    if operation.is_post and operation.surface.is_for_clients and (status < 300 or status == 408):
        names.append("Idempotent-Replayed")
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}

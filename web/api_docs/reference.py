"""What the page takes from the OpenAPI document: operations, fields and errors, so that it cannot tell otherwise."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from web.api_docs.advice import advice_for
from web.reference.error_codes import MEANINGS

_JSON = "application/json"
_DECIMAL = "[0-9]{1,"  # how the pattern of an amount that comes as text begins to count its digits


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one address."""

    method: str
    path: str
    summary: str
    place: str  # in the playground


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a body or an answer, or one value of a query."""

    name: str
    kind: str
    is_required: bool
    about: str


@dataclass(frozen=True, slots=True)
class Error:
    """A code, the statuses that it comes with, what it means, and what to do about it."""

    code: str
    statuses: str
    meaning: str
    advice: str


class Reference:
    """The clients' document, as templates ask for it. A name that it does not have raises KeyError."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._paths = document["paths"]
        self._shapes = document["components"]["schemas"]

    def operation(self, method: str, path: str) -> Operation:
        """One operation."""
        found = self._paths[path][method.lower()]
        return Operation(method, path, found["summary"], f"#{found['operationId']}")

    def operations(self, surface: str) -> list[Operation]:
        """All operations of `v1` or `v2`."""
        below = f"/api/{surface}/"
        return [
            self.operation(method.upper(), path)
            for path, methods in self._paths.items()
            if path.startswith(below)
            for method in methods
        ]

    def fields(self, shape: str) -> list[Field]:
        """The fields of a body or an answer."""
        schema = self._shapes[shape]
        required = schema.get("required", [])
        return [
            Field(name, kind_of(field), name in required, field.get("description", ""))
            for name, field in schema["properties"].items()
        ]

    def query(self, path: str) -> list[Field]:
        """The values that the query of a GET takes."""
        return [
            Field(value["name"], kind_of(value["schema"]), value["required"], value["description"])
            for value in self._paths[path]["get"]["parameters"]
            if value["in"] == "query"
        ]

    def errors(self, surface: str) -> list[Error]:
        """Every error of `v1` or `v2`, by status. The sentences that v2 tells explain themselves."""
        statuses: dict[str, set[str]] = defaultdict(set)
        for status, code in self._codes(f"/api/{surface}/"):
            statuses[code].add(status)
        statuses["not_found"].add("404")  # any other address
        statuses["method_not_allowed"].add("405")
        found = [
            Error(code, ", ".join(sorted(numbers)), _meaning(code), advice_for(code))
            for code, numbers in statuses.items()
        ]
        return sorted(found, key=lambda error: (error.statuses, error.code))

    def _codes(self, below: str) -> Iterator[tuple[str, str]]:
        for path, methods in self._paths.items():
            if not path.startswith(below):
                continue
            for operation in methods.values():
                for status, answer in operation["responses"].items():
                    schema = answer.get("content", {}).get(_JSON, {}).get("schema", {})
                    error = schema.get("properties", {}).get("error", {}) if int(status) >= 400 else {}
                    yield from ((status, code) for code in error.get("enum") or error.get("examples") or ())


def _meaning(code: str) -> str:
    if code == "method_not_allowed":
        return "This address does not take this method; the header `Allow` names those that it takes."
    return MEANINGS.get(code, "")


def kind_of(schema: dict[str, Any]) -> str:
    """What a value is, in a few words."""
    if "$ref" in schema:
        return "object"
    if "enum" in schema:
        return "one of " + ", ".join(f"`{choice}`" for choice in schema["enum"] if choice is not None)
    if "const" in schema:
        return f"`{schema['const']}`".lower()
    choices = schema.get("anyOf") or [{**schema, "type": kind} for kind in _listed(schema["type"])]
    kinds = dict.fromkeys(_named(choice) for choice in choices if choice["type"] != "null")
    return " or ".join(kinds) + (", or null" if {"type": "null"}.items() <= choices[-1].items() else "")


def _listed(kinds: str | list[str]) -> list[str]:
    return kinds if isinstance(kinds, list) else [kinds]


def _named(schema: dict[str, Any]) -> str:
    if _DECIMAL in schema.get("pattern", ""):
        return "decimal number as text"
    return str(schema["type"]) + _bounds(schema)


def _bounds(schema: dict[str, Any]) -> str:
    """How much, or how long; what is bounded by what a database can hold only, is not."""
    if "maxLength" in schema:
        return f", up to {schema['maxLength']:,} characters"
    least, most = schema.get("minimum"), schema.get("maximum")
    if most is None or most > 10**8:
        return ""
    return f", {least or 0:,} to {most:,}"

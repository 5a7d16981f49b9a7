"""Holds every answer that a test gets from the application, and every webhook, against the documents that we publish.

The documents leave it open that an answer gets a field more some day, so that no generated client breaks by it. Here
there is none but those that they tell of.

Violations are noted while a request is answered, and told at the end of its test: raised at once, they would become
one more answer. So it is done in the tests' own process, and in those that they start (`tests/served.py`).
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache, partial
from typing import Any
from unittest.mock import patch

from flask import Flask, Request, Response, request, request_finished
from jsonschema_rs import Draft202012Validator

from settings import settings
from web.reference import operations
from web.reference.components import HEADERS, Components
from web.reference.documents import for_clients, for_operators
from web.reference.webhooks import ALWAYS_SENT, webhooks

# The reference itself; all other addresses below these are described.
_DESCRIBED = ("/api/v1", "/api/v2", "/api/admin")
_REFERENCE = "openapi."
_ERROR = {"type": "object", "required": ["error", "message", "request_id"]}

violations: list[str] = []
"""What was not as documented, since the test began."""


class Conformance:
    """The documents of an application, compiled as far as they are needed."""

    def __init__(self, app: Flask, note: Callable[[str], None] = violations.append) -> None:
        self._note = note
        self._operations: dict[str, Any] = {}
        self._components: dict[str, Any] = {}
        self._begun: dict[str, Any] = {}  # operations whose answers begin before their end is known
        self._validators: dict[tuple[str, ...], Draft202012Validator] = {}
        for document in (_closed(for_clients(app)), _closed(for_operators(app))):
            for methods in document["paths"].values():
                for operation in methods.values():
                    self._operations[operation["operationId"]] = operation
                    self._components[operation["operationId"]] = document["components"]
        with patch.object(operations, "settings", settings.model_copy(update={"wait_keepalive_seconds": 1})):
            for methods in _closed(for_clients(app))["paths"].values():
                self._begun |= {operation["operationId"]: operation for operation in methods.values()}

    def watch(self, app: Flask) -> None:
        """Look at every answer of the application from now on."""
        request_finished.connect(self._look, app, weak=False)

    def _look(self, sender: Flask, response: Response, **_: Any) -> None:
        if request.path.startswith(_DESCRIBED) and not (request.endpoint or "").startswith(_REFERENCE):
            where = f"{request.method} {request.path} -> {response.status_code}: "
            self._note_all(where, self._violations(request, response))
            name = (request.endpoint or "").replace(".", "_")
            if response.is_streamed and response.mimetype == "application/json" and name in self._begun:
                schema = self._begun[name]["responses"]["200"]["content"]["application/json"]["schema"]
                look = partial(self._faults, (name, "begun"), schema, self._components[name])
                response.response = self._to_the_end(response.response, lambda body: self._note_all(where, look(body)))

    def _note_all(self, where: str, found: Iterable[str]) -> None:
        for violation in found:
            self._note(where + violation)

    @staticmethod
    def _to_the_end(pieces: Any, look: Callable[[bytes], None]) -> Iterator[bytes]:
        """The pieces of an answer as they come, and a look at all of them at the end."""
        body = b""
        try:
            for piece in pieces:
                body += piece
                yield piece
            look(body)
        finally:
            pieces.close()  # a client may be gone before the end

    def _violations(self, asked: Request, response: Response) -> list[str]:
        operation = self._operations.get((asked.endpoint or "").replace(".", "_"))
        if operation is None:
            return (
                self._faults(("error",), _ERROR, {}, response.get_data())
                if asked.url_rule is None
                else ["not described"]
            )
        documented = operation["responses"].get(str(response.status_code))
        if documented is None:
            return [f"status not documented, {response.get_data()[:200]!r}"]
        required = [name for name in documented["headers"] if HEADERS[name]["required"]]
        found = [f"without {name}" for name in required if name not in response.headers]
        if asked.method == "HEAD":
            return found
        return (
            found + self._wrong_answer(operation, documented, response) + self._wrong_body(operation, asked, response)
        )

    def _wrong_answer(self, operation: Any, documented: Any, response: Response) -> list[str]:
        if "content" not in documented:
            return []  # a 304, whose body werkzeug leaves out when it is sent
        if response.mimetype not in documented["content"]:
            return [f"is {response.mimetype}"]
        if response.mimetype != "application/json" or response.is_streamed:
            return []
        key = (operation["operationId"], str(response.status_code))
        schema = documented["content"]["application/json"]["schema"]
        return self._faults(key, schema, self._components_of(operation), response.get_data())

    def _wrong_body(self, operation: Any, asked: Request, response: Response) -> list[str]:
        """What was taken must be allowed, too."""
        described = operation.get("requestBody", {}).get("content", {}).get("application/json")
        if described is None or response.status_code >= 300 or asked.mimetype != "application/json":
            return []
        body = asked.get_data()  # empty, where it was read as it came
        if not body:
            return []
        key = (operation["operationId"], "body")
        validator = self._validator(key, described["schema"], self._components_of(operation))
        return [f"took {body[:200]!r}: {error.message[:200]}" for error in validator.iter_errors(json.loads(body))]

    def _faults(self, key: tuple[str, ...], schema: Any, components: Any, body: bytes) -> list[str]:
        validator = self._validator(key, schema, components)
        errors = validator.iter_errors(json.loads(body))
        return [f"at {list(error.instance_path)}: {error.message[:300]}" for error in errors]

    def _validator(self, key: tuple[str, ...], schema: Any, components: Any) -> Draft202012Validator:
        if key not in self._validators:
            self._validators[key] = Draft202012Validator({**schema, "components": components})
        return self._validators[key]

    def _components_of(self, operation: Any) -> Any:
        return self._components[operation["operationId"]]


def look_at_webhook(headers: Mapping[str, str], body: bytes) -> None:
    """Look at a webhook that a receiver got; header names in lower case."""
    if not headers.get("user-agent", "").startswith("Sutler-Webhooks"):
        return
    violations.extend(f"webhook without {name}" for name in ALWAYS_SENT if name.lower() not in headers)
    told = json.loads(body)
    name = "topupCredited" if "topup_id" in told else "telegramOrderEnded" if "username" in told else "orderEnded"
    violations.extend(f"{name}: {error.message[:300]}" for error in _webhooks()[name].iter_errors(told))


@lru_cache(maxsize=1)
def _webhooks() -> dict[str, Draft202012Validator]:
    components = Components()
    bodies = {name: hook["post"]["requestBody"]["content"] for name, hook in webhooks(components).items()}
    found = _closed({"components": {"schemas": components.schemas}})
    return {
        name: Draft202012Validator({**_closed(content["application/json"]["schema"]), **found})
        for name, content in bodies.items()
    }


def _closed(part: Any) -> Any:
    """A part of a document where each object whose fields are told has no others."""
    if isinstance(part, list):
        return [_closed(inner) for inner in part]
    if not isinstance(part, dict):
        return part
    closed = {name: _closed(inner) for name, inner in part.items()}
    return {"additionalProperties": False, **closed} if "properties" in closed else closed

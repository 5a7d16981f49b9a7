"""The schemas and headers that operations refer to, each under a name."""

from typing import Any

from pydantic import BaseModel, TypeAdapter

from web.field_rules import Schema, finished
from web.reference import glossary

_REF = "#/components/schemas/{model}"

_TEXT, _WHOLE = {"type": "string"}, {"type": "integer"}


def _header(about: str, schema: Schema, *, is_required: bool = True) -> Schema:
    return {"description": about, "required": is_required, "schema": schema}


HEADERS: dict[str, Schema] = {
    "X-Request-Id": _header("Names this request in our log.", _TEXT),
    "RateLimit-Limit": _header("Requests that the key may make in a window of time.", _WHOLE),
    "RateLimit-Remaining": _header("How many of them are left.", _WHOLE),
    "RateLimit-Reset": _header("Seconds until there is one more.", _WHOLE),
    "Retry-After": _header("Seconds to wait before the next try.", _WHOLE),
    "Idempotent-Replayed": _header(
        "An earlier request with this Idempotency-Key had this answer first.",
        {**_TEXT, "enum": ["true"]},
        is_required=False,
    ),
    "ETag": _header("Names this state of the answer; to If-None-Match with it, an unchanged one is not sent.", _TEXT),
}


class Components:
    """Collects the schemas that are referred to."""

    def __init__(self) -> None:
        self.schemas: dict[str, Schema] = {}

    def answer(self, shape: Any) -> Schema:
        """The schema of what a view returns, a TypedDict or a list of them."""
        return self._of(TypeAdapter(shape).json_schema(mode="serialization", ref_template=_REF))

    def body(self, model: type[BaseModel]) -> Schema:
        """The schema of what a model reads."""
        return self._of(model.model_json_schema(ref_template=_REF))

    def query(self, model: type[BaseModel]) -> tuple[dict[str, Schema], list[str]]:
        """The schemas of a query's parameters by name, and the names of those that are required."""
        made = model.model_json_schema(ref_template=_REF)
        self._keep_all(made.pop("$defs", {}))
        finished_model = _explained(finished(made))
        return finished_model.get("properties", {}), finished_model.get("required", [])

    def keep(self, name: str, schema: Schema) -> Schema:
        """Put a schema among the components; returns what refers to it. Raises ValueError for a name that is taken."""
        if self.schemas.setdefault(name, schema) != schema:
            raise ValueError(f"Two shapes are called {name}; give one of them another name.")
        return {"$ref": _REF.format(model=name)}

    def _of(self, made: Schema) -> Schema:
        self._keep_all(made.pop("$defs", {}))
        if "title" in made and "properties" in made:
            return self.keep(made["title"], _explained(finished(made)))
        schema: Schema = finished(made)
        return schema

    def _keep_all(self, definitions: dict[str, Schema]) -> None:
        for name, schema in definitions.items():
            self.keep(name, _explained(finished(schema)))


def _explained(model: Schema) -> Schema:
    """The schema of a model, with a sentence for each field that the glossary knows."""
    for name, field in model.get("properties", {}).items():
        about = glossary.meaning_of(name, model.get("title", ""))
        if about:
            field.setdefault("description", about)
    return model

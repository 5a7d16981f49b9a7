"""Reading what a client sent, strictly: what is wrong is answered field by field, and nothing is guessed."""

from typing import Annotated, Any, NoReturn, TypeVar

from flask import request
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import PydanticCustomError
from werkzeug.exceptions import UnsupportedMediaType

from models.errors import Refusal
from models.money import NotAnAmount, parse_usd
from models.strict_json import NotStrictJson, parse

LARGEST_ID = 2**63 - 1

Model = TypeVar("Model", bound=BaseModel)


class InvalidBody(Refusal):
    status, code = 422, "invalid_body"


class StrictModel(BaseModel):
    """A body: unknown fields and values of a neighbouring type are refused."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class QueryModel(BaseModel):
    """Query parameters: text, so values are read from it; names that are not ours are left alone."""

    model_config = ConfigDict(extra="ignore", frozen=True)


def _no_control_characters(text: str) -> str:
    if any(character < " " or character == "\x7f" for character in text):
        raise PydanticCustomError("control_characters", "must not contain control characters")
    return text


def _usd(value: Any) -> int:
    try:
        return parse_usd(value)
    except NotAnAmount as error:
        raise PydanticCustomError("amount", "{reason}", {"reason": str(error)}) from None


def _whole_number(value: Any) -> Any:
    digits = str(value)
    if not digits.isascii() or not digits.removeprefix("-").isdigit() or len(digits) > 19:
        raise PydanticCustomError("whole_number", "must be a whole number")
    return int(digits)


Text = Annotated[str, AfterValidator(_no_control_characters)]
Usd = Annotated[int, BeforeValidator(_usd)]
"""Dollars on the wire, micro-dollars in the model."""
Id = Annotated[int, Field(ge=1, le=LARGEST_ID)]
QueryInt = Annotated[int, BeforeValidator(_whole_number)]


def read_body(model: type[Model]) -> Model:
    """The request's JSON body as a model. Raises UnsupportedMediaType and InvalidBody."""
    if request.mimetype != "application/json":
        raise UnsupportedMediaType
    try:
        document = parse(request.get_data())
    except NotStrictJson as error:
        _refuse([{"field": "body", "message": str(error)}])
    if not isinstance(document, dict):
        _refuse([{"field": "body", "message": "must be a JSON object"}])
    return validate(model, document)


def read_query(model: type[Model]) -> Model:
    """The query parameters as a model. Raises InvalidBody."""
    for name, value in request.args.items():
        if "\0" in value or "\ufffd" in value:
            _refuse([{"field": name if name.isidentifier() else "query", "message": "must be plain text"}])
    return validate(model, request.args.to_dict())


def validate(model: type[Model], document: dict[str, Any]) -> Model:
    """A parsed document as a model. Raises InvalidBody, naming each field at fault."""
    try:
        return model.model_validate(document)
    except ValidationError as error:
        faults = error.errors(include_url=False, include_context=False, include_input=False)
        _refuse([{"field": _place(fault["loc"]), "message": _sentence(fault)} for fault in faults[:50]])


def _place(location: tuple[int | str, ...]) -> str:
    text = ".".join(str(part) for part in location) or "body"
    # The name may be the client's own: it goes back into JSON, so it must be text that UTF-8 can carry.
    return text.encode("utf-8", "replace").decode()[:100]


def _sentence(fault: Any) -> str:
    return {"extra_forbidden": "is not a field of this request", "missing": "is required"}.get(fault["type"], fault["msg"])


def _refuse(fields: list[dict[str, str]]) -> NoReturn:
    listed = "; ".join(f"{fault['field']}: {fault['message']}" for fault in fields[:3])
    raise InvalidBody(f"The request is not valid: {listed}.", fields=fields)

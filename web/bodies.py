"""Reading what a client sent, strictly: what is wrong is answered field by field, and nothing is guessed."""

from typing import Annotated, Any, NoReturn, TypeVar
from urllib.parse import parse_qsl

import flask
from flask import request
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import PydanticCustomError
from werkzeug.exceptions import RequestEntityTooLarge, UnsupportedMediaType

from models.errors import Refusal
from models.money import NotAnAmount, parse_usd
from models.strict_json import NotStrictJson, parse
from web.field_rules import USD, Checked, ReadBy

LARGEST_ID = 2**63 - 1
MOST_VALUES = 100  # in a query
MOST_PER_PAGE, USUAL_PER_PAGE = 200, 50

Model = TypeVar("Model", bound=BaseModel)


class BoundedRequest(flask.Request):
    """A request whose body, when it is too large, is always refused.

    Werkzeug does so where the length is given; a chunked body it cuts off, and what is left may make sense.
    """

    def get_data(self, *args: Any, **kwargs: Any) -> Any:
        """The body. Raises RequestEntityTooLarge."""
        data = super().get_data(*args, **kwargs)
        if self.content_length is None and len(data) == self.max_content_length and self.environ["wsgi.input"].read(1):
            raise RequestEntityTooLarge
        return data


class InvalidBody(Refusal):
    status, code = 422, "invalid_body"


class StrictModel(BaseModel):
    """A body: unknown fields and values of a neighbouring type are refused."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class QueryModel(BaseModel):
    """Query parameters: text, so values are read from it; names that are not ours are left alone."""

    model_config = ConfigDict(extra="ignore", frozen=True)


def plain_text(text: str) -> str:
    """The text as it is, if it has nothing but characters for people to read."""
    if any(character < " " or character == "\x7f" for character in text):
        raise PydanticCustomError("control_characters", "must not contain control characters")
    if any("\ud800" <= character <= "\udfff" for character in text):
        # A JSON escape can spell one half of a surrogate pair without the other; no encoding can store it.
        raise PydanticCustomError("half_character", "must not contain half of a character (a lone surrogate)")
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


def _yes_or_no(value: Any) -> bool:
    word = str(value).lower()  # Python's clients write True
    if word not in ("true", "false", "1", "0"):
        raise PydanticCustomError("yes_or_no", "must be true or false")
    return word in ("true", "1")


PLAIN = Checked(plain_text, rule={"pattern": r"^[^\x00-\x1f\x7f]*$"})
"""What `plain_text` takes."""
Usd = Annotated[int, ReadBy(_usd, rule={"format": USD})]
"""Dollars on the wire, micro-dollars in the model."""
Id = Annotated[int, Field(ge=1, le=LARGEST_ID)]
QueryInt = Annotated[int, ReadBy(_whole_number)]
PageLimit = Annotated[QueryInt, Field(ge=1, le=MOST_PER_PAGE)]
"""How many items of a list to answer with; USUAL_PER_PAGE where nobody says."""
YesOrNo = Annotated[bool, ReadBy(_yes_or_no)]


def read_body(model: type[Model]) -> Model:
    """The request's JSON body as a model. Raises UnsupportedMediaType and InvalidBody."""
    if request.mimetype != "application/json":
        raise UnsupportedMediaType
    try:
        document = parse(request.get_data())
    except NotStrictJson as error:
        _refuse([{"field": error.field or "body", "message": error.message}])
    if not isinstance(document, dict):
        _refuse([{"field": "body", "message": "must be a JSON object"}])
    return validate(model, document)


def read_query(model: type[Model]) -> Model:
    """The query parameters as a model. Raises InvalidBody."""
    given: dict[str, str] = {}
    for name, value in _query_pairs():
        if name not in model.model_fields and model.model_config.get("extra") != "forbid":
            continue
        if name in given:
            _refuse([{"field": name, "message": "is given twice"}])
        if "\0" in value:
            _refuse([{"field": name, "message": "must not contain NUL"}])
        given[name] = value
    return validate(model, given)


def _query_pairs() -> list[tuple[str, str]]:
    # Flask's own reading keeps bytes that are not UTF-8 as escapes, or fails at them.
    try:
        pairs = parse_qsl(
            request.query_string.decode(), keep_blank_values=True, errors="surrogateescape", max_num_fields=MOST_VALUES
        )
    except ValueError:
        _refuse([{"field": "query", "message": f"must be UTF-8 text, of at most {MOST_VALUES} values"}])
    for name, value in pairs:
        if not _is_text(name) or not _is_text(value):
            _refuse([{"field": name if _is_text(name) else "query", "message": "must be UTF-8 text"}])
    return pairs


def _is_text(text: str) -> bool:
    """Whether UTF-8 can carry it: bytes that are none, and halves of surrogate pairs, it cannot."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def validate(model: type[Model], document: dict[str, Any]) -> Model:
    """A parsed document as a model. Raises InvalidBody, naming each field at fault."""
    try:
        return model.model_validate(document)
    except ValidationError as error:
        faults = error.errors(include_url=False, include_context=False, include_input=False)
        _refuse([{"field": _place(fault["loc"]), "message": _sentence(fault)} for fault in faults[:50]])


def _place(location: tuple[int | str, ...]) -> str:
    text = ".".join(str(part) for part in location) if location else "body"
    # The name may be the client's own: it goes back into JSON, so it must be text that UTF-8 can carry.
    return text.encode("utf-8", "replace").decode()[:100]


def _sentence(fault: Any) -> str:
    ours = {"extra_forbidden": "is not a field of this request", "missing": "is required"}
    return ours.get(fault["type"]) or str(fault["msg"])


def _refuse(fields: list[dict[str, str]]) -> NoReturn:
    listed = "; ".join(f"{fault['field']}: {fault['message']}" for fault in fields[:3])
    raise InvalidBody(f"The request is not valid: {listed}.", fields=fields)

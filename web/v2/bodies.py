"""Reading the body of a purchase: a few fields, checked one by one, since each fault has a text of its own."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from flask import request
from pydantic_core import PydanticCustomError

from jobs.addresses import MAX_LENGTH
from models.strict_json import NotStrictJson, parse
from models.telegram_goods import LEAST_STARS, LEAST_TON, MOST_STARS, MOST_TON, PREMIUM_SKUS, TON_PARTS
from models.telegram_names import plain
from web.bodies import plain_text
from web.v2.errors import InvalidRequest

TON_DECIMALS = 2
LONGEST_REFERENCE = 64
NOT_JSON = "invalid_json"
USERNAME_REQUIRED, USERNAME_INVALID = "username_required", "username_invalid"
WRONG_STARS = f"amount must be int between {LEAST_STARS} and {MOST_STARS}"
WRONG_MONTHS = "duration must be 3, 6, or 12"
WRONG_TON = f"amount must be number between {LEAST_TON} and {MOST_TON}"
UNKNOWN_FIELD = "unknown field: "
LONGEST_NAME = 100  # of a field's name that is told back to whoever made it up


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a client asks for: `number` is the stars, the hundredths of a TON or the months."""

    username: str
    number: int
    webhook_url: str | None
    client_reference: str | None


def read(field: str, number: Callable[[Any], int]) -> Wanted:
    """The request's body; `field` says how much, and `number` reads it. Raises InvalidRequest."""
    document = _document()
    fields = ("username", field, "webhook_url", "client_reference")
    for name in document:
        if name not in fields:
            shown = name[:LONGEST_NAME]
            raise InvalidRequest(f"{UNKNOWN_FIELD}{shown}", f"The body may have {', '.join(fields)}, and no {shown!r}.")
    return Wanted(
        username=username(document.get("username")),
        number=number(document.get(field)),
        webhook_url=_text(document, "webhook_url", MAX_LENGTH),
        client_reference=_text(document, "client_reference", LONGEST_REFERENCE),
    )


def stars(value: Any) -> int:
    """A number of stars. Raises InvalidRequest."""
    if type(value) is not int or not LEAST_STARS <= value <= MOST_STARS:
        raise InvalidRequest(
            WRONG_STARS,
            f"Send amount, the number of stars, as a whole number from {LEAST_STARS} to {MOST_STARS}.",
        )
    return value


def months(value: Any) -> int:
    """How long Premium is to last. Raises InvalidRequest."""
    if type(value) is not int or value not in PREMIUM_SKUS:
        raise InvalidRequest(WRONG_MONTHS, "Send duration, the months of Premium, as one of the numbers 3, 6 and 12.")
    return value


def hundredths_of_ton(value: Any) -> int:
    """A number of TON, in hundredths. Raises InvalidRequest."""
    if type(value) not in (int, Decimal) or not LEAST_TON <= value <= MOST_TON or _decimals(value) > TON_DECIMALS:
        raise InvalidRequest(
            WRONG_TON,
            f"Send amount, the TON, as a number from {LEAST_TON} to {MOST_TON} with at most {TON_DECIMALS} decimals.",
        )
    return int(value * TON_PARTS)  # at most seven digits: nothing is rounded


def _decimals(value: int | Decimal) -> int:
    """How many the number needs. Decimal's own `normalize` would round off what is beyond its 28 digits."""
    _, digits, exponent = Decimal(value).as_tuple()
    zeros = len(digits) - len("".join(map(str, digits)).rstrip("0"))
    return -(exponent + zeros) if isinstance(exponent, int) else 0


def _document() -> dict[str, Any]:
    if request.mimetype != "application/json":
        raise InvalidRequest(NOT_JSON, "Send the body as JSON, with the Content-Type application/json.")
    try:
        document = parse(request.get_data())
    except NotStrictJson as fault:
        place = f"its field {fault.field[:LONGEST_NAME]!r}" if fault.field else "it"
        raise InvalidRequest(NOT_JSON, f"The body is not the JSON that we take: {place} {fault.message}.") from None
    if not isinstance(document, dict):
        raise InvalidRequest(NOT_JSON, "The body must be a JSON object, with username and what to send.")
    return document


def username(value: Any) -> str:
    """The bare name of a user. Raises InvalidRequest."""
    if value is None or (isinstance(value, str) and not value.strip()):
        raise InvalidRequest(USERNAME_REQUIRED, "Send username, the Telegram username that it is for.")
    name = plain(value) if isinstance(value, str) else None
    if name is None:
        raise InvalidRequest(
            USERNAME_INVALID,
            "A Telegram username has 4 to 32 letters, digits or underscores and begins with a letter.",
        )
    return name


def _text(document: dict[str, Any], field: str, longest: int) -> str | None:
    value = document.get(field)
    if value is None:
        return None
    if not isinstance(value, str) or len(value) > longest:
        raise _bad(field, f"must be text of at most {longest} characters")
    try:
        return plain_text(value)
    except PydanticCustomError as fault:
        raise _bad(field, fault.message()) from None


def _bad(field: str, reason: str) -> InvalidRequest:
    return InvalidRequest(f"{field} {reason}", f"The request is not valid: {field} {reason}.")

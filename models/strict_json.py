"""JSON taken strictly: what two readers could understand differently is refused, and numbers keep their exact value."""

import json
import re
from decimal import Decimal, InvalidOperation
from typing import Any

LONGEST_WHOLE_NUMBER = 4300  # digits; Python reads no more of them, since that takes the square of the time
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


class NotStrictJson(ValueError):
    """The text is no JSON of the kind we take: `message` completes "It …", `field` is where, if that can be told."""

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(f"{field}: {message}" if field else message)
        self.message = message
        self.field = field

    def inside(self, name: str | int) -> "NotStrictJson":
        """The same fault, seen from one level higher."""
        return NotStrictJson(self.message, f"{name}.{self.field}" if self.field else str(name))


class _Unusable:
    """Stands where the text has something that we do not take for a number, until its field's name is known."""

    def __init__(self, spelled: str) -> None:
        self.reason = f"is {spelled}, which is not a JSON number" if spelled.isalpha() else "is a number out of range"


def parse(raw: bytes, deepest: int = 32) -> Any:
    """The value; refuses duplicate names, NaN, text that is not Unicode, and more than `deepest` levels of nesting."""
    try:
        document = _DECODER.decode(raw.decode("utf-8"))
    except UnicodeDecodeError:
        raise NotStrictJson("must be UTF-8 text") from None
    except RecursionError:
        raise NotStrictJson("is nested too deeply") from None
    except json.JSONDecodeError as error:
        raise NotStrictJson(f"is not valid JSON: {error.msg} at character {error.pos}") from None
    _check(document, deepest, may_hold_halves=_SURROGATE.search(raw) is not None)
    return document


def _whole_number(digits: str) -> Any:
    return int(digits) if len(digits) <= LONGEST_WHOLE_NUMBER else _Unusable(digits)


def _decimal(digits: str) -> Any:
    try:
        return Decimal(digits)
    except InvalidOperation:
        return _Unusable(digits)


def _unique_names(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = dict(pairs)
    if len(names) < len(pairs):
        seen: set[str] = set()
        duplicate = next(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]
        raise NotStrictJson("is given twice", _printable(duplicate))
    return names


# Made once: json.loads would make one for each text, which takes longer than reading an order.
_DECODER = json.JSONDecoder(
    parse_int=_whole_number,
    parse_float=_decimal,
    parse_constant=lambda name: _Unusable(name.lstrip("-")),
    object_pairs_hook=_unique_names,
)


def _check(value: Any, levels_left: int, *, may_hold_halves: bool) -> None:
    """Refuse what can be told only of a value that is read already."""
    if isinstance(value, _Unusable):
        raise NotStrictJson(value.reason)
    if isinstance(value, str):
        if may_hold_halves and _printable(value) != value:
            raise NotStrictJson("holds half of a character (a lone surrogate)")
        return
    if not isinstance(value, dict | list):
        return
    if levels_left == 0:
        raise NotStrictJson("is nested too deeply")
    for name, inner in value.items() if isinstance(value, dict) else enumerate(value):
        try:
            _check(inner, levels_left - 1, may_hold_halves=may_hold_halves)
            if isinstance(name, str):
                _check(name, 0, may_hold_halves=may_hold_halves)
        except NotStrictJson as fault:
            raise fault.inside(_printable(name) if isinstance(name, str) else name) from None


def _printable(text: str) -> str:
    """The text, with a question mark for each half of a character: an escape can spell one, and UTF-8 cannot."""
    return text.encode("utf-8", "replace").decode()

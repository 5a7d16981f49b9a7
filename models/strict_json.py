"""JSON taken strictly: what two readers could understand differently is refused, and numbers keep their exact value."""

import json
from decimal import Decimal
from typing import Any, NoReturn


class NotStrictJson(ValueError):
    """The text is no JSON of the kind we take; the message says why, and completes "The body …"."""


def parse(raw: bytes, deepest: int = 32) -> Any:
    """The value; refuses duplicate names, NaN, text that is not UTF-8, and more than `deepest` levels of nesting."""
    try:
        document = json.loads(
            raw.decode("utf-8"), parse_float=Decimal, parse_constant=_refuse_constant, object_pairs_hook=_unique_names
        )
    except UnicodeDecodeError:
        raise NotStrictJson("must be UTF-8 text") from None
    except RecursionError:
        raise NotStrictJson("is nested too deeply") from None
    except json.JSONDecodeError as error:
        raise NotStrictJson(f"is not valid JSON: {error.msg} at character {error.pos}") from None
    except NotStrictJson:
        raise
    except (ValueError, ArithmeticError):
        raise NotStrictJson("holds a number that is too long") from None
    _refuse_depth(document, deepest)
    return document


def _unique_names(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = dict(pairs)
    if len(names) < len(pairs):
        seen: set[str] = set()
        duplicate = next(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]
        raise NotStrictJson(f"has the name {duplicate[:50]!r} twice")
    return names


def _refuse_constant(name: str) -> NoReturn:
    raise NotStrictJson(f"holds {name}, which is not a JSON number")


def _refuse_depth(value: Any, left: int) -> None:
    if not isinstance(value, dict | list):
        return
    if left == 0:
        raise NotStrictJson("is nested too deeply")
    for inner in value.values() if isinstance(value, dict) else value:
        _refuse_depth(inner, left - 1)

"""What may be an item for sale: a JSON object, of a size and shape that every client can be sent."""

from dataclasses import dataclass
from typing import Any

from models.stock import canonical
from models.strict_json import NotStrictJson, parse

LARGEST_ITEM = 32 * 1024  # bytes of its canonical JSON text
MOST_FIELDS = 100
DEEPEST = 8


class NotAnItem(ValueError):
    """What was read is no item; the text says why."""


@dataclass(frozen=True, slots=True)
class Line:
    """One item as its canonical `text`; or, where `text` is None, the `reason` why what stands there is no item.

    `number` says where in its source it begins, counted from 1.
    """

    number: int
    text: str | None
    reason: str = ""


def item_in_json(raw: bytes) -> str:
    """The canonical text of the item that `raw` spells. Raises NotAnItem."""
    try:
        return item_text(parse(raw, DEEPEST))
    except NotStrictJson as error:
        raise NotAnItem(str(error)) from None


def item_text(item: Any) -> str:
    """The item's canonical text. Raises NotAnItem."""
    if not isinstance(item, dict):
        raise NotAnItem("must be a JSON object")
    if not item:
        raise NotAnItem("is an empty object")
    if len(item) > MOST_FIELDS:
        raise NotAnItem(f"has {len(item)} fields, and {MOST_FIELDS} is the most")
    text = canonical(item)
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        raise NotAnItem("holds half of a character (a lone surrogate)") from None
    if size > LARGEST_ITEM:
        raise NotAnItem(f"is larger than {LARGEST_ITEM} bytes")
    # In canonical text a NUL is always escaped; finding the escape means only that a closer look is worth while.
    if "\\u0000" in text and _has_nul(item):
        raise NotAnItem("holds a NUL character")
    return text


def _has_nul(value: Any) -> bool:
    if isinstance(value, str):
        return "\0" in value
    if isinstance(value, dict):
        return any("\0" in name or _has_nul(inner) for name, inner in value.items())
    return isinstance(value, list) and any(_has_nul(inner) for inner in value)

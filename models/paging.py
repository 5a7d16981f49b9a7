"""Cursors: a list goes on below the last id that was seen, so new rows never shift a page."""

from __future__ import annotations  # peewee's classes are generic for mypy only

import base64
import binascii
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from peewee import Field, ModelSelect

from models.errors import Refusal

T = TypeVar("T")


class InvalidCursor(Refusal):
    status, code = 422, "invalid_body"


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where to go on (`below` this id; None: from the start), and how many rows a page has."""

    below: int | None
    limit: int

    @classmethod
    def read(cls, text: str | None, limit: int) -> Cursor:
        """The cursor that a client sent back. Raises InvalidCursor if it is none of ours."""
        if text is None:
            return cls(None, limit)
        try:
            below = int(base64.urlsafe_b64decode(text.encode() + b"=="), 10)
        except (ValueError, binascii.Error, UnicodeError):
            below = 0
        # Decoding overlooks what does not belong; encoding anew tells a cursor of ours from one made up.
        if not 0 < below < 2**63 or _encoded(below) != text:
            message = "must be the next_cursor of an earlier page"
            raise InvalidCursor(f"cursor {message}.", fields=[{"field": "cursor", "message": message}])
        return cls(below, limit)


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some rows, and the cursor of those after them (None at the end)."""

    items: list[T]
    next_cursor: str | None

    @classmethod
    def cut(cls, found: list[T], limit: int) -> Page[T]:
        """Make a page of at most `limit` rows out of up to `limit + 1` that were found."""
        items = found[:limit]
        if len(found) <= limit:
            return cls(items, None)
        last = items[-1]
        last_id = last["id"] if isinstance(last, dict) else last.id  # type: ignore[attr-defined]
        return cls(items, _encoded(last_id))


def _encoded(last_id: int) -> str:
    return base64.urlsafe_b64encode(str(last_id).encode()).decode().rstrip("=")


def page_of(query: ModelSelect[Any], id_field: Field[Any], cursor: Cursor) -> Page[Any]:
    """One page of a peewee query, newest first by its id."""
    if cursor.below is not None:
        query = query.where(id_field < cursor.below)
    return Page.cut(list(query.order_by(id_field.desc()).limit(cursor.limit + 1)), cursor.limit)

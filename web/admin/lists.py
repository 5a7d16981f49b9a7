"""Lists: pages of what there is, newest first."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from flask import Response
from pydantic import Field

from models.paging import Cursor, Page
from web.answers import answer
from web.bodies import USUAL_PER_PAGE, PageLimit, QueryModel

Item = TypeVar("Item")


class ListQuery(QueryModel, extra="forbid"):
    """Which part of a list. A filter that is none is refused: an operator would take the whole list for its result."""

    cursor: str | None = Field(None, max_length=100)
    limit: PageLimit = USUAL_PER_PAGE

    @property
    def position(self) -> Cursor:
        """Where the page begins, and how long it is. Raises InvalidCursor."""
        return Cursor.read(self.cursor, self.limit)


def page_answer(page: Page[Item], view: Callable[[Item], Mapping[str, Any]]) -> Response:
    """A page whose items are shown by `view`."""
    return answer({"items": [view(item) for item in page.items], "next_cursor": page.next_cursor})

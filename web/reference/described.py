"""What a view says of itself: which body and query it reads, what it answers, and what it may refuse."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, WithJsonSchema

from models.errors import Refusal

View = TypeVar("View", bound=Callable[..., Any])

_ATTRIBUTE = "described"

Dollars = Annotated[Any, WithJsonSchema({"type": "number", "examples": [12.34]})]
"""An exact amount in an answer: a JSON number of at most six decimals."""
Number = Annotated[Any, WithJsonSchema({"type": "number", "examples": [1]})]
"""A quantity in an answer: whole, but for goods that are sold in parts."""
Epoch = Annotated[int, WithJsonSchema({"type": "integer", "minimum": 0, "examples": [1_790_000_000]})]
"""A time in an answer: seconds since 1970."""


@dataclass(frozen=True, slots=True)
class Description:
    """An operation, as far as its address and its docstring do not tell.

    `answer` is a TypedDict; of a page of a list, it is that of an item. `media` are other forms that the answer may
    have, `body_media` those of a body: media type and a sentence. `texts` are errors of v2 that are told by sentences.
    """

    answer: Any
    status: int = 200
    is_page: bool = False
    is_tagged: bool = False  # with an ETag, and 304 for who has it
    is_simulation: bool = False  # there is such an address only with ALLOW_SIMULATION
    body: type[BaseModel] | None = None
    query: type[BaseModel] | None = None
    refusals: tuple[type[Refusal], ...] = ()
    texts: tuple[str, ...] = ()
    media: tuple[tuple[str, str], ...] = ()
    body_media: tuple[tuple[str, str], ...] = ()
    body_example: Any = None


def described(answer: Any, **facts: Any) -> Callable[[View], View]:
    """Describe a view; the fields are those of Description. It stays as it is, and costs nothing when it is called."""
    description = Description(answer, **facts)

    def keep(view: View) -> View:
        setattr(view, _ATTRIBUTE, description)
        return view

    return keep


def description_of(view: Callable[..., Any]) -> Description | None:
    """What a view says of itself; None if it says nothing."""
    found = getattr(view, _ATTRIBUTE, None)
    return found if isinstance(found, Description) else None

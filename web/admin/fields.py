"""The kinds of text that operators send."""

from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from web.bodies import plain_text

LONGEST_NAME = 200
LONGEST_PROSE = 10_000
_LINE_CHARACTERS = str.maketrans("\t\n\r", "   ")


def _not_blank(text: str) -> str:
    if not text.strip():
        raise PydanticCustomError("blank", "must not be blank")
    return text


def _plain_lines(text: str) -> str:
    plain_text(text.translate(_LINE_CHARACTERS))
    return text


Name = Annotated[
    str, Field(min_length=1, max_length=LONGEST_NAME), AfterValidator(plain_text), AfterValidator(_not_blank)
]
Prose = Annotated[str, Field(max_length=LONGEST_PROSE), AfterValidator(_plain_lines)]
"""Text that may have many lines."""

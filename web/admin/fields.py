"""The kinds of text that operators send."""

from typing import Annotated

from pydantic import Field
from pydantic_core import PydanticCustomError

from web.bodies import PLAIN, plain_text
from web.field_rules import Checked

LONGEST_NAME = 200
LONGEST_PROSE = 10_000
# What Python's `strip` takes for white space, as far as a line may have it.
_ONE_LINE = {"pattern": r"^[^\x00-\x1f\x7f]*[^\x00-\x1f\x7f\s\x85][^\x00-\x1f\x7f]*$"}
_LINES = {"pattern": r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$"}
_LINE_CHARACTERS = str.maketrans("\t\n\r", "   ")


def _not_blank(text: str) -> str:
    if not text.strip():
        raise PydanticCustomError("blank", "must not be blank")
    return text


def _plain_lines(text: str) -> str:
    plain_text(text.translate(_LINE_CHARACTERS))
    return text


Name = Annotated[str, Field(min_length=1, max_length=LONGEST_NAME), PLAIN, Checked(_not_blank, rule=_ONE_LINE)]
Prose = Annotated[str, Field(max_length=LONGEST_PROSE), Checked(_plain_lines, rule=_LINES)]
"""Text that may have many lines."""

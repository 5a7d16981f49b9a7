"""Ids in paths."""

from werkzeug.routing import IntegerConverter

from web.bodies import LARGEST_ID

_LONGEST = len(str(LARGEST_ID))


class PathId(IntegerConverter):
    """`<int:…>`: digits, and of ASCII only, where Flask's own takes those of every script.

    A number beyond what the database can hold becomes the largest that it can, which nothing has, so that it is looked
    up in vain like any other.
    """

    regex = "[0-9]+"

    def to_python(self, value: str) -> int:
        """The id."""
        digits = value.lstrip("0")
        return min(int(digits or "0"), LARGEST_ID) if len(digits) <= _LONGEST else LARGEST_ID

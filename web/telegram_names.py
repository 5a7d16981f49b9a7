"""Telegram usernames in bodies."""

from typing import Annotated

from pydantic_core import PydanticCustomError

from models.telegram_names import plain
from web.field_rules import Checked


def _username(text: str) -> str:
    name = plain(text)
    if name is None:
        raise PydanticCustomError(
            "username", "must be a Telegram username: 4 to 32 letters, digits or underscores, a letter first"
        )
    return name


# What `plain` takes, for programs that know only regular expressions.
_NAME = "[A-Za-z][A-Za-z0-9_]{3,31}"
_LINK = r"([hH][tT][tT][pP][sS]?://)?([wW]{3}\.)?[tT]\.[mM][eE]/"
PATTERN = f"^(@?{_NAME}|{_LINK}{_NAME}/?)$"

Username = Annotated[str, Checked(_username, rule={"pattern": PATTERN, "examples": ["target"]})]

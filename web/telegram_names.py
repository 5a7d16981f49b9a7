"""Telegram usernames, as clients write them."""

import re
from typing import Annotated

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

_SPELLING = re.compile(r"@?(?P<name>\w+)|(?:https?://)?(?:www\.)?t\.me/(?P<linked>\w+)/?", re.IGNORECASE | re.ASCII)
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{3,31}")


def plain(text: str) -> str | None:
    """The bare name behind `@name` or a t.me link; None for one that Telegram could not have."""
    spelled = _SPELLING.fullmatch(text)
    name = (spelled["name"] or spelled["linked"]) if spelled else ""
    return name if _NAME.fullmatch(name) else None


def _username(text: str) -> str:
    name = plain(text)
    if name is None:
        raise PydanticCustomError(
            "username", "must be a Telegram username: 4 to 32 letters, digits or underscores, a letter first"
        )
    return name


Username = Annotated[str, AfterValidator(_username)]

"""Telegram usernames, as people write them."""

import re

_SPELLING = re.compile(r"@?(?P<name>\w+)|(?:https?://)?(?:www\.)?t\.me/(?P<linked>\w+)/?", re.IGNORECASE | re.ASCII)
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{3,31}")


def plain(text: str) -> str | None:
    """The bare name behind `@name` or a t.me link; None for one that Telegram could not have."""
    spelled = _SPELLING.fullmatch(text)
    name = (spelled["name"] or spelled["linked"]) if spelled else ""
    return name if _NAME.fullmatch(name) else None

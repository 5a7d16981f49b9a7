"""Where a visitor is sent back to after he has signed in, or chosen a language."""

import re

HOME = "/dashboard"
_OURS = re.compile(r"/dashboard(?:[/?][!-\[\]-~]*)?")  # no backslash: browsers take it for a slash


def local_place(wanted: str | None) -> str:
    """The address, if it is one of the dashboard; else its first page. So no link can send anybody to another host."""
    return wanted if wanted and len(wanted) <= 2000 and _OURS.fullmatch(wanted) else HOME

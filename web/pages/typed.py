"""Numbers and tokens as people and forms send them: what could be read in two ways is not read at all."""

import re
import secrets

_SPACES = str.maketrans("", "", " \u00a0\u202f")  # in some languages they part the thousands
_WHOLE = re.compile(r"[0-9]{1,9}")
# A comma before one or two digits parts the cents; one before three might part the thousands.
_CENTS = re.compile(r"(?P<whole>[0-9]{1,9})(?:[.,](?P<hundredths>[0-9]{1,2}))?")
_MICROS = re.compile(r"[0-9]{1,15}")
_TOKEN = re.compile(r"[A-Za-z0-9_-]{16,64}")


def whole(text: str) -> int | None:
    """A whole number; None for anything else."""
    digits = text.translate(_SPACES)
    return int(digits) if _WHOLE.fullmatch(digits) else None


def hundredths(text: str) -> int | None:
    """A number with at most two decimals, after a point or a comma, in hundredths; None for anything else."""
    found = _CENTS.fullmatch(text.translate(_SPACES))
    if found is None:
        return None
    return int(found["whole"]) * 100 + int((found["hundredths"] or "").ljust(2, "0"))


def micros(text: str) -> int | None:
    """Micro-dollars, as a form of ours has them; None for anything else."""
    return int(text) if _MICROS.fullmatch(text) else None


def new_token() -> str:
    """What makes a form one of its own, so that it is carried out once however often it is sent."""
    return secrets.token_urlsafe(18)


def token(text: str) -> str | None:
    """The token of a form that was sent; None for what no form of ours has."""
    return text if _TOKEN.fullmatch(text) else None

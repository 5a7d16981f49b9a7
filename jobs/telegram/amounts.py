"""Amounts as customers write them."""

import re
from decimal import Decimal

# A comma with three digits behind it means thousands to some and a fraction to others, so it is neither here.
_AMOUNT = re.compile(r"(?P<whole>[0-9]{1,9})(?:[.,](?P<fraction>[0-9]{1,2}))?(?:usdt|usd|ton)?", re.IGNORECASE)


def written(text: str) -> Decimal | None:
    """The amount in `12`, `12,50`, `1 000` or `25 USDT`; None for what is no amount, or has more than 2 decimals."""
    found = _AMOUNT.fullmatch("".join(text.split()))
    return Decimal(f"{found['whole']}.{found['fraction'] or 0}") if found else None

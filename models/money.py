"""Money is a whole number of micro-dollars everywhere inside; here it turns into dollars and back."""

from decimal import Decimal, InvalidOperation
from typing import Any

import simplejson

Micros = int

PER_USD = 1_000_000
DECIMAL_PLACES = 6
LARGEST_USD = 10**9  # a billion dollars: far above any real amount, far below what a bigint's sums could overflow
LARGEST = LARGEST_USD * PER_USD


class NotAnAmount(ValueError):
    """The value is no amount of money; the text says why."""


def parse_usd(value: Any) -> Micros:
    """Read dollars from JSON: an int, a Decimal or a decimal string, with at most 6 decimals.

    Raises NotAnAmount; a float is refused, since it has lost its exact value before it gets here.
    """
    if isinstance(value, bool) or not isinstance(value, int | Decimal | str):
        raise NotAnAmount("must be a number or a decimal string")
    if isinstance(value, str) and not _is_plain_decimal(value):
        raise NotAnAmount("must be a decimal number such as 12.34")
    try:
        amount = Decimal(value)
    except InvalidOperation as error:
        raise NotAnAmount("must be a number") from error
    if not amount.is_finite() or not -LARGEST_USD <= amount <= LARGEST_USD:
        raise NotAnAmount(f"must be between -{LARGEST_USD} and {LARGEST_USD}")
    exponent = amount.as_tuple().exponent
    if isinstance(exponent, int) and exponent < -DECIMAL_PLACES:
        raise NotAnAmount(f"must have at most {DECIMAL_PLACES} decimal places")
    return int(amount * PER_USD)  # at most 16 digits: nothing is rounded


def _is_plain_decimal(text: str) -> bool:
    digits = text.removeprefix("-")
    whole, _, fraction = digits.partition(".")
    return len(text) <= 40 and digits.isascii() and whole.isdigit() and (fraction.isdigit() or "." not in digits)


def usd(micros: Micros) -> int | Decimal:
    """Micro-dollars as the exact JSON number of dollars: 12_340_000 is 12.34, and 5_000_000 is 5."""
    whole, rest = divmod(micros, PER_USD)
    return whole if rest == 0 else (Decimal(micros) / PER_USD).normalize()


_ENCODER = simplejson.JSONEncoder(use_decimal=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def dumps(document: Any) -> str:
    """JSON with every Decimal written out digit by digit."""
    return _ENCODER.encode(document)

"""What an order costs: the floor, and the surcharge that keeps two equal totals apart.

Orders of the last quarter of an hour with the same undiscounted total each add one per cent to the next, ten at most:
that keeps the amounts that clients are asked to transfer distinct.
"""

from models.money import PER_USD, Micros

WINDOW_SECONDS = 15 * 60
MAX_HITS = 10


def surcharged(base_total: Micros, hits: int) -> Micros:
    """The price after so many hits: one per cent more for each, parts of a micro-dollar cut off."""
    return base_total + base_total * min(hits, MAX_HITS) // 100


def least_quantity(price: Micros, min_quantity: int, floor: Micros) -> int:
    """The smallest quantity that passes both the product's minimum and the order floor."""
    return max(min_quantity, -(-floor // price))


def as_text(amount: Micros) -> str:
    """Micro-dollars for a sentence, with at least two decimals: '12.34'."""
    whole, rest = divmod(amount, PER_USD)
    decimals = f"{rest:06d}".rstrip("0")
    return f"{whole}.{decimals:0<2}"

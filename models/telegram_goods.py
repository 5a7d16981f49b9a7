"""The Telegram goods, and the products of the catalogue that they are sold as: a sku says which."""

from enum import Enum

TON_PARTS = 100  # a TON is sold in hundredths

# In one order, whoever takes it: the API, the bot or the dashboard.
LEAST_STARS, MOST_STARS = 50, 1_000_000
LEAST_TON, MOST_TON = 1, 10_000


class Good(Enum):
    """What can be sent to a Telegram user."""

    STARS = "stars"
    PREMIUM = "premium"
    TON = "ton"


STARS_SKU = "tg-star"
TON_SKU = "tg-ton"
PREMIUM_SKUS = {3: "tg-premium-3", 6: "tg-premium-6", 12: "tg-premium-12"}
SKUS = (STARS_SKU, *PREMIUM_SKUS.values(), TON_SKU)
MONTHS_BY_SKU = {sku: months for months, sku in PREMIUM_SKUS.items()}


def good_of(sku: str | None) -> Good | None:
    """Which of the goods a product is; None for any other product."""
    if sku in MONTHS_BY_SKU:
        return Good.PREMIUM
    return {STARS_SKU: Good.STARS, TON_SKU: Good.TON}.get(sku or "")

"""Orders in the customer's words."""

from jobs.telegram.language import Voice
from models import catalogue
from models.database import Row
from models.leases import in_units
from models.telegram_goods import MONTHS_BY_SKU, Good, good_of

_MARKS = {"processing": "⏳", "awaiting_payment": "⏳", "completed": "✅", "partial": "☑️", "refunded": "↩️"}


def status_mark(status: str) -> str:
    """A picture for how an order stands."""
    return _MARKS.get(status, "❌")


def goods(voice: Voice, order: Row) -> str:
    """What an order is about, for filling into a text. Needs `sku`, `product_id`, `quantity`, `parts`, `recipient`."""
    amount, name = in_units(order["quantity"], order["parts"]), order["recipient"]
    good = good_of(order["sku"])
    if good is Good.STARS:
        return voice.plain_count("{n} Star for @{name}", "{n} Stars for @{name}", int(amount), name=name)
    if good is Good.TON:
        return voice.plain("{amount} TON for @{name}", amount=amount, name=name)
    if good is Good.PREMIUM and amount == 1:
        months = MONTHS_BY_SKU[order["sku"]]
        return voice.plain_count(
            "Premium for {n} month for @{name}", "Premium for {n} months for @{name}", months, name=name
        )
    product = catalogue.get(order["product_id"])
    return voice.plain("{amount} × {product}", amount=amount, product=product.name)

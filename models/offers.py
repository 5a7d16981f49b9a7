"""What another offers us to sell on: how our catalogue differs from it, and each difference made up for.

Planning writes nothing, so that operators can look first. A change is carried out only if what it starts from is still
so: orders come in meanwhile, and what was missed is found the next time.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Literal

from models import catalogue
from models.catalogue import LARGEST_PRICE, LARGEST_QUANTITY
from models.database import Row, changed, rows
from models.money import Micros, usd

LONGEST_NAME = 200

Action = Literal["add", "reprice", "restock", "leave alone"]


@dataclass(frozen=True, slots=True)
class Offer:
    """A product of another's; the price is what we pay. `in_stock` is None for what is made to order."""

    sku: str
    category: str
    name: str
    description: str
    price: Micros
    min_quantity: int
    max_quantity: int
    in_stock: int | None
    needs_recipient: bool


@dataclass(frozen=True, slots=True)
class Change:
    """Something to do about one product: to set its price or its number in stock from `before` to `after`, say."""

    action: Action
    sku: str
    before: int | None = None
    after: int | None = None
    note: str = ""
    product_id: int | None = None
    offer: Offer | None = None


def marked_up(price: Micros, percent: Decimal) -> Micros:
    """The price with so many percent on it, cut up to a whole micro-dollar."""
    return math.ceil(price * (100 + Fraction(percent)) / 100)


def plan(provider: str, offers: Iterable[Offer], markup: Decimal | None, *, all_of_them: bool) -> list[Change]:
    """What is to be done about these offers of a provider's; prices of what we have stay when `markup` is None.

    `all_of_them`: whatever else we sell from this provider is out of stock there.
    """
    by_sku = {offer.sku: offer for offer in offers}
    ours = {product["sku"]: product for product in _ours(provider, list(by_sku))}
    changes: list[Change] = []
    for sku, offer in by_sku.items():
        product = ours.get(sku)
        if product is None:
            changes.append(_addition(offer, markup))
        elif product["provider"] != provider:
            changes.append(Change("leave alone", sku, note=f"we sell it from {product['provider']}"))
        else:
            changes += _differences(product, offer, markup)
    if all_of_them:
        gone = [product for sku, product in ours.items() if sku not in by_sku and product["in_stock"] != 0]
        changes += [_restock(product, 0, "no longer for sale there") for product in gone]
    return changes


def carry_out(actor: str, provider: str, change: Change) -> bool:
    """Do it; False when the product is not any more as it was when that was planned."""
    if change.action == "add" and change.offer is not None:
        return _add(actor, provider, change.offer, change.after)
    if change.action == "reprice" and change.product_id is not None:
        catalogue.change(actor, change.product_id, {"price": change.after})
        return True
    if change.action == "restock":
        return bool(
            changed(
                "UPDATE products SET in_stock = %(after)s, updated_at = now() WHERE id = %(id)s"
                " AND provider = %(provider)s AND in_stock IS NOT DISTINCT FROM %(before)s",
                {"id": change.product_id, "provider": provider, "before": change.before, "after": change.after},
            )
        )
    return False


def _ours(provider: str, skus: Sequence[str]) -> list[Row]:
    """Our products with these skus, and all from this provider, with the units that the provider is yet to hear of."""
    return rows(
        """
        SELECT p.id, p.sku, p.provider, p.price, p.in_stock, coalesce(o.promised, 0)::bigint AS promised
        FROM products p LEFT JOIN (
            SELECT product_id, sum(quantity / parts) AS promised FROM orders
            -- spelled out, since no index is found for IN: each of the two states has one of its own
            WHERE (status = 'processing' OR status = 'awaiting_payment') AND provider_order_id IS NULL
            GROUP BY product_id
        ) o ON o.product_id = p.id
        WHERE p.sku = ANY(%(skus)s) OR p.provider = %(provider)s ORDER BY p.id
        """,
        {"skus": list(skus), "provider": provider},
    )


def _addition(offer: Offer, markup: Decimal | None) -> Change:
    price = marked_up(offer.price, markup or Decimal(0))
    unfit = _unfit(offer, price)
    if unfit:
        return Change("leave alone", offer.sku, note=unfit)
    return Change("add", offer.sku, after=price, note=offer.name, offer=offer)


def _unfit(offer: Offer, price: Micros) -> str:
    """Why we cannot sell this on; empty where we can."""
    texts = (offer.sku, offer.category, offer.name)
    if not all(
        text.strip() and len(text) <= LONGEST_NAME and "\x7f" not in text and min(text) >= " " for text in texts
    ):
        return "its sku, category or name is no line of text"
    if not 0 < price <= LARGEST_PRICE:
        return f"its price would be {usd(price)}"
    if not 1 <= offer.min_quantity <= min(offer.max_quantity, LARGEST_QUANTITY):
        return f"it is sold in quantities from {offer.min_quantity} to {offer.max_quantity}"
    return ""


def _differences(product: Row, offer: Offer, markup: Decimal | None) -> list[Change]:
    changes = []
    price = product["price"] if markup is None else marked_up(offer.price, markup)
    if not 0 < price <= LARGEST_PRICE:
        changes.append(Change("leave alone", offer.sku, note=f"its price would be {usd(price)}"))
    elif price != product["price"]:
        changes.append(Change("reprice", offer.sku, product["price"], price, product_id=product["id"]))
    # Theirs does not know yet of orders that are on their way. (One that arrived since the number was told is counted
    # in neither; should that be the last unit, the provider refuses the next order, and the next look puts it right.)
    in_stock = None if offer.in_stock is None else max(0, offer.in_stock - product["promised"])
    if in_stock != product["in_stock"]:
        changes.append(_restock(product, in_stock))
    return changes


def _restock(product: Row, in_stock: int | None, note: str = "") -> Change:
    return Change("restock", product["sku"], product["in_stock"], in_stock, note, product_id=product["id"])


def _add(actor: str, provider: str, offer: Offer, price: Micros | None) -> bool:
    fields = {
        "sku": offer.sku, "category": offer.category, "name": offer.name, "description": offer.description,
        "price": price, "min_quantity": offer.min_quantity, "max_quantity": min(offer.max_quantity, LARGEST_QUANTITY),
        "provider": provider, "needs_recipient": offer.needs_recipient, "in_stock": offer.in_stock,
    }  # fmt: skip
    try:
        catalogue.create(actor, fields)
    except catalogue.SkuTaken:
        return False
    return True

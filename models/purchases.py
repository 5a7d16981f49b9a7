"""What a client wants to buy, and every reason why he can't."""

from dataclasses import dataclass
from typing import Literal

from models.catalogue import ProductNotFound
from models.database import Row, row
from models.errors import Refusal
from models.idempotency import IdempotencyKey
from models.money import Micros, usd
from models.pricing import MAX_HITS, WINDOW_SECONDS, as_text, least_quantity, surcharged
from settings import settings

Surface = Literal["v1", "v2", "website"]


def recent_of_total(seconds: int) -> str:
    """SQL for the orders that raise the price of a next one with the total `wanted.base_total`, `max_hits` at most.

    Goods for a Telegram user have fixed prices: their orders, the only ones with a recipient, raise none.
    """
    return f"""
        SELECT 1 FROM orders WHERE base_total = wanted.base_total AND surface <> 'v2' AND recipient IS NULL
            AND created_at > now() - make_interval(secs => {seconds}) ORDER BY created_at DESC LIMIT %(max_hits)s
    """  # noqa: S608 - put together from literals


_EXPLAIN = f"""
SELECT accounts.available, wanted.*, CASE WHEN wanted.needs_recipient THEN 0
    ELSE (SELECT count(*) FROM ({recent_of_total(WINDOW_SECONDS)}) AS recent) END AS hits
FROM accounts LEFT JOIN (
    SELECT *, price * %(quantity)s / %(parts)s AS base_total FROM products WHERE id = %(product_id)s AND active
) AS wanted ON true
WHERE accounts.id = %(account_id)s
"""  # noqa: S608 - put together from literals


class BelowMinimum(Refusal):
    status, code = 400, "below_minimum"


class AboveMaximum(Refusal):
    status, code = 400, "above_maximum"


class InsufficientStock(Refusal):
    status, code = 409, "insufficient_stock"


class PriceChanged(Refusal):
    status, code = 409, "price_changed"


class InsufficientBalance(Refusal):
    status, code = 402, "insufficient_balance"


class RecipientMissing(Refusal):
    status, code = 422, "invalid_body"


@dataclass(frozen=True, slots=True)
class Purchase:
    """What a client wants to buy; `max_price` in micro-dollars. `quantity` counts parts; `parts` make a unit."""

    account_id: int
    key_id: int | None
    surface: Surface
    product_id: int
    quantity: int
    parts: int = 1
    webhook_url: str | None = None
    client_reference: str | None = None
    max_price: Micros | None = None
    recipient: str | None = None
    signature: bytes | None = None
    idempotency: IdempotencyKey | None = None

    @property
    def floor(self) -> Micros:
        """The least an order may come to; for Telegram goods there is none."""
        return settings.order_floor_usdt if self.surface != "v2" else 0

    @property
    def max_hits(self) -> int:
        """How many recent orders of the same total may raise the price: none where pricing is not dynamic."""
        return MAX_HITS if settings.dynamic_pricing and self.surface != "v2" else 0

    @property
    def is_paid_from_balance(self) -> bool:
        """Whether the account must have the price: a website order is paid by a transfer that is yet to come."""
        return self.surface != "website"


def explain(purchase: Purchase) -> Row:
    """Raise what stands against the order now; where nothing does, return what decides: the product, `hits`, …"""
    facts = row(
        _EXPLAIN,
        {
            "account_id": purchase.account_id,
            "product_id": purchase.product_id,
            "quantity": purchase.quantity,
            "parts": purchase.parts,
            "max_hits": purchase.max_hits,
        },
    )
    if facts is None or facts["id"] is None:
        raise ProductNotFound(f"There is no product {purchase.product_id}; GET /products lists those for sale.")
    if facts["needs_recipient"] and purchase.recipient is None:
        message = "is required for this product: the Telegram username it is for"
        raise RecipientMissing(f"recipient {message}.", fields=[{"field": "recipient", "message": message}])
    _refuse_quantity(purchase, facts)
    _refuse_price(purchase, facts["available"], surcharged(facts["base_total"], facts["hits"]))
    return facts


def _refuse_price(purchase: Purchase, available: Micros, price: Micros) -> None:
    if purchase.max_price is not None and price > purchase.max_price:
        raise PriceChanged(
            f"The order costs {as_text(price)} USDT now, more than your max_price_usdt.", price_usdt=usd(price)
        )
    if purchase.is_paid_from_balance and available < price:
        missing = price - available
        raise InsufficientBalance(
            f"The order costs {as_text(price)} USDT and your balance is {as_text(available)} USDT.",
            price_usdt=usd(price),
            balance_usdt=usd(available),
            missing_usdt=usd(missing),
            topup=f"Top up with POST /api/v1/balance/topup, by at least {as_text(missing)} USDT, then order again.",
        )


def _refuse_quantity(purchase: Purchase, facts: Row) -> None:
    floor = 0 if facts["needs_recipient"] else purchase.floor
    least = least_quantity(facts["price"], facts["min_quantity"], floor)
    if purchase.quantity < least * purchase.parts:
        raise BelowMinimum(f"The smallest order of this product is {least} units.", min_quantity=least)
    if purchase.quantity > facts["max_quantity"] * purchase.parts:
        most = facts["max_quantity"]
        raise AboveMaximum(f"The largest order of this product is {most} units.", max_quantity=most)
    if facts["in_stock"] is not None and purchase.quantity > facts["in_stock"] * purchase.parts:
        raise InsufficientStock(f"There are {facts['in_stock']} units in stock.", in_stock=facts["in_stock"])

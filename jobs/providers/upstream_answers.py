"""What another Sutler's answers mean: an order's end, a refusal, a page of its catalogue."""

from dataclasses import dataclass
from typing import Any, NoReturn

from jobs.providers.api import MAYBE_DONE, ApiAnswer, as_name, plain
from jobs.providers.base import (
    NOT_DELIVERED,
    NOT_SOLD,
    Answer,
    Delivered,
    InProgress,
    NotAccepted,
    OutcomeUnknown,
    Refused,
)
from models.leases import Lease
from models.money import NotAnAmount, parse_usd
from models.offers import Offer

MOST_UNITS = 10_000  # in one order of v1

# What it says to us of prices, stock and balances is between it and us: our client reads these sentences.
REASONS = {
    (400, "below_minimum"): "The order is smaller than the provider takes.",
    (400, "above_maximum"): "The order is larger than the provider takes.",
    (404, "product_not_found"): NOT_SOLD,
    (409, "insufficient_stock"): "The product went out of stock.",
    (409, "price_changed"): "The provider's price has changed, and the order was not carried out.",
}
REFUSED_FIELDS = {
    "recipient": "The provider does not take this recipient.",
    "quantity": "The provider does not take this quantity.",
}
DELIVERED_WORDS = frozenset({"completed", "partial"})
FAILED_WORDS = frozenset({"failed", "expired", "cancelled", "refunded"})


@dataclass(frozen=True, slots=True)
class GoodsPage:
    """A page of the catalogue: its goods, how many pages there are, and how many goods in all."""

    offers: tuple[Offer, ...]
    pages: int
    total: int


def refusal(answer: ApiAnswer) -> Refused | None:
    """What an answer to POST /orders refuses for good; None where it is no such answer."""
    code = answer.field("error")
    if not isinstance(code, str):
        return None
    if (answer.status, code) == (422, "invalid_body"):
        # Whatever else is wrong with the body is ours to mend, such as an address for webhooks that nobody can reach.
        fields = answer.field("fields")
        named = [given.get("field") for given in fields if isinstance(given, dict)] if isinstance(fields, list) else []
        return next((Refused(REFUSED_FIELDS[name]) for name in REFUSED_FIELDS if name in named), None)
    reason = REASONS.get((answer.status, code))
    return Refused(reason) if reason else None


def raised(answer: ApiAnswer) -> NoReturn:
    """Raise what any other answer to POST /orders means.

    A 4xx with a code is v1's word that it has made nothing: our key, balance or rate, or a body that we put together
    wrongly. Raises NotAccepted, OutcomeUnknown.
    """
    is_v1s_word = 400 <= answer.status < 500 and isinstance(answer.field("error"), str)
    surely_not = answer.status not in MAYBE_DONE and (is_v1s_word or answer.is_about_us())
    raise (NotAccepted if surely_not else OutcomeUnknown)(answer.told(), answer.retry_after)


def standing(answer: ApiAnswer, order: Lease) -> Answer:
    """How an order stands, by the upstream's view of it. Raises OutcomeUnknown."""
    name, status = as_name(answer.field("order_id")), answer.field("status")
    if name is None or name != order.provider_order_id or not isinstance(status, str):
        raise OutcomeUnknown("the answer names another order, or no status")
    told = answer.field("error_message")
    reason = plain(told) if isinstance(told, str) else ""
    if status in FAILED_WORDS:
        return Refused(reason or NOT_DELIVERED, name)
    if status in DELIVERED_WORDS:
        delivered, items = answer.field("delivered_quantity"), answer.field("items")
        _check_delivery(order, status, delivered, items)
        return Delivered(delivered * order.parts, name, items or (), reason or None)
    return InProgress(name)


def _check_delivery(order: Lease, status: str, delivered: Any, items: Any) -> None:
    """Raise OutcomeUnknown for a delivery that makes no sense: an operator is to look at it."""
    is_number = isinstance(delivered, int) and not isinstance(delivered, bool)
    if not is_number or not 0 < delivered <= order.amount or (delivered == order.amount) != (status == "completed"):
        raise OutcomeUnknown(f"it is {status}, and the number delivered does not fit that")
    if items is not None and not (isinstance(items, list) and all(isinstance(item, dict) for item in items)):
        raise OutcomeUnknown("the items are no list of objects")
    sent_elsewhere = not items and order.recipient is not None  # such as Stars: they leave no items
    if len(items or ()) != delivered and not sent_elsewhere:
        raise OutcomeUnknown(f"{delivered} were delivered, with {len(items or ())} items")


def goods_page(answer: ApiAnswer) -> GoodsPage:
    """A page of the catalogue. Raises NotAccepted when there is anything on it that we cannot read."""
    pages, total = answer.field("pages"), answer.field("total")
    if not isinstance(pages, int) or not isinstance(total, int):
        raise NotAccepted("the catalogue does not say how long it is")
    return GoodsPage(tuple(_offer(item) for item in answer.field("items")), pages, total)


def _offer(item: Any) -> Offer:
    if not isinstance(item, dict):
        raise NotAccepted("the catalogue has a product that is no object")
    try:
        return Offer(
            sku=_text(item, "sku"),
            category=_text(item, "category"),
            name=_text(item, "name"),
            description=_text(item, "description"),
            price=parse_usd(item.get("price_usdt")),
            min_quantity=_number(item, "min_quantity"),
            max_quantity=min(_number(item, "max_quantity"), MOST_UNITS),
            in_stock=None if item.get("in_stock") is None else _number(item, "in_stock"),
            needs_recipient=item.get("needs_recipient") is True,
        )
    except (NotAnAmount, ValueError) as error:
        raise NotAccepted(f"a product of the catalogue cannot be read: {error}") from None


def _text(item: dict[str, Any], name: str) -> str:
    value = item.get(name)
    if not isinstance(value, str) or "\0" in value:
        raise ValueError(f"its {name} is no text")
    return value


def _number(item: dict[str, Any], name: str) -> int:
    value = item.get(name)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**63:
        raise ValueError(f"its {name} is no whole number")
    return value

"""What happened on an account, in words, for v2 and for the dashboard."""

from collections.abc import Callable
from typing import Any

from models.database import Row
from models.leases import in_units
from models.telegram_goods import MONTHS_BY_SKU, Good, good_of

# What a movement of the journal is to a client; a hold is the order itself.
TYPES = {
    "hold": "order", "topup": "topup", "credit": "topup", "release": "refund", "refund": "refund",
    "referral": "referral", "referral_reversal": "referral",
}  # fmt: skip

Translate = Callable[..., str]
"""Makes a text of ours one in the reader's language, with values in place of its names: gettext, or `in_english`."""


def in_english(text: str, **values: Any) -> str:
    """The text as it is written here, with its values."""
    return text % values


def title(move: Row, _: Translate) -> str:
    """What a movement of `models.activity` was about."""
    kind = TYPES[move["kind"]]
    if kind == "order":
        return goods(move, _)
    if kind == "refund":
        return _("Refund: %(goods)s", goods=goods(move, _))
    if kind == "referral":
        return _("Reward for a friend") if move["amount"] > 0 else _("Reward taken back")
    if move["kind"] == "topup":
        return _("Top-up")
    return _("Credit by an operator") if move["amount"] > 0 else _("Debit by an operator")


def goods(order: Row, _: Translate) -> str:
    """What an order is about; needs its `sku`, `quantity`, `parts`, `recipient` and `product_name`."""
    good, amount = good_of(order["sku"]), in_units(order["quantity"], order["parts"])
    values = {"amount": amount, "target": f"@{order['recipient']}"}
    if good is Good.STARS:
        return _("%(amount)s Stars for %(target)s", **values)
    if good is Good.TON:
        return _("%(amount)s TON for %(target)s", **values)
    if good is Good.PREMIUM and amount == 1:
        return _("Premium for %(months)s months for %(target)s", months=MONTHS_BY_SKU[order["sku"]], **values)
    return f"{amount} × {order['product_name']}"  # noqa: RUF001 - a multiplication sign is meant

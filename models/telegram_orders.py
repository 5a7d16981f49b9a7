"""Orders of Telegram goods as their clients see them: v2's words for how one stands and for what was asked for."""

from typing import Any

from models.database import Row
from models.leases import in_units
from models.telegram_goods import MONTHS_BY_SKU

# v2 has fewer words than an order has states. What was delivered in part is completed, and its message says so.
_WORDS = {"awaiting_payment": "pending", "partial": "completed", "refunded": "cancelled"}
REFUNDED = "The order was delivered, and an operator returned the money later."


def status(order: Row) -> str:
    """v2's word for how the order stands; needs its `status` and `lease_token`."""
    if order["status"] == "processing" and order["lease_token"] == 0:
        return "pending"  # nobody has taken it up yet
    word: str = order["status"]
    return _WORDS.get(word, word)


def state(order: Row) -> dict[str, Any]:
    """How the order stands, and why: `status` and `error_message`."""
    message = order["error_message"]
    if order["status"] == "refunded" and message is None:
        message = REFUNDED
    return {"status": status(order), "error_message": message}


def wish(order: Row) -> dict[str, Any]:
    """For whom and how much: `username`, and `amount` (exact) or, for Premium, `duration_months`."""
    months = MONTHS_BY_SKU.get(order["sku"])
    if months is not None:
        return {"username": order["recipient"], "duration_months": months}
    return {"username": order["recipient"], "amount": in_units(order["quantity"], order["parts"])}

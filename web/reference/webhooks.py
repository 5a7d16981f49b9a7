"""The webhooks that clients get, as the reference tells of them."""

from typing import Any, Literal

from typing_extensions import TypedDict  # pydantic takes that of `typing` from Python 3.12 on

from models.webhooks import TRIES
from web.field_rules import Schema
from web.reference.components import Components
from web.reference.described import Dollars, Epoch, Number


class _OrderEvent(TypedDict):
    order_id: int
    price_usdt: Dollars
    quantity: Number
    error_message: str | None
    refunded: bool
    fired_at: Epoch
    client_reference: str | None
    delivered_quantity: Number
    refunded_usdt: Dollars


class OrderWebhook(_OrderEvent):
    """An order has come to its end, or its money was returned later. `items` is empty unless some were delivered."""

    status: Literal["completed", "partial", "failed", "expired", "cancelled", "refunded"]
    product_id: int
    items: list[dict[str, Any]]


class _TelegramOrderEvent(_OrderEvent):
    status: Literal["completed", "failed", "expired", "cancelled"]
    username: str


class TelegramOrderWebhook(_TelegramOrderEvent):
    """The same for stars and TON."""

    amount: Number


class PremiumOrderWebhook(_TelegramOrderEvent):
    """The same for Premium."""

    duration_months: Literal[3, 6, 12]


class TopupWebhook(TypedDict):
    """A top-up was credited: `credited_usdt` is what arrived."""

    topup_id: str
    status: Literal["credited_auto", "credited_manual"]
    payment_network: str
    requested_usdt: Dollars
    amount_usdt: Dollars
    credited_usdt: Dollars
    tx_hash: str
    fired_at: Epoch


ALWAYS_SENT = {
    "X-Webhook-Id": "Names the delivery; the same at each attempt, so that you can tell repetitions.",
    "X-Webhook-Attempt": "1 at the first attempt.",
}
SENT_WITH_A_SECRET = {
    "X-Webhook-Timestamp": "When the attempt was made, in epoch seconds; refuse what is over five minutes off.",
    "X-Webhook-Signature": "Hex HMAC-SHA256, keyed with the secret's text, of timestamp, line feed and raw body.",
    "X-Webhook-Algorithm": "HMAC-SHA256.",
    "webhook-id": "As X-Webhook-Id; this and the next two are those of the Standard Webhooks specification.",
    "webhook-timestamp": "As X-Webhook-Timestamp.",
    "webhook-signature": "`v1,` and the base64 HMAC-SHA256, keyed with the secret's bytes, of id, timestamp and body.",
}

EXAMPLES: dict[str, dict[str, Any]] = {
    "orderEnded": {
        "order_id": 789, "status": "completed", "price_usdt": 12.34, "quantity": 1, "error_message": None,
        "refunded": False, "fired_at": 1_790_000_000, "client_reference": "invoice-1001", "delivered_quantity": 1,
        "refunded_usdt": 0, "product_id": 12, "items": [{"code": "AAAA-BBBB-CCCC"}],
    },
    "telegramOrderEnded": {
        "order_id": 42, "status": "completed", "price_usdt": 1.2, "quantity": 100, "error_message": None,
        "refunded": False, "fired_at": 1_790_000_000, "client_reference": None, "delivered_quantity": 100,
        "refunded_usdt": 0, "username": "target", "amount": 100,
    },
    "topupCredited": {
        "topup_id": "0b5f2f0e-8a57-4c0e-9a43-7d0f4f3f2d11", "status": "credited_auto",
        "payment_network": "usdt_trc_20", "requested_usdt": 25, "amount_usdt": 25, "credited_usdt": 25,
        "tx_hash": "5d1f0a7c3e9b48d26f7a1c0e8b3d5f9a2c4e6a8b0d1f3e5c7a9b2d4f6e8c0a1b", "fired_at": 1_790_000_000,
    },
}  # fmt: skip
_ABOUT = {
    "orderEnded": ("An order has ended", OrderWebhook),
    "telegramOrderEnded": ("An order of Telegram goods has ended", TelegramOrderWebhook | PremiumOrderWebhook),
    "topupCredited": ("A top-up was credited", TopupWebhook),
}
_RESPONSES = {
    "2XX": {"description": "Within 10 seconds: it is delivered."},
    "3XX": {"description": "It is not sent again, nor to anywhere else."},
    "4XX": {"description": "It is not sent again; 408 and 429 count as a failed attempt."},
    "5XX": {"description": f"It has failed, as without any answer. There are {TRIES} attempts, at growing intervals."},
}


def webhooks(components: Components) -> Schema:
    """The section `webhooks` of a document."""
    return {
        name: {
            "post": {
                "operationId": name,
                "tags": ["webhooks"],
                "summary": summary,
                "parameters": [
                    *[_header(header, about, is_required=True) for header, about in ALWAYS_SENT.items()],
                    *[_header(header, about, is_required=False) for header, about in SENT_WITH_A_SECRET.items()],
                ],
                "requestBody": {
                    "required": True,
                    "content": {"application/json": {"schema": components.answer(shape), "example": EXAMPLES[name]}},
                },
                "responses": _RESPONSES,
            }
        }
        for name, (summary, shape) in _ABOUT.items()
    }


def _header(name: str, about: str, *, is_required: bool) -> Schema:
    return {"name": name, "in": "header", "required": is_required, "description": about, "schema": {"type": "string"}}

"""The answers of v1, field by field: what the views make, and what the reference says that they make."""

from typing import Any, Literal, NotRequired

from typing_extensions import TypedDict  # pydantic takes that of `typing` from Python 3.12 on

from web.reference.described import Dollars, Epoch, Number

OrderStatus = Literal["processing", "completed", "partial", "failed", "expired", "cancelled", "refunded"]
WebhookState = Literal["pending", "delivered", "fired"]
TopupStatus = Literal["pending", "credited_auto", "credited_manual", "expired"]


class Health(TypedDict):
    """The key works, and the service is up."""

    status: Literal["ok"]
    timestamp: Epoch


class Product(TypedDict):
    """What is for sale; `in_stock` is null for goods that are made to order."""

    id: int
    sku: str
    category: str
    name: str
    description: str
    price_usdt: Dollars
    min_quantity: int
    max_quantity: int
    in_stock: int | None
    delivery: Literal["stock", "provider"]
    needs_recipient: bool
    created_at: Epoch
    updated_at: Epoch


class ProductPage(TypedDict):
    """One page of the catalogue."""

    items: list[Product]
    page: int
    page_size: int
    total: int
    pages: int


class Category(TypedDict):
    """A category, with how many products it has and what the cheapest costs."""

    category: str
    product_count: int
    min_price_usdt: Dollars


class Categories(TypedDict):
    """All categories."""

    items: list[Category]


class Balance(TypedDict):
    """What an account has: `balance_usdt` can be spent, and is what was topped up less what was spent."""

    balance_usdt: Dollars
    held_usdt: Dollars
    total_spent_usdt: Dollars
    total_topup_usdt: Dollars
    total_refunded_usdt: Dollars
    currency: Literal["USDT"]


class Transaction(TypedDict):
    """A movement; `amount_usdt` is its signed effect on what can be spent."""

    id: int
    created_at: Epoch
    kind: Literal["hold", "release", "refund", "credit", "topup", "referral", "referral_reversal"]
    amount_usdt: Dollars
    order_id: int | None
    topup_id: str | None
    note: str | None


class Transactions(TypedDict):
    """A page of the statement."""

    items: list[Transaction]
    next_cursor: str | None


class Network(TypedDict):
    """A network that top-ups can be sent on; the fee is the sender's."""

    network: str
    name: str
    fee_usdt: str
    time: str
    recommendation: str
    finality: str


class Networks(TypedDict):
    """The networks that are on."""

    items: list[Network]


class Topup(TypedDict):
    """A top-up: send exactly `amount_usdt`, so that it arrives before `expires_at`."""

    topup_id: str
    status: TopupStatus
    payment_address: str
    payment_network: str
    amount_usdt: Dollars
    requested_usdt: Dollars
    credited_usdt: Dollars | None
    tx_hash: str | None
    created_at: Epoch
    expires_at: Epoch


class RawData(TypedDict):
    """How the price came about: `dp_hits` recent orders of the same total, 1 % each."""

    dp_hits: int


class OrderFacts(TypedDict):
    """An order as it stands in lists: without its items."""

    order_id: int
    product_id: int
    quantity: Number
    price_usdt: Dollars
    status: OrderStatus
    delivered_quantity: Number
    refunded: bool
    refunded_usdt: Dollars
    error_message: str | None
    client_reference: str | None
    raw_data: RawData
    created_at: Epoch
    updated_at: Epoch


class Order(OrderFacts):
    """An order. Its items are there once it is completed or partial."""

    items: NotRequired[list[dict[str, Any]]]


class Orders(TypedDict):
    """A page of orders, newest first, without their items."""

    items: list[OrderFacts]
    next_cursor: str | None


class WebhookAttempt(TypedDict):
    """One attempt to tell of an event; `answer` is the start of what the receiver said."""

    number: int
    at: Epoch
    status: int | None
    error: str | None
    duration_ms: int | None
    answer: str


class WebhookEvent(TypedDict):
    """An event that a webhook tells of."""

    id: int
    webhook_id: str
    event: str
    url: str
    status: WebhookState
    created_at: Epoch
    next_attempt_at: Epoch | None


class WebhookDelivery(WebhookEvent):
    """An event, and the attempts to tell of it."""

    attempts: list[WebhookAttempt]


class WebhookLog(TypedDict):
    """The events of an order."""

    items: list[WebhookDelivery]
    next_cursor: None


class Usage(TypedDict):
    """How much the key was used, and what its account has spent."""

    request_count: int
    last_used_at: Epoch | None
    first_used_at: Epoch | None
    last_endpoint: str | None
    total_spent_usdt: Dollars
    total_refunded_usdt: Dollars

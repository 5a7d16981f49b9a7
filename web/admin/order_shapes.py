"""The answers of the operators' API about goods, orders and webhooks, field by field."""

from typing import Any, Literal, NotRequired

from typing_extensions import TypedDict  # pydantic takes that of `typing` from Python 3.12 on

from web.reference.described import Dollars, Epoch, Number
from web.v1 import shapes as v1_shapes

AnyOrderStatus = Literal[v1_shapes.OrderStatus, "awaiting_payment"]
ProviderState = Literal["not configured", "down", "failing", "low balance", "up", "not asked yet"]


class Product(v1_shapes.Product):
    """A product, who delivers it, and whether clients see it."""

    provider: str
    active: bool


class RefusedLine(TypedDict):
    """A line of an upload that is not in stock now, and why."""

    line: int
    reason: str


class StockReport(TypedDict):
    """What became of an upload; of very many refused lines, `refused` has the first."""

    added: int
    refused: list[RefusedLine]
    refused_count: int


class Lease(TypedDict):
    """Which attempt has the order, and until when."""

    token: int
    until: Epoch | None


class _Facts(TypedDict):
    order_id: int
    product_id: int
    quantity: Number
    price_usdt: Dollars
    status: AnyOrderStatus
    delivered_quantity: Number
    refunded: bool
    refunded_usdt: Dollars
    error_message: str | None
    client_reference: str | None
    raw_data: v1_shapes.RawData
    created_at: Epoch
    updated_at: Epoch


class Order(_Facts):
    """An order: what its client sees of it but the items, whose it is, and how it stands with the workers."""

    account_id: int
    surface: Literal["v1", "v2", "website"]
    key_fingerprint: str | None
    product_sku: str
    base_total_usdt: Dollars
    max_price_usdt: Dollars | None
    recipient: str | None
    webhook_url: str | None
    deadline_at: Epoch
    provider: str
    provider_order_id: str | None
    reference: str
    submitted_at: Epoch | None
    needs_review: bool
    lease: Lease


class ProviderWord(TypedDict):
    """What a provider's webhook said of an order."""

    verdict: Literal["delivered", "failed"]
    reason: str


class Attempt(TypedDict):
    """One attempt to fulfil an order."""

    number: int
    provider: str
    started_at: Epoch
    finished_at: Epoch | None
    outcome: str | None


class OrderInFull(Order):
    """An order, its provider's word on it, and each attempt to fulfil it."""

    provider_word: ProviderWord | None
    attempts: list[Attempt]


class WebsiteOrderFacts(_Facts):
    """What can be told to anybody of a website order."""

    payment_address: str
    payment_network: str
    amount_usdt: Dollars
    expires_at: Epoch
    tx_hash: str | None


class WebsiteOrderInFull(WebsiteOrderFacts):
    """An order of a storefront's buyer, and how to pay it. Its items are there once it is delivered."""

    items: NotRequired[list[dict[str, Any]]]


class Provider(TypedDict):
    """How a provider does, and what we have there, in its currency."""

    provider: str
    state: ProviderState
    balance: Number | None
    currency: str | None
    balance_at: Epoch | None
    open_orders: int
    submitted_orders: int
    orders_to_review: int
    faults_in_a_row: int
    last_error: str | None
    last_error_at: Epoch | None


class WebhookDelivery(v1_shapes.WebhookDelivery):
    """An event, the attempts to tell of it, and whose it is; `order_id` is null for a top-up's."""

    order_id: int | None
    account_id: int


class SandboxPurchase(TypedDict):
    """What the made-up provider sold; `quantity` is in stars, months or TON."""

    reference: str
    username: str
    product: str
    quantity: Number
    at: Epoch

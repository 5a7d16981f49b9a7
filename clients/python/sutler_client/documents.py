"""What the answers say, as objects: money as Decimal, times in epoch seconds."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from decimal import Decimal
from typing import Any, Self


@dataclass(frozen=True, kw_only=True)
class Document:
    """An answer's fields by their names. Fields that are not known here are left out, so that new ones break nobody."""

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> Self:
        """Make one of an answer. A whole amount comes as an int, so each amount is made a Decimal here."""
        known = {each.name: document[each.name] for each in fields(cls) if each.name in document}
        for name, value in known.items():
            if name.endswith(("_usdt", "_usd")) and value is not None:
                known[name] = Decimal(value)
        return cls(**known)


@dataclass(frozen=True, kw_only=True)
class Product(Document):
    """What is for sale; `in_stock` is None for goods that are made to order."""

    id: int
    sku: str
    category: str
    name: str
    description: str
    price_usdt: Decimal
    min_quantity: int
    max_quantity: int
    in_stock: int | None
    delivery: str
    needs_recipient: bool


@dataclass(frozen=True, kw_only=True)
class Balance(Document):
    """What the account has: `balance_usdt` can be spent, `held_usdt` is set aside for open orders."""

    balance_usdt: Decimal
    held_usdt: Decimal
    total_spent_usdt: Decimal
    total_topup_usdt: Decimal
    total_refunded_usdt: Decimal


@dataclass(frozen=True, kw_only=True)
class Topup(Document):
    """What to send where: exactly `amount_usdt`, which may be a little more than was asked for, before `expires_at`."""

    topup_id: str
    status: str
    payment_address: str
    payment_network: str
    amount_usdt: Decimal
    requested_usdt: Decimal
    credited_usdt: Decimal | None
    tx_hash: str | None
    expires_at: int


@dataclass(frozen=True, kw_only=True)
class Movement(Document):
    """A line of the account's statement: `amount_usdt` is its effect on the balance."""

    id: int
    created_at: int
    kind: str
    amount_usdt: Decimal
    order_id: int | None
    topup_id: str | None
    note: str | None


@dataclass(frozen=True, kw_only=True)
class Order(Document):
    """A wholesale order, with its items once it has some."""

    order_id: int
    status: str
    product_id: int
    quantity: int
    delivered_quantity: int
    price_usdt: Decimal
    refunded: bool
    refunded_usdt: Decimal
    error_message: str | None
    client_reference: str | None
    created_at: int
    updated_at: int
    items: list[dict[str, Any]] = field(default_factory=list)

    @property
    def is_final(self) -> bool:
        """Whether it has ended: completed, partial, failed, expired, cancelled or refunded."""
        return self.status != "processing"


@dataclass(frozen=True, kw_only=True)
class TelegramOrder(Document):
    """An order of Telegram goods; `amount` is the stars or the TON, `duration_months` that of Premium."""

    order_id: int
    username: str
    status: str
    price_usd: Decimal
    provider_order_id: str | None
    error_message: str | None
    created_at: int
    updated_at: int
    amount: Decimal | int | None = None
    duration_months: int | None = None

    @property
    def is_final(self) -> bool:
        """Whether it has ended: completed, failed, cancelled or expired."""
        return self.status not in ("pending", "processing")

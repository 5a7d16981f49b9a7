"""Orders of goods that providers make, and leases on orders that are in no database."""

from datetime import UTC, datetime, timedelta
from typing import Any

from jobs import purchasing
from models import keys, ledger, orders
from models.database import db, row, rows
from models.leases import Lease
from models.purchases import Purchase
from models.telegram_goods import STARS_SKU
from tests.factories import make_product

PLACED = datetime(2026, 3, 1, 12, tzinfo=UTC)


def lease(
    sku: str = STARS_SKU, quantity: int = 100, *, submitted: float | None = None, **fields: Any
) -> Lease:  # fmt: skip
    """The right to an order of a Telegram good for @ada; `submitted`: so many seconds ago."""
    given: dict[str, Any] = {
        "order_id": 17, "token": 1, "product_id": 1, "quantity": quantity, "provider": "test", "overdue": False,
        "parts": 1, "sku": sku, "recipient": "ada", "price": 12_345_678, "created_at": PLACED,
        "submitted_at": None if submitted is None else PLACED + timedelta(seconds=1),
        "age_seconds": 1.0 if submitted is None else submitted, "ticket": "",
        "provider_order_id": None, "provider_rests": False,
    }  # fmt: skip
    return Lease(**given | fields)


def place(provider: str, sku: str = STARS_SKU, quantity: int = 100, recipient: str = "ada") -> int:
    """An order of a client with enough money; returns its id."""
    product = make_product("0.05", 0, sku=sku, provider=provider, needs_recipient=True, max_quantity=1_000_000)
    with db.connection_context():
        minted = keys.mint("test", "buyer", "v2", with_secret=False)
        ledger.credit("test", minted.account_id, 10**9, f"opening:{minted.account_id}", "")
        wish = Purchase(minted.account_id, None, "v2", product.id, quantity, recipient=recipient)
        return int(orders.place(wish).order["id"])


def step(order_id: int, times: int = 1) -> dict[str, Any]:
    """Let the order's job run, as a worker would when the order is due; returns the order's row."""
    for _ in range(times):
        purchasing.purchase(order_id)
    return order_row(order_id)


def order_row(order_id: int) -> dict[str, Any]:
    """The order as the database has it."""
    with db.connection_context():
        found = row("SELECT * FROM orders WHERE id = %(id)s", {"id": order_id})
    assert found is not None
    return found


def age(order_id: int, seconds: float) -> None:
    """Let so much time have passed since the order was submitted."""
    with db.connection_context():
        rows(
            "UPDATE orders SET submitted_at = submitted_at - make_interval(secs => %(seconds)s) WHERE id = %(id)s",
            {"id": order_id, "seconds": seconds},
        )

"""Orders that a customer of the bot makes, and how they end."""

from typing import Any

from models import leases, settlement
from models.database import db, rows
from models.settlement import Outcome
from tests.factories import eventually
from tests.jobs.bot_customer import Customer


def orders() -> list[dict[str, Any]]:
    """All orders there are."""
    with db.connection_context():
        return rows("SELECT * FROM orders ORDER BY id")


def end_order(order_id: int, outcome: Outcome) -> None:
    """End an order as a worker would whose provider gives this answer, between the tries of the others."""
    with db.connection_context():
        lease = eventually(lambda: leases.claim(order_id, from_stock=False), "the order's lease")
        assert settlement.settle(lease, outcome) is not None


def offer(customer: Customer) -> None:
    """Lead the customer to the price of 100 Stars for himself."""
    customer.press("⭐ Stars")
    customer.press("⭐ 100")
    assert "Price: 1.20 USD" in customer.press("For me").text

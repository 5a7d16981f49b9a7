"""Clients whose orders end with a webhook, and a look at what became of it."""

import itertools
from dataclasses import dataclass

from models import keys, leases, ledger, orders, settlement, webhooks
from models.database import db, row
from models.purchases import Purchase
from models.settlement import FromStock, Outcome
from models.tables import Product, WebhookAttempt, WebhookDelivery
from tests.factories import add_stock, make_product

_numbers = itertools.count(1)


@dataclass
class Buyer:
    """An account and its key, and the goods that it buys."""

    minted: keys.Minted
    key_id: int
    product: Product

    def finish_order(
        self, url: str, outcome: Outcome | None = None, *, quantity: int = 1, items: int | None = None
    ) -> int:
        """Place an order and end it; returns the id of its delivery. So many items are in stock (default: enough)."""
        with db.connection_context():
            order = orders.place(
                Purchase(
                    account_id=self.minted.account_id, key_id=self.key_id, surface="v1", product_id=self.product.id,
                    quantity=quantity, webhook_url=url, client_reference="mine",
                )
            ).order  # fmt: skip
            if items is not None:
                db.execute_sql("DELETE FROM stock_items WHERE order_id IS NULL")
                add_stock(self.product, items)
            lease = leases.claim(order["id"])
            assert lease is not None
            ended = settlement.settle(lease, outcome or FromStock())
            assert ended is not None
            assert ended.delivery_id is not None
            return ended.delivery_id


def make_buyer(*, signed: bool = False) -> Buyer:
    """A client with enough money, and a product with enough items."""
    product = make_product("7.123456", in_stock=60)
    with db.connection_context():
        minted = keys.mint("test", f"buyer {next(_numbers)}", "v1", with_secret=signed)
        ledger.credit("test", minted.account_id, 10**12, f"opening:{minted.account_id}", "")
        key = row("SELECT id FROM api_keys WHERE fingerprint = %(f)s", {"f": minted.fingerprint})
    assert key is not None
    return Buyer(minted, key["id"], product)


def delivery(delivery_id: int) -> WebhookDelivery:
    """The delivery as the database has it."""
    with db.connection_context():
        return WebhookDelivery.get_by_id(delivery_id)


def attempts(delivery_id: int) -> list[WebhookAttempt]:
    """The delivery's attempts that the client's log shows."""
    order_id = order_of(delivery_id)
    with db.connection_context():
        return next(shown for one, shown in webhooks.of_order(order_id) if one.id == delivery_id)


def order_of(delivery_id: int) -> int:
    """The order that the delivery tells of."""
    order_id = delivery(delivery_id).order_id
    assert order_id is not None
    return order_id


def make_due(delivery_id: int) -> None:
    """Let the pause before the next attempt be over."""
    with db.connection_context():
        db.execute_sql("UPDATE webhook_deliveries SET due_at = now() WHERE id = %(id)s", {"id": delivery_id})

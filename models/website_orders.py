"""Website orders: placed by an operator's storefront for a buyer without an account, and paid by a transfer.

    awaiting_payment → processing → … as every order        awaiting_payment → expired | cancelled

Goods are set aside when the order is placed. The transfer is credited to one account of ours and held there for the
order, so that from then on the order is like every other; what comes back of a failed one stays on that account.
"""

from collections.abc import Sequence

from models import audit, intents, ledger, networks, orders
from models.database import Row, changed, db, retrying, row, rows
from models.intents import Wanted
from models.money import Micros
from models.orders import FIRST_WAKE_SECONDS, OrderNotFound
from models.pricing import surcharged
from models.purchases import Purchase, explain
from settings import settings

ACCOUNT_NAME = "Website orders"


def place(
    actor: str, product_id: int, quantity: int, network: str, *, webhook_url: str | None, recipient: str | None
) -> int:
    """Set goods aside for a buyer who will pay on the network; returns the order's id.

    Raises NetworkOff, NoFreeAmount, and what stands against any order: ProductNotFound, RecipientMissing,
    BelowMinimum, AboveMaximum, InsufficientStock.
    """
    address = networks.wallet_of(network)
    account_id = _account()
    purchase = Purchase(account_id, None, "website", product_id, quantity, webhook_url=webhook_url, recipient=recipient)

    def transaction() -> int:
        with db.atomic():
            orders.lock_what_decides(purchase)
            facts = explain(purchase)
            price = surcharged(facts["base_total"], facts["hits"])
            wanted = Wanted(network, address, intents.up_to_cents(price), account_id)
            amount = intents.free_amount(network, wanted.amount)
            order_id = _write(purchase, facts, amount)
            intents.create(wanted, amount, order_id)
            audit.record(actor, "website_order.create", f"order:{order_id}", network=network)
            return order_id

    return retrying(transaction)


def get(order_id: int) -> tuple[Row, Row]:
    """A website order and its intent. Raises OrderNotFound for any other order too."""
    intent = intents.of_order(order_id)
    if intent is None:
        raise OrderNotFound(f"There is no website order {order_id}.")
    return orders.get(order_id), intent


def lock(order_ids: Sequence[int]) -> None:
    """Keep the orders as they are until the transaction ends; orders are locked before accounts, lowest id first."""
    if order_ids:
        rows("SELECT 1 FROM orders WHERE id = ANY(%(ids)s) ORDER BY id FOR UPDATE", {"ids": list(order_ids)})


def take_payment(order_id: int, arrived: Micros) -> Row:
    """Open an order with the money that arrived for it; returns what to enqueue after the commit: `id`, `provider`.

    The account must have been credited with that money in this transaction, and the order be locked and unpaid.
    """
    [paid] = rows(
        """
        UPDATE orders SET status = 'processing', price = %(arrived)s, updated_at = now(),
            deadline_at = now() + make_interval(secs => %(deadline)s),
            wake_at = now() + make_interval(secs => %(first_wake)s)
        WHERE id = %(id)s AND status = 'awaiting_payment' RETURNING id, provider, account_id
        """,
        {
            "id": order_id,
            "arrived": arrived,
            "deadline": settings.order_deadline_seconds,
            "first_wake": FIRST_WAKE_SECONDS,
        },
    )
    ledger.hold(paid["account_id"], order_id, arrived)
    return paid


def unpaid(network: str, limit: int) -> list[int]:
    """Orders that were not paid in time: the network is final beyond their end, so no such transfer is to come."""
    found = rows(
        """
        SELECT o.id FROM orders o JOIN payment_intents i ON i.order_id = o.id
        JOIN network_scans s ON s.network = i.network
        WHERE o.status = 'awaiting_payment' AND i.network = %(network)s AND i.expires_at <= s.final_at
        ORDER BY o.id LIMIT %(limit)s
        """,
        {"network": network, "limit": limit},
    )
    return [order["id"] for order in found]


def _account() -> int:
    """The account that website orders' money passes through, opened when it is first needed."""
    found = row("SELECT id FROM accounts WHERE website")
    if found is None:
        changed(
            "INSERT INTO accounts (name, website) VALUES (%(name)s, true)"
            " ON CONFLICT (website) WHERE website DO NOTHING",
            {"name": ACCOUNT_NAME},
        )
        [found] = rows("SELECT id FROM accounts WHERE website")
    return int(found["id"])


def _write(purchase: Purchase, facts: Row, amount: Micros) -> int:
    [made] = rows(
        """
        WITH reserved AS (
            UPDATE products SET in_stock = in_stock - %(quantity)s, updated_at = now()
            WHERE id = %(product_id)s AND in_stock IS NOT NULL
        )
        INSERT INTO orders (account_id, surface, product_id, provider, quantity, base_total, dp_hits, price, status,
            webhook_url, recipient, sku, deadline_at, wake_at)
        VALUES (%(account_id)s, 'website', %(product_id)s, %(provider)s, %(quantity)s, %(base_total)s, %(hits)s,
            %(amount)s, 'awaiting_payment', %(webhook_url)s, %(recipient)s, %(sku)s,
            now() + make_interval(secs => %(lifetime)s), 'infinity')
        RETURNING id
        """,
        {
            "account_id": purchase.account_id, "product_id": purchase.product_id, "provider": facts["provider"],
            "quantity": purchase.quantity, "base_total": facts["base_total"], "hits": facts["hits"], "amount": amount,
            "webhook_url": purchase.webhook_url, "recipient": purchase.recipient if facts["needs_recipient"] else None,
            "sku": facts["sku"],
            "lifetime": settings.topup_lifetime_seconds,
        },
    )  # fmt: skip
    return int(made["id"])

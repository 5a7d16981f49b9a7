"""Who works on an open order, and which open orders want looking after."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from models.database import Row, changed, row, rows
from models.money import Micros

STOCK = "stock"  # the one provider that is ourselves
LEASE_SECONDS = 15
PROVIDER_LEASE_SECONDS = 45  # longer than a check and a submission take, each at its time limit
REWAKE_SECONDS = 15
MOST_ATTEMPTS_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to fulfil an order for some seconds, and the order; `token` fences off every holder before.

    `quantity` counts parts of a unit, of which `parts` make one. `age_seconds` is counted from when the order was
    submitted to its provider, else from when it was placed; `ticket` is what the provider's check gave.
    """

    order_id: int
    token: int
    product_id: int
    quantity: int
    provider: str
    overdue: bool
    parts: int
    sku: str
    recipient: str | None
    price: Micros
    created_at: datetime
    submitted_at: datetime | None
    age_seconds: float
    ticket: str
    provider_order_id: str | None
    provider_rests: bool

    @property
    def amount(self) -> int | Decimal:
        """The quantity in whole units of the product, and fractions where it is sold in parts."""
        return in_units(self.quantity, self.parts)

    @property
    def reference(self) -> str:
        """The name of this purchase at the provider, for its idempotency; no other Sutler's order has the same."""
        return reference_of(self.order_id, self.created_at)


def reference_of(order_id: int, created_at: datetime) -> str:
    """The name that a purchase has at its provider."""
    return f"sutler-{order_id}-{round(created_at.timestamp() * 1_000_000)}"


def in_units(quantity: int, parts: int) -> int | Decimal:
    """So many parts of a unit as a number of units."""
    return quantity // parts if quantity % parts == 0 else Decimal(quantity) / parts


def claim(order_id: int, *, from_stock: bool = True) -> Lease | None:
    """Take an open order that nobody works on, and write the attempt down; None when there is nothing to take.

    Orders from stock and those from other providers are taken by different jobs, each with its own time.
    """
    taken = row(
        """
        WITH taken AS (
            UPDATE orders SET lease_token = lease_token + 1,
                lease_until = now() + make_interval(secs => %(lease)s),
                wake_at = now() + make_interval(secs => %(lease)s)
            WHERE id = %(id)s AND status = 'processing' AND lease_until < now()
                AND (provider = %(stock)s) = %(from_stock)s
            RETURNING *
        ), attempt AS (
            INSERT INTO fulfilment_attempts (order_id, lease_token, provider)
            SELECT id, lease_token, provider FROM taken
        )
        SELECT taken.id AS order_id, lease_token AS token, product_id, quantity, provider,
            deadline_at < now() AND submitted_at IS NULL AS overdue, parts,
            coalesce(sku, (SELECT sku FROM products WHERE products.id = product_id)) AS sku, recipient, price,
            created_at, submitted_at,
            extract(epoch FROM now() - coalesce(submitted_at, created_at))::float AS age_seconds,
            coalesce(provider_ticket, '') AS ticket, provider_order_id,
            coalesce(rests_in_a_row > 0 OR rests_until > now(), false) AS provider_rests
        FROM taken LEFT JOIN provider_states ON provider_states.name = taken.provider
        """,
        {
            "id": order_id,
            "lease": LEASE_SECONDS if from_stock else PROVIDER_LEASE_SECONDS,
            "stock": STOCK,
            "from_stock": from_stock,
        },
    )
    return Lease(**taken) if taken else None


def finish_attempts(order_id: int, outcome: str) -> None:
    """Write down how the order ended on all attempts that are open: the last one, and those of workers that died."""
    changed(
        "UPDATE fulfilment_attempts SET finished_at = now(), outcome = %(outcome)s"
        " WHERE order_id = %(order_id)s AND finished_at IS NULL",
        {"order_id": order_id, "outcome": outcome},
    )


def attempts_of(order_id: int) -> list[Row]:
    """The attempts to fulfil an order, first one first; of very many, the last ones."""
    sql = """
        SELECT * FROM (SELECT * FROM fulfilment_attempts WHERE order_id = %(id)s ORDER BY lease_token DESC LIMIT %(n)s)
            AS latest ORDER BY lease_token
    """
    return rows(sql, {"id": order_id, "n": MOST_ATTEMPTS_SHOWN})


def due_to_wake(limit: int, *, from_stock: bool) -> list[Row]:
    """Open orders that nobody has taken up in time (`id`, `provider`), put off so that the next sweep passes them."""
    return rows(
        """
        WITH due AS MATERIALIZED (
            SELECT id FROM orders WHERE status = 'processing' AND wake_at <= now()
                AND (provider = %(stock)s) = %(from_stock)s
            ORDER BY wake_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED
        )
        UPDATE orders SET wake_at = now() + make_interval(secs => %(again)s) FROM due WHERE orders.id = due.id
        RETURNING orders.id, orders.provider
        """,
        {"again": REWAKE_SECONDS, "limit": limit, "stock": STOCK, "from_stock": from_stock},
    )


def overdue(limit: int) -> list[int]:
    """Open orders past their deadline that nobody is at work on."""
    found = rows(
        "SELECT id FROM orders WHERE status = 'processing' AND deadline_at < now() AND lease_until < now()"
        " AND submitted_at IS NULL ORDER BY deadline_at LIMIT %(limit)s",
        {"limit": limit},
    )
    return [found_row["id"] for found_row in found]


def final_among(order_ids: list[int]) -> list[int]:
    """Those of the orders that are final."""
    sql = "SELECT id FROM orders WHERE id = ANY(%(ids)s) AND status <> 'processing'"
    return [found_row["id"] for found_row in rows(sql, {"ids": order_ids})]

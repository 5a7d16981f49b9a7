"""Who works on an open order, and which open orders want looking after."""

from dataclasses import dataclass

from models.database import Row, changed, row, rows

LEASE_SECONDS = 15
REWAKE_SECONDS = 15


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to fulfil an order for LEASE_SECONDS; `token` fences off every holder before."""

    order_id: int
    token: int
    product_id: int
    quantity: int
    provider: str
    overdue: bool


def claim(order_id: int) -> Lease | None:
    """Take an open order that nobody works on, and write the attempt down; None when there is nothing to take."""
    taken = row(
        """
        WITH taken AS (
            UPDATE orders SET lease_token = lease_token + 1,
                lease_until = now() + make_interval(secs => %(lease)s),
                wake_at = now() + make_interval(secs => %(lease)s)
            WHERE id = %(id)s AND status = 'processing' AND lease_until < now()
            RETURNING id, lease_token, product_id, provider, quantity,
                deadline_at < now() AND submitted_at IS NULL AS overdue
        ), attempt AS (
            INSERT INTO fulfilment_attempts (order_id, lease_token, provider)
            SELECT id, lease_token, provider FROM taken
        )
        SELECT * FROM taken
        """,
        {"id": order_id, "lease": LEASE_SECONDS},
    )
    if taken is None:
        return None
    return Lease(
        taken["id"], taken["lease_token"], taken["product_id"], taken["quantity"], taken["provider"], taken["overdue"]
    )


def finish_attempts(order_id: int, outcome: str) -> None:
    """Write down how the order ended on all attempts that are open: the last one, and those of workers that died."""
    changed(
        "UPDATE fulfilment_attempts SET finished_at = now(), outcome = %(outcome)s"
        " WHERE order_id = %(order_id)s AND finished_at IS NULL",
        {"order_id": order_id, "outcome": outcome},
    )


def attempts_of(order_id: int) -> list[Row]:
    """The attempts to fulfil an order, first one first."""
    sql = "SELECT * FROM fulfilment_attempts WHERE order_id = %(id)s ORDER BY lease_token"
    return rows(sql, {"id": order_id})


def due_to_wake(limit: int) -> list[int]:
    """Open orders that nobody has taken up in time, each put off so that the next sweep passes it over."""
    found = rows(
        """
        WITH due AS MATERIALIZED (
            SELECT id FROM orders WHERE status = 'processing' AND wake_at <= now()
            ORDER BY wake_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED
        )
        UPDATE orders SET wake_at = now() + make_interval(secs => %(again)s) FROM due WHERE orders.id = due.id
        RETURNING orders.id
        """,
        {"again": REWAKE_SECONDS, "limit": limit},
    )
    return [found_row["id"] for found_row in found]


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

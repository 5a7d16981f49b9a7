"""How PostgreSQL finds the orders that raise the price of the next one."""

from models.database import db, rows
from models.pricing import WINDOW_SECONDS
from models.purchases import recent_of_total
from tests.factories import make_product

POPULAR = 9_000  # orders within minutes: sooner than a table is analyzed


def test_of_many_orders_of_one_total_only_the_newest_are_read_though_nothing_was_analyzed() -> None:
    product = make_product()
    with db.connection_context(), db.atomic() as transaction:
        rows(
            """
            INSERT INTO orders (account_id, surface, product_id, provider, quantity, base_total, price, sku, parts,
                deadline_at, wake_at)
            SELECT 1, 'v1', %(product_id)s, 'stock', 1, 8900000, 8900000, 'x', 1, now(), now()
            FROM generate_series(1, %(count)s)
            """,
            {"product_id": product.id, "count": POPULAR},
        )
        recent = recent_of_total(WINDOW_SECONDS).replace("wanted.base_total", "8900000")
        plan = "\n".join(step["QUERY PLAN"] for step in rows(f"EXPLAIN {recent}", {"max_hits": 10}))
        transaction.rollback()

    assert "Index Scan Backward using orders_recent_totals" in plan
    assert "Sort" not in plan

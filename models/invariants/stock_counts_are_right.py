"""A product's count is its free items less those that open orders are entitled to."""

from models.database import rows


def check() -> list[str]:
    """One sentence for each product whose count differs."""
    found = rows(
        """
        SELECT p.id, p.in_stock, coalesce(i.free, 0) - coalesce(o.promised, 0) AS counted FROM products p
        LEFT JOIN (SELECT product_id, count(*) AS free FROM stock_items WHERE order_id IS NULL GROUP BY product_id) i
            ON i.product_id = p.id
        LEFT JOIN (SELECT product_id, sum(quantity) AS promised FROM orders
            WHERE status IN ('processing', 'awaiting_payment') GROUP BY product_id) o ON o.product_id = p.id
        WHERE p.provider = 'stock' AND p.in_stock <> coalesce(i.free, 0) - coalesce(o.promised, 0) ORDER BY p.id
        """
    )
    return [f"Product {p['id']} counts {p['in_stock']} in stock, and has {p['counted']}." for p in found]

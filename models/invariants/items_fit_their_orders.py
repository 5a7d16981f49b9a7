"""An order has as many items as it says, of its own product, and an order that delivered nothing has none.

Goods that a provider sends elsewhere (Stars to a Telegram user) leave no item with us.
"""

from models.database import rows


def check() -> list[str]:
    """One sentence for each order whose items do not fit it."""
    found = rows(
        """
        SELECT o.id, o.delivered_quantity, count(i.id) AS items FROM orders o
        LEFT JOIN stock_items i ON i.order_id = o.id
        GROUP BY o.id
        HAVING (count(i.id) <> o.delivered_quantity AND (o.provider = 'stock' OR count(i.id) > 0))
            OR bool_or(i.product_id <> o.product_id)
        ORDER BY o.id
        """
    )
    return [f"Order {o['id']} delivered {o['delivered_quantity']} items and has {o['items']}." for o in found]

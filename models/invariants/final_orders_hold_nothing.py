"""A final order's hold went exactly once to revenue, back to the client, or in two parts to both.

A website order has a hold from its payment on, and no movement at all without one.
"""

from models.database import rows


def check() -> list[str]:
    """One sentence for each order whose movements do not fit its status."""
    found = rows(
        """
        SELECT o.id, o.status FROM orders o LEFT JOIN (
            SELECT order_id,
                coalesce(sum(amount) FILTER (WHERE kind = 'hold'), 0) AS hold,
                coalesce(sum(amount) FILTER (WHERE kind = 'capture'), 0) AS capture,
                coalesce(sum(amount) FILTER (WHERE kind = 'release'), 0) AS release,
                coalesce(sum(amount) FILTER (WHERE kind = 'refund'), 0) AS refund
            FROM transfers WHERE order_id IS NOT NULL GROUP BY order_id
        ) t ON t.order_id = o.id
        LEFT JOIN payment_intents i ON i.order_id = o.id
        WHERE CASE WHEN i.deposit_id IS NULL AND o.surface = 'website'
            THEN t.order_id IS NOT NULL OR o.refunded <> 0
                OR o.status NOT IN ('awaiting_payment', 'expired', 'cancelled')
        ELSE t.order_id IS NULL OR t.hold <> o.price OR t.release + t.refund <> o.refunded
            OR CASE WHEN o.status = 'processing' THEN t.capture + t.release <> 0
                ELSE t.capture + t.release <> o.price
                    OR t.capture <> div(o.price::numeric * o.delivered_quantity, o.quantity) END
            OR (o.status = 'refunded') <> (t.refund > 0)
        END
        ORDER BY o.id
        """
    )
    return [f"Order {o['id']} ({o['status']}): its movements of money do not fit its status." for o in found]

"""What happened on an account, as its owner thinks of it: orders, top-ups, and money that came back."""

from models.database import Row, rows
from models.paging import Cursor, Page

# A capture moves held money to revenue: the order that it belongs to was told of when its price was held.
_ACTIVITY = """
SELECT t.id, t.kind, CASE WHEN t.target = 'available' THEN t.amount ELSE -t.amount END AS amount, t.created_at,
    t.order_id, i.public_id::text AS topup_id, o.status, o.lease_token, o.sku, o.quantity, o.parts, o.recipient,
    p.name AS product_name
FROM transfers t LEFT JOIN orders o ON o.id = t.order_id LEFT JOIN products p ON p.id = o.product_id
    LEFT JOIN payment_intents i ON i.deposit_id = t.deposit_id AND i.order_id IS NULL
WHERE t.account_id = %(account_id)s AND 'available' IN (t.source, t.target)
    AND (%(below)s IS NULL OR t.id < %(below)s)
ORDER BY t.id DESC LIMIT %(limit)s
"""


def of(account_id: int, cursor: Cursor) -> Page[Row]:
    """The account's movements, newest first, each with the order as it stands now or the top-up that it belongs to.

    `amount` is the signed effect on what can be spent, in micro-dollars; `quantity` counts parts of a unit.
    """
    found = rows(_ACTIVITY, {"account_id": account_id, "below": cursor.below, "limit": cursor.limit + 1})
    return Page.cut(found, cursor.limit)

"""Items: encrypted at rest, each delivered to one order at most."""

from collections.abc import Sequence
from typing import Any

import simplejson

from models import vault
from models.database import db, rows


def canonical(item: dict[str, Any]) -> str:
    """The one spelling of an item by which duplicates are told: sorted names, no spaces."""
    return simplejson.dumps(item, sort_keys=True, use_decimal=True, ensure_ascii=False, separators=(",", ":"))


def add(product_id: int, items: Sequence[dict[str, Any]]) -> list[int]:
    """Put items into stock, and return the positions of those that were duplicates and are left out.

    Call inside a transaction: the items and the product's count go together.
    """
    texts = [canonical(item) for item in items]
    digests = [vault.digest(text) for text in texts]
    added = rows(
        """
        INSERT INTO stock_items (product_id, ciphertext, digest)
        SELECT %(product_id)s, ciphertext, digest FROM unnest(%(tokens)s::text[], %(digests)s::bytea[])
            AS given (ciphertext, digest)
        ON CONFLICT ON CONSTRAINT stock_items_once_per_product DO NOTHING
        RETURNING digest
        """,
        {"product_id": product_id, "tokens": [vault.encrypt(text) for text in texts], "digests": digests},
    )
    db.execute_sql(
        "UPDATE products SET in_stock = in_stock + %(n)s, updated_at = now() WHERE id = %(id)s AND in_stock IS NOT NULL",
        {"n": len(added), "id": product_id},
    )
    fresh = {bytes(item["digest"]) for item in added}
    duplicates = []
    for position, digest in enumerate(digests):
        if digest in fresh:
            fresh.discard(digest)  # the same item twice in one batch: its second place is the duplicate
        else:
            duplicates.append(position)
    return duplicates


def assign(product_id: int, order_id: int, quantity: int) -> int:
    """Give up to `quantity` free items, oldest first, to an order; returns how many there were.

    Call inside the transaction that holds the order's row. Rows that others hold are passed over: each order holds at
    most what was reserved for it, so enough free ones remain for everybody.
    """
    taken = rows(
        """
        UPDATE stock_items SET order_id = %(order_id)s WHERE id IN (
            SELECT id FROM stock_items WHERE product_id = %(product_id)s AND order_id IS NULL
            ORDER BY id LIMIT %(quantity)s FOR UPDATE SKIP LOCKED)
        RETURNING id
        """,
        {"order_id": order_id, "product_id": product_id, "quantity": quantity},
    )
    return len(taken)


def delivered_to(order_id: int) -> list[Any]:
    """The order's items in clear, in the order in which they came into stock."""
    found = rows("SELECT ciphertext FROM stock_items WHERE order_id = %(id)s ORDER BY id", {"id": order_id})
    return [simplejson.loads(vault.decrypt(item["ciphertext"]), use_decimal=True) for item in found]



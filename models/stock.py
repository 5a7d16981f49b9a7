"""Items: encrypted at rest, each delivered to one order at most."""

from collections.abc import Sequence
from typing import Any

import simplejson

from models import vault
from models.database import changed, rows


def canonical(item: dict[str, Any]) -> str:
    """The one spelling of an item by which duplicates are told: sorted names, no spaces."""
    return simplejson.dumps(item, sort_keys=True, use_decimal=True, ensure_ascii=False, separators=(",", ":"))


def add(product_id: int, items: Sequence[dict[str, Any]]) -> list[int]:
    """Put items into stock, and return the positions of those that were duplicates and are left out.

    Call inside a transaction: the items and the product's count go together.
    """
    return add_canonical(product_id, [canonical(item) for item in items])


def add_canonical(product_id: int, texts: Sequence[str]) -> list[int]:
    """The same, with items in their canonical spelling."""
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
    changed(
        "UPDATE products SET in_stock = in_stock + %(n)s, updated_at = now()"
        " WHERE id = %(id)s AND in_stock IS NOT NULL",
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


def add_bought(product_id: int, order_id: int, items: Sequence[dict[str, Any]]) -> None:
    """Keep the items that a provider delivered for an order. Call inside the transaction that settles it.

    Whether it sold the same item before is its business, not ours: the digests are the order's own.
    """
    texts = [canonical(item) for item in items]
    changed(
        """
        INSERT INTO stock_items (product_id, order_id, ciphertext, digest)
        SELECT %(product_id)s, %(order_id)s, ciphertext, digest
        FROM unnest(%(tokens)s::text[], %(digests)s::bytea[]) WITH ORDINALITY AS given (ciphertext, digest, place)
        ORDER BY place
        """,
        {
            "product_id": product_id,
            "order_id": order_id,
            "tokens": [vault.encrypt(text) for text in texts],
            "digests": [vault.digest(f"{order_id}:{place}:{text}") for place, text in enumerate(texts)],
        },
    )


def assign(product_id: int, order_id: int, quantity: int) -> int:
    """Give up to `quantity` free items, oldest first, to an order; returns how many there were.

    Call inside the transaction that holds the order's row. Rows that others hold are passed over at first: each order
    takes at most what was reserved for it, so enough free ones remain for everybody. Should they fall short all the
    same, the rows passed over are waited for: somebody held them who takes none, as a re-encryption does.
    """
    taken = _take(product_id, order_id, quantity, "SKIP LOCKED")
    return taken if taken == quantity else taken + _take(product_id, order_id, quantity - taken, "")


def _take(product_id: int, order_id: int, quantity: int, locked_rows: str) -> int:
    return changed(
        f"""
        WITH picked AS MATERIALIZED ( -- once: a sub-select that is run for each row would lock new ones each time
            SELECT id FROM stock_items WHERE product_id = %(product_id)s AND order_id IS NULL
            ORDER BY id LIMIT %(quantity)s FOR UPDATE {locked_rows}
        )
        UPDATE stock_items SET order_id = %(order_id)s FROM picked WHERE stock_items.id = picked.id
        """,  # noqa: S608 - a literal from above
        {"order_id": order_id, "product_id": product_id, "quantity": quantity},
    )


def delivered_to(order_id: int) -> list[Any]:
    """The order's items in clear, in the order in which they came into stock."""
    found = rows("SELECT ciphertext FROM stock_items WHERE order_id = %(id)s ORDER BY id", {"id": order_id})
    return [simplejson.loads(vault.decrypt(item["ciphertext"]), use_decimal=True) for item in found]

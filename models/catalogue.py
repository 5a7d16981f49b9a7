"""The catalogue: what is for sale, to be searched by clients and changed by operators."""

from __future__ import annotations  # peewee's classes are generic for mypy only

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from peewee import IntegrityError, ModelSelect, fn

from models import audit
from models.database import Row, db, row, rows, violated_constraint
from models.errors import Refusal
from models.money import PER_USD, Micros, usd
from models.paging import Cursor, Page, page_of
from models.tables import Product

# Units in one order, at most: what an operator can allow, and what a product allows if he says nothing.
LARGEST_QUANTITY = 1_000_000
USUAL_LARGEST_QUANTITY = 10_000
LARGEST_PRICE = 1_000_000 * PER_USD  # of a unit

Sort = Literal["id", "price", "-price", "name"]
_ORDERINGS: dict[Sort, Any] = {
    "id": (Product.id,),
    "price": (Product.price, Product.id),
    "-price": (Product.price.desc(), Product.id),
    "name": (fn.lower(Product.name), Product.id),
}


class ProductNotFound(Refusal):
    status, code = 404, "product_not_found"


class SkuTaken(Refusal):
    status, code = 409, "sku_taken"


class QuantitiesOutOfOrder(Refusal):
    status, code = 422, "invalid_body"


@dataclass(frozen=True, slots=True)
class Filter:
    """What a client looks for; None leaves it out. Prices in micro-dollars, `updated_since` in epoch seconds."""

    category: str | None = None
    sku: str | None = None
    min_price: Micros | None = None
    max_price: Micros | None = None
    min_qty: int | None = None
    q: str | None = None
    updated_since: int | None = None
    except_skus: tuple[str, ...] = ()


def search(wanted: Filter, sort: Sort, page: int, page_size: int) -> tuple[list[Product], int]:
    """One page of the products for sale that fit, and how many fit in all."""
    fitting = _apply(Product.select().where(Product.active), wanted)
    found = list(fitting.order_by(*_ORDERINGS[sort]).paginate(page, page_size))
    return found, fitting.count()


def _apply(query: ModelSelect[Product], wanted: Filter) -> ModelSelect[Product]:
    conditions: list[Any] = []
    if wanted.category is not None:
        conditions.append(Product.category == wanted.category)
    if wanted.sku is not None:
        conditions.append(Product.sku == wanted.sku)
    if wanted.min_price is not None:
        conditions.append(Product.price >= wanted.min_price)
    if wanted.max_price is not None:
        conditions.append(Product.price <= wanted.max_price)
    if wanted.min_qty is not None:
        # Made to order: there is no number that could fall short.
        conditions.append(Product.in_stock.is_null() | (Product.in_stock >= wanted.min_qty))
    if wanted.q is not None:
        conditions.append(Product.name.contains(wanted.q) | Product.description.contains(wanted.q)
                          | Product.sku.contains(wanted.q))  # fmt: skip
    if wanted.updated_since is not None:
        conditions.append(Product.updated_at >= fn.to_timestamp(wanted.updated_since))
    if wanted.except_skus:
        conditions.append(Product.sku.not_in(wanted.except_skus))
    return query.where(*conditions) if conditions else query


def find(product_id: int) -> Product:
    """One product for sale. Raises ProductNotFound."""
    found: Product | None = Product.get_or_none((Product.id == product_id) & Product.active)
    if found is None:
        raise ProductNotFound(f"There is no product {product_id}; GET /products lists those for sale.")
    return found


def for_sale(skus: Sequence[str]) -> list[Product]:
    """Those products of the skus that are for sale, in the order of the skus."""
    found = {product.sku: product for product in Product.select().where(Product.active & Product.sku.in_(skus))}
    return [found[sku] for sku in skus if sku in found]


def categories(except_skus: Sequence[str] = ()) -> list[Row]:
    """Categories by name: `category`, `product_count`, `min_price` in micro-dollars."""
    return rows(
        "SELECT category, count(*) AS product_count, min(price) AS min_price FROM products"
        " WHERE active AND sku <> ALL(%(except_skus)s) GROUP BY category ORDER BY category",
        {"except_skus": list(except_skus)},
    )


def get(product_id: int) -> Product:
    """One product, for sale or not. Raises ProductNotFound."""
    found: Product | None = Product.get_or_none(Product.id == product_id)
    if found is None:
        raise ProductNotFound(f"There is no product {product_id}.")
    return found


def named(sku: str) -> Product:
    """The product with this sku, for sale or not. Raises ProductNotFound."""
    found: Product | None = Product.get_or_none(Product.sku == sku)
    if found is None:
        raise ProductNotFound(f"There is no product with the sku {sku!r}.")
    return found


def listed(cursor: Cursor) -> Page[Product]:
    """All products, those not for sale too, newest first."""
    return page_of(Product.select(), Product.id, cursor)


def create(actor: str, fields: dict[str, Any]) -> Product:
    """Add a product; `fields` are columns of the table. Raises SkuTaken, QuantitiesOutOfOrder.

    What is sold from stock has no items yet, whatever `in_stock` says; another provider may have told us its number.
    """
    in_stock = 0 if fields.get("provider", "stock") == "stock" else fields.get("in_stock")
    with db.atomic():
        made = _written(Product.insert(**{**fields, "in_stock": in_stock}).returning(Product))
        audit.record(actor, "product.create", f"product:{made.id}", sku=made.sku, price_usdt=usd(made.price))
    return made


def change(actor: str, product_id: int, fields: dict[str, Any]) -> Product:
    """Change columns of a product. Raises ProductNotFound, SkuTaken, QuantitiesOutOfOrder.

    With a new provider the count of items goes too, or comes back: only what is sold from stock has one.
    """
    columns = dict(fields, updated_at=fn.now())
    if "provider" in fields:
        columns["in_stock"] = 0 if fields["provider"] == "stock" else None
    with db.atomic():
        made = _written(Product.update(**columns).where(Product.id == product_id).returning(Product))
        if made.in_stock is not None and "provider" in fields:
            made.in_stock = recount(product_id)
        shown = {name: value for name, value in fields.items() if name != "price"}
        price = {"price_usdt": usd(made.price)} if "price" in fields else {}
        audit.record(actor, "product.change", f"product:{product_id}", **shown, **price)
    return made


def _written(statement: Any) -> Product:
    try:
        written: list[Product] = list(statement.execute())
    except IntegrityError as error:
        if violated_constraint(error) == "products_sku_once":
            raise SkuTaken("Another product has this sku; a sku stands for one product.") from None
        if violated_constraint(error) == "products_quantities_in_order":
            message = "must not be above max_quantity"
            raise QuantitiesOutOfOrder(
                f"min_quantity {message}.", fields=[{"field": "min_quantity", "message": message}]
            ) from None
        raise
    if not written:
        raise ProductNotFound("There is no such product.")
    return written[0]


def recount(product_id: int) -> int:
    """Count anew what a product that is sold from stock has: its items, less those of open orders. Returns `in_stock`.

    The count is kept with every movement and is right without this; it mends what a hand in the database broke. Call
    inside a transaction. The lock is a statement of its own, since the count must be taken (in a snapshot of its own)
    after whoever held the row has committed.
    """
    found = row(
        """
        SELECT 1 FROM products WHERE id = %(id)s FOR NO KEY UPDATE;
        UPDATE products SET updated_at = now(), in_stock = greatest(0,
            (SELECT count(*) FROM stock_items WHERE product_id = products.id AND order_id IS NULL)
            - (SELECT coalesce(sum(quantity), 0) FROM orders WHERE product_id = products.id AND status = 'processing')
            - (SELECT coalesce(sum(quantity), 0) FROM orders
                WHERE product_id = products.id AND status = 'awaiting_payment'))
        WHERE id = %(id)s AND provider = 'stock' RETURNING in_stock
        """,
        {"id": product_id},
    )
    return int(found["in_stock"]) if found else 0

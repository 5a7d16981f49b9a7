"""Lists of orders, for clients and for operators."""

from __future__ import annotations  # peewee's classes are generic for mypy only

from dataclasses import dataclass
from typing import Any

from peewee import JOIN, ModelSelect, fn

from models.database import Row
from models.orders import OrderNotFound
from models.paging import Cursor, Page, page_of
from models.tables import ApiKey, Order, Product


@dataclass(frozen=True, slots=True)
class OrderFilter:
    """Which orders; None leaves a condition out. Times in epoch seconds, both inclusive.

    An order needs review when its provider has not told its end by the deadline.
    """

    account_id: int | None = None
    status: str | None = None
    client_reference: str | None = None
    created_from: int | None = None
    created_to: int | None = None
    needs_review: bool | None = None


def orders(wanted: OrderFilter, cursor: Cursor) -> Page[Row]:
    """One page of orders, newest first."""
    return page_of(_narrowed(Order.select(), wanted).dicts(), Order.id, cursor)


def orders_with_products(wanted: OrderFilter, cursor: Cursor) -> Page[Row]:
    """The same for people: each order with its `product_name`, as the product is called now."""
    query = Order.select(Order, Product.name.alias("product_name")).join(Product, on=(Product.id == Order.product_id))
    return page_of(_narrowed(query, wanted).dicts(), Order.id, cursor)


def orders_in_full(wanted: OrderFilter, cursor: Cursor) -> Page[Row]:
    """The same for operators: each order with its `product_sku` and `key_fingerprint`."""
    return page_of(_narrowed(_in_full(), wanted).dicts(), Order.id, cursor)


def order_in_full(order_id: int) -> Row:
    """One order with its `product_sku` and `key_fingerprint`. Raises OrderNotFound."""
    found: Row | None = _in_full().where(Order.id == order_id).dicts().first()
    if found is None:
        raise OrderNotFound(f"There is no order {order_id}.")
    return found


def _in_full() -> ModelSelect[Order]:
    return (
        Order.select(
            Order,
            (Order.deadline_at < fn.now()).alias("past_deadline"),
            Product.sku.alias("product_sku"),
            ApiKey.fingerprint.alias("key_fingerprint"),
        )
        .join(Product, on=(Product.id == Order.product_id))
        .join_from(Order, ApiKey, JOIN.LEFT_OUTER, on=(ApiKey.id == Order.key_id))
    )


def _narrowed(query: ModelSelect[Order], wanted: OrderFilter) -> ModelSelect[Order]:
    conditions: list[Any] = []
    if wanted.account_id is not None:
        conditions.append(Order.account_id == wanted.account_id)
    if wanted.status is not None:
        conditions.append(Order.status == wanted.status)
    if wanted.client_reference is not None:
        conditions.append(Order.client_reference == wanted.client_reference)
    if wanted.created_from is not None:
        conditions.append(Order.created_at >= fn.to_timestamp(wanted.created_from))
    if wanted.created_to is not None:
        # The whole of that second: clients see times cut off to seconds.
        conditions.append(Order.created_at < fn.to_timestamp(wanted.created_to + 1))
    if wanted.needs_review is not None:
        to_review = (Order.status == "processing") & Order.submitted_at.is_null(False) & (Order.deadline_at < fn.now())
        conditions.append(to_review if wanted.needs_review else ~to_review)
    return query.where(*conditions) if conditions else query

"""Lists of orders, for clients and for operators."""

from dataclasses import dataclass
from typing import Any

from peewee import fn

from models.database import Row
from models.paging import Cursor, Page, page_of
from models.tables import Order


@dataclass(frozen=True, slots=True)
class OrderFilter:
    """Which orders; None leaves a condition out. Times in epoch seconds, both inclusive."""

    account_id: int | None = None
    status: str | None = None
    client_reference: str | None = None
    created_from: int | None = None
    created_to: int | None = None


def orders(wanted: OrderFilter, cursor: Cursor) -> Page[Row]:
    """One page of orders, newest first."""
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
    query = Order.select().where(*conditions) if conditions else Order.select()
    return page_of(query.dicts(), Order.id, cursor)

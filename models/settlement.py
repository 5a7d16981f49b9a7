"""How an order goes on and ends: leases for whoever fulfils it, and the one transaction that makes a status final.

    processing → completed | partial | failed | expired | cancelled        completed | partial → refunded
    awaiting_payment → processing | expired | cancelled                    (website orders, before they are paid)

Whoever wants to end an order locks its row first and checks that it is still open (and, for a worker, that its lease
is the last one given): of several that try, one wins, and the money moves once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from models import catalogue, ledger, stock, telegram_notices, webhooks
from models.database import Row, changed, db, retrying, row
from models.leases import STOCK, Lease, finish_attempts
from models.money import Micros
from models.orders import OrderNotFound

FinalStatus = Literal["completed", "partial", "failed", "expired", "cancelled", "refunded"]
FINAL_STATUSES: frozenset[str] = frozenset({"completed", "partial", "failed", "expired", "cancelled", "refunded"})


@dataclass(frozen=True, slots=True)
class FromStock:
    """The provider's answer that our own items serve the order."""


@dataclass(frozen=True, slots=True)
class Delivered:
    """The provider's answer that it has delivered `quantity` parts; goods that go elsewhere leave no items with us."""

    quantity: int
    provider_order_id: str | None
    items: Sequence[dict[str, Any]] = ()
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """The provider's answer that it will not deliver, and why."""

    reason: str
    provider_order_id: str | None = None


Outcome = FromStock | Delivered | Refused


@dataclass(frozen=True, slots=True)
class Ended:
    """An order that has just become final; `delivery_id` is the webhook to send, if it has one."""

    order_id: int
    status: FinalStatus
    delivery_id: int | None


def settle(lease: Lease, outcome: Outcome) -> Ended | None:
    """End an order as its provider answered; None when the lease was lost meanwhile and another decides."""

    def transaction() -> Ended | None:
        with db.atomic():
            order = _lock_open(lease.order_id, lease.token)
            if order is None:
                return None
            return conclude(order, outcome)

    return retrying(transaction)


def expire(order_id: int, lease: Lease | None = None) -> Ended | None:
    """End an order that nothing took up before its deadline, and return the money; None when that isn't so.

    A worker that claims an order only to find it overdue names its lease; anyone else's live lease forbids it.
    """

    def transaction() -> Ended | None:
        with db.atomic():
            order = _lock_open(order_id, lease.token if lease else None)
            if order is None or not order["overdue"] or order["submitted_at"] is not None:
                return None
            if lease is None and order["leased"]:
                return None
            return end(order, "expired", 0, "Nothing could take the order up before its deadline.")

    return retrying(transaction)


def expire_unpaid(order_id: int) -> Ended | None:
    """End a website order that was not paid in time, and give its goods free; None when it was paid meanwhile."""

    def transaction() -> Ended | None:
        with db.atomic():
            order = lock(order_id)
            if order["status"] != "awaiting_payment":
                return None
            return end(order, "expired", 0, "It was not paid in time.")

    return retrying(transaction)


def lock(order_id: int) -> Row:
    """The order's row, locked until the transaction ends, with `overdue` and `leased`. Raises OrderNotFound."""
    order = row(
        "SELECT *, deadline_at < now() AS overdue, lease_until >= now() AS leased"
        " FROM orders WHERE id = %(id)s FOR UPDATE",
        {"id": order_id},
    )
    if order is None:
        raise OrderNotFound(f"There is no order {order_id}.")
    return order


def _lock_open(order_id: int, lease_token: int | None = None) -> Row | None:
    order = lock(order_id)
    if order["status"] != "processing" or (lease_token is not None and order["lease_token"] != lease_token):
        return None
    return order


def conclude(order: Row, outcome: Outcome) -> Ended:
    """End a locked order as its provider answered, or as an operator found out."""
    if not isinstance(outcome, FromStock):
        return _conclude_by_provider(order, outcome)
    delivered = stock.assign(order["product_id"], order["id"], order["quantity"])
    if delivered == order["quantity"]:
        return end(order, "completed", delivered, None)
    if delivered:
        return end(order, "partial", delivered, f"Only {delivered} of {order['quantity']} items were in stock.")
    return end(order, "failed", 0, "The product went out of stock.")


def _conclude_by_provider(order: Row, outcome: Delivered | Refused) -> Ended:
    if outcome.provider_order_id is not None:
        changed(
            "UPDATE orders SET provider_order_id = coalesce(provider_order_id, %(name)s) WHERE id = %(id)s",
            {"name": outcome.provider_order_id, "id": order["id"]},
        )
    delivered = min(outcome.quantity, order["quantity"]) if isinstance(outcome, Delivered) else 0
    if isinstance(outcome, Refused) or not delivered:
        return end(order, "failed", 0, outcome.reason if isinstance(outcome, Refused) else outcome.note)
    stock.add_bought(order["product_id"], order["id"], outcome.items)
    if delivered == order["quantity"]:
        return end(order, "completed", delivered, None)
    return end(order, "partial", delivered, outcome.note or "The provider delivered a part of the order.")


def end(order: Row, status: FinalStatus, delivered: int, error: str | None) -> Ended:
    """Make an open order final: capture the delivered share of what is held for it, and return the rest."""
    held: Micros = 0 if order["status"] == "awaiting_payment" else order["price"]
    captured: Micros = held * delivered // order["quantity"]
    returned: Micros = held - captured
    ended = mark(order, status, delivered, returned, error)
    finish_attempts(order["id"], status)
    _return_stock(order, status, delivered)
    if captured:
        ledger.capture(order["account_id"], order["id"], captured)
    if returned:
        ledger.release(order["account_id"], order["id"], returned)
    return ended


def mark(order: Row, status: FinalStatus, delivered: int, refunded: Micros, error: str | None) -> Ended:
    """Write a locked order's final status down, and the webhook that tells it; the money is the caller's to move."""
    final = row(
        "UPDATE orders SET status = %(status)s, delivered_quantity = %(delivered)s, refunded = %(refunded)s,"
        " error_message = %(error)s, updated_at = now() WHERE id = %(id)s RETURNING *",
        {"id": order["id"], "status": status, "delivered": delivered, "refunded": refunded, "error": error},
    )
    delivery_id = webhooks.record(final) if final and final["webhook_url"] else None
    if final:
        telegram_notices.tell_of_order(final)
    return Ended(order["id"], status, delivery_id)


def _return_stock(order: Row, status: FinalStatus, delivered: int) -> None:
    """Undo the reservation of what was not delivered."""
    if delivered == order["quantity"]:
        return
    if order["provider"] == STOCK and status in ("partial", "failed"):
        # Items that were promised are not there: the count was wrong, so it is taken anew.
        catalogue.recount(order["product_id"])
        return
    changed(
        "UPDATE products SET in_stock = in_stock + %(n)s, updated_at = now()"
        " WHERE id = %(id)s AND in_stock IS NOT NULL",
        {"n": -(-(order["quantity"] - delivered) // order["parts"]), "id": order["product_id"]},
    )

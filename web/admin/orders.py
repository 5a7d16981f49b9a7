"""All clients' orders, without their items; and how to end or wake one by hand."""

from datetime import datetime
from typing import Annotated, Literal, cast

from flask import Blueprint, Response, g
from pydantic import Field

from jobs import enqueue
from models import interventions, leases, listings, orders, submissions
from models.database import Row
from models.interventions import NotCancellable, NotRefundable, NotRetryable, NotSettleable, ProviderOrderTaken
from models.money import usd
from models.operators import Role
from models.orders import OrderNotFound
from models.settlement import Delivered, Ended, Refused
from models.tables import epoch
from web.admin import order_shapes as shapes
from web.admin.fields import Prose
from web.admin.guard import needs
from web.admin.lists import ListQuery, page_answer
from web.admin.order_shapes import AnyOrderStatus
from web.answers import answer
from web.bodies import LARGEST_ID, PLAIN, QueryInt, StrictModel, YesOrNo, read_body, read_query
from web.reference.described import described
from web.v1 import orders as v1_orders
from web.v1.products import LATEST_EPOCH


class OrdersQuery(ListQuery):
    """Which orders; times in epoch seconds."""

    account_id: Annotated[QueryInt, Field(ge=1, le=LARGEST_ID)] | None = None
    status: AnyOrderStatus | None = None
    client_reference: str | None = Field(None, max_length=64)
    created_from: Annotated[QueryInt, Field(ge=0, le=LATEST_EPOCH)] | None = None
    created_to: Annotated[QueryInt, Field(ge=0, le=LATEST_EPOCH)] | None = None
    needs_review: YesOrNo | None = None

    @property
    def wanted(self) -> listings.OrderFilter:
        """The filter that the query stands for."""
        return listings.OrderFilter(
            self.account_id, self.status, self.client_reference, self.created_from, self.created_to, self.needs_review
        )


class Settlement(StrictModel):
    """How an order went at its provider, as an operator has found out."""

    outcome: Literal["delivered", "failed"]
    note: Annotated[Prose, Field(min_length=1)]
    provider_order_id: Annotated[str, Field(min_length=1, max_length=200), PLAIN] | None = None


def route(admin: Blueprint) -> None:
    """Add this resource's addresses."""
    admin.get("/orders")(list_orders)
    admin.get("/orders/<int:order_id>")(show_order)
    admin.post("/orders/<int:order_id>/cancel")(cancel)
    admin.post("/orders/<int:order_id>/refund")(refund)
    admin.post("/orders/<int:order_id>/retry")(retry)
    admin.post("/orders/<int:order_id>/settle")(settle)


@needs(Role.READ)
@described(shapes.Order, is_page=True, query=OrdersQuery)
def list_orders() -> Response:
    """The orders of all accounts."""
    query = read_query(OrdersQuery)
    return page_answer(listings.orders_in_full(query.wanted, query.position), view)


@needs(Role.READ)
@described(shapes.OrderInFull, refusals=(OrderNotFound,))
def show_order(order_id: int) -> Response:
    """One order, with each attempt to fulfil it."""
    return answer(full_view(order_id))


@needs(Role.OPERATE)
@described(shapes.OrderInFull, refusals=(OrderNotFound, NotCancellable))
def cancel(order_id: int) -> Response:
    """End an open order that no provider has, and return its money."""
    enqueue.announce(interventions.cancel(g.operator.name, order_id))
    return answer(full_view(order_id))


@needs(Role.OPERATE)
@described(shapes.OrderInFull, refusals=(OrderNotFound, NotRefundable))
def refund(order_id: int) -> Response:
    """Return the money of a delivered order."""
    enqueue.announce(interventions.refund(g.operator.name, order_id))
    return answer(full_view(order_id))


@needs(Role.OPERATE)
@described(shapes.OrderInFull, refusals=(OrderNotFound, NotRetryable))
def retry(order_id: int) -> Response:
    """Have an open order taken up at once."""
    enqueue.fulfil(order_id, interventions.retry(g.operator.name, order_id))
    return answer(full_view(order_id))


@needs(Role.OPERATE)
@described(
    shapes.OrderInFull,
    body=Settlement,
    refusals=(OrderNotFound, NotSettleable, ProviderOrderTaken),
    body_example={"outcome": "delivered", "provider_order_id": "abc123", "note": "Their support found it"},
)
def settle(order_id: int) -> Response:
    """End an order that its provider has not told the end of."""
    enqueue.announce(settle_by_hand(g.operator.name, order_id, read_body(Settlement)))
    return answer(full_view(order_id))


def settle_by_hand(actor: str, order_id: int, found: Settlement) -> Ended:
    """End the order as the operator has found out. Raises OrderNotFound, NotSettleable, ProviderOrderTaken."""
    outcome: Delivered | Refused
    if found.outcome == "delivered":
        outcome = Delivered(orders.get(order_id)["quantity"], found.provider_order_id)
    else:
        outcome = Refused("The provider did not deliver the order.", found.provider_order_id)
    return interventions.settle_by_hand(actor, order_id, outcome, found.note)


def full_view(order_id: int) -> shapes.OrderInFull:
    """An order with its attempts. Raises OrderNotFound."""
    order = listings.order_in_full(order_id)
    return {
        **view(order),
        "provider_word": cast(
            shapes.ProviderWord | None, submissions.word_on(order["provider"], order["provider_order_id"])
        ),
        "attempts": [_attempt_view(attempt) for attempt in leases.attempts_of(order_id)],
    }


def view(order: Row) -> shapes.Order:
    """An order as operators see it: what the client sees, whose it is, and how it stands with the workers."""
    return {
        **v1_orders.view(order),
        "account_id": order["account_id"],
        "surface": order["surface"],
        "key_fingerprint": order["key_fingerprint"],
        "product_sku": order["product_sku"],
        "base_total_usdt": usd(order["base_total"]),
        "max_price_usdt": None if order["max_price"] is None else usd(order["max_price"]),
        "recipient": order["recipient"],
        "webhook_url": order["webhook_url"],
        "deadline_at": epoch(order["deadline_at"]),
        "provider": order["provider"],
        "provider_order_id": order["provider_order_id"],
        "reference": leases.reference_of(order["id"], order["created_at"]),
        "submitted_at": _moment(order["submitted_at"]),
        "needs_review": order["status"] == "processing"
        and order["submitted_at"] is not None
        and order["past_deadline"],
        "lease": {"token": order["lease_token"], "until": _moment(order["lease_until"])},
    }


def _attempt_view(attempt: Row) -> shapes.Attempt:
    return {
        "number": attempt["lease_token"],
        "provider": attempt["provider"],
        "started_at": epoch(attempt["started_at"]),
        "finished_at": _moment(attempt["finished_at"]),
        "outcome": attempt["outcome"],
    }


def _moment(value: datetime | None) -> int | None:
    # An order that was never leased has its lease's end in the year 1, as psycopg2 reads "-infinity".
    return None if value is None or value.year == 1 else epoch(value)

"""Orders: place one, read one, list them, wait for one."""

from typing import Annotated, Literal, cast

import structlog
from flask import Blueprint, Response, g
from pydantic import Field

from jobs import enqueue
from models import listings, orders, stock
from models.catalogue import ProductNotFound
from models.database import Row
from models.errors import Refusal
from models.idempotency import IdempotencyKey
from models.leases import in_units
from models.money import LARGEST, usd
from models.orders import OrderNotFound
from models.paging import Cursor
from models.purchases import (
    AboveMaximum,
    BelowMinimum,
    InsufficientBalance,
    InsufficientStock,
    PriceChanged,
    Purchase,
    RecipientMissing,
)
from models.tables import epoch
from models.webhooks import DELIVERED_STATUSES
from web import idempotency
from web.answers import answer
from web.bodies import (
    PLAIN,
    USUAL_PER_PAGE,
    Id,
    PageLimit,
    QueryInt,
    QueryModel,
    StrictModel,
    Usd,
    read_body,
    read_query,
)
from web.reference.described import described
from web.telegram_names import Username
from web.v1 import shapes
from web.v1.products import LATEST_EPOCH
from web.v1.shapes import OrderStatus
from web.waiting import WaitQuery, answer_at_the_end
from web.webhook_urls import WebhookUrl, check_webhook_url

MOST_UNITS = 10_000  # of one order


class InvoiceNotImplemented(Refusal):
    status, code = 501, "invoice_not_implemented"


class OrderBody(StrictModel):
    """What to buy."""

    product_id: Id
    quantity: Annotated[int, Field(ge=1, le=MOST_UNITS)]
    payment_method: Literal["balance", "invoice"] = "balance"
    webhook_url: WebhookUrl | None = None
    client_reference: Annotated[str, Field(max_length=64), PLAIN] | None = None
    max_price_usdt: Annotated[Usd, Field(gt=0, le=LARGEST)] | None = None  # micro-dollars from here on
    recipient: Username | None = None


EXAMPLE = {"product_id": 1, "quantity": 1, "client_reference": "invoice-1001"}


class OrdersQuery(QueryModel):
    """Which orders to list; times in epoch seconds."""

    status: OrderStatus | None = None
    client_reference: str | None = Field(None, max_length=64)
    created_from: Annotated[QueryInt, Field(ge=0, le=LATEST_EPOCH)] | None = None
    created_to: Annotated[QueryInt, Field(ge=0, le=LATEST_EPOCH)] | None = None
    cursor: str | None = Field(None, max_length=100)
    limit: PageLimit = USUAL_PER_PAGE


def route(v1: Blueprint) -> None:
    """Add this resource's addresses."""
    v1.post("/orders")(place_order)
    v1.get("/orders")(list_orders)
    v1.get("/orders/<int:order_id>")(show_order)


@described(
    shapes.Order,
    body=OrderBody,
    query=WaitQuery,
    refusals=(
        ProductNotFound, BelowMinimum, AboveMaximum, InsufficientStock, PriceChanged, InsufficientBalance,
        RecipientMissing, InvoiceNotImplemented,
    ),
    body_example=EXAMPLE,
)  # fmt: skip
def place_order() -> Response:
    """Reserve money and goods for an order, and have it fulfilled."""
    body = read_body(OrderBody)
    query = read_query(WaitQuery)
    key = idempotency.read_key(waited=query.wait)
    check_webhook_url(body.webhook_url, key)
    if body.payment_method == "invoice":
        raise InvoiceNotImplemented("Orders are paid from the balance; send payment_method balance, or leave it out.")
    placed = orders.place(_purchase(body, key))
    structlog.contextvars.bind_contextvars(order_id=placed.order["id"])
    if not placed.replayed:
        enqueue.fulfil(placed.order["id"], placed.order["provider"])
    headers = {"Idempotent-Replayed": "true"} if placed.replayed else {}
    if query.wait:
        return answer_at_the_end(placed.order["id"], query.seconds, _present_state, headers)
    if placed.first_waited:
        return answer(_with_items(placed.order), headers=headers)
    return answer(_as_accepted(placed.order), headers=headers)


@described(shapes.Order, query=WaitQuery, refusals=(OrderNotFound,))
def show_order(order_id: int) -> Response:
    """One order, with its items once it has some; at once, or when it is final."""
    query = read_query(WaitQuery)
    order = get_own(order_id)
    if query.wait and order["status"] == "processing":
        return answer_at_the_end(order["id"], query.seconds, _present_state)
    return answer(_with_items(order))


@described(shapes.Orders, query=OrdersQuery)
def list_orders() -> Response:
    """The account's orders, without items."""
    query = read_query(OrdersQuery)
    wanted = listings.OrderFilter(
        account_id=g.caller.account_id,
        status=query.status,
        client_reference=query.client_reference,
        created_from=query.created_from,
        created_to=query.created_to,
    )
    page = listings.orders(wanted, Cursor.read(query.cursor, query.limit))
    return answer({"items": [view(order) for order in page.items], "next_cursor": page.next_cursor})


def get_own(order_id: int) -> Row:
    """The caller's order. Raises OrderNotFound, for another's order too."""
    return orders.get(order_id, g.caller.account_id)


def view(order: Row) -> shapes.OrderFacts:
    """An order as its client sees it, without items."""
    return {
        "order_id": order["id"],
        "status": order["status"],
        "product_id": order["product_id"],
        "quantity": in_units(order["quantity"], order["parts"]),
        "delivered_quantity": in_units(order["delivered_quantity"], order["parts"]),
        "price_usdt": usd(order["price"]),
        "refunded": order["refunded"] > 0,
        "refunded_usdt": usd(order["refunded"]),
        "error_message": order["error_message"],
        "client_reference": order["client_reference"],
        "raw_data": {"dp_hits": order["dp_hits"]},
        "created_at": epoch(order["created_at"]),
        "updated_at": epoch(order["updated_at"]),
    }


def _purchase(body: OrderBody, key: IdempotencyKey | None) -> Purchase:
    return Purchase(
        account_id=g.caller.account_id,
        key_id=g.caller.key_id,
        surface="v1",
        product_id=body.product_id,
        quantity=body.quantity,
        webhook_url=body.webhook_url,
        client_reference=body.client_reference,
        max_price=body.max_price_usdt,
        recipient=body.recipient,
        signature=g.signature,
        idempotency=key,
    )


def _present_state(order: Row) -> tuple[int, shapes.Order]:
    return 200, _with_items(order)


def _with_items(order: Row) -> shapes.Order:
    document = cast(shapes.Order, view(order))  # which are alike but for the items
    if order["status"] in DELIVERED_STATUSES:
        document["items"] = stock.delivered_to(order["id"])
    return document


def _as_accepted(order: Row) -> shapes.OrderFacts:
    """The first answer to an order, whatever has become of it since: the same request gets the same answer again."""
    accepted = {"status": "processing", "delivered_quantity": 0, "refunded": 0, "error_message": None}
    return view({**order, **accepted, "updated_at": order["created_at"]})

"""Orders: place one, read one, list them, wait for one."""

from typing import Annotated, Any, Literal

import structlog
from flask import Blueprint, Response, g
from pydantic import AfterValidator, Field

from jobs import enqueue
from models import listings, orders, stock
from models.database import Row
from models.errors import Refusal
from models.idempotency import IdempotencyKey
from models.leases import in_units
from models.money import LARGEST, usd
from models.paging import Cursor
from models.purchases import Purchase
from models.tables import epoch
from models.webhooks import DELIVERED_STATUSES
from web import idempotency
from web.answers import answer
from web.bodies import (
    Id,
    QueryInt,
    QueryModel,
    StrictModel,
    Usd,
    plain_text,
    read_body,
    read_query,
)
from web.telegram_names import Username
from web.v1.products import LATEST_EPOCH
from web.waiting import WaitQuery, answer_at_the_end
from web.webhook_urls import check_webhook_url


class InvoiceNotImplemented(Refusal):
    status, code = 501, "invoice_not_implemented"


class OrderBody(StrictModel):
    """What to buy; `max_price_usdt` in micro-dollars."""

    product_id: Id
    quantity: Annotated[int, Field(ge=1, le=10_000)]
    payment_method: Literal["balance", "invoice"] = "balance"
    webhook_url: Annotated[str, Field(max_length=2048), AfterValidator(plain_text)] | None = None
    client_reference: Annotated[str, Field(max_length=64), AfterValidator(plain_text)] | None = None
    max_price_usdt: Annotated[Usd, Field(gt=0, le=LARGEST)] | None = None
    recipient: Username | None = None


OrderStatus = Literal["processing", "completed", "partial", "failed", "expired", "cancelled", "refunded"]


class OrdersQuery(QueryModel):
    """Which orders to list; times in epoch seconds."""

    status: OrderStatus | None = None
    client_reference: str | None = Field(None, max_length=64)
    created_from: Annotated[QueryInt, Field(ge=0, le=LATEST_EPOCH)] | None = None
    created_to: Annotated[QueryInt, Field(ge=0, le=LATEST_EPOCH)] | None = None
    cursor: str | None = Field(None, max_length=100)
    limit: Annotated[QueryInt, Field(ge=1, le=200)] = 50


def route(v1: Blueprint) -> None:
    """Add this resource's addresses."""
    v1.post("/orders")(place_order)
    v1.get("/orders")(list_orders)
    v1.get("/orders/<int:order_id>")(show_order)


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


def show_order(order_id: int) -> Response:
    """One order, with its items once it has some; at once, or when it is final."""
    query = read_query(WaitQuery)
    order = get_own(order_id)
    if query.wait and order["status"] == "processing":
        return answer_at_the_end(order["id"], query.seconds, _present_state)
    return answer(_with_items(order))


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


def view(order: Row) -> dict[str, Any]:
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


def _present_state(order: Row) -> tuple[int, dict[str, Any]]:
    return 200, _with_items(order)


def _with_items(order: Row) -> dict[str, Any]:
    document = view(order)
    if order["status"] in DELIVERED_STATUSES:
        document["items"] = stock.delivered_to(order["id"])
    return document


def _as_accepted(order: Row) -> dict[str, Any]:
    """The first answer to an order, whatever has become of it since: the same request gets the same answer again."""
    accepted = {"status": "processing", "delivered_quantity": 0, "refunded": 0, "error_message": None}
    return view({**order, **accepted, "updated_at": order["created_at"]})

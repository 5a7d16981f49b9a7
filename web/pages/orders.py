"""Orders: the list, one order as it goes on, its items on request, and what its webhook's receiver was told."""

from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Blueprint, Response, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug import Response as WerkzeugResponse

from jobs import enqueue
from models import catalogue, listings, orders, stock, webhooks
from models.database import Row
from models.leases import in_units
from models.money import dumps
from models.orders import OrderNotFound
from models.paging import Cursor
from models.telegram_goods import good_of
from models.webhooks import DELIVERED_STATUSES
from web import moves
from web.pages import live
from web.pages.order_filters import STATUSES, Filters
from web.pages.shown import grouped

PAGE_SIZE = 25
MOST_ITEMS_SHOWN = 50  # of an order; the file has them all
OPEN_SECONDS = 2
TELLING_SECONDS = 3
SOON_SECONDS = 60  # a webhook's attempt that is nearer than this is waited for


def route(pages: Blueprint) -> None:
    """Add these addresses."""
    pages.get("/orders")(list_orders)
    pages.get("/orders/<int:order_id>")(show_order)
    pages.get("/orders/<int:order_id>/state")(order_state)
    pages.get("/orders/<int:order_id>/items")(order_items)
    pages.get("/orders/<int:order_id>/items.jsonl")(download_items)
    pages.get("/orders/<int:order_id>/webhooks")(order_webhooks)
    pages.get("/orders/<int:order_id>/webhooks/answers")(webhook_answers)
    pages.post("/orders/<int:order_id>/webhooks/resend")(resend_webhook)


def list_orders() -> tuple[str, int]:
    """The account's orders, newest first, narrowed by the fields above them. Raises InvalidCursor."""
    filters = Filters.sent()
    wanted, faults = filters.read(g.visitor.account_id)
    cursor = Cursor.read(request.args.get("cursor"), PAGE_SIZE)
    page = listings.orders_with_products(wanted, cursor) if wanted else None
    html = render_template(
        "dashboard/orders.html", filters=filters, faults=faults, page=page, statuses=STATUSES, goods=goods,
        is_first_page=cursor.below is None,
    )  # fmt: skip
    return html, 422 if faults else 200


def show_order(order_id: int) -> str:
    """One order. Raises OrderNotFound, for another's order too."""
    order = _own(order_id)
    state = live.part(**_state(order))
    return render_template("dashboard/order.html", order=order, state=state, sent_again="again" in request.args)


def order_state(order_id: int) -> Response:
    """How the order stands, for its page."""
    return live.answer(**_state(_own(order_id)))


def order_items(order_id: int) -> str:
    """The items in clear: a part of the order's page for its script, and a page for whoever has none."""
    order = _own(order_id)
    items = _items(order)
    shown = [[(name, _as_text(value)) for name, value in item.items()] for item in items[:MOST_ITEMS_SHOWN]]
    template = "_items.html" if "HX-Request" in request.headers else "items.html"
    return render_template(f"dashboard/{template}", order=order, items=shown, count=len(items))


def download_items(order_id: int) -> Response:
    """The items as a file of JSON lines."""
    order = _own(order_id)
    lines = "".join(f"{dumps(item)}\n" for item in _items(order))
    name = f"order-{order['id']}.jsonl"
    return Response(
        lines, headers={"Content-Disposition": f'attachment; filename="{name}"'}, mimetype="application/x-ndjson"
    )


def order_webhooks(order_id: int) -> Response:
    """The log of the order's webhook, for its page."""
    return live.answer(**_log(_own(order_id)))


def webhook_answers(order_id: int) -> str:
    """The same with what the receiver answered: on request only, since some echo the items that they were sent."""
    order = _own(order_id)
    if not _may_read_items(order):
        raise OrderNotFound(f"There are no answers of order {order_id} for this key.")
    log = _log(order)
    return render_template(log["template"], **log | {"answer_to": webhooks.answer_to})


def resend_webhook(order_id: int) -> WerkzeugResponse:
    """Send the latest event again, with all its retries. Raises OrderNotFound, WebhookNotFound."""
    order = _own(order_id)
    delivery_id = webhooks.latest_of_order(order["id"])
    webhooks.resend(delivery_id)
    enqueue.deliver(delivery_id)
    return redirect(url_for("pages.show_order", order_id=order["id"], _anchor="webhooks"), 303)


def goods(order: Row) -> str:
    """What was ordered, and for whom; needs the order's `product_name`."""
    words = moves.goods(order, _)
    if order["recipient"] and good_of(order["sku"]) is None:
        return str(_("%(goods)s for @%(name)s", goods=words, name=order["recipient"]))
    return words


def _own(order_id: int) -> Row:
    return orders.get(order_id, g.visitor.account_id)


def _state(order: Row) -> dict[str, Any]:
    """The part of the page that changes while the order is open, and that has all the rest once it is final."""
    is_open = order["status"] == "processing"
    named = order | {"product_name": catalogue.get(order["product_id"]).name}
    return {
        "template": "dashboard/_order.html",
        "address": url_for("pages.order_state", order_id=order["id"]),
        "seconds": OPEN_SECONDS if is_open else None,
        "order": named,
        "goods": goods(named),
        "is_open": is_open,
        "delivered": grouped(in_units(order["delivered_quantity"], order["parts"])),
        "has_items": order["recipient"] is None and _may_read_items(order) and order["status"] in DELIVERED_STATUSES,
        "log": live.part(**_log(order)) if order["webhook_url"] and not is_open else None,
    }


def _log(order: Row) -> dict[str, Any]:
    """The part of the page that has what was sent to the order's webhook."""
    deliveries = webhooks.of_order(order["id"])
    soon = datetime.now(UTC) + timedelta(seconds=SOON_SECONDS)
    is_being_told = any(delivery.state == "pending" and delivery.due_at < soon for delivery, _attempts in deliveries)
    return {
        "template": "dashboard/_webhooks.html",
        "address": url_for("pages.order_webhooks", order_id=order["id"]),
        "seconds": TELLING_SECONDS if is_being_told else None,
        "order": order,
        "deliveries": deliveries,
        "answer_to": None,
    }


def _items(order: Row) -> list[Any]:
    if not _may_read_items(order):
        raise OrderNotFound(f"There are no items of order {order['id']} for this key.")
    return stock.delivered_to(order["id"]) if order["status"] in DELIVERED_STATUSES else []


def _may_read_items(order: Row) -> bool:
    """Whether the visitor may see what was delivered: a v2 key reads no items in its API, nor those of others here."""
    return g.visitor.key_kind != "v2" or order["key_id"] in (None, g.visitor.key_id)


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else dumps(value)

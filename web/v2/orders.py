"""Telegram goods: buy some for a user, see how an order stands, wait for its end."""

from collections.abc import Mapping
from typing import Any

import structlog
from flask import Blueprint, Response, g

from jobs import enqueue
from models import catalogue, orders, telegram_orders
from models.catalogue import ProductNotFound
from models.database import Row
from models.errors import Refusal
from models.idempotency import IdempotencyKey
from models.money import usd
from models.orders import OrderNotFound, Placed, TooMuchContention
from models.purchases import AboveMaximum, BelowMinimum, InsufficientBalance, Purchase
from models.tables import epoch
from models.telegram_goods import PREMIUM_SKUS, STARS_SKU, TON_PARTS, TON_SKU, Good, good_of
from web import errors, idempotency
from web.answers import answer
from web.bodies import read_query
from web.reference.described import described
from web.v2 import bodies, shapes
from web.v2.bodies import Wanted
from web.waiting import Tell, WaitQuery, answer_at_the_end
from web.webhook_urls import check_webhook_url

_PATHS = {Good.STARS: "order", Good.PREMIUM: "premium_order", Good.TON: "ton_order"}


class InsufficientFunds(Refusal):
    status, code = 400, "insufficient_balance"


class ReservationFailed(Refusal):
    status, code = 400, "reservation_failed"


_REFUSALS = (ProductNotFound, BelowMinimum, AboveMaximum, InsufficientFunds, ReservationFailed)
_TEXTS = (bodies.NOT_JSON, bodies.USERNAME_REQUIRED, bodies.USERNAME_INVALID, f"{bodies.UNKNOWN_FIELD}price")


def route(v2: Blueprint) -> None:
    """Add these resources' addresses."""
    v2.post("/stars")(buy_stars)
    v2.post("/premium")(buy_premium)
    v2.post("/ton")(buy_ton)
    v2.get(f"/{_PATHS[Good.STARS]}/<int:order_id>")(show_stars_order)
    v2.get(f"/{_PATHS[Good.PREMIUM]}/<int:order_id>")(show_premium_order)
    v2.get(f"/{_PATHS[Good.TON]}/<int:order_id>")(show_ton_order)


@described(
    shapes.TelegramOrder,
    body=shapes.StarsBody,
    query=WaitQuery,
    refusals=_REFUSALS,
    texts=(*_TEXTS, bodies.WRONG_STARS),
    body_example={"username": "target", "amount": 100},
)
def buy_stars() -> Response:
    """Send stars to a user."""
    wanted = bodies.read("amount", bodies.stars)
    return _ordered(wanted, STARS_SKU, wanted.number)


@described(
    shapes.PremiumOrder,
    body=shapes.PremiumBody,
    query=WaitQuery,
    refusals=_REFUSALS,
    texts=(*_TEXTS, bodies.WRONG_MONTHS),
    body_example={"username": "target", "duration": 3},
)
def buy_premium() -> Response:
    """Give a user Premium for some months."""
    wanted = bodies.read("duration", bodies.months)
    return _ordered(wanted, PREMIUM_SKUS[wanted.number], 1)


@described(
    shapes.TelegramOrder,
    body=shapes.TonBody,
    query=WaitQuery,
    refusals=_REFUSALS,
    texts=(*_TEXTS, bodies.WRONG_TON),
    body_example={"username": "target", "amount": 2.5},
)
def buy_ton() -> Response:
    """Send TON to a user's balance."""
    wanted = bodies.read("amount", bodies.hundredths_of_ton)
    return _ordered(wanted, TON_SKU, wanted.number, TON_PARTS)


@described(shapes.TelegramOrder, query=WaitQuery, refusals=(OrderNotFound,))
def show_stars_order(order_id: int) -> Response:
    """One of the account's orders of stars; at once, or when it is final."""
    return _shown(order_id, Good.STARS)


@described(shapes.PremiumOrder, query=WaitQuery, refusals=(OrderNotFound,))
def show_premium_order(order_id: int) -> Response:
    """One of the account's orders of Premium; at once, or when it is final."""
    return _shown(order_id, Good.PREMIUM)


@described(shapes.TelegramOrder, query=WaitQuery, refusals=(OrderNotFound,))
def show_ton_order(order_id: int) -> Response:
    """One of the account's orders of TON; at once, or when it is final."""
    return _shown(order_id, Good.TON)


def _shown(order_id: int, good: Good) -> Response:
    query = read_query(WaitQuery)
    order = orders.get(order_id, g.caller.account_id)
    if good_of(order["sku"]) is not good:
        raise OrderNotFound(f"There is no order {order_id} of this kind.")
    if query.wait and order["status"] == "processing":
        return answer_at_the_end(order_id, query.seconds, _end_or_timeout(order_id))
    return answer(view(order))


def view(order: Row) -> shapes.TelegramOrder | shapes.PremiumOrder:
    """An order as its client sees it."""
    wish, state = telegram_orders.wish(order), telegram_orders.state(order)
    facts: shapes.OrderFacts = {
        "ok": True,
        "order_id": order["id"],
        "username": wish["username"],
        "price_usd": usd(order["price"]),
        "status": state["status"],
        "error_message": state["error_message"],
        "provider_order_id": order["provider_order_id"],
        "client_reference": order["client_reference"],
        "created_at": epoch(order["created_at"]),
        "updated_at": epoch(order["updated_at"]),
    }
    if "duration_months" in wish:
        return {**facts, "duration_months": wish["duration_months"]}
    return {**facts, "amount": wish["amount"]}


def _ordered(wanted: Wanted, sku: str, quantity: int, parts: int = 1) -> Response:
    """Reserve the money for an order, have it bought, and answer with it."""
    query = read_query(WaitQuery)
    key = idempotency.read_key(waited=query.wait)
    check_webhook_url(wanted.webhook_url, key)
    placed = _placed(wanted, sku, quantity, parts, key)
    order_id = placed.order["id"]
    structlog.contextvars.bind_contextvars(order_id=order_id)
    if not placed.replayed:
        enqueue.fulfil(order_id, placed.order["provider"])
    headers = {"Idempotent-Replayed": "true"} if placed.replayed else {}
    if query.wait:
        return answer_at_the_end(order_id, query.seconds, _end_or_timeout(order_id), headers)
    if placed.first_waited:
        return answer(_with_message(placed.order), headers=headers)
    return answer(_with_message(_as_accepted(placed.order)), headers=headers)


def _placed(wanted: Wanted, sku: str, quantity: int, parts: int, key: IdempotencyKey | None) -> Placed:
    try:
        return orders.place(
            Purchase(
                account_id=g.caller.account_id,
                key_id=g.caller.key_id,
                surface="v2",
                product_id=catalogue.named(sku).id,
                quantity=quantity,
                parts=parts,
                webhook_url=wanted.webhook_url,
                client_reference=wanted.client_reference,
                recipient=wanted.username,
                idempotency=key,
            )
        )
    except ProductNotFound:
        raise ProductNotFound("This is not for sale at the moment; ask the operator when it will be.") from None
    except InsufficientBalance as short:
        price, balance, missing = (short.facts[f"{name}_usdt"] for name in ("price", "balance", "missing"))
        raise InsufficientFunds(
            f"The order costs {price} USD and {balance} USD are available; top up, then order again.",
            price_usd=price,
            balance_usd=balance,
            missing_usd=missing,
        ) from None
    except TooMuchContention:
        raise ReservationFailed("The money could not be set aside; nothing was ordered, try again shortly.") from None


def _end_or_timeout(order_id: int) -> Tell:
    """Tells of the order's end, or that it is yet to come. The latter is made now, while there is a request."""
    message = "The order is not finished yet and goes on; ask for it again by its id."
    timeout = errors.told(errors.Problem(408, "timeout", message, {"order_id": order_id}))

    def tell(order: Row) -> tuple[int, Mapping[str, Any]]:
        return timeout if order["status"] == "processing" else (200, view(order))

    return tell


def _with_message(order: Row) -> shapes.TelegramOrder | shapes.PremiumOrder:
    document = view(order)
    good = good_of(order["sku"])
    if order["status"] == "processing" and good is not None:
        address = f"/api/v2/{_PATHS[good]}/{order['id']}"
        document["message"] = f"Order queued; GET {address} shows how it goes, and with ?wait=true its end."
    return document


def _as_accepted(order: Row) -> Row:
    """The order as it was first answered, whatever has become of it: the same request gets the same answer again."""
    accepted = {"status": "processing", "lease_token": 0, "error_message": None, "provider_order_id": None}
    return {**order, **accepted, "updated_at": order["created_at"]}

"""Buying: what is for sale, a form for one product, its price to look at, and the order."""

from typing import Any

import structlog
from flask import Blueprint, g, redirect, render_template, request, url_for
from werkzeug import Response as WerkzeugResponse

from jobs import enqueue
from models import accounts, catalogue, orders
from models.catalogue import Filter, ProductNotFound
from models.errors import Refusal
from models.idempotency import KeyReused
from models.intents import up_to_cents
from models.pricing import as_text
from models.purchases import PriceChanged
from models.tables import Product
from models.telegram_goods import SKUS, Good, good_of
from models.topups import LEAST
from web.pages import refusals, typed, wishes
from web.pages.shown import grouped
from web.pages.wishes import Typed, Unclear

PAGE_SIZE = 24
LONGEST_SEARCH = 100
LARGEST_PAGE = 100_000
LONGEST_FIELD = 100


def route(pages: Blueprint) -> None:
    """Add these addresses."""
    pages.get("/buy")(show_catalogue)
    pages.get("/buy/<int:product_id>")(show_product)
    pages.get("/buy/<int:product_id>/review")(review_order)
    pages.post("/buy/<int:product_id>")(place_order)


def show_catalogue() -> str:
    """The Telegram goods, and a page of all other products for sale."""
    return _catalogue()


def show_product(product_id: int) -> tuple[str, int]:
    """The form for one product; what was typed before stands in it again."""
    try:
        product = catalogue.find(product_id)
    except ProductNotFound as refusal:
        return _not_for_sale(refusal)
    return _form(product, _sent(request.args), None)


def review_order(product_id: int) -> tuple[str, int]:
    """What the order comes to, to be confirmed; or the form again, with what stands against it."""
    try:
        product = catalogue.find(product_id)
    except ProductNotFound as refusal:
        return _not_for_sale(refusal)
    return _review(product, _sent(request.args))


def place_order(product_id: int) -> tuple[str, int] | WerkzeugResponse:
    """Order what was looked at, at that price or less; the same form makes one order, however often it is sent."""
    form, price = _sent(request.form), typed.micros(request.form.get("price", ""))
    try:
        product = catalogue.get(product_id)  # for sale or not: if the form has ordered before, that is the answer
        wish = wishes.read(product, form)
        if price is None or not form.token:
            return _review(product, form)  # no form of ours lacks them, so nobody has seen what he would order
        placed = orders.place(wish.purchase(g.visitor.account_id, form.token, price))
    except ProductNotFound as refusal:
        return _not_for_sale(refusal)
    except PriceChanged as refusal:
        return _review(product, form, refusal)
    except Refusal as refusal:
        return _form(product, form, refusal)
    structlog.contextvars.bind_contextvars(order_id=placed.order["id"])
    if not placed.replayed:
        enqueue.fulfil(placed.order["id"], placed.order["provider"])
    again = "1" if placed.replayed else None
    return redirect(url_for("pages.show_order", order_id=placed.order["id"], again=again), 303)


def _sent(fields: Any) -> Typed:
    """The form's fields; a token that is none of ours is left out."""
    quantity, recipient = (fields.get(name, "")[:LONGEST_FIELD] for name in ("quantity", "recipient"))
    return Typed(quantity, recipient, typed.token(fields.get("token", "")) or "")


def _review(product: Product, form: Typed, changed: PriceChanged | None = None) -> tuple[str, int]:
    """What was typed, with its present price; the form again if that cannot be ordered."""
    try:
        wish = wishes.read(product, form)
        quote = wishes.quote(wish, g.visitor.account_id)
    except Refusal as refusal:
        return _form(product, form, refusal)
    html = render_template(
        "dashboard/review.html", wish=wish, quote=quote, typed=form, token=form.token or typed.new_token(),
        problem=refusals.sentence(changed) if changed else None, good=good_of(product.sku), goods=Good, grouped=grouped,
    )  # fmt: skip
    return html, changed.status if changed else 200


def _form(product: Product, form: Typed, refusal: Refusal | None) -> tuple[str, int]:
    if not product.active:  # it is not shown either, whatever else stands against the order
        return _not_for_sale(ProductNotFound(f"There is no product {product.id}."))
    missing = refusals.missing(refusal) if refusal else None
    least, most = wishes.bounds(product)
    html = render_template(
        "dashboard/product.html",
        product=product,
        typed=form,
        # A form that has ordered does not order anything else.
        token=typed.new_token() if not form.token or isinstance(refusal, KeyReused) else form.token,
        least=least,
        most=most,
        good=good_of(product.sku),
        goods=Good,
        grouped=grouped,
        available=accounts.get(g.visitor.account_id)["available"],
        problem=refusals.sentence(refusal) if refusal else None,
        faulty=refusal.facts["field"] if isinstance(refusal, Unclear) else None,
        topup=None if missing is None else as_text(max(up_to_cents(missing), LEAST)),
    )
    return html, refusal.status if refusal else 200


def _not_for_sale(refusal: Refusal) -> tuple[str, int]:
    return _catalogue(refusals.sentence(refusal)), refusal.status


def _catalogue(problem: str | None = None) -> str:
    search = request.args.get("q", "").strip().replace("\0", "")[:LONGEST_SEARCH]
    category = request.args.get("category", "").replace("\0", "")[:200]
    number = min(max(typed.whole(request.args.get("page", "")) or 1, 1), LARGEST_PAGE)
    wanted = Filter(category=category or None, q=search or None, except_skus=SKUS)
    products, total = catalogue.search(wanted, "name", number, PAGE_SIZE)
    return render_template(
        "dashboard/buy.html",
        telegram_goods=catalogue.for_sale(SKUS),
        good_of=good_of,
        goods=Good,
        categories=catalogue.categories(SKUS),
        products=products,
        total=total,
        number=number,
        pages=-(-total // PAGE_SIZE),
        search=search,
        category=category,
        problem=problem,
    )

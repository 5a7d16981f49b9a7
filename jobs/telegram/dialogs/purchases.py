"""Buying Stars, Premium or TON: how much, for whom, the price, and one press that orders, once."""

import secrets
from dataclasses import dataclass

from jobs import enqueue
from jobs.telegram import amounts
from jobs.telegram.chat import Chat, button, in_rows
from jobs.telegram.goods import goods
from jobs.telegram.language import dollars
from models import accounts, catalogue, idempotency, orders
from models.catalogue import ProductNotFound
from models.database import Row
from models.idempotency import IdempotencyKey
from models.money import Micros
from models.orders import TooMuchContention
from models.purchases import AboveMaximum, BelowMinimum, InsufficientBalance, InsufficientStock, PriceChanged, Purchase
from models.telegram_goods import (
    LEAST_STARS,
    LEAST_TON,
    MOST_STARS,
    MOST_TON,
    PREMIUM_SKUS,
    STARS_SKU,
    TON_PARTS,
    TON_SKU,
)
from models.telegram_names import plain

STARS_OFFERED = (50, 100, 250, 500, 1000, 2500)
TON_OFFERED = (1, 2, 5, 10, 25, 50)
# Clients of the APIs choose printable keys for their orders; with this in front, none of them can be ours.
KEY_PREFIX = "\x1ftelegram:"


@dataclass(frozen=True, slots=True)
class Amounts:
    """What can be bought at once, in parts."""

    sku: str
    parts: int
    least: int
    most: int


STARS = Amounts(STARS_SKU, 1, LEAST_STARS, MOST_STARS)
TON = Amounts(TON_SKU, TON_PARTS, LEAST_TON * TON_PARTS, MOST_TON * TON_PARTS)


def choose_stars(chat: Chat, _: str = "") -> None:
    """How many Stars."""
    price = _price(chat, STARS_SKU)
    if price is None:
        return
    chat.expect("stars")
    labels = [button(f"⭐ {n}", "buy_stars", str(n)) for n in STARS_OFFERED]
    chat.show(
        chat.text(
            "⭐ <b>Telegram Stars</b>, {price} USD each\n\nHow many? Choose, or write a number from {least} to {most}.",
            price=dollars(price), least=STARS.least, most=f"{STARS.most:,}",
        ),
        [*in_rows(labels, 3), chat.menu_row()],
    )  # fmt: skip


def choose_premium(chat: Chat, _: str = "") -> None:
    """For how many months."""
    offered = []
    for months, sku in PREMIUM_SKUS.items():
        product = _product(sku)
        if product is not None:
            label = chat.count("{n} month · {price} USD", "{n} months · {price} USD", months, price=dollars(product))
            offered.append(button(label, "buy_premium", str(months)))
    if not offered:
        _say_not_sold(chat)
        return
    chat.show(chat.text("💎 <b>Telegram Premium</b>\n\nFor how long?"), [*in_rows(offered, 1), chat.menu_row()])


def choose_ton(chat: Chat, _: str = "") -> None:
    """How much TON."""
    price = _price(chat, TON_SKU)
    if price is None:
        return
    chat.expect("ton")
    labels = [button(f"🪙 {n}", "buy_ton", str(n)) for n in TON_OFFERED]
    chat.show(
        chat.text(
            "🪙 <b>TON</b> to a Telegram user's balance, {price} USD each\n\n"
            "How much? Choose, or write an amount from {least} to {most}, with at most 2 decimals.",
            price=dollars(price), least=TON.least // TON.parts, most=f"{TON.most // TON.parts:,}",
        ),
        [*in_rows(labels, 3), chat.menu_row()],
    )  # fmt: skip


def take_stars(chat: Chat, written: str) -> None:
    """The number of Stars."""
    _take_amount(chat, STARS, written, "stars")


def take_ton(chat: Chat, written: str) -> None:
    """The amount of TON."""
    _take_amount(chat, TON, written, "ton")


def take_premium(chat: Chat, written: str) -> None:
    """The months of Premium."""
    months = int(written) if written.isascii() and written.isdigit() and len(written) < 3 else 0
    if months not in PREMIUM_SKUS:
        choose_premium(chat)
        return
    _ask_for_whom(chat, PREMIUM_SKUS[months], 1, 1)


def _take_amount(chat: Chat, good: Amounts, written: str, awaited: str) -> None:
    quantity = _parts(written, good.parts)
    if quantity is None or not good.least <= quantity <= good.most:
        chat.expect(awaited)
        chat.say(chat.text("Please write a number from {least} to {most}.", least=good.least // good.parts,
                           most=f"{good.most // good.parts:,}"))  # fmt: skip
        return
    _ask_for_whom(chat, good.sku, quantity, good.parts)


def _parts(written: str, parts: int) -> int | None:
    """The amount in parts; None for what is no such amount."""
    amount = amounts.written(written)
    return int(amount * parts) if amount is not None and amount * parts % 1 == 0 else None


def _ask_for_whom(chat: Chat, sku: str, quantity: int, parts: int) -> None:
    chat.expect("recipient", sku=sku, quantity=quantity, parts=parts)
    mine = [[button(chat.text("For me (@{name})", name=chat.customer.username), "for_me")]] if _own_name(chat) else []
    chat.show(chat.text("Who is it for? Write a username, such as @friend, or a t.me link."), [*mine, chat.menu_row()])


def _own_name(chat: Chat) -> str | None:
    return plain(chat.customer.username) if chat.customer.username else None


def take_me(chat: Chat, _: str = "") -> None:
    """The customer himself."""
    name = _own_name(chat)
    if name is None or chat.before.get("awaiting") != "recipient":
        chat.notice = chat.text("This button is out of date.")
        chat.dialog = chat.before
        return
    _offer(chat, chat.before, name)


def take_recipient(chat: Chat, written: str) -> None:
    """Somebody else; who is misspelled can be spelled again."""
    name = plain(written.strip())
    if name is None:
        chat.dialog = chat.before
        chat.say(chat.text("That is not a username: those are 4 to 32 Latin letters, digits or underscores."))
        return
    _offer(chat, chat.before, name)


def _offer(chat: Chat, wish: Row, recipient: str) -> None:
    """The price, and the button that orders at this price."""
    try:
        product = catalogue.named(wish["sku"])
    except ProductNotFound:
        _say_not_sold(chat)
        return
    quantity, parts = int(wish["quantity"]), int(wish["parts"])
    draft = {"sku": product.sku, "quantity": quantity, "parts": parts, "recipient": recipient}
    price, available = product.price * quantity // parts, accounts.get(chat.account_id)["available"]
    if price > available:
        _say_too_expensive(chat, price, available)
        return
    draft_id = secrets.token_hex(8)
    chat.dialog = {"draft": {**draft, "id": draft_id, "price": price}}
    chat.show(
        chat.text(
            "<b>{goods}</b>\n\nPrice: <b>{price} USD</b>\nBalance afterwards: {rest} USD",
            goods=goods(chat.voice, {**draft, "product_id": product.id}), price=dollars(price),
            rest=dollars(available - price),
        ),
        [[button(chat.text("✅ Buy for {price} USD", price=dollars(price)), "confirm", draft_id)],
         [button(chat.text("✖ Cancel"), "menu")]],
    )  # fmt: skip


def confirm(chat: Chat, draft_id: str) -> None:
    """Order what was offered; pressed again, it tells of the same order. It runs outside of a transaction."""
    key = IdempotencyKey.of_request(f"{KEY_PREFIX}{draft_id}", "telegram", draft_id.encode(), waited=False)
    draft = chat.before.get("draft")
    if not isinstance(draft, dict) or draft["id"] != draft_id:
        earlier = idempotency.recorded(chat.account_id, key)
        chat.dialog = chat.before
        chat.notice = chat.text("Order #{id} is already placed.", id=earlier["order_id"]) if earlier else chat.text(
            "This offer is out of date; please choose again."
        )  # fmt: skip
        return
    try:
        order = _place(chat, draft, key)
    except PriceChanged:
        chat.notice = chat.text("The price has changed. Look at the new one.")
        _offer(chat, draft, draft["recipient"])
    except InsufficientBalance:
        _offer(chat, draft, draft["recipient"])
    except (ProductNotFound, BelowMinimum, AboveMaximum, InsufficientStock):  # an operator has changed it just now
        _say_not_sold(chat)
    except TooMuchContention:
        chat.dialog = chat.before
        chat.notice = chat.text("Too many orders at once: nothing was ordered. Press again in a moment.")
    else:
        chat.show(
            chat.text("⏳ <b>Order #{id}</b>\n{goods}\n\nIt is on its way. I will tell you here when it is done.",
                      id=order["id"], goods=goods(chat.voice, order)),
            [chat.menu_row()],
        )  # fmt: skip


def _place(chat: Chat, draft: Row, key: IdempotencyKey) -> Row:
    placed = orders.place(
        Purchase(
            account_id=chat.account_id, key_id=None, surface="v2", product_id=catalogue.named(draft["sku"]).id,
            quantity=draft["quantity"], parts=draft["parts"], max_price=draft["price"], recipient=draft["recipient"],
            idempotency=key,
        )
    )  # fmt: skip
    order = placed.order
    if not placed.replayed:
        chat.afterwards.append(lambda: enqueue.fulfil(order["id"], order["provider"]))
    return order


def _say_too_expensive(chat: Chat, price: Micros, available: Micros) -> None:
    chat.show(
        chat.text("This costs {price} USD, and you have {available} USD. Please top up at least {missing} USD first.",
                  price=dollars(price), available=dollars(available), missing=dollars(price - available)),
        [[button(chat.text("➕ Top up"), "topup")], chat.menu_row()],
    )  # fmt: skip


def _say_not_sold(chat: Chat) -> None:
    chat.show(chat.text("This is not for sale at the moment."), [chat.menu_row()])


def _price(chat: Chat, sku: str) -> Micros | None:
    """The price of a unit; when it is not for sale, that is said."""
    price = _product(sku)
    if price is None:
        _say_not_sold(chat)
    return price


def _product(sku: str) -> Micros | None:
    try:
        product = catalogue.named(sku)
    except ProductNotFound:
        return None
    return product.price if product.active else None

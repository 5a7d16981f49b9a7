"""How the sandbox answers, and what becomes of an order, which its username decides.

sandbox_notfound   nobody has this name
sandbox_fail       the order is refused
sandbox_slow_N     the order is completed after N seconds
sandbox_hang       the order is taken and never ends
sandbox_down       the first three calls to place an order are not answered, and come to nothing
sandbox_lost       the order is completed at once, and the answer to it is lost
any other name     the order is completed after 0.2 s
"""

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import simplejson

from dev.sandbox.book import Book, KeyReused, Order, Wanted

CALLS_IN_VAIN = 3
USUAL_SECONDS = 0.2
SLOW = re.compile(r"sandbox_slow_([0-9]{1,6})")
LONGEST_TEXT = 255
BALANCE = {"balance": 100_000, "currency": "TON"}


@dataclass(frozen=True, slots=True)
class Article:
    """What is sold: its name in the book, the field that says how much of it, and how much there may be of it."""

    name: str
    field: str
    fits: Callable[[Decimal], bool]


ARTICLES = {
    "star": Article("stars", "quantity", lambda stars: 50 <= stars <= 1_000_000 and stars % 1 == 0),
    "premium": Article("premium", "months", lambda months: months in (3, 6, 12)),
    "ton": Article("ton", "amount", lambda ton: 1 <= ton <= 10_000 and ton * 100 % 1 == 0),
}


@dataclass(frozen=True, slots=True)
class Answer:
    """A status and a document."""

    status: int
    document: Any


class Declined(Exception):
    """The request is answered with an error."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.answer = Answer(status, {"success": False, "message": message})


class Shop:
    """The answers. `announce` is told of each new order, to make its end known when it comes."""

    def __init__(self, book: Book, announce: Callable[[Order], None]) -> None:
        self._book = book
        self._announce = announce

    def recipient(self, article: Article, query: Mapping[str, str]) -> Answer:
        """Who would get it: a hash, for the order. Raises Declined."""
        username = _text(query.get("username"), "username")
        _quantity(article, query.get(article.field))
        if username.lower() == "sandbox_notfound":
            raise Declined(404, f"There is no Telegram user @{username}.")
        return Answer(200, {"success": True, "recipient": _hash_of(username)})

    def sell(self, article: Article, key: str | None, body: Any) -> Answer | None:
        """Take an order, or say how the one stands that was taken with this key; None: no answer. Raises Declined."""
        if not isinstance(body, dict):
            raise Declined(400, "The body must be a JSON object.")
        username = _text(body.get("username"), "username")
        request = simplejson.dumps([article.name, body], use_decimal=True, sort_keys=True)
        wanted = Wanted(
            _text(key, "Idempotency-Key"), request, username, article.name, _quantity(article, body.get(article.field))
        )
        behaviour = username.lower()
        if behaviour == "sandbox_notfound" or body.get("recipient_hash") != _hash_of(username):
            raise Declined(400, "recipient_hash is not the one that the search gave for this username.")
        if behaviour == "sandbox_fail":
            raise Declined(400, f"Telegram does not let @{username} receive this.")
        if behaviour == "sandbox_down" and self._book.count_in_vain(wanted.key) <= CALLS_IN_VAIN:
            return None
        try:
            order, is_new = self._book.take(wanted, _seconds_until_sold(behaviour))
        except KeyReused:
            raise Declined(409, "Another order was placed with this Idempotency-Key.") from None
        if is_new:
            self._announce(order)
        return None if is_new and behaviour == "sandbox_lost" else _view(order)

    def order(self, order_id: str) -> Answer:
        """How an order stands. Raises Declined."""
        order = self._book.find(order_id)
        if order is None:
            raise Declined(404, "There is no such order.")
        return _view(order)

    def sales(self, query: Mapping[str, str]) -> Answer:
        """What was really sold."""
        return Answer(200, self._book.sales(query.get("username")))


def _seconds_until_sold(behaviour: str) -> float | None:
    if behaviour == "sandbox_hang":
        return None
    if behaviour == "sandbox_lost":
        return 0.0
    slow = SLOW.fullmatch(behaviour)
    return float(slow[1]) if slow else USUAL_SECONDS


def _hash_of(username: str) -> str:
    return hashlib.sha256(username.lower().encode()).hexdigest()


def _text(value: Any, name: str) -> str:
    if not isinstance(value, str) or not 1 <= len(value) <= LONGEST_TEXT or not value.isprintable():
        raise Declined(400, f"{name} must be given, as text of at most {LONGEST_TEXT} characters.")
    return value


def _quantity(article: Article, value: Any) -> Decimal:
    """How much of the article; from a query it comes as text, from a body as a number."""
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", value):
        value = Decimal(value)
    if isinstance(value, bool) or not isinstance(value, int | Decimal) or not article.fits(Decimal(value)):
        raise Declined(400, f"{article.field} is not one that is sold.")
    return Decimal(value)


def _view(order: Order) -> Answer:
    status = "completed" if order.is_sold else "pending"
    return Answer(200, {"order_id": order.id, "amount": order.quantity, "status": status, "error": None})

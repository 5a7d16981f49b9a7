"""Why something could not be done, as a sentence for whoever is looking at the form."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from flask_babel import gettext as _

from models.catalogue import ProductNotFound
from models.errors import Refusal
from models.idempotency import KeyReused
from models.intents import NoFreeAmount
from models.money import PER_USD
from models.networks import NetworkOff
from models.pricing import as_text
from models.purchases import AboveMaximum, BelowMinimum, InsufficientBalance, InsufficientStock, PriceChanged
from models.topups import MOST_PENDING_BY_HAND, TooManyPending

_SENTENCES: dict[type[Refusal], Callable[[dict[str, Any]], str]] = {
    ProductNotFound: lambda facts: _("This product is not for sale any more."),
    BelowMinimum: lambda facts: _("The smallest order of this product is %(least)s.", least=facts["min_quantity"]),
    AboveMaximum: lambda facts: _("The largest order of this product is %(most)s.", most=facts["max_quantity"]),
    InsufficientStock: lambda facts: (
        _("There are only %(number)s in stock.", number=facts["in_stock"])
        if facts["in_stock"]
        else _("This product is out of stock.")
    ),
    PriceChanged: lambda facts: _(
        "The price has changed meanwhile: it is %(price)s USD now. Nothing was ordered; look at it again.",
        price=_dollars(facts["price_usdt"]),
    ),
    InsufficientBalance: lambda facts: _(
        "This costs %(price)s USD, and your balance is %(balance)s USD: %(missing)s USD are missing.",
        price=_dollars(facts["price_usdt"]),
        balance=_dollars(facts["balance_usdt"]),
        missing=_dollars(facts["missing_usdt"]),
    ),
    KeyReused: lambda facts: _("This form was sent before, with something else in it. Look at it and send it again."),
    NoFreeAmount: lambda facts: _(
        "All amounts near this one are taken on this network at present. Choose another amount or another network."
    ),
    NetworkOff: lambda facts: _("This network is not on at present. Choose another one."),
    TooManyPending: lambda facts: _(
        "%(number)s of your top-ups are still unpaid. Pay one of them, or wait until one expires.",
        number=MOST_PENDING_BY_HAND,
    ),
}


def sentence(refusal: Refusal) -> str:
    """The sentence, in the reader's language; what needs none of ours says it itself."""
    ours = _SENTENCES.get(type(refusal))
    return ours(refusal.facts) if ours else refusal.message


def missing(refusal: Refusal) -> int | None:
    """The micro-dollars by which a balance falls short, where that is what was refused."""
    return _micros(refusal.facts["missing_usdt"]) if isinstance(refusal, InsufficientBalance) else None


def _dollars(amount: int | Decimal) -> str:
    return as_text(_micros(amount))


def _micros(amount: int | Decimal) -> int:
    return int(amount * PER_USD)

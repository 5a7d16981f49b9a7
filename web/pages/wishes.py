"""What a person wants to buy, as the forms of the dashboard ask for it and as orders are made of it."""

from dataclasses import dataclass
from decimal import Decimal

from flask_babel import gettext as _

from models.errors import Refusal
from models.idempotency import IdempotencyKey
from models.leases import in_units
from models.money import Micros
from models.pricing import least_quantity, surcharged
from models.purchases import Purchase, explain
from models.tables import Product
from models.telegram_goods import LEAST_STARS, LEAST_TON, MOST_STARS, MOST_TON, TON_PARTS, Good, good_of
from models.telegram_names import plain
from settings import settings
from web.pages import typed
from web.v1.orders import MOST_UNITS

# No client of the API can send this character in a key, so its keys and ours never meet.
FORM_KEY = "\x1fdashboard:"
ENDPOINT = "dashboard order"


class Unclear(Refusal):
    """What was typed is no wish; the message is a sentence in the reader's language, `field` names the field."""

    status, code = 422, "invalid_body"

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message, field=field)


@dataclass(frozen=True, slots=True)
class Typed:
    """A form's fields as they were typed, and the token that makes it one form."""

    quantity: str = ""
    recipient: str = ""
    token: str = ""


@dataclass(frozen=True, slots=True)
class Wish:
    """So many parts of a product, for a Telegram user where it is sent to one."""

    product: Product
    quantity: int
    parts: int
    recipient: str | None

    @property
    def amount(self) -> int | Decimal:
        """How many units."""
        return in_units(self.quantity, self.parts)

    def purchase(self, account_id: int, token: str | None = None, max_price: Micros | None = None) -> Purchase:
        """The order to place; with the token of a form, once only. No key takes part in it."""
        key = None
        if token is not None:
            words = f"{self.product.id} {self.quantity} {self.parts} {self.recipient}"
            key = IdempotencyKey.of_request(FORM_KEY + token, ENDPOINT, words.encode(), waited=False)
        return Purchase(
            account_id=account_id,
            key_id=None,
            surface="v2" if good_of(self.product.sku) else "v1",
            product_id=self.product.id,
            quantity=self.quantity,
            parts=self.parts,
            max_price=max_price,
            recipient=self.recipient,
            idempotency=key,
        )


@dataclass(frozen=True, slots=True)
class Quote:
    """What a wish costs now, in micro-dollars, and what it would without the surcharge of `percent`."""

    price: Micros
    base_total: Micros
    percent: int
    available: Micros


def quote(wish: Wish, account_id: int) -> Quote:
    """The present price of a wish that could be ordered. Raises what stands against the order, as placing it would."""
    facts = explain(wish.purchase(account_id))
    price = surcharged(facts["base_total"], facts["hits"])
    return Quote(price, facts["base_total"], facts["hits"], facts["available"])


def read(product: Product, form: Typed) -> Wish:
    """The wish that was typed. Raises Unclear."""
    recipient = _recipient(form.recipient) if product.needs_recipient else None
    return Wish(product, *_quantity(product, form.quantity), recipient)


def bounds(product: Product) -> tuple[int, int]:
    """The least and the most units that one order may have."""
    lowest, highest = {
        Good.STARS: (LEAST_STARS, MOST_STARS),
        Good.TON: (LEAST_TON, MOST_TON),
        Good.PREMIUM: (1, 1),
        None: (1, MOST_UNITS),
    }[good_of(product.sku)]
    floor = 0 if product.needs_recipient else settings.order_floor_usdt
    return max(lowest, least_quantity(product.price, product.min_quantity, floor)), min(highest, product.max_quantity)


def _quantity(product: Product, text: str) -> tuple[int, int]:
    """The quantity in parts, and how many of them make a unit."""
    good = good_of(product.sku)
    if good is Good.PREMIUM:
        return 1, 1
    parts = TON_PARTS if good is Good.TON else 1
    quantity = typed.hundredths(text) if good is Good.TON else typed.whole(text)
    if quantity is None and good is Good.TON:
        raise Unclear("quantity", _("Type the amount as a number with at most two decimals, such as 12.5."))
    if quantity is None:
        raise Unclear("quantity", _("Type the quantity as a whole number."))
    least, most = bounds(product)
    if quantity < least * parts:
        raise Unclear("quantity", _("The smallest order of this product is %(least)s.", least=least))
    if quantity > most * parts:
        raise Unclear("quantity", _("The largest order of this product is %(most)s.", most=most))
    return quantity, parts


def _recipient(text: str) -> str:
    if not text.strip():
        raise Unclear("recipient", _("Type the Telegram username of whoever gets it."))
    name = plain(text.strip())
    if name is None:
        raise Unclear(
            "recipient",
            _("This is no Telegram username: one has 4 to 32 letters, digits or underscores, and a letter first."),
        )
    return name

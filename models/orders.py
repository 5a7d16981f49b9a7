"""Placing an order: two round trips to the database, whatever the order is.

The first reads all that decides (product, balance, price, idempotency key), and plain Python refuses what must be
refused. The second writes order, stock, hold, journal and key in one statement. Between the two anything may have
changed; so the write is refused by the database's own constraints when it would break a promise, and then everything
is read and decided anew.
"""

from dataclasses import dataclass
from typing import Literal

from peewee import IntegrityError

from models.database import Row, retrying, row, violated_constraint
from models.errors import Refusal
from models.catalogue import ProductNotFound
from models.idempotency import IdempotencyKey, check_same_request
from models.money import Micros, usd
from models.pricing import MAX_HITS, WINDOW_SECONDS, as_text, least_quantity, surcharged
from models.statements import Statement
from settings import settings

Surface = Literal["v1", "v2"]
PLACE_ATTEMPTS = 10
FIRST_WAKE_SECONDS = 5  # how long the queue has before a sweep looks after the order
PRICING_LOCK = 7201  # the class of the advisory locks that are taken on an undiscounted total


# Every column that a client or a job may need of an order.
COLUMNS = """id, account_id, key_id, surface, product_id, quantity, base_total, dp_hits, price, max_price, status,
    delivered_quantity, refunded, error_message, client_reference, webhook_url, recipient, created_at, updated_at,
    deadline_at"""


class BelowMinimum(Refusal):
    status, code = 400, "below_minimum"


class AboveMaximum(Refusal):
    status, code = 400, "above_maximum"


class InsufficientStock(Refusal):
    status, code = 409, "insufficient_stock"


class PriceChanged(Refusal):
    status, code = 409, "price_changed"


class InsufficientBalance(Refusal):
    status, code = 402, "insufficient_balance"


class RecipientMissing(Refusal):
    status, code = 422, "invalid_body"


class OrderNotFound(Refusal):
    status, code = 404, "order_not_found"


class ReplayedRequest(Refusal):
    status, code = 401, "replayed_request"


class TooMuchContention(Exception):
    """The order could be neither placed nor refused: others kept changing what decides."""


@dataclass(frozen=True, slots=True)
class Purchase:
    """What a client wants to buy; `max_price` in micro-dollars."""

    account_id: int
    key_id: int
    surface: Surface
    product_id: int
    quantity: int
    webhook_url: str | None = None
    client_reference: str | None = None
    max_price: Micros | None = None
    recipient: str | None = None
    signature: bytes | None = None
    idempotency: IdempotencyKey | None = None


@dataclass(frozen=True, slots=True)
class Placed:
    """The order's row; `replayed` when an earlier request with the same idempotency key had placed it."""

    order: Row
    replayed: bool = False
    first_waited: bool = False


_READ = Statement(
    "read_before_order",
    """
    SELECT a.available, p.id AS product_id, p.price, p.min_quantity, p.max_quantity, p.in_stock, p.needs_recipient,
        i.request_digest, i.order_id AS recorded_order_id, i.waited AS recorded_waited,
        (SELECT count(*) FROM (SELECT 1 FROM orders o WHERE o.base_total = p.price * %(quantity)s
            AND o.surface <> 'v2' AND o.created_at > now() - make_interval(secs => %(window)s)
            ORDER BY o.created_at DESC LIMIT %(max_hits)s) AS recent) AS hits
    FROM accounts a
    LEFT JOIN products p ON p.id = %(product_id)s AND p.active
    LEFT JOIN idempotency_keys i ON i.account_id = a.id AND i.key = %(key)s
    WHERE a.id = %(account_id)s
    """,
    account_id="bigint", product_id="bigint", quantity="integer", key="text", window="integer", max_hits="integer",
)  # fmt: skip

# Two orders of one total must not count the same predecessors. The lock is a statement of its own, since the next one
# must see (in a snapshot of its own) what the lock's last holder has committed.
_LOCK_TOTAL = "SELECT pg_advisory_xact_lock(%(lock)s, hashint8(%(base_total)s));"

_WRITE = Statement(
    "write_order",
    f"""
    WITH recent AS MATERIALIZED (
        SELECT count(*)::integer AS hits FROM (SELECT 1 FROM orders WHERE base_total = %(base_total)s
            AND surface <> 'v2' AND created_at > now() - make_interval(secs => %(window)s)
            ORDER BY created_at DESC LIMIT %(max_hits)s) AS last
    ), placed AS (
        INSERT INTO orders (account_id, key_id, surface, product_id, quantity, base_total, dp_hits, price, max_price,
            client_reference, webhook_url, recipient, signature, deadline_at, wake_at)
        SELECT %(account_id)s, %(key_id)s, %(surface)s, p.id, %(quantity)s, %(base_total)s, recent.hits,
            %(base_total)s + %(base_total)s * recent.hits / 100, %(max_price)s,
            %(client_reference)s, %(webhook_url)s, %(recipient)s, %(signature)s,
            now() + make_interval(secs => %(deadline)s), now() + make_interval(secs => %(first_wake)s)
        FROM products p, recent WHERE p.id = %(product_id)s AND p.price = %(price)s AND p.active
        RETURNING {COLUMNS}
    ), reserved AS (
        UPDATE products SET in_stock = in_stock - placed.quantity, updated_at = now()
        FROM placed WHERE products.id = placed.product_id AND in_stock IS NOT NULL RETURNING 1
    ), held AS (
        -- The account is locked last, and so for the shortest time: a busy client's orders queue for it.
        UPDATE accounts SET available = available - placed.price, held = held + placed.price
        FROM placed WHERE accounts.id = placed.account_id AND (SELECT count(*) FROM reserved) >= 0 RETURNING 1
    ), journal AS (
        INSERT INTO transfers (kind, source, target, account_id, amount, reference, order_id)
        SELECT 'hold', 'available', 'held', account_id, price, 'order:' || id, id FROM placed
    ), remembered AS (
        INSERT INTO idempotency_keys (account_id, key, request_digest, order_id, waited)
        SELECT account_id, %(key)s, %(digest)s, id, %(waited)s FROM placed WHERE %(key)s IS NOT NULL
    )
    SELECT {COLUMNS} FROM placed
    """,
    account_id="bigint", key_id="bigint", surface="text", product_id="bigint", quantity="integer", price="bigint",
    base_total="bigint", max_price="bigint", client_reference="text", webhook_url="text", recipient="text",
    signature="bytea", deadline="integer", first_wake="integer", window="integer", max_hits="integer",
    key="text", digest="bytea", waited="boolean",
)  # fmt: skip

# The constraints that stand for a changed world, not for a fault of ours.
_MOVED_ON = frozenset({
    "accounts_available_not_negative", "products_in_stock_not_negative", "orders_price_not_above_max",
    "idempotency_keys_once",
})  # fmt: skip


def place(purchase: Purchase) -> Placed:
    """Reserve stock and money for an order and write it down, once for each idempotency key.

    The caller must not be in a transaction; when this returns, the order is committed and may be enqueued.
    Raises ProductNotFound, RecipientMissing, BelowMinimum, AboveMaximum, InsufficientStock, PriceChanged,
    InsufficientBalance, KeyReused, ReplayedRequest; TooMuchContention when the world changed at each of many tries.
    """
    for _ in range(PLACE_ATTEMPTS):
        facts = _read(purchase)
        if purchase.idempotency and facts["recorded_order_id"] is not None:
            check_same_request(purchase.idempotency, facts["request_digest"])
            return Placed(get(facts["recorded_order_id"]), replayed=True, first_waited=facts["recorded_waited"])
        _refuse_what_must_be(purchase, facts)
        try:
            order = retrying(lambda facts=facts: _write(purchase, facts["price"]))  # type: ignore[misc]
        except IntegrityError as error:
            constraint = violated_constraint(error)
            if constraint == "orders_signature_once":
                # The gate's memory of signatures is in Redis and may be gone; the order's own is not.
                raise ReplayedRequest("This signed request was used before; sign a new one.") from None
            if constraint not in _MOVED_ON:
                raise
            continue
        if order is not None:
            return Placed(order)
    raise TooMuchContention(f"product {purchase.product_id}")


def get(order_id: int, account_id: int | None = None) -> Row:
    """The order's row, if it is the account's (when one is named). Raises OrderNotFound."""
    found = row(
        f"SELECT {COLUMNS} FROM orders WHERE id = %(id)s AND (%(account_id)s IS NULL OR account_id = %(account_id)s)",  # noqa: S608
        {"id": order_id, "account_id": account_id},
    )
    if found is None:
        raise OrderNotFound(f"There is no order {order_id}.")
    return found


def _read(purchase: Purchase) -> Row:
    [facts] = _READ.rows({
        "account_id": purchase.account_id, "product_id": purchase.product_id, "quantity": purchase.quantity,
        "key": purchase.idempotency.key if purchase.idempotency else None,
        "window": WINDOW_SECONDS, "max_hits": MAX_HITS if _is_dynamic(purchase) else 0,
    })  # fmt: skip
    if facts["request_digest"] is not None and facts["recorded_order_id"] is None and purchase.idempotency:
        # The key belongs to a request that made something other than an order.
        check_same_request(purchase.idempotency, b"")
    return facts


def _refuse_what_must_be(purchase: Purchase, facts: Row) -> None:
    if facts["product_id"] is None:
        raise ProductNotFound(f"There is no product {purchase.product_id}; GET /products lists those for sale.")
    if facts["needs_recipient"] and purchase.recipient is None:
        message = "is required for this product: the Telegram username it is for"
        raise RecipientMissing(f"recipient {message}.", fields=[{"field": "recipient", "message": message}])
    _refuse_quantity(purchase, facts)
    price = surcharged(facts["price"] * purchase.quantity, facts["hits"])
    if purchase.max_price is not None and price > purchase.max_price:
        raise PriceChanged(
            f"The order costs {as_text(price)} USDT now, more than your max_price_usdt.", price_usdt=usd(price)
        )
    if facts["available"] < price:
        missing = price - facts["available"]
        raise InsufficientBalance(
            f"The order costs {as_text(price)} USDT and your balance is {as_text(facts['available'])} USDT.",
            price_usdt=usd(price),
            balance_usdt=usd(facts["available"]),
            missing_usdt=usd(missing),
            topup=f"Top up at least {as_text(missing)} USDT with POST /api/v1/balance/topup, then order again.",
        )


def _refuse_quantity(purchase: Purchase, facts: Row) -> None:
    least = facts["min_quantity"]
    if purchase.surface == "v1":
        least = least_quantity(facts["price"], facts["min_quantity"])
    if purchase.quantity < least:
        raise BelowMinimum(f"The smallest order of this product is {least} units.", min_quantity=least)
    if purchase.quantity > facts["max_quantity"]:
        most = facts["max_quantity"]
        raise AboveMaximum(f"The largest order of this product is {most} units.", max_quantity=most)
    if facts["in_stock"] is not None and purchase.quantity > facts["in_stock"]:
        raise InsufficientStock(f"There are {facts['in_stock']} units in stock.", in_stock=facts["in_stock"])


def _write(purchase: Purchase, price: Micros) -> Row | None:
    """The new order; None when the product changed since it was read."""
    key = purchase.idempotency
    dynamic = _is_dynamic(purchase)
    written = _WRITE.rows(
        {
            "account_id": purchase.account_id, "key_id": purchase.key_id, "surface": purchase.surface,
            "product_id": purchase.product_id, "quantity": purchase.quantity, "price": price,
            "base_total": price * purchase.quantity, "max_price": purchase.max_price,
            "client_reference": purchase.client_reference, "webhook_url": purchase.webhook_url,
            "recipient": purchase.recipient, "signature": purchase.signature, "deadline": settings.order_deadline_seconds,
            "first_wake": FIRST_WAKE_SECONDS, "window": WINDOW_SECONDS, "max_hits": MAX_HITS if dynamic else 0,
            "lock": PRICING_LOCK, "key": key.key if key else None, "digest": key.digest if key else None,
            "waited": key.waited if key else False,
        },
        after=_LOCK_TOTAL if dynamic else "",
    )  # fmt: skip
    return written[0] if written else None


def _is_dynamic(purchase: Purchase) -> bool:
    return settings.dynamic_pricing and purchase.surface != "v2"

"""Placing an order: one statement writes order, stock, hold, journal and idempotency key, or none of them.

The statement is tried first and the reasons are asked for only when it is refused: by its own conditions, or by the
database's constraints when a balance or a count would fall below zero. So an order takes one round trip, and of two
that race for the last item one is refused by PostgreSQL itself. The refusal is then explained from a second look; when
that finds nothing wrong any more, the order is simply tried again.
"""

from dataclasses import dataclass
from typing import Any

from peewee import IntegrityError

from models import idempotency
from models.database import Row, retrying, row, violated_constraint
from models.errors import Refusal
from models.idempotency import IdempotencyKey
from models.pricing import WINDOW_SECONDS
from models.purchases import Purchase, explain, recent_of_total
from models.statements import Statement
from settings import settings

PLACE_ATTEMPTS = 10
FIRST_WAKE_SECONDS = 5  # how long the queue has before a sweep looks after the order
LASTING_SECONDS = 10
PRICING_LOCK = 7201  # the class of the advisory locks that are taken on an undiscounted total


# Every column that a client or a job may need of an order.
COLUMNS = """id, account_id, key_id, surface, product_id, provider, quantity, base_total, dp_hits, price, max_price,
    status, delivered_quantity, refunded, error_message, client_reference, webhook_url, recipient, created_at,
    updated_at, deadline_at, lease_token, sku, parts, provider_order_id"""

# What the database decides of a new order. Each column that comes back costs psycopg2 some 3 µs for its name alone.
_DECIDED = "id, provider, base_total, dp_hits, price, recipient, sku, created_at, deadline_at"


class OrderNotFound(Refusal):
    status, code = 404, "order_not_found"


class ReplayedRequest(Refusal):
    status, code = 401, "replayed_request"


class TooMuchContention(Exception):
    """The order could be neither placed nor refused: others kept changing what decides."""


@dataclass(frozen=True, slots=True)
class Placed:
    """The order's row; `replayed` when an earlier request with the same idempotency key had placed it."""

    order: Row
    replayed: bool = False
    first_waited: bool = False


# The two rows that orders queue for are locked before the statement that changes them. Were it to wait for them itself,
# PostgreSQL would have to evaluate all of it anew on the rows that it gets in the end.
_LOCK_ROWS = Statement(
    "lock_rows",
    """
    SELECT 1 FROM products, accounts WHERE products.id = %(product_id)s AND accounts.id = %(account_id)s
    FOR NO KEY UPDATE OF products, accounts
    """,
    product_id="bigint",
    account_id="bigint",
)

# Two orders of one total must not count the same predecessors, so the total is locked too: before the rows, since
# PostgreSQL locks those last, and apart from the next statement, which must see (in a snapshot of its own) what the
# lock's last holder has committed. Once the surcharge is at its highest (by orders that will not be too old by the next
# statement either), one more order cannot change it: no lock then, and orders of a popular total do not queue for one.
_LOCK_TOTAL_AND_ROWS = Statement(
    "lock_total_and_rows",
    f"""
    SELECT CASE
        WHEN (SELECT count(*) FROM ({recent_of_total(WINDOW_SECONDS - LASTING_SECONDS)}) AS recent) < %(max_hits)s
        THEN pg_advisory_xact_lock({PRICING_LOCK}, hashint8(wanted.base_total)) END
    FROM products CROSS JOIN LATERAL (SELECT products.price * %(quantity)s / %(parts)s AS base_total) AS wanted,
        accounts
    WHERE products.id = %(product_id)s AND accounts.id = %(account_id)s
    FOR NO KEY UPDATE OF products, accounts
    """,  # noqa: S608 - put together from literals
    quantity="integer",
    parts="integer",
    product_id="bigint",
    account_id="bigint",
    max_hits="integer",
)

_WRITE = Statement(
    "write_order",
    f"""
    WITH wanted AS MATERIALIZED (
        SELECT id, provider, sku, needs_recipient, price * %(quantity)s / %(parts)s AS base_total FROM products
        WHERE id = %(product_id)s AND active
            AND %(quantity)s BETWEEN min_quantity * %(parts)s AND max_quantity * %(parts)s
            AND (needs_recipient OR price * %(quantity)s / %(parts)s >= %(floor)s)
            AND (%(recipient)s IS NOT NULL OR NOT needs_recipient)
    ), priced AS MATERIALIZED (
        SELECT *, CASE WHEN needs_recipient THEN 0
            ELSE (SELECT count(*) FROM ({recent_of_total(WINDOW_SECONDS)}) AS recent)::integer END AS hits FROM wanted
    ), placed AS (
        INSERT INTO orders (account_id, key_id, surface, product_id, provider, quantity, base_total, dp_hits, price,
            max_price, client_reference, webhook_url, recipient, signature, sku, parts, deadline_at, wake_at)
        SELECT %(account_id)s, %(key_id)s, %(surface)s, id, provider, %(quantity)s, base_total, hits,
            base_total + base_total * hits / 100, %(max_price)s,
            %(client_reference)s, %(webhook_url)s,
            CASE WHEN needs_recipient OR %(surface)s = 'v2' THEN %(recipient)s END, %(signature)s, sku, %(parts)s,
            now() + make_interval(secs => %(deadline)s), now() + make_interval(secs => {FIRST_WAKE_SECONDS})
        FROM priced
        RETURNING {_DECIDED}
    ), reserved AS (
        UPDATE products SET updated_at = now(),
            in_stock = in_stock - (%(quantity)s + %(parts)s - 1) / %(parts)s
        FROM placed WHERE products.id = %(product_id)s AND in_stock IS NOT NULL RETURNING 1
    ), held AS (
        UPDATE accounts SET available = available - placed.price, held = held + placed.price
        FROM placed WHERE accounts.id = %(account_id)s AND (SELECT count(*) FROM reserved) >= 0 RETURNING 1
    ), journal AS (
        INSERT INTO transfers (kind, source, target, account_id, amount, reference, order_id)
        SELECT 'hold', 'available', 'held', %(account_id)s, price, 'order:' || id, id FROM placed
    ), remembered AS (
        INSERT INTO idempotency_keys (account_id, key, request_digest, order_id, waited)
        SELECT %(account_id)s, %(key)s, %(digest)s, id, %(waited)s FROM placed WHERE %(key)s IS NOT NULL
    )
    SELECT {_DECIDED} FROM placed
    """,  # noqa: S608 - put together from literals
    account_id="bigint", key_id="bigint", surface="text", product_id="bigint", quantity="integer", parts="integer",
    floor="bigint", max_price="bigint", client_reference="text", webhook_url="text", recipient="text",
    signature="bytea", deadline="integer", max_hits="integer", key="text", digest="bytea", waited="boolean",
)  # fmt: skip

# The constraints that refuse an order for a reason that a second look explains.
_EXPLICABLE = frozenset({
    "accounts_available_not_negative", "products_in_stock_not_negative", "orders_price_not_above_max",
})  # fmt: skip


def lock_what_decides(purchase: Purchase) -> None:
    """Keep the purchase's price, stock and account as they are until the transaction ends, as placing an order does."""
    _lock(purchase).rows(_lock_parameters(purchase))


def place(purchase: Purchase) -> Placed:
    """Reserve stock and money for an order and write it down, once for each idempotency key.

    The caller must not be in a transaction; when this returns, the order is committed and may be enqueued.
    Raises ProductNotFound, RecipientMissing, BelowMinimum, AboveMaximum, InsufficientStock, PriceChanged,
    InsufficientBalance, KeyReused, ReplayedRequest; TooMuchContention when the world changed at each of many tries.
    """
    for _ in range(PLACE_ATTEMPTS):
        try:
            order = retrying(lambda: _write(purchase))
        except IntegrityError as error:
            constraint = violated_constraint(error)
            if constraint in ("idempotency_keys_once", "orders_signature_once"):
                return _placed_before(purchase)
            if constraint not in _EXPLICABLE:
                raise
        else:
            if order is not None:
                return Placed(order)
        if purchase.idempotency and (replay := _replay(purchase.account_id, purchase.idempotency)):
            return replay  # what refuses it now did not refuse it then
        explain(purchase)
    raise TooMuchContention(f"product {purchase.product_id}")


def _placed_before(purchase: Purchase) -> Placed:
    """The order that the same request placed earlier. Raises ReplayedRequest for a signature alone."""
    replay = _replay(purchase.account_id, purchase.idempotency) if purchase.idempotency else None
    if replay is None:
        # The gate's memory of signatures is in Redis and may be gone; the order's own is not.
        raise ReplayedRequest("This signed request was used before; sign a new one.")
    return replay


def _replay(account_id: int, key: IdempotencyKey) -> Placed | None:
    first = idempotency.recorded(account_id, key)
    if first is None:
        return None
    return Placed(get(first["order_id"]), replayed=True, first_waited=first["waited"])


def get(order_id: int, account_id: int | None = None) -> Row:
    """The order's row, if it is the account's (when one is named). Raises OrderNotFound."""
    found = row(
        f"SELECT {COLUMNS} FROM orders WHERE id = %(id)s AND (%(account_id)s IS NULL OR account_id = %(account_id)s)",  # noqa: S608
        {"id": order_id, "account_id": account_id},
    )
    if found is None:
        raise OrderNotFound(f"There is no order {order_id}.")
    return found


def _write(purchase: Purchase) -> Row | None:
    """The new order; None when a condition of the statement stands against it."""
    key = purchase.idempotency
    written = _WRITE.rows(
        _lock_parameters(purchase) | {
            "key_id": purchase.key_id, "surface": purchase.surface, "floor": purchase.floor,
            "max_price": purchase.max_price, "client_reference": purchase.client_reference,
            "webhook_url": purchase.webhook_url, "recipient": purchase.recipient, "signature": purchase.signature,
            "deadline": settings.order_deadline_seconds,
            "key": key.key if key else None, "digest": key.digest if key else None,
            "waited": key.waited if key else False,
        },
        after=(_lock(purchase),),
    )  # fmt: skip
    return _as_row(purchase, written[0]) if written else None


def _as_row(purchase: Purchase, decided: Row) -> Row:
    """A new order's row, in the columns of `get`: what was asked for, how every order begins, and what was decided."""
    return {
        "account_id": purchase.account_id, "key_id": purchase.key_id, "surface": purchase.surface,
        "product_id": purchase.product_id, "quantity": purchase.quantity, "parts": purchase.parts,
        "max_price": purchase.max_price, "client_reference": purchase.client_reference,
        "webhook_url": purchase.webhook_url, "status": "processing", "delivered_quantity": 0, "refunded": 0,
        "error_message": None, "lease_token": 0, "provider_order_id": None, "updated_at": decided["created_at"],
        **decided,
    }  # fmt: skip


def _lock(purchase: Purchase) -> Statement:
    return _LOCK_TOTAL_AND_ROWS if purchase.max_hits else _LOCK_ROWS


def _lock_parameters(purchase: Purchase) -> dict[str, Any]:
    return {
        "account_id": purchase.account_id, "product_id": purchase.product_id, "quantity": purchase.quantity,
        "parts": purchase.parts, "max_hits": purchase.max_hits,
    }  # fmt: skip

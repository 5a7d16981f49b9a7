"""Intents to pay: an amount on a network that for a day belongs to one top-up or website order alone.

Transfers to our one wallet are told apart by their amount. So an intent owns its amount and what lies within the
tolerance around it, and the database refuses two that overlap: a transfer can never fit two clients.
"""

from dataclasses import dataclass
from typing import Literal

from models.database import Row, row, rows
from models.errors import Refusal
from models.money import PER_USD, Micros
from models.pricing import as_text
from settings import settings

OWNED_SECONDS = 24 * 3600
# A client's clock, or a block's, may be a little off: what was mined this long before the intent is still for it.
GRACE_SECONDS = 60
CENT = PER_USD // 100
# Far above what anybody sends at once. The windows of the networks lie 10,000 million USDT apart, and must never meet.
MOST = 1_000_000_000 * PER_USD
AMOUNT_LOCK = 7203  # the class of the advisory locks that are taken on a network while an amount is looked for

STATUS = """
    CASE WHEN i.credited_how IS NOT NULL THEN 'credited_' || i.credited_how
        WHEN i.expires_at <= (SELECT final_at FROM network_scans s WHERE s.network = i.network) THEN 'expired'
        ELSE 'pending' END
"""
"""An intent's status. It is expired only once the network is final beyond its end, since a transfer that was mined in
time may become final, and be seen, later."""

IntentStatus = Literal["pending", "credited_auto", "credited_manual", "expired"]


class NoFreeAmount(Refusal):
    status, code = 409, "no_free_amount"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be paid, in micro-dollars, on which network to which address, and who is credited with it."""

    network: str
    payment_address: str
    amount: Micros
    account_id: int
    key_id: int | None = None
    webhook_url: str | None = None
    signature: bytes | None = None


def free_amount(network: str, wanted: Micros) -> Micros:
    """The wanted amount, or the nearest free one above it; nobody else can take it before this transaction ends.

    Raises NoFreeAmount when it would be more than 1 % or 1 USDT above, whichever is larger, or above MOST.
    """
    if wanted > MOST:
        raise NoFreeAmount(f"No more than {as_text(MOST)} USDT can be paid by one transfer; ask for less.")
    highest = wanted + max(wanted // 100, PER_USD)
    tolerance = settings.topup_tolerance_usdt
    taken = rows(
        """
        SELECT pg_advisory_xact_lock(%(lock)s, hashtext(%(network)s));
        SELECT lower(amount_window) - network_offset(%(network)s) AS lowest,
            upper(amount_window) - 1 - network_offset(%(network)s) AS highest
        FROM payment_intents
        WHERE amount_window && int8range(network_offset(%(network)s) + %(low)s, network_offset(%(network)s) + %(high)s)
            AND lifetime && tstzrange(date_trunc('second', now()),
                date_trunc('second', now()) + make_interval(secs => %(owned)s))
        ORDER BY 1
        """,
        {"lock": AMOUNT_LOCK, "network": network, "low": wanted - tolerance, "high": highest + tolerance + 1,
         "owned": _owned_seconds()},
    )  # fmt: skip
    amount = first_free(wanted, tolerance, [(window["lowest"], window["highest"]) for window in taken])
    if amount > highest:
        raise NoFreeAmount(
            f"All amounts from {as_text(wanted)} to {as_text(highest)} USDT are taken on {network} at present;"
            " choose another amount or another network."
        )
    return amount


def first_free(wanted: Micros, tolerance: Micros, taken: list[tuple[Micros, Micros]]) -> Micros:
    """The lowest amount of whole cents, from `wanted` on, whose window meets none of those taken (lowest first)."""
    amount = up_to_cents(wanted)
    for lowest, highest in taken:
        if lowest - tolerance <= amount <= highest + tolerance:
            amount = up_to_cents(highest + tolerance + 1)
    return amount


def up_to_cents(amount: Micros) -> Micros:
    """The amount, rounded up to whole cents: more decimals are not to be asked of anyone who types them."""
    return -(-amount // CENT) * CENT


def create(wanted: Wanted, amount: Micros, order_id: int | None = None) -> Row:
    """Write an intent down, in the transaction that found its amount free; returns its row.

    It begins and ends on a whole second: blocks' times are whole seconds, and so is what its client is told.
    """
    [made] = rows(
        """
        INSERT INTO payment_intents (account_id, key_id, order_id, network, payment_address, requested, amount,
            tolerance, webhook_url, signature, created_at, expires_at, owned_until)
        VALUES (%(account_id)s, %(key_id)s, %(order_id)s, %(network)s, %(address)s, %(requested)s, %(amount)s,
            %(tolerance)s, %(webhook_url)s, %(signature)s, date_trunc('second', now()),
            date_trunc('second', now()) + make_interval(secs => %(lifetime)s),
            date_trunc('second', now()) + make_interval(secs => %(owned)s))
        RETURNING *
        """,
        {
            "account_id": wanted.account_id, "key_id": wanted.key_id, "order_id": order_id, "network": wanted.network,
            "address": wanted.payment_address, "requested": wanted.amount, "amount": amount,
            "tolerance": settings.topup_tolerance_usdt, "webhook_url": wanted.webhook_url,
            "signature": wanted.signature, "lifetime": settings.topup_lifetime_seconds, "owned": _owned_seconds(),
        },
    )  # fmt: skip
    return made


def of_order(order_id: int) -> Row | None:
    """The intent that pays a website order, with the `tx_hash` of what paid it."""
    return row(
        "SELECT i.*, d.tx_hash FROM payment_intents i LEFT JOIN deposits d ON d.id = i.deposit_id"
        " WHERE i.order_id = %(id)s",
        {"id": order_id},
    )


def _owned_seconds() -> int:
    # A successor's grace must not reach back into the time of an intent that could still be paid.
    return max(OWNED_SECONDS, settings.topup_lifetime_seconds + GRACE_SECONDS)

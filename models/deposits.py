"""Deposits: every transfer that arrived, recorded and credited in one transaction, exactly once.

A transfer is known by its network, transaction and index. What fits a live intent is credited; the rest waits for an
operator. All steps work on a whole batch at a time, so their number does not grow with it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from models import audit, ledger, referrals, telegram_notices, unmatched, webhooks, website_orders
from models.database import Row, rows
from models.intents import GRACE_SECONDS
from models.money import Micros, usd

SYSTEM = "system"  # the actor of what nobody did by hand


@dataclass(frozen=True, slots=True)
class Arrival:
    """A final transfer of the real token to our wallet: micro-dollars, epoch seconds."""

    tx_hash: str
    index: int
    sender: str
    amount: Micros
    mined_at: float


@dataclass(frozen=True, slots=True)
class Recorded:
    """What a batch brought about: paid website orders to fulfil (`id`, `provider`), and webhooks to send."""

    new: int
    orders: tuple[Row, ...]
    delivery_ids: tuple[int, ...]


def record(network: str, arrivals: Sequence[Arrival]) -> Recorded:
    """Write down the transfers that are new, and credit those that fit an intent. Call inside a transaction."""
    new = _insert(network, arrivals)
    if not new:
        return Recorded(0, (), ())
    paid = _match(new)
    website_orders.lock([intent["order_id"] for intent in paid if intent["order_id"] is not None])
    paid = _take(paid)
    topups = [intent for intent in paid if intent["order_id"] is None]
    payers = {topup["account_id"] for topup in topups}
    referrals.lock_with_referrers(payers)
    ledger.top_up([(intent["account_id"], intent["deposit_id"], intent["arrived"]) for intent in paid])
    orders = [
        website_orders.take_payment(intent["order_id"], intent["arrived"])
        for intent in paid
        if intent["order_id"] is not None
    ]
    referrals.decide(payers)
    telegram_notices.tell("deposit_credited", [(topup["account_id"], topup["deposit_id"]) for topup in topups])
    _audit(topups)
    delivery_ids = [webhooks.record_topup(intent["id"]) for intent in topups if intent["webhook_url"]]
    unmatched.explain({deposit["id"] for deposit in new} - {intent["deposit_id"] for intent in paid})
    return Recorded(len(new), tuple(orders), tuple(delivery_ids))


def _insert(network: str, arrivals: Sequence[Arrival]) -> list[Row]:
    # In one order everywhere: two scanners with the same transfers would otherwise wait for each other.
    ordered = sorted(arrivals, key=lambda arrival: (arrival.tx_hash, arrival.index))
    return rows(
        """
        INSERT INTO deposits (network, tx_hash, tx_index, sender, amount, mined_at)
        SELECT %(network)s, * FROM unnest(%(hashes)s::text[], %(indexes)s::bigint[], %(senders)s::text[],
            %(amounts)s::bigint[], %(mined)s::timestamptz[])
        ON CONFLICT (network, tx_hash, tx_index) DO NOTHING
        RETURNING id, network, amount, mined_at
        """,
        {
            "network": network,
            "hashes": [arrival.tx_hash for arrival in ordered],
            "indexes": [arrival.index for arrival in ordered],
            "senders": [arrival.sender for arrival in ordered],
            "amounts": [arrival.amount for arrival in ordered],
            "mined": [datetime.fromtimestamp(arrival.mined_at, UTC) for arrival in ordered],
        },
    )


def _match(new: list[Row]) -> list[Row]:
    """The open intents that the new deposits fit, each with the first such deposit.

    No transfer fits two: the database keeps the windows of an instant apart. Should an instant be shared all the same
    (the grace before an intent's start), a website order comes first, then the exact amount.
    """
    return rows(
        """
        WITH fitting AS (
            SELECT DISTINCT ON (d.id) d.id AS deposit_id, d.amount AS arrived, d.mined_at, i.id, i.order_id
            FROM unnest(%(ids)s::bigint[], %(networks)s::text[], %(amounts)s::bigint[], %(mined)s::timestamptz[])
                AS d (id, network, amount, mined_at)
            JOIN payment_intents i ON i.network = d.network AND i.amount_window @> network_offset(d.network) + d.amount
                AND i.lifetime && tstzrange(d.mined_at, d.mined_at + make_interval(secs => %(grace)s), '[]')
                AND d.mined_at < i.expires_at AND i.deposit_id IS NULL
            ORDER BY d.id, i.order_id IS NULL, i.amount <> d.amount
        )
        SELECT DISTINCT ON (id) * FROM fitting ORDER BY id, mined_at, deposit_id
        """,
        {
            "ids": [deposit["id"] for deposit in new],
            "networks": [deposit["network"] for deposit in new],
            "amounts": [deposit["amount"] for deposit in new],
            "mined": [deposit["mined_at"] for deposit in new],
            "grace": GRACE_SECONDS,
        },
    )


def _take(matched: list[Row]) -> list[Row]:
    """Mark the intents as paid that nobody else has paid meanwhile, and their deposits as credited to them."""
    if not matched:
        return []
    # A scalar subquery on purpose: NOT EXISTS becomes a join, which PostgreSQL takes to leave one row and then begins
    # with, reading every intent there ever was.
    return rows(
        """
        WITH taken AS (
            UPDATE payment_intents i SET deposit_id = m.deposit_id, credited_how = 'auto'
            FROM unnest(%(intents)s::bigint[], %(deposits)s::bigint[]) AS m (intent_id, deposit_id)
            WHERE i.id = m.intent_id AND i.deposit_id IS NULL AND coalesce(
                (SELECT o.status FROM orders o WHERE o.id = i.order_id), 'awaiting_payment') = 'awaiting_payment'
            RETURNING i.*
        ), credited AS (
            UPDATE deposits d SET status = 'credited_auto', account_id = taken.account_id, intent_id = taken.id
            FROM taken WHERE d.id = taken.deposit_id RETURNING d.id, d.amount, d.tx_hash
        )
        SELECT taken.id, taken.public_id, taken.account_id, taken.order_id, taken.webhook_url, taken.deposit_id,
            credited.amount AS arrived, credited.tx_hash
        FROM taken JOIN credited ON credited.id = taken.deposit_id ORDER BY taken.id
        """,
        {
            "intents": [intent["id"] for intent in matched],
            "deposits": [intent["deposit_id"] for intent in matched],
        },
    )


def _audit(topups: list[Row]) -> None:
    audit.record_all(
        SYSTEM,
        "topup.credited",
        [
            (
                f"topup:{topup['public_id']}",
                {
                    "amount_usdt": usd(topup["arrived"]),
                    "account_id": topup["account_id"],
                    "deposit_id": topup["deposit_id"],
                    "tx_hash": topup["tx_hash"],
                },
            )
            for topup in topups
        ],
    )

"""Why a deposit fits no intent, in a sentence that tells an operator whose it may be."""

from collections.abc import Collection
from datetime import datetime

from models.database import Row, changed, row, rows
from models.intents import GRACE_SECONDS
from models.networks import NETWORKS
from models.pricing import as_text

# The intents that the sender may have meant, likeliest first: one of exactly this window, then the same amount on
# another network (a common slip), then the nearest amount on this network. Only those of the day are looked at.
_LIKELIEST = """
SELECT * FROM (
    SELECT i.*, o.status AS order_status, i.network = %(network)s AS same_network,
        %(amount)s BETWEEN i.amount - i.tolerance AND i.amount + i.tolerance AS fits
    FROM payment_intents i LEFT JOIN orders o ON o.id = i.order_id
    WHERE i.network = ANY(%(networks)s) AND i.created_at > %(mined_at)s - interval '25 hours'
) AS recent
WHERE same_network OR (fits AND deposit_id IS NULL AND expires_at > %(mined_at)s)
ORDER BY fits AND same_network DESC, fits DESC, deposit_id IS NOT NULL, abs(amount - %(amount)s), id DESC LIMIT 1
"""


def explain(deposit_ids: Collection[int]) -> None:
    """Write down for each of the deposits why nothing was credited."""
    found = rows(
        "SELECT id, network, amount, mined_at FROM deposits WHERE id = ANY(%(ids)s)", {"ids": list(deposit_ids)}
    )
    for deposit in found:
        changed(
            "UPDATE deposits SET reason = %(reason)s WHERE id = %(id)s",
            {"id": deposit["id"], "reason": _reason(deposit)},
        )


def _reason(deposit: Row) -> str:
    likeliest = row(_LIKELIEST, {**deposit, "networks": list(NETWORKS)})
    if likeliest is None:
        return "No top-up or website order of that day asked for such an amount."
    name = _name(likeliest)
    if not likeliest["same_network"]:
        return f"The amount of {name}, which waits for it on {likeliest['network']}: sent on another network."
    parts = [_distance(deposit["amount"], likeliest, name), *_times(deposit["mined_at"], likeliest)]
    if likeliest["deposit_id"] is not None:
        parts.append(f"paid already, by deposit {likeliest['deposit_id']}")
    elif likeliest["order_status"] not in (None, "awaiting_payment"):
        parts.append(f"which is {likeliest['order_status']}")
    return ", ".join(parts) + "."


def _name(intent: Row) -> str:
    if intent["order_id"] is not None:
        return f"website order {intent['order_id']}"
    return f"top-up {intent['public_id']}"


def _distance(amount: int, intent: Row, name: str) -> str:
    difference = amount - intent["amount"]
    if intent["fits"]:
        return f"The amount of {name}"
    return f"{as_text(abs(difference))} USDT {'over' if difference > 0 else 'under'} the amount of {name}"


def _times(mined_at: datetime, intent: Row) -> list[str]:
    late = (mined_at - intent["expires_at"]).total_seconds()
    early = (intent["created_at"] - mined_at).total_seconds()
    if late >= 0:
        return [f"expired {_duration(late)} before it was mined"]
    if early > GRACE_SECONDS:
        return [f"made {_duration(early)} after it was mined"]
    return []


def _duration(seconds: float) -> str:
    for unit, length in (("hour", 3600), ("minute", 60)):
        if seconds >= length:
            count = int(seconds // length)
            return f"{count} {unit}{'' if count == 1 else 's'}"
    return f"{int(seconds)} seconds"

"""Why a deposit fits no intent, in a sentence that tells an operator whose it may be."""

from collections.abc import Collection
from datetime import datetime

from models.database import Row, changed, row, rows
from models.intents import CENT, GRACE_SECONDS
from models.money import PER_USD
from models.networks import NETWORKS
from models.pricing import as_text

# How far off an amount may be and still be meant for an intent: in micro-dollars, or as a part of the amount if that is
# more. The wider circle costs more, and is looked at only when the first one is empty.
CIRCLES = ((PER_USD, 100), (50 * PER_USD, 2))

# The intents that the sender may have meant, likeliest first: one of exactly this window, then the same amount on
# another network (a common slip), then the nearest amount on this network. Only those of the day are looked at, and
# only near the amount, so that it costs the same however many intents there are.
_LIKELIEST = """
SELECT meant.*, o.status AS order_status
FROM (
    SELECT *, true AS same_network, amount_window @> network_offset(%(network)s) + %(amount)s AS fits
    FROM payment_intents
    WHERE network = %(network)s AND amount_window && int8range(network_offset(%(network)s) + %(amount)s - %(near)s,
            network_offset(%(network)s) + %(amount)s + %(near)s)
        AND lifetime && tstzrange(%(mined_at)s - interval '1 hour', %(mined_at)s + interval '1 hour')
    UNION ALL
    SELECT elsewhere.*, false, true FROM unnest(%(other_networks)s) AS sent (network)
    CROSS JOIN LATERAL (
        SELECT * FROM payment_intents
        WHERE network = sent.network AND amount_window @> network_offset(sent.network) + %(amount)s
            AND deposit_id IS NULL AND expires_at > %(mined_at)s
            AND lifetime && tstzrange(%(mined_at)s - interval '1 hour', %(mined_at)s + interval '1 hour')
        ORDER BY id DESC LIMIT 1  -- a join might be begun at the other end, with all intents of the day
    ) AS elsewhere
) AS meant LEFT JOIN orders o ON o.id = meant.order_id
ORDER BY fits AND same_network DESC, fits DESC, deposit_id IS NOT NULL, abs(amount - %(amount)s), meant.id DESC LIMIT 1
"""


def explain(deposit_ids: Collection[int]) -> None:
    """Write down for each of the deposits why nothing was credited."""
    found = rows(
        "SELECT id, network, amount, mined_at FROM deposits WHERE id = ANY(%(ids)s)", {"ids": list(deposit_ids)}
    )
    changed(
        "UPDATE deposits d SET reason = e.reason FROM unnest(%(ids)s::bigint[], %(reasons)s::text[]) AS e (id, reason)"
        " WHERE d.id = e.id",
        {"ids": [deposit["id"] for deposit in found], "reasons": [_reason(deposit) for deposit in found]},
    )


def _likeliest(deposit: Row) -> Row | None:
    others = [network for network in NETWORKS if network != deposit["network"]]
    for least, part in CIRCLES:
        near = max(least, deposit["amount"] // part)
        if found := row(_LIKELIEST, {**deposit, "other_networks": others, "near": near}):
            return found
    return None


def _reason(deposit: Row) -> str:
    # Thousands of these cost their sender next to nothing, and a search for each would cost us the scan's time.
    if deposit["amount"] < CENT:
        return "Dust: less than any top-up or website order can ask for."
    likeliest = _likeliest(deposit)
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

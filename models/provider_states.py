"""How the providers do, for all processes together: faults in a row, the rest that they are given, our balance there.

After several faults in a row a provider is left alone for a while (a circuit breaker): its orders wait without a call,
and when the rest is over one of them tries for all. What is told here is for operators, too.
"""

from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal

from models.database import Row, changed, row, rows

FAULTS_BEFORE_REST = 10
FIRST_REST_SECONDS = 1.0
LONGEST_REST_SECONDS = 30.0  # a fault must not cost much more than itself once it is over
PROBE_SECONDS = 40.0  # how long the one that tries for all may take, before another one does
RECENT_SECONDS = 60
LONGEST_ERROR = 300


@dataclass(frozen=True, slots=True)
class Balance:
    """What we have at a provider, in its own currency."""

    amount: Decimal
    currency: str


def rest_seconds(name: str) -> float:
    """For how long the provider is to be left alone; 0 for the one caller who may try, when its rest is over."""
    if changed(
        "UPDATE provider_states SET rests_until = now() + make_interval(secs => %(probe)s)"
        " WHERE name = %(name)s AND rests_until <= now()",
        {"name": name, "probe": PROBE_SECONDS},
    ):
        return 0.0
    found = row(
        "SELECT extract(epoch FROM rests_until - now())::float AS seconds FROM provider_states"
        " WHERE name = %(name)s AND rests_until > now()",
        {"name": name},
    )
    return float(found["seconds"]) if found else 0.0


def note_fault(name: str, error: str, retry_after: float | None) -> None:
    """Count a fault; after FAULTS_BEFORE_REST in a row, or when the provider asks for it, it is left alone."""
    changed(
        """
        INSERT INTO provider_states AS s (name, faults_in_a_row, last_error, last_error_at, rests_until)
        VALUES (%(name)s, 1, %(error)s, now(),
            CASE WHEN %(retry_after)s::float IS NULL THEN '-infinity'
                ELSE now() + make_interval(secs => %(retry_after)s) END)
        ON CONFLICT (name) DO UPDATE SET faults_in_a_row = s.faults_in_a_row + 1, last_error = %(error)s,
            last_error_at = now(),
            rests_until = CASE
                WHEN %(retry_after)s::float IS NOT NULL THEN now() + make_interval(secs => %(retry_after)s)
                WHEN s.faults_in_a_row + 1 < %(patience)s THEN s.rests_until
                ELSE now() + make_interval(
                    secs => least(%(first)s * 2 ^ least(s.faults_in_a_row + 1 - %(patience)s, 20), %(longest)s)) END
        """,
        {
            "name": name, "error": error[:LONGEST_ERROR], "retry_after": retry_after, "patience": FAULTS_BEFORE_REST,
            "first": FIRST_REST_SECONDS, "longest": LONGEST_REST_SECONDS,
        },
    )  # fmt: skip


def note_success(name: str) -> None:
    """Forget the faults: the provider has served."""
    changed(
        "UPDATE provider_states SET faults_in_a_row = 0, rests_until = '-infinity' WHERE name = %(name)s",
        {"name": name},
    )


def note_balance(name: str, balance: Balance) -> None:
    """Keep what we have at the provider, whose faults are over when the last of them is a while ago."""
    changed(
        "INSERT INTO provider_states (name, balance, currency, balance_at)"
        " VALUES (%(name)s, %(amount)s, %(currency)s, now()) ON CONFLICT (name) DO UPDATE"
        " SET balance = %(amount)s, currency = %(currency)s, balance_at = now(), faults_in_a_row ="
        " CASE WHEN provider_states.last_error_at > now() - make_interval(secs => %(recent)s)"
        " THEN provider_states.faults_in_a_row ELSE 0 END",
        {"name": name, "amount": balance.amount, "currency": balance.currency, "recent": RECENT_SECONDS},
    )


def listed(names: Collection[str]) -> list[Row]:
    """How each of the providers stands: its row, and the numbers of its open orders (in all, submitted, to review)."""
    return rows(
        """
        SELECT wanted.name, coalesce(s.faults_in_a_row, 0) AS faults_in_a_row, s.rests_until > now() AS resting,
            s.last_error, s.last_error_at, s.balance, s.currency, s.balance_at, coalesce(o.open, 0) AS open_orders,
            coalesce(o.submitted, 0) AS submitted_orders, coalesce(o.to_review, 0) AS orders_to_review
        FROM unnest(%(names)s) AS wanted (name) LEFT JOIN provider_states s ON s.name = wanted.name
        LEFT JOIN (
            SELECT provider, count(*) AS open, count(submitted_at) AS submitted,
                count(*) FILTER (WHERE submitted_at IS NOT NULL AND deadline_at < now()) AS to_review
            FROM orders WHERE status = 'processing' GROUP BY provider
        ) o ON o.provider = wanted.name
        ORDER BY wanted.name
        """,
        {"names": sorted(names)},
    )

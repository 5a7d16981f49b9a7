"""How the providers do, for all processes together: faults in a row, the rest that they are given, our balance there.

After several faults in a row a provider is left alone for a while (a circuit breaker): its orders wait without a call,
and when the rest is over one of them tries for all. What is told here is for operators, too.
"""

from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal

from models.database import Row, changed, row, rows
from models.leases import STOCK

FAULTS_BEFORE_REST = 10
PATIENCE_SECONDS = 5.0
FIRST_REST_SECONDS = 1.0
LONGEST_REST_SECONDS = 15.0  # a fault must not cost much more than itself once it is over
PROBE_SECONDS = 40.0  # how long the one that tries for all may take, before another one does
RECENT_SECONDS = 60
LONGEST_ERROR = 300

_COUNTS = "(%(probing)s OR s.rests_until <= now())"
_IS_ENOUGH = """(%(probing)s OR (s.faults_in_a_row + 1 >= %(faults)s
    AND least(s.failing_since, now() - make_interval(secs => %(took)s))
        <= now() - make_interval(secs => %(patience)s)))"""


@dataclass(frozen=True, slots=True)
class Balance:
    """What we have at a provider, in its own currency."""

    amount: Decimal
    currency: str


def take_probe(name: str) -> bool:
    """Whether the caller is the one who tries for all, now that the provider's rest is over."""
    return bool(
        changed(
            "UPDATE provider_states SET rests_until = now() + make_interval(secs => %(probe)s)"
            " WHERE name = %(name)s AND rests_in_a_row > 0 AND rests_until <= now()",
            {"name": name, "probe": PROBE_SECONDS},
        )
    )


def return_probe(name: str) -> None:
    """Let another one try for all: the caller had nothing to ask after all."""
    changed(
        "UPDATE provider_states SET rests_until = now() WHERE name = %(name)s AND rests_in_a_row > 0", {"name": name}
    )


def rest_seconds(name: str) -> float:
    """For how long the provider is to be left alone."""
    found = row(
        "SELECT extract(epoch FROM rests_until - now())::float AS seconds FROM provider_states"
        " WHERE name = %(name)s AND rests_until > now()",
        {"name": name},
    )
    return float(found["seconds"]) if found else 0.0


def note_fault(name: str, error: str, retry_after: float | None, *, took: float = 0.0, probing: bool = False) -> None:
    """Count a fault that it `took` so many seconds to meet. The provider is left alone when it asks for it, and after
    FAULTS_BEFORE_REST in a row without any success for PATIENCE_SECONDS: a few orders that it always fails at shall
    not keep it from the others.

    While it rests, only the one who tries for all is counted: calls that had begun before tell nothing new.
    """
    changed(
        f"""
        INSERT INTO provider_states AS s (name, faults_in_a_row, failing_since, last_error, last_error_at, rests_until)
        VALUES (%(name)s, 1, now() - make_interval(secs => %(took)s), %(error)s, now(),
            coalesce(now() + make_interval(secs => %(retry_after)s), '-infinity'))
        ON CONFLICT (name) DO UPDATE SET last_error = %(error)s, last_error_at = now(),
            faults_in_a_row = s.faults_in_a_row + CASE WHEN {_COUNTS} THEN 1 ELSE 0 END,
            failing_since = least(s.failing_since, now() - make_interval(secs => %(took)s)),
            rests_in_a_row = s.rests_in_a_row + CASE WHEN {_COUNTS} AND {_IS_ENOUGH} THEN 1 ELSE 0 END,
            rests_until = greatest(now() + make_interval(secs => %(retry_after)s),
                CASE WHEN {_COUNTS} AND {_IS_ENOUGH}
                    THEN now() + make_interval(secs => least(%(first)s * 2 ^ least(s.rests_in_a_row, 20), %(longest)s))
                    ELSE s.rests_until END)
        """,  # noqa: S608 - put together from literals
        {
            "name": name, "error": error[:LONGEST_ERROR], "retry_after": retry_after, "took": took, "probing": probing,
            "faults": FAULTS_BEFORE_REST, "patience": PATIENCE_SECONDS, "first": FIRST_REST_SECONDS,
            "longest": LONGEST_REST_SECONDS,
        },
    )  # fmt: skip


def note_success(name: str) -> None:
    """Forget the faults: the provider has served. Orders that it had no part of so far need not wait out its rest."""
    changed(
        """
        WITH open AS (SELECT name FROM provider_states WHERE name = %(name)s AND rests_in_a_row > 0)
        UPDATE orders SET wake_at = now() FROM open WHERE orders.provider = open.name
            AND status = 'processing' AND submitted_at IS NULL AND lease_until < now() AND wake_at > now();
        UPDATE provider_states SET faults_in_a_row = 0, failing_since = NULL, rests_in_a_row = 0,
            rests_until = '-infinity'
        WHERE name = %(name)s AND faults_in_a_row > 0
        """,
        {"name": name},
    )


def note_balance(name: str, balance: Balance) -> None:
    """Keep what we have at the provider, whose faults are over when the last of them is a while ago."""
    changed(
        "INSERT INTO provider_states (name, balance, currency, balance_at)"
        " VALUES (%(name)s, %(amount)s, %(currency)s, now()) ON CONFLICT (name) DO UPDATE"
        " SET balance = %(amount)s, currency = %(currency)s, balance_at = now()",
        {"name": name, "amount": balance.amount, "currency": balance.currency},
    )
    if row(
        "SELECT 1 FROM provider_states WHERE name = %(name)s AND faults_in_a_row > 0"
        " AND last_error_at < now() - make_interval(secs => %(recent)s)",
        {"name": name, "recent": RECENT_SECONDS},
    ):
        note_success(name)


def listed(names: Collection[str]) -> list[Row]:
    """How each of the providers stands: its row, and the numbers of its open orders (in all, submitted, to review).

    One that is not among them is listed, too, while it has open orders.
    """
    return rows(
        """
        SELECT wanted.name, wanted.name = ANY(%(names)s) AS configured,
            coalesce(s.faults_in_a_row, 0) AS faults_in_a_row,
            coalesce(s.rests_in_a_row > 0 OR s.rests_until > now(), false) AS resting,
            s.last_error, s.last_error_at, s.balance, s.currency, s.balance_at, coalesce(o.open, 0) AS open_orders,
            coalesce(o.submitted, 0) AS submitted_orders, coalesce(o.to_review, 0) AS orders_to_review
        FROM (
            SELECT provider, count(*) AS open, count(submitted_at) AS submitted,
                count(*) FILTER (WHERE submitted_at IS NOT NULL AND deadline_at < now()) AS to_review
            FROM orders WHERE status = 'processing' AND provider <> %(stock)s GROUP BY provider
        ) o FULL JOIN unnest(%(names)s::text[]) AS named (name) ON named.name = o.provider
        CROSS JOIN LATERAL (SELECT coalesce(named.name, o.provider) AS name) AS wanted
        LEFT JOIN provider_states s ON s.name = wanted.name
        ORDER BY wanted.name
        """,
        {"names": sorted(names), "stock": STOCK},
    )

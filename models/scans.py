"""How far each network has been read: one scan at a time, and a cursor that moves only with what was recorded."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from models import deposits
from models.database import Row, changed, db, retrying, row, rows
from models.deposits import Arrival, Recorded
from models.money import dumps
from models.networks import NETWORKS

# Longer than any scan takes: a scanner that was killed holds its network up no longer than this.
LEASE_SECONDS = 45


@dataclass(frozen=True, slots=True)
class ScanLease:
    """The right to read a network for LEASE_SECONDS, from `cursor` on; `token` fences off every holder before."""

    network: str
    token: int
    cursor: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a scan got to: see chains.base.Batch, whose fields these are."""

    cursor: dict[str, Any]
    head: int
    final_at: int
    caught_up: bool


class LeaseLost(Exception):
    """Another scan has taken the network over; what this one found is left to it."""


def claim(network: str) -> ScanLease | None:
    """Take a network that nobody reads at present; None when somebody does."""
    taken = row(
        """
        INSERT INTO network_scans AS s (network, lease_token, lease_until)
        VALUES (%(network)s, 1, now() + make_interval(secs => %(lease)s))
        ON CONFLICT (network) DO UPDATE
            SET lease_token = s.lease_token + 1, lease_until = now() + make_interval(secs => %(lease)s)
            WHERE s.lease_until < now()
        RETURNING lease_token, cursor
        """,
        {"network": network, "lease": LEASE_SECONDS},
    )
    # A network that was only simulated so far has an empty cursor, which means the same as none.
    return ScanLease(network, taken["lease_token"], taken["cursor"] or None) if taken else None


def finish(
    lease: ScanLease, arrivals: Sequence[Arrival], progress: Progress, endpoints: list[dict[str, Any]]
) -> Recorded:
    """Record and credit what a scan found, move the cursor behind it and give the network free, all in one.

    Raises LeaseLost, and changes nothing then.
    """

    def transaction() -> Recorded:
        with db.atomic():
            recorded = deposits.record(lease.network, arrivals)
            _move_on(lease, progress, endpoints)
            return recorded

    return retrying(transaction)


def fail(lease: ScanLease, error: str, endpoints: list[dict[str, Any]]) -> None:
    """Note why a scan found nothing, and give the network free; the cursor stays where it is."""
    changed(
        "UPDATE network_scans SET error = %(error)s, error_at = now(), endpoints = %(endpoints)s,"
        " lease_until = '-infinity' WHERE network = %(network)s AND lease_token = %(token)s",
        {"network": lease.network, "token": lease.token, "error": error, "endpoints": dumps(endpoints)},
    )


def listed() -> list[Row]:
    """How each network stands: its row of network_scans, and `lag_seconds` behind the present; None if never read."""
    found = rows(
        "SELECT network, cursor, head, final_at, caught_up, scanned_at, error, error_at, endpoints,"
        " extract(epoch FROM now() - final_at)::bigint AS lag_seconds FROM network_scans"
    )
    by_network = {scan["network"]: scan for scan in found}
    never = dict.fromkeys(("cursor", "head", "final_at", "caught_up", "scanned_at", "error", "error_at", "lag_seconds"))
    return [by_network.get(code, {"network": code, "endpoints": [], **never}) for code in NETWORKS]


def _move_on(lease: ScanLease, progress: Progress, endpoints: list[dict[str, Any]]) -> None:
    moved = changed(
        """
        UPDATE network_scans SET cursor = %(cursor)s, head = %(head)s, caught_up = %(caught_up)s,
            final_at = greatest(final_at, %(final_at)s), scanned_at = now(), endpoints = %(endpoints)s,
            error = NULL, lease_until = '-infinity'
        WHERE network = %(network)s AND lease_token = %(token)s
        """,
        {
            "network": lease.network,
            "token": lease.token,
            "cursor": dumps(progress.cursor),
            "head": progress.head,
            "caught_up": progress.caught_up,
            "final_at": datetime.fromtimestamp(progress.final_at, UTC),
            "endpoints": dumps(endpoints),
        },
    )
    if not moved:
        raise LeaseLost(lease.network)

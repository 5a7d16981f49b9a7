"""How much each key is used. The gate counts in Redis, at no extra round trip; from there the counts are moved here."""

from dataclasses import dataclass
from datetime import UTC, datetime

from models.database import changed, row
from models.tables import epoch

DIRTY_KEYS = "usage:dirty"  # the Redis set of key ids that have counts to move


def counter(key_id: int | str) -> str:
    """The Redis hash of a key's counts since they were last moved: `n`, `first`, `last` (epoch), `endpoint`."""
    return f"usage:{key_id}"


@dataclass(frozen=True, slots=True)
class Usage:
    """Requests of a key that passed the gate; times in epoch seconds."""

    request_count: int
    first_used_at: int | None
    last_used_at: int | None
    last_endpoint: str | None

    @classmethod
    def read(cls, counts: dict[bytes, bytes]) -> "Usage":
        """What a Redis counter holds."""
        if b"n" not in counts:
            return cls(0, None, None, None)
        return cls(int(counts[b"n"]), int(counts[b"first"]), int(counts[b"last"]), counts[b"endpoint"].decode())

    def plus(self, later: "Usage") -> "Usage":
        """This usage and what came after it."""
        return Usage(
            self.request_count + later.request_count,
            self.first_used_at or later.first_used_at,
            later.last_used_at or self.last_used_at,
            later.last_endpoint or self.last_endpoint,
        )


def stored(key_id: int) -> Usage:
    """What the database knows of a key's use."""
    found = row(
        "SELECT request_count, first_used_at, last_used_at, last_endpoint FROM api_keys WHERE id = %(id)s",
        {"id": key_id},
    )
    if found is None:
        return Usage(0, None, None, None)
    first, last = found["first_used_at"], found["last_used_at"]
    return Usage(
        found["request_count"], epoch(first) if first else None, epoch(last) if last else None, found["last_endpoint"]
    )


def add(key_id: int, more: Usage) -> None:
    """Add counts that were taken out of Redis."""
    changed(
        """
        UPDATE api_keys SET request_count = request_count + %(n)s, first_used_at = coalesce(first_used_at, %(first)s),
            last_used_at = %(last)s, last_endpoint = %(endpoint)s WHERE id = %(id)s
        """,
        {
            "id": key_id, "n": more.request_count, "endpoint": more.last_endpoint,
            "first": datetime.fromtimestamp(more.first_used_at or 0, UTC),
            "last": datetime.fromtimestamp(more.last_used_at or 0, UTC),
        },
    )  # fmt: skip

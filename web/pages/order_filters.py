"""The fields above the list of orders: a status, a reference of the client's own, and the days between two."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime

from flask import request
from flask_babel import gettext as _

from models.listings import OrderFilter
from models.tables import epoch

STATUSES = ("processing", "completed", "partial", "failed", "expired", "cancelled", "refunded")
LONGEST_REFERENCE = 64
DAY_SECONDS = 86_400


@dataclass(frozen=True, slots=True)
class Filters:
    """The fields as they were sent; empty ones leave a condition out. Days are those of UTC, both inclusive."""

    status: str
    reference: str
    first_day: str
    last_day: str

    @classmethod
    def sent(cls) -> Filters:
        """What came with the request."""
        return cls(*(request.args.get(name, "").strip() for name in ("status", "reference", "from", "to")))

    @property
    def given(self) -> dict[str, str]:
        """The fields that say something, for the address of the list's next page."""
        fields = {"status": self.status, "reference": self.reference, "from": self.first_day, "to": self.last_day}
        return {name: value for name, value in fields.items() if value}

    def read(self, account_id: int) -> tuple[OrderFilter | None, list[str]]:
        """Which orders of the account are wanted; None with the reasons when that cannot be understood."""
        faults = []
        if self.status and self.status not in STATUSES:
            faults.append(_("There is no such status."))
        if len(self.reference) > LONGEST_REFERENCE or not self.reference.isprintable():
            faults.append(_("A reference has at most %(most)s characters for people to read.", most=LONGEST_REFERENCE))
        first, last = _midnight(self.first_day), _midnight(self.last_day)
        if (self.first_day and first is None) or (self.last_day and last is None):
            faults.append(_("Write a day as in 2026-01-31."))
        if faults:
            return None, faults
        wanted = OrderFilter(
            account_id=account_id,
            status=self.status or None,
            client_reference=self.reference or None,
            created_from=first,
            created_to=None if last is None else last + DAY_SECONDS - 1,
        )
        return wanted, []


def _midnight(text: str) -> int | None:
    """The beginning of a day, in epoch seconds; None for what is no day."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return epoch(datetime(day.year, day.month, day.day, tzinfo=UTC))

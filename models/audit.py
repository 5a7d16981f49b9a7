"""Who did what: one row for every action of an operator, written in the action's own transaction."""

from collections.abc import Sequence
from typing import Any

from models.database import rows
from models.money import dumps
from models.paging import Cursor, Page, page_of
from models.tables import AuditEntry


def record(actor: str, action: str, subject: str, **details: Any) -> int:
    """Write one audit row; returns its id. `details` must hold no key, secret or item: all operators can read them."""
    [written] = rows(
        "INSERT INTO api_audit_log (actor, action, subject, details)"
        " VALUES (%(actor)s, %(action)s, %(subject)s, %(details)s) RETURNING id",
        {"actor": actor, "action": action, "subject": subject, "details": dumps(details)},
    )
    return int(written["id"])


def record_all(actor: str, action: str, entries: Sequence[tuple[str, dict[str, Any]]]) -> None:
    """Write one audit row for each (subject, details)."""
    rows(
        "INSERT INTO api_audit_log (actor, action, subject, details)"
        " SELECT %(actor)s, %(action)s, * FROM unnest(%(subjects)s::text[], %(details)s::jsonb[])",
        {
            "actor": actor,
            "action": action,
            "subjects": [subject for subject, _ in entries],
            "details": [dumps(details) for _, details in entries],
        },
    )


def update(entry_id: int, **details: Any) -> None:
    """Replace the details of an action that goes on over many transactions, in each of them."""
    sql = "UPDATE api_audit_log SET details = %(details)s WHERE id = %(id)s"
    rows(sql, {"id": entry_id, "details": dumps(details)})


def listed(cursor: Cursor) -> Page[AuditEntry]:
    """The actions, newest first."""
    return page_of(AuditEntry.select(), AuditEntry.id, cursor)

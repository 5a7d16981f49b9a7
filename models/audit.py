"""Who did what: one row for every action of an operator, written in the action's own transaction."""

from typing import Any

from models.tables import AuditEntry
from models.database import db
from models.money import dumps


def record(actor: str, action: str, subject: str, **details: Any) -> None:
    """Write one audit row. `details` must hold no key, secret or item: they are shown to every operator."""
    db.execute_sql(
        "INSERT INTO api_audit_log (actor, action, subject, details) VALUES (%(actor)s, %(action)s, %(subject)s, %(d)s)",
        {"actor": actor, "action": action, "subject": subject, "d": dumps(details)},
    )


def newest(limit: int) -> list[AuditEntry]:
    """The last actions, newest first."""
    return list(AuditEntry.select().order_by(AuditEntry.id.desc()).limit(limit))

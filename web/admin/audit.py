"""What operators did."""

from flask import Blueprint, Response

from models import audit
from models.operators import Role
from models.tables import AuditEntry, epoch
from web.admin import shapes
from web.admin.guard import needs
from web.admin.lists import ListQuery, page_answer
from web.bodies import read_query
from web.reference.described import described


def route(admin: Blueprint) -> None:
    """Add this resource's address."""
    admin.get("/api-audit")(list_actions)


@needs(Role.READ)
@described(shapes.Action, is_page=True, query=ListQuery)
def list_actions() -> Response:
    """The actions of all operators."""
    return page_answer(audit.listed(read_query(ListQuery).position), view)


def view(entry: AuditEntry) -> shapes.Action:
    """One action."""
    return {
        "id": entry.id,
        "created_at": epoch(entry.created_at),
        "actor": entry.actor,
        "action": entry.action,
        "subject": entry.subject,
        "details": entry.details,
    }

"""Whether the books are right."""

from flask import Blueprint, Response

from models import invariants
from models.connections import patience
from models.operators import Role
from web.admin.guard import needs
from web.answers import answer

CHECK_PATIENCE_SECONDS = 600.0


def route(admin: Blueprint) -> None:
    """Add this resource's address."""
    admin.get("/ledger/check")(check_ledger)


@needs(Role.READ)
def check_ledger() -> Response:
    """Add everything up from the journal."""
    with patience(CHECK_PATIENCE_SECONDS):
        return answer(invariants.check_all())

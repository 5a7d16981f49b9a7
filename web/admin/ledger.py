"""Whether the books are right."""

from flask import Blueprint, Response

from models import invariants
from models.operators import Role
from web.admin import shapes
from web.admin.guard import needs
from web.answers import answer
from web.reference.described import described


def route(admin: Blueprint) -> None:
    """Add this resource's address."""
    admin.get("/ledger/check")(check_ledger)


@needs(Role.READ)
@described(shapes.LedgerReport)
def check_ledger() -> Response:
    """Add everything up from the journal."""
    return answer(invariants.check_all())

"""How the providers do, and what we have there."""

from flask import Blueprint, Response

from models import provider_states
from models.database import Row
from models.operators import Role
from models.tables import epoch
from settings import settings
from web.admin import order_shapes as shapes
from web.admin.guard import needs
from web.answers import answer
from web.reference.described import described


def route(admin: Blueprint) -> None:
    """Add this resource's addresses."""
    admin.get("/providers")(list_providers)


@needs(Role.READ)
@described(shapes.Provider, is_page=True)
def list_providers() -> Response:
    """All that are configured."""
    return answer({"items": views(), "next_cursor": None})


def views() -> list[shapes.Provider]:
    """Each configured provider, and any other that open orders wait for, as operators see it."""
    return [_view(state) for state in provider_states.listed(settings.configured_providers)]


def _view(state: Row) -> shapes.Provider:
    return {
        "provider": state["name"],
        "state": _state(state),
        "balance": state["balance"],
        "currency": state["currency"],
        "balance_at": epoch(state["balance_at"]) if state["balance_at"] else None,
        "open_orders": state["open_orders"],
        "submitted_orders": state["submitted_orders"],
        "orders_to_review": state["orders_to_review"],
        "faults_in_a_row": state["faults_in_a_row"],
        "last_error": state["last_error"],
        "last_error_at": epoch(state["last_error_at"]) if state["last_error_at"] else None,
    }


def _state(state: Row) -> shapes.ProviderState:
    if not state["configured"]:
        return "not configured"
    if state["resting"]:
        return "down"
    if state["faults_in_a_row"]:
        return "failing"
    if state["balance"] is not None and state["balance"] < settings.provider_low_balance:
        return "low balance"
    return "up" if state["balance_at"] else "not asked yet"

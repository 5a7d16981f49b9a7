"""The operators' API."""

from flask import Blueprint, request
from werkzeug.exceptions import NotFound

from web.admin import accounts, api_keys, audit, guard, ledger, operators, orders, products, stock, webhooks
from web.bodies import LARGEST_ID

admin = Blueprint("admin", __name__, url_prefix="/api/admin")


@admin.before_request
def enter() -> None:
    """Every address of the operators' API is for those with a token."""
    guard.enter()
    if any(isinstance(value, int) and value > LARGEST_ID for value in (request.view_args or {}).values()):
        raise NotFound  # PostgreSQL would take such an id for a fault


for resource in (api_keys, accounts, products, stock, operators, orders, webhooks, audit, ledger):
    resource.route(admin)

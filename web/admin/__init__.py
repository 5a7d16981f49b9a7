"""The operators' API."""

from flask import Blueprint

from web.admin import (
    accounts,
    api_keys,
    audit,
    chains,
    deposits,
    guard,
    ledger,
    operators,
    orders,
    products,
    providers,
    referrals,
    simulation,
    stock,
    topups,
    webhooks,
    website_orders,
)

admin = Blueprint("admin", __name__, url_prefix="/api/admin")


@admin.before_request
def enter() -> None:
    """Every address of the operators' API is for those with a token."""
    guard.enter()


for resource in (
    api_keys,
    accounts,
    products,
    stock,
    operators,
    orders,
    website_orders,
    topups,
    deposits,
    chains,
    providers,
    referrals,
    webhooks,
    audit,
    ledger,
    simulation,
):
    resource.route(admin)

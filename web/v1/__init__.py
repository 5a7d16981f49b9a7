"""v1, the wholesale API."""

from flask import Blueprint, request

from web import gate
from web.v1 import balance, health, networks, orders, products, topups, usage, webhooks

v1 = Blueprint("v1", __name__, url_prefix="/api/v1")


@v1.before_request
def enter() -> None:
    """Every address of v1 is for callers with a key."""
    gate.enter(request.headers.get("X-API-Key"), "v1", "Send your key in the header X-API-Key.")


for resource in (health, products, balance, networks, topups, orders, webhooks, usage):
    resource.route(v1)

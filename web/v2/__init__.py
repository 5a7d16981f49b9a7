"""v2, the Telegram goods API."""

from flask import Blueprint, request

from web import gate
from web.v2 import account, orders

v2 = Blueprint("v2", __name__, url_prefix="/api/v2")


@v2.before_request
def enter() -> None:
    """Every address of v2 is for callers with a key."""
    gate.enter(_bearer_key(), "v2", "Send your key in the header Authorization, as Bearer and the key.")


def _bearer_key() -> str | None:
    """The key of the header; None without one. What is no bearer key comes back as a text that is nobody's key."""
    given = request.headers.get("Authorization", "").strip()
    scheme, _, key = given.partition(" ")
    if scheme.lower() == "bearer" and key.strip():
        return key.strip()
    return f"{given} is not a bearer key" if given else None


for resource in (account, orders):
    resource.route(v2)

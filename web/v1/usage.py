"""How much the key was used."""

from flask import Blueprint, Response, g

from jobs.redis_calls import redis_client
from models import accounts, usage
from models.money import usd
from web.answers import answer
from web.reference.described import described
from web.v1 import shapes


def route(v1: Blueprint) -> None:
    """Add this resource's address."""
    v1.get("/usage")(show_usage)


@described(shapes.Usage)
def show_usage() -> Response:
    """The key's requests, this one included, and its account's spending."""
    fresh = usage.Usage.read(redis_client().hgetall(usage.counter(g.caller.key_id)))  # type: ignore[arg-type]
    used = usage.stored(g.caller.key_id).plus(fresh)
    account = accounts.get(g.caller.account_id)
    return answer({
        "request_count": used.request_count,
        "last_used_at": used.last_used_at,
        "first_used_at": used.first_used_at,
        "last_endpoint": used.last_endpoint,
        "total_spent_usdt": usd(account["topped_up"] - account["available"]),
        "total_refunded_usdt": usd(account["refunded"]),
    })  # fmt: skip

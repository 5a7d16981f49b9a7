"""The first page: what the account has, has spent and has bought, and what happened on it."""

from datetime import UTC, datetime, time
from typing import Any

from flask import Blueprint, Response, g, render_template
from flask_babel import gettext as _

from models import account_figures, activity, balance_history, referrals
from models.database import Row
from models.money import usd
from models.paging import Cursor
from web import moves
from web.answers import answer
from web.pages import live

SHOWN = 10  # movements
SECONDS = 3
ACTIVITY = "/dashboard/activity"
_ACTIVITY_TEMPLATE = "dashboard/_activity.html"


def route(pages: Blueprint) -> None:
    """Add these addresses."""
    pages.get("")(show_overview)
    pages.get("/activity")(show_activity)
    pages.get("/balance-history")(show_balance_history)


def show_overview() -> str:
    """The page."""
    account_id = g.visitor.account_id
    return render_template(
        "dashboard/overview.html",
        figures=account_figures.of(account_id),
        brought=referrals.figures(account_id),
        has_referrals=referrals.is_on(),
        days=balance_history.of(account_id),
        activity=live.part(_ACTIVITY_TEMPLATE, ACTIVITY, SECONDS, moves=_recent()),
    )


def show_activity() -> Response:
    """What happened last, which the page asks for by itself."""
    return live.answer(_ACTIVITY_TEMPLATE, ACTIVITY, SECONDS, moves=_recent())


def show_balance_history() -> Response:
    """What the chart is drawn of: days as epoch seconds (their start, UTC), and dollars as exact numbers."""
    days = balance_history.of(g.visitor.account_id)
    return answer({
        "day": [int(datetime.combine(day["day"], time(), UTC).timestamp()) for day in days],
        "balance_usd": [usd(day["balance"]) for day in days],
        "spent_usd": [usd(day["spent"]) for day in days],
    })  # fmt: skip


def _recent() -> list[dict[str, Any]]:
    page = activity.of(g.visitor.account_id, Cursor(None, SHOWN))
    return [_view(move) for move in page.items]


def _view(move: Row) -> dict[str, Any]:
    kind = moves.TYPES[move["kind"]]
    return {
        "kind": kind,
        "title": moves.title(move, _),
        "amount": move["amount"],
        "status": move["status"] if kind == "order" else None,
        "at": move["created_at"],
        "address": _address(move),
    }


def _address(move: Row) -> str | None:
    """The page that tells more."""
    if move["order_id"] is not None:
        return f"/dashboard/orders/{move['order_id']}"
    return f"/dashboard/topups/{move['topup_id']}" if move["topup_id"] is not None else None

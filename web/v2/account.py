"""The account behind a key: its balance, its figures, and what happened on it."""

from typing import cast

from flask import Blueprint, Response, g
from pydantic import Field

from models import account_figures, accounts, activity, referrals, telegram_orders
from models.database import Row
from models.errors import Refusal
from models.ledger import AccountNotFound
from models.money import usd
from models.paging import Cursor
from models.tables import epoch
from web import moves
from web.answers import answer
from web.bodies import USUAL_PER_PAGE, PageLimit, QueryModel, read_query
from web.reference.described import described
from web.v2 import shapes


class UserNotFound(Refusal):
    status, code = 404, "user_not_found"


class ActivityQuery(QueryModel):
    """Which part of the list."""

    cursor: str | None = Field(None, max_length=100)
    limit: PageLimit = USUAL_PER_PAGE


def route(v2: Blueprint) -> None:
    """Add these resources' addresses."""
    v2.get("/balance")(show_balance)
    v2.get("/stats")(show_stats)
    v2.get("/activity")(list_activity)


@described(shapes.TelegramBalance, refusals=(UserNotFound,))
def show_balance() -> Response:
    """What the account has: in all, set aside for open orders, and free to spend."""
    try:
        account = accounts.get(g.caller.account_id)
    except AccountNotFound:
        raise _no_user() from None
    return answer({
        "ok": True,
        "balance_usd": usd(account["available"] + account["held"]),
        "locked_usd": usd(account["held"]),
        "available_usd": usd(account["available"]),
    })  # fmt: skip


@described(shapes.Stats, refusals=(UserNotFound,))
def show_stats() -> Response:
    """The account's figures since it was opened, its orders on every surface included."""
    try:
        figures = account_figures.of(g.caller.account_id)
    except AccountNotFound:
        raise _no_user() from None
    brought = referrals.figures(g.caller.account_id)
    return answer({
        "ok": True,
        "available_usd": usd(figures["available"]),
        "locked_usd": usd(figures["held"]),
        "total_topup_usd": usd(figures["topped_up"]),
        "total_spent_usd": usd(figures["topped_up"] - figures["available"]),
        "total_orders": figures["orders"],
        "completed_orders": figures["completed"],
        "stars_bought": figures["stars"],
        "premium_bought": figures["premium"],
        "ton_bought": figures["ton"],
        "referrals": brought["friends"],
        "referral_earned_usd": usd(brought["earned"]),
        "referral_link": referrals.link(g.caller.account_id),
    })  # fmt: skip


@described(shapes.Activity, query=ActivityQuery)
def list_activity() -> Response:
    """Orders, top-ups and refunds, newest first."""
    query = read_query(ActivityQuery)
    page = activity.of(g.caller.account_id, Cursor.read(query.cursor, query.limit))
    return answer({"ok": True, "items": [_view(move) for move in page.items], "next_cursor": page.next_cursor})


def _view(move: Row) -> shapes.Move:
    kind = moves.TYPES[move["kind"]]
    return {
        "type": cast(shapes.MoveType, kind),
        "id": move["order_id"] or move["topup_id"] or move["id"],
        "title": moves.title(move, moves.in_english),
        "amount_usd": usd(move["amount"]),
        "status": cast(shapes.OrderStatus, telegram_orders.status(move)) if kind == "order" else "completed",
        "created_at": epoch(move["created_at"]),
    }


def _no_user() -> UserNotFound:
    return UserNotFound("The account of this key does not exist any more; ask the operator for a new key.")

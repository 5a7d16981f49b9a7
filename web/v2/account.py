"""The account behind a key: its balance, its figures, and what happened on it."""

from typing import Annotated, Any

from flask import Blueprint, Response, g
from pydantic import Field

from models import account_figures, accounts, activity, referrals, telegram_orders
from models.database import Row
from models.errors import Refusal
from models.leases import in_units
from models.ledger import AccountNotFound
from models.money import usd
from models.paging import Cursor
from models.tables import epoch
from models.telegram_goods import MONTHS_BY_SKU, Good, good_of
from web.answers import answer
from web.bodies import QueryInt, QueryModel, read_query

# What a movement of the journal is to a client; a hold is the order itself.
_TYPES = {
    "hold": "order", "topup": "topup", "credit": "topup", "release": "refund", "refund": "refund",
    "referral": "referral", "referral_reversal": "referral",
}  # fmt: skip


class UserNotFound(Refusal):
    status, code = 404, "user_not_found"


class ActivityQuery(QueryModel):
    """Which part of the list."""

    cursor: str | None = Field(None, max_length=100)
    limit: Annotated[QueryInt, Field(ge=1, le=200)] = 50


def route(v2: Blueprint) -> None:
    """Add these resources' addresses."""
    v2.get("/balance")(show_balance)
    v2.get("/stats")(show_stats)
    v2.get("/activity")(list_activity)


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


def list_activity() -> Response:
    """Orders, top-ups and refunds, newest first."""
    query = read_query(ActivityQuery)
    page = activity.of(g.caller.account_id, Cursor.read(query.cursor, query.limit))
    return answer({"ok": True, "items": [_view(move) for move in page.items], "next_cursor": page.next_cursor})


def _view(move: Row) -> dict[str, Any]:
    kind = _TYPES[move["kind"]]
    return {
        "type": kind,
        "id": move["order_id"] or move["topup_id"] or move["id"],
        "title": _title(kind, move),
        "amount_usd": usd(move["amount"]),
        "status": telegram_orders.status(move) if kind == "order" else "completed",
        "created_at": epoch(move["created_at"]),
    }


def _title(kind: str, move: Row) -> str:
    if kind == "order":
        return _goods(move)
    if kind == "refund":
        return f"Refund: {_goods(move)}"
    if kind == "referral":
        return "Reward for a friend" if move["amount"] > 0 else "Reward taken back"
    if move["kind"] == "topup":
        return "Top-up"
    return "Credit by an operator" if move["amount"] > 0 else "Debit by an operator"


def _goods(move: Row) -> str:
    """What an order is about, in words."""
    good, amount, target = good_of(move["sku"]), in_units(move["quantity"], move["parts"]), f"@{move['recipient']}"
    if good is Good.STARS:
        return f"{amount} Stars for {target}"
    if good is Good.TON:
        return f"{amount} TON for {target}"
    if good is Good.PREMIUM and amount == 1:
        return f"Premium for {MONTHS_BY_SKU[move['sku']]} months for {target}"
    return f"{amount} × {move['product_name']}"  # noqa: RUF001 - a multiplication sign is meant


def _no_user() -> UserNotFound:
    return UserNotFound("The account of this key does not exist any more; ask the operator for a new key.")

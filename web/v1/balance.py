"""The account's balance and its statement."""

from typing import Literal

from flask import Blueprint, Response, g, request
from pydantic import Field

from models import accounts
from models.money import usd
from models.paging import Cursor
from web import statement
from web.answers import answer
from web.bodies import USUAL_PER_PAGE, PageLimit, QueryModel, read_query
from web.reference.described import described
from web.v1 import shapes


class StatementQuery(QueryModel):
    """Which part of the statement, in which form."""

    cursor: str | None = Field(None, max_length=100)
    limit: PageLimit = USUAL_PER_PAGE
    format: Literal["json", "csv"] | None = None


def route(v1: Blueprint) -> None:
    """Add this resource's addresses."""
    v1.get("/balance")(show_balance)
    v1.get("/balance/transactions")(list_transactions)


@described(shapes.Balance)
def show_balance() -> Response:
    """What the account has, holds and has spent."""
    account = accounts.get(g.caller.account_id)
    return answer({
        "balance_usdt": usd(account["available"]),
        "held_usdt": usd(account["held"]),
        "total_spent_usdt": usd(account["topped_up"] - account["available"]),
        "total_topup_usdt": usd(account["topped_up"]),
        "total_refunded_usdt": usd(account["refunded"]),
        "currency": "USDT",
    })  # fmt: skip


@described(shapes.Transactions, query=StatementQuery, media=(("text/csv", "The whole statement, a line a movement."),))
def list_transactions() -> Response:
    """The statement: a page as JSON, or all of it as CSV."""
    query = read_query(StatementQuery)
    cursor = Cursor.read(query.cursor, query.limit)
    if query.format == "csv" or (query.format is None and _prefers_csv()):
        return statement.as_csv(g.caller.account_id)
    page = accounts.statement(g.caller.account_id, cursor)
    return answer({"items": [statement.view(transfer) for transfer in page.items], "next_cursor": page.next_cursor})


def _prefers_csv() -> bool:
    return request.accept_mimetypes.best_match(["application/json", "text/csv"]) == "text/csv"

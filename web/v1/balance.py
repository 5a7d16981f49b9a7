"""The account's balance and its statement."""

import csv
import io
from collections.abc import Iterator
from typing import Annotated, Any, Literal

from flask import Blueprint, Response, g, request
from pydantic import Field

from models import accounts
from models.database import Row
from models.money import usd
from models.paging import Cursor
from models.tables import epoch
from web.answers import answer
from web.bodies import QueryInt, QueryModel, read_query

COLUMNS = ("id", "created_at", "kind", "amount_usdt", "order_id", "topup_id", "note")
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # noqa: RUF001 - spreadsheets read them too


class StatementQuery(QueryModel):
    """Which part of the statement, in which form."""

    cursor: str | None = Field(None, max_length=100)
    limit: Annotated[QueryInt, Field(ge=1, le=200)] = 50
    format: Literal["json", "csv"] | None = None


def route(v1: Blueprint) -> None:
    """Add this resource's addresses."""
    v1.get("/balance")(show_balance)
    v1.get("/balance/transactions")(list_transactions)


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


def list_transactions() -> Response:
    """The statement: a page as JSON, or all of it as CSV."""
    query = read_query(StatementQuery)
    cursor = Cursor.read(query.cursor, query.limit)
    if query.format == "csv" or (query.format is None and _prefers_csv()):
        headers = {"Content-Disposition": "attachment; filename=transactions.csv"}
        return Response(_csv(accounts.whole_statement(g.caller.account_id)), mimetype="text/csv", headers=headers)
    page = accounts.statement(g.caller.account_id, cursor)
    return answer({"items": [_view(transfer) for transfer in page.items], "next_cursor": page.next_cursor})


def _prefers_csv() -> bool:
    return request.accept_mimetypes.best_match(["application/json", "text/csv"]) == "text/csv"


def _view(transfer: Row) -> dict[str, Any]:
    return {
        "id": transfer["id"],
        "created_at": epoch(transfer["created_at"]),
        "kind": transfer["kind"],
        "amount_usdt": usd(transfer["amount"]),
        "order_id": transfer["order_id"],
        "topup_id": transfer["topup_id"],
        "note": transfer["note"],
    }


def _csv(statement: Iterator[Row]) -> Iterator[str]:
    line = io.StringIO()
    writer = csv.writer(line)
    writer.writerow(COLUMNS)
    for transfer in statement:
        values = _view(transfer)
        values["note"] = _no_formula(values["note"] or "")
        writer.writerow([values[column] for column in COLUMNS])
        if line.tell() > 16_384:
            yield line.getvalue()
            line.seek(0)
            line.truncate()
    yield line.getvalue()


def _no_formula(text: str) -> str:
    # A spreadsheet would run a note that begins like a formula.
    return "'" + text if text.startswith(FORMULA_STARTS) else text

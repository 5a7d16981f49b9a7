"""The statement of an account, as the wholesale API and the dashboard give it."""

import csv
import io
from collections.abc import Iterator
from typing import Any

from flask import Response

from models import accounts
from models.database import Row
from models.money import usd
from models.tables import epoch

COLUMNS = ("id", "created_at", "kind", "amount_usdt", "order_id", "topup_id", "note")
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # noqa: RUF001 - spreadsheets read them too


def as_csv(account_id: int) -> Response:
    """The whole statement, streamed: a file to be kept."""
    headers = {"Content-Disposition": "attachment; filename=transactions.csv"}
    return Response(_lines(accounts.whole_statement(account_id)), mimetype="text/csv", headers=headers)


def view(transfer: Row) -> dict[str, Any]:
    """One movement, as clients see it."""
    return {
        "id": transfer["id"],
        "created_at": epoch(transfer["created_at"]),
        "kind": transfer["kind"],
        "amount_usdt": usd(transfer["amount"]),
        "order_id": transfer["order_id"],
        "topup_id": transfer["topup_id"],
        "note": transfer["note"],
    }


def _lines(transfers: Iterator[Row]) -> Iterator[str]:
    line = io.StringIO()
    writer = csv.writer(line)
    writer.writerow(COLUMNS)
    for transfer in transfers:
        values = view(transfer)
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

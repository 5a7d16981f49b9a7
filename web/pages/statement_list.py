"""The statement: every movement of the account's money, and all of it as a file."""

from flask import Blueprint, Response, g, render_template, request
from flask_babel import lazy_gettext as _

from models import accounts
from models.paging import Cursor
from web import statement

ROWS = 50

KINDS = {
    "hold": _("Order"),
    "release": _("Order returned"),
    "refund": _("Refund"),
    "topup": _("Top-up"),
    "credit": _("By an operator"),
    "referral": _("Reward for a friend"),
    "referral_reversal": _("Reward taken back"),
}


def route(pages: Blueprint) -> None:
    """Add these addresses."""
    pages.get("/statement")(show_statement)
    pages.get("/statement.csv")(download_statement)


def show_statement() -> str:
    """A part of it, newest first."""
    page = accounts.statement(g.visitor.account_id, Cursor.read(request.args.get("cursor"), ROWS))
    return render_template("dashboard/statement.html", page=page, kinds=KINDS, is_first="cursor" not in request.args)


def download_statement() -> Response:
    """All of it as CSV, in the form that the API gives it in."""
    return statement.as_csv(g.visitor.account_id)

"""Friends that the visitor brought: his link, what he earned, and how each of them stands. No friend is named."""

from flask import Blueprint, g, render_template, request

from models import referrals
from models.paging import Cursor
from settings import settings

ROWS = 50


def route(pages: Blueprint) -> None:
    """Add this address."""
    pages.get("/referrals")(show_referrals)


def show_referrals() -> str:
    """The page."""
    account_id = g.visitor.account_id
    page = referrals.friends_of(account_id, Cursor.read(request.args.get("cursor"), ROWS))
    return render_template(
        "dashboard/referrals.html",
        link=referrals.link(account_id),
        figures=referrals.figures(account_id),
        page=page,
        is_on=referrals.is_on(),
        is_first="cursor" not in request.args,
        reward=settings.referral_reward_usd,
        least=settings.referral_min_topup_usd,
    )

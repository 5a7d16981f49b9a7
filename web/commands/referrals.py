"""`flask referrals`: friends that clients have brought."""

from typing import Any, get_args

import click

from models import referrals
from web.admin.referrals import ReferralsQuery, view
from web.admin.shapes import ReferralState
from web.bodies import validate
from web.commands.operator_command import Id, OperatorGroup, actor, given
from web.commands.output import paged, read_position, show, show_page


@click.group("referrals", cls=OperatorGroup)
def group() -> None:
    """Friends that clients have brought."""


@group.command("list")
@click.option("--state", type=click.Choice(get_args(ReferralState)))
@click.option("--referrer", "referrer_id", type=Id, help="Friends of this account.")
@paged
def list_referrals(limit: int, cursor: str | None, **wanted: Any) -> None:
    """Show referrals, newest friend first; those that are held wait for a decision."""
    query = validate(ReferralsQuery, given(**wanted))
    page = referrals.listed(query.state, query.referrer_id, read_position(limit, cursor))
    show_page(page, view, ("friend_id", "referrer_id", "state", "reward_usd", "created_at", "reason"))


@group.command("reward")
@click.argument("friend_id", type=Id)
def reward(friend_id: int) -> None:
    """Pay the reward for FRIEND_ID, which is held."""
    referrals.decide_by_hand(actor(), friend_id, is_rewarded=True)
    show(view(referrals.get(friend_id)))


@group.command("refuse")
@click.argument("friend_id", type=Id)
def refuse(friend_id: int) -> None:
    """Refuse the reward for FRIEND_ID, which is held."""
    referrals.decide_by_hand(actor(), friend_id, is_rewarded=False)
    show(view(referrals.get(friend_id)))

"""Friends that clients have brought, and the rewards that wait for somebody to look at them."""

from typing import Annotated

from flask import Blueprint, Response, g
from pydantic import Field

from models import referrals
from models.database import Row
from models.money import usd
from models.operators import Role
from models.referrals import NotHeld, ReferralNotFound
from models.tables import epoch
from web.admin import shapes
from web.admin.guard import needs
from web.admin.lists import ListQuery, page_answer
from web.answers import answer
from web.bodies import LARGEST_ID, QueryInt, read_query
from web.reference.described import described


class ReferralsQuery(ListQuery):
    """Which referrals."""

    state: shapes.ReferralState | None = None
    referrer_id: Annotated[QueryInt, Field(ge=1, le=LARGEST_ID)] | None = None


def route(admin: Blueprint) -> None:
    """Add this resource's addresses."""
    admin.get("/referrals")(list_referrals)
    admin.post("/referrals/<int:friend_id>/reward")(reward)
    admin.post("/referrals/<int:friend_id>/refuse")(refuse)


@needs(Role.READ)
@described(shapes.Referral, is_page=True, query=ReferralsQuery)
def list_referrals() -> Response:
    """The referrals, newest friend first."""
    query = read_query(ReferralsQuery)
    return page_answer(referrals.listed(query.state, query.referrer_id, query.position), view)


@needs(Role.OPERATE)
@described(shapes.Referral, refusals=(ReferralNotFound, NotHeld))
def reward(friend_id: int) -> Response:
    """Pay the reward that is held."""
    referrals.decide_by_hand(g.operator.name, friend_id, is_rewarded=True)
    return answer(view(referrals.get(friend_id)))


@needs(Role.OPERATE)
@described(shapes.Referral, refusals=(ReferralNotFound, NotHeld))
def refuse(friend_id: int) -> Response:
    """Refuse the reward that is held."""
    referrals.decide_by_hand(g.operator.name, friend_id, is_rewarded=False)
    return answer(view(referrals.get(friend_id)))


def view(referral: Row) -> shapes.Referral:
    """A referral as operators see it; both ids are accounts."""
    return {
        "friend_id": referral["friend_id"],
        "referrer_id": referral["referrer_id"],
        "state": referral["state"],
        "reason": referral["reason"],
        "reward_usd": usd(referral["reward"]),
        "created_at": epoch(referral["created_at"]),
        "decided_at": epoch(referral["decided_at"]) if referral["decided_at"] else None,
    }

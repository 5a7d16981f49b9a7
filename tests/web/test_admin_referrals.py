"""Referrals as operators and clients see them."""

from decimal import Decimal

from flask.testing import FlaskClient

from models import referrals, telegram_bots
from models.database import db
from tests.desk import make_desk
from tests.factories import exact, make_v2_shop
from tests.friends import account, connect, top_up


def test_operators_decide_on_what_is_held(client: FlaskClient) -> None:
    desk, referrer, friends = make_desk(client), account(), [account(), account()]
    top_up(referrer, "50", sender="one wallet")
    for friend in friends:
        connect(friend, referrer)
        top_up(friend, "50", sender="one wallet")

    listed = exact(desk.get("/referrals", state="held"))["items"]
    assert [(held["friend_id"], held["referrer_id"]) for held in listed] == [
        (friend, referrer) for friend in friends[::-1]
    ]
    assert listed[0]["reason"] == referrals.SAME_PAYER

    paid = desk.post(f"/referrals/{friends[0]}/reward", {})
    refused = desk.post(f"/referrals/{friends[1]}/refuse", {})

    assert (exact(paid)["state"], exact(paid)["reward_usd"]) == ("rewarded", Decimal(1))
    assert exact(refused)["state"] == "refused"
    assert desk.post(f"/referrals/{friends[0]}/refuse", {}).json["error"] == "not_held"
    assert desk.post(f"/referrals/{2**63}/refuse", {}).status_code == 404
    assert desk.post("/referrals/1/reward", {}).json["error"] == "referral_not_found"
    actions = [entry["action"] for entry in desk.get("/api-audit").json["items"]]
    assert actions[:2] == ["referral.refuse", "referral.reward"]


def test_a_client_sees_friends_earnings_and_link(client: FlaskClient) -> None:
    shop, friend = make_v2_shop(client, "0"), account()
    assert shop.get("/stats").json["referral_link"] is None  # nobody knows the bot's name yet

    with db.connection_context():
        telegram_bots.note(1, "sutler_bot")
    connect(friend, shop.account_id)
    top_up(friend, "25")

    stats = exact(shop.get("/stats"))
    assert (stats["referrals"], stats["referral_earned_usd"]) == (1, Decimal(1))
    assert stats["referral_link"].startswith("https://t.me/sutler_bot?start=ref_")
    assert (stats["available_usd"], stats["total_spent_usd"]) == (Decimal(1), Decimal(0))
    [reward] = exact(shop.get("/activity"))["items"]
    assert (reward["type"], reward["title"], reward["amount_usd"]) == ("referral", "Reward for a friend", Decimal(1))

"""What is said of its own accord: the end of an order, money that arrived, friends. In words, when it is sent."""

import time
from typing import Any

from jobs.telegram.dialogs import topups as topup_words
from jobs.telegram.goods import goods
from jobs.telegram.language import Voice, dollars
from models import accounts, deposit_credits, orders, referrals, topups
from models.database import Row
from models.networks import NETWORKS
from models.tables import epoch
from settings import settings

COUNTDOWN = "topup_countdown"
LATE_SECONDS = 3600  # how long after its end a top-up is watched that may still turn out to be paid in time


def words(voice: Voice, message: Row) -> dict[str, Any]:
    """What a notice of the outbox says."""
    if message["kind"] == COUNTDOWN:
        return _countdown(voice, message)
    text = _TEXTS[message["kind"]](voice, message["subject"])
    return {"text": text, "buttons": topup_words.buttons(voice)}


def _countdown(voice: Voice, message: Row) -> dict[str, Any]:
    topup = topups.of_intent(message["subject"])
    # A network that is not read any more lets no top-up of it expire.
    is_over = epoch(topup["expires_at"]) + LATE_SECONDS < time.time()
    again = {"countdown": topup["id"]} if topup["status"] == "pending" and not is_over else {}
    return {"text": topup_words.instructions(voice, topup), "buttons": topup_words.buttons(voice),
            "caption_of": message["message_id"], **again}  # fmt: skip


def _order_ended(voice: Voice, order_id: int) -> str:
    order = orders.get(order_id)
    values = {"id": order_id, "goods": goods(voice, order), "price": dollars(order["price"])}
    if order["status"] == "completed":
        return voice.text("✅ <b>Order #{id} is delivered</b>\n{goods}", **values)
    values["refunded"] = dollars(order["refunded"])
    if order["status"] == "partial":
        return voice.text(
            "☑️ <b>Order #{id} is delivered in part</b>\n{goods}\n\n{refunded} USD are back on your balance.", **values
        )
    if order["status"] == "refunded":
        return voice.text(
            "↩️ <b>Order #{id} is refunded</b>\n{goods}\n\n{refunded} USD are back on your balance.", **values
        )
    return voice.text(
        "❌ <b>Order #{id} was not delivered</b>\n{goods}\n\n{reason}\n{refunded} USD are back on your balance.",
        reason=order["error_message"] or "", **values,
    )  # fmt: skip


def _deposit_credited(voice: Voice, deposit_id: int) -> str:
    deposit = deposit_credits.get(deposit_id)
    return voice.text(
        "✅ <b>{amount} USDT have arrived</b> on {network}.\nBalance: <b>{available} USD</b>",
        amount=dollars(deposit["amount"]),
        network=NETWORKS[deposit["network"]].name,
        available=dollars(accounts.get(deposit["account_id"])["available"]),
    )


def _referral_joined(voice: Voice, friend_id: int) -> str:
    return voice.text(
        "👥 A friend has joined by your link. You get {reward} USD once their first top-up is {least} USD or more.",
        least=dollars(settings.referral_min_topup_usd),
        reward=dollars(settings.referral_reward_usd),
    )


def _referral_rewarded(voice: Voice, friend_id: int) -> str:
    return voice.text(
        "🎉 <b>+{reward} USD</b>: a friend you invited has topped up.",
        reward=dollars(referrals.get(friend_id)["reward"]),
    )


def _friend_rewarded(voice: Voice, friend_id: int) -> str:
    return voice.text(
        "🎉 Thank you for your first top-up! The friend who invited you has received {reward} USD."
        " Invite friends of your own: /referral",
        reward=dollars(referrals.get(friend_id)["reward"]),
    )


_TEXTS = {
    "order_ended": _order_ended,
    "deposit_credited": _deposit_credited,
    "referral_joined": _referral_joined,
    "referral_rewarded": _referral_rewarded,
    "friend_rewarded": _friend_rewarded,
}

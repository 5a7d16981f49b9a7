"""Friends that clients bring. The first top-up of a friend decides, once, whether it is rewarded.

    pending → rewarded | held | refused        held → rewarded | refused, by an operator        rewarded → refused

What a thief would try: to bring himself, or two of his accounts each other (a friend who has brought his referrer,
however indirectly, is refused); to pay for many accounts of his from one address (held, until an operator has looked:
customers of one exchange share an address, too); to take the top-up back (the reward goes with it).
"""

from collections.abc import Collection

from models import audit, ledger, telegram_bots, telegram_notices
from models.database import Row, changed, db, retrying, row, rows
from models.errors import Refusal
from models.money import usd
from models.paging import Cursor, Page
from settings import settings

START = "ref_"  # what a link's start parameter begins with
LOCK = 7204  # the advisory lock of those who link accounts: two at once could make a loop
SIMULATED_SENDER = "simulated"  # of made-up transfers, which all come from nobody

TOO_SMALL = "The first top-up was below the least that is rewarded."
SAME_PAYER = "The first top-up came from an address that has paid for the referrer, or for another of his friends."
TAKEN_BACK = "The top-up was taken back."

_LINK = """
WITH RECURSIVE above AS (
    SELECT id, 1 AS depth FROM accounts WHERE referral_code = %(code)s AND NOT website
    UNION ALL
    SELECT r.referrer_id, depth + 1 FROM above JOIN referrals r ON r.friend_id = above.id
)
INSERT INTO referrals (friend_id, referrer_id)
SELECT friend.id, above.id FROM above JOIN accounts friend ON friend.id = %(friend_id)s
WHERE above.depth = 1 AND friend.topped_up = 0 AND friend.id NOT IN (SELECT id FROM above)
ON CONFLICT (friend_id) DO NOTHING
RETURNING referrer_id
"""

# A friend's first top-up, and whether whoever paid it has paid for the referrer, or for another of his friends.
_FIRST_TOPUPS = """
SELECT r.friend_id, r.referrer_id, first.amount, first.sender <> %(nobody)s AND EXISTS (
    SELECT 1 FROM deposits other WHERE other.sender = first.sender AND other.account_id IS NOT NULL
        AND other.account_id <> r.friend_id AND (other.account_id = r.referrer_id OR EXISTS (
            SELECT 1 FROM referrals sibling
            WHERE sibling.friend_id = other.account_id AND sibling.referrer_id = r.referrer_id))
) AS same_payer
FROM referrals r CROSS JOIN LATERAL (
    SELECT t.amount, d.sender FROM transfers t JOIN deposits d ON d.id = t.deposit_id
    WHERE t.account_id = r.friend_id AND t.kind = 'topup' ORDER BY t.id LIMIT 1
) AS first
WHERE r.friend_id = ANY(%(friend_ids)s) AND r.state = 'pending'
"""


class ReferralNotFound(Refusal):
    status, code = 404, "referral_not_found"


class NotHeld(Refusal):
    status, code = 409, "not_held"


def is_on() -> bool:
    """Whether friends are rewarded at all."""
    return settings.referral_reward_usd > 0


def link(account_id: int) -> str | None:
    """The address that brings a friend to the bot; None without a bot, or a reward."""
    bot = telegram_bots.username() if is_on() else None
    if bot is None:
        return None
    [account] = rows("SELECT referral_code FROM accounts WHERE id = %(id)s", {"id": account_id})
    return f"https://t.me/{bot}?start={START}{account['referral_code']}"


def connect(friend_id: int, code: str) -> bool:
    """Note who brought an account, by the code of his link; whether this call did it.

    It does nothing for a code that is nobody's, a second link, one's own, one that would close a loop, or after a
    first top-up.
    """
    if not is_on():
        return False
    with db.atomic():
        changed("SELECT pg_advisory_xact_lock(%(lock)s)", {"lock": LOCK})
        ledger.lock([friend_id])  # a top-up that arrives just now is before or after this, and not both
        linked = row(_LINK, {"code": code, "friend_id": friend_id})
        if linked is not None:
            telegram_notices.tell("referral_joined", [(linked["referrer_id"], friend_id)])
    return linked is not None


def lock_with_referrers(account_ids: Collection[int]) -> None:
    """Lock accounts that are about to be topped up, and whoever may be rewarded for it, in one order."""
    found = rows(
        "SELECT referrer_id FROM referrals WHERE friend_id = ANY(%(ids)s) AND state = 'pending'",
        {"ids": list(account_ids)},
    )
    if found:
        ledger.lock({*account_ids, *(referral["referrer_id"] for referral in found)})


def decide(account_ids: Collection[int]) -> None:
    """Reward, hold or refuse the referrals of accounts that were just topped up, in the same transaction."""
    first_topups = rows(_FIRST_TOPUPS, {"friend_ids": list(account_ids), "nobody": SIMULATED_SENDER})
    for topup in first_topups:
        if topup["amount"] < settings.referral_min_topup_usd or not is_on():
            _refuse(topup["friend_id"], TOO_SMALL)
        elif topup["same_payer"]:
            _set(topup["friend_id"], "held", reason=SAME_PAYER)
        else:
            _reward(topup)


def take_back(actor: str, friend_id: int) -> None:
    """Undo the reward for a friend whose top-ups an operator has taken away, if the referrer still has it.

    Call in the transaction that took them away.
    """
    referral = row(
        "SELECT r.* FROM referrals r JOIN accounts friend ON friend.id = r.friend_id"
        " WHERE r.friend_id = %(id)s AND r.state = 'rewarded' AND friend.topped_up < %(least)s FOR UPDATE OF r",
        {"id": friend_id, "least": settings.referral_min_topup_usd},
    )
    if referral is None:
        return
    amount, referrer_id = referral["reward"], referral["referrer_id"]
    ledger.lock([referrer_id])
    has = row("SELECT available FROM accounts WHERE id = %(id)s", {"id": referrer_id})
    done = has is not None and has["available"] >= amount
    if done:
        _refuse(friend_id, TAKEN_BACK)
        ledger.take_reward_back(referrer_id, friend_id, amount)
    audit.record(actor, "referral.take_back", f"account:{referrer_id}", friend_id=friend_id, amount_usdt=usd(amount),
                 done=done)  # fmt: skip


def decide_by_hand(actor: str, friend_id: int, *, is_rewarded: bool) -> None:
    """Reward or refuse a referral that is held. Raises ReferralNotFound, NotHeld."""

    def transaction() -> None:
        with db.atomic():
            referral = row("SELECT * FROM referrals WHERE friend_id = %(id)s FOR UPDATE", {"id": friend_id})
            if referral is None:
                raise ReferralNotFound(f"Nobody brought account {friend_id}.")
            if referral["state"] != "held":
                raise NotHeld(f"The referral is {referral['state']}; only one that is held waits for a decision.")
            if is_rewarded:
                _reward(referral)
            else:
                _refuse(friend_id, str(referral["reason"]))
            word = "reward" if is_rewarded else "refuse"
            audit.record(actor, f"referral.{word}", f"account:{referral['referrer_id']}", friend_id=friend_id)

    retrying(transaction)


def listed(state: str | None, referrer_id: int | None, cursor: Cursor) -> Page[Row]:
    """Referrals, newest friend first, each with its `id`, the friend's account."""
    found = rows(
        "SELECT *, friend_id AS id FROM referrals WHERE (%(state)s IS NULL OR state = %(state)s)"
        " AND (%(referrer_id)s IS NULL OR referrer_id = %(referrer_id)s)"
        " AND (%(below)s IS NULL OR friend_id < %(below)s)"
        " ORDER BY friend_id DESC LIMIT %(limit)s",
        {"state": state, "referrer_id": referrer_id, "below": cursor.below, "limit": cursor.limit + 1},
    )
    return Page.cut(found, cursor.limit)


def friends_of(referrer_id: int, cursor: Cursor) -> Page[Row]:
    """What a referrer may see of his friends, newest first; `id` is their number in the order in which they came."""
    found = rows(
        "SELECT number AS id, state, reward, created_at, decided_at FROM ("
        " SELECT *, row_number() OVER (ORDER BY created_at, friend_id) AS number FROM referrals"
        " WHERE referrer_id = %(referrer_id)s) AS friends"
        " WHERE %(below)s IS NULL OR number < %(below)s ORDER BY number DESC LIMIT %(limit)s",
        {"referrer_id": referrer_id, "below": cursor.below, "limit": cursor.limit + 1},
    )
    return Page.cut(found, cursor.limit)


def get(friend_id: int) -> Row:
    """The referral of a friend. Raises ReferralNotFound."""
    found = row("SELECT *, friend_id AS id FROM referrals WHERE friend_id = %(id)s", {"id": friend_id})
    if found is None:
        raise ReferralNotFound(f"Nobody brought account {friend_id}.")
    return found


def figures(referrer_id: int) -> Row:
    """How many friends an account has brought (`friends`), and what it has `earned` by them, in micro-dollars."""
    [found] = rows(
        "SELECT count(*) AS friends, coalesce(sum(reward), 0)::bigint AS earned FROM referrals"
        " WHERE referrer_id = %(id)s",
        {"id": referrer_id},
    )
    return found


def _reward(referral: Row) -> None:
    amount = settings.referral_reward_usd
    _set(referral["friend_id"], "rewarded", reward=amount)
    ledger.reward(referral["referrer_id"], referral["friend_id"], amount)
    telegram_notices.tell("referral_rewarded", [(referral["referrer_id"], referral["friend_id"])])
    telegram_notices.tell("friend_rewarded", [(referral["friend_id"], referral["friend_id"])])


def _refuse(friend_id: int, reason: str) -> None:
    _set(friend_id, "refused", reason=reason)


def _set(friend_id: int, state: str, *, reason: str | None = None, reward: int = 0) -> None:
    changed(
        "UPDATE referrals SET state = %(state)s, reason = %(reason)s, reward = %(reward)s, decided_at = now()"
        " WHERE friend_id = %(id)s",
        {"id": friend_id, "state": state, "reason": reason, "reward": reward},
    )

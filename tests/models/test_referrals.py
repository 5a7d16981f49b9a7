"""Referrals: who counts as brought, and what a friend's first top-up brings about."""

import itertools
import threading
from collections.abc import Callable
from functools import partial

import pytest

from models import accounts, deposits, ledger, manual_credits, referrals
from models.database import db, row
from models.ledger import BalanceTooLow
from models.paging import Cursor
from models.referrals import NotHeld, ReferralNotFound
from tests.friends import account, available, code_of, connect, referral, top_up, transfer_for
from tests.payers import NETWORK

USD = 1_000_000


def test_the_first_top_up_of_a_friend_rewards_the_referrer_once() -> None:
    referrer, friend = account(), account()
    assert connect(friend, referrer)

    top_up(friend, "10")
    top_up(friend, "500")

    assert referral(friend) == ("rewarded", USD)
    assert available(referrer) == USD
    assert available(friend) >= 510 * USD
    with db.connection_context():
        assert referrals.figures(referrer) == {"friends": 1, "earned": USD}
        moved = row("SELECT * FROM transfers WHERE kind = 'referral'")
        whole = accounts.get(referrer)
    assert (moved["reference"], moved["source"], moved["target"]) == (f"referral:{friend}", "referrals", "available")
    assert whole["topped_up"] == USD  # so that what is spent stays the difference


def test_a_first_top_up_below_the_least_is_never_rewarded() -> None:
    referrer, friend = account(), account()
    connect(friend, referrer)

    top_up(friend, "9.99")
    top_up(friend, "100")

    assert referral(friend) == ("refused", 0)
    assert available(referrer) == 0


def test_two_first_top_ups_in_one_batch_reward_once() -> None:
    referrer, friend = account(), account()
    connect(friend, referrer)

    with db.connection_context(), db.atomic():
        both = [transfer_for(friend, "50"), transfer_for(friend, "70")]
        deposits.record(NETWORK, both)

    assert referral(friend) == ("rewarded", USD)
    assert available(referrer) == USD


def test_nobody_brings_himself() -> None:
    alone = account()

    assert not connect(alone, alone)
    assert referral(alone) == ("none", 0)


def test_a_second_link_changes_nothing() -> None:
    first, second, friend = account(), account(), account()
    assert connect(friend, first)

    assert not connect(friend, second)
    assert not connect(friend, first)
    with db.connection_context():
        assert referrals.get(friend)["referrer_id"] == first


def test_after_a_first_top_up_nobody_was_brought() -> None:
    referrer, friend = account(), account()
    top_up(friend, "50")

    assert not connect(friend, referrer)


@pytest.mark.parametrize("length", [2, 3, 5])
def test_friends_cannot_bring_each_other_in_a_loop(length: int) -> None:
    circle = [account() for _ in range(length)]
    for referrer, friend in itertools.pairwise(circle):
        assert connect(friend, referrer)

    assert not connect(circle[0], circle[-1])


def test_two_who_follow_each_others_link_at_once_make_no_loop() -> None:
    for _ in range(5):
        one, other = account(), account()
        together(partial(connect, one, other), partial(connect, other, one))

        assert sorted([referral(one)[0], referral(other)[0]]) == ["none", "pending"]


def test_a_link_and_a_first_top_up_at_once_leave_the_books_right() -> None:
    for _ in range(5):
        referrer, friend = account(), account()
        together(partial(connect, friend, referrer), partial(top_up, friend, "20"))

        state, reward = referral(friend)
        assert (state, reward) in {("none", 0), ("rewarded", USD)}
        assert available(referrer) == reward


def test_two_first_top_ups_at_once_reward_once() -> None:
    for _ in range(5):
        referrer, friend = account(), account()
        connect(friend, referrer)
        together(partial(top_up, friend, "20"), partial(top_up, friend, "30"))

        assert available(referrer) == USD


def test_friends_and_their_referrers_who_top_up_at_once_never_lock_each_other_out() -> None:
    for _ in range(5):
        first, second, third = account(), account(), account()
        connect(second, first)
        connect(third, second)
        together(*(partial(top_up, one, "20") for one in (third, second, first)))

        assert (referral(second)[0], referral(third)[0]) == ("rewarded", "rewarded")


@pytest.mark.parametrize("code", ["", "nobody", "0" * 12, "%", "'", "x" * 500])
def test_a_code_of_nobody_brings_nobody(code: str) -> None:
    friend = account()

    with db.connection_context():
        assert not referrals.connect(friend, code)


def test_a_top_up_from_the_referrers_own_address_is_held() -> None:
    referrer, friend = account(), account()
    top_up(referrer, "50", sender="one wallet")
    connect(friend, referrer)

    top_up(friend, "50", sender="one wallet")

    assert referral(friend) == ("held", 0)
    assert available(referrer) == 50 * USD


def test_of_many_friends_who_are_paid_for_from_one_address_one_is_rewarded() -> None:
    referrer = account()
    friends = [account() for _ in range(4)]
    for friend in friends:
        connect(friend, referrer)
        top_up(friend, "10", sender="one wallet")

    assert [referral(friend)[0] for friend in friends] == ["rewarded", "held", "held", "held"]
    assert available(referrer) == USD


def test_an_address_that_paid_for_strangers_too_is_an_exchange_and_does_no_harm() -> None:
    stranger, referrer, friend = account(), account(), account()
    top_up(stranger, "50", sender="an exchange")
    connect(friend, referrer)

    top_up(friend, "50", sender="an exchange")

    assert referral(friend) == ("rewarded", USD)


def test_made_up_transfers_come_from_nobody() -> None:
    referrer, friend = account(), account()
    top_up(referrer, "50", sender=referrals.SIMULATED_SENDER)
    connect(friend, referrer)

    top_up(friend, "50", sender=referrals.SIMULATED_SENDER)

    assert referral(friend) == ("rewarded", USD)


@pytest.fixture
def held() -> tuple[int, int]:
    """A referrer, and a friend whose reward is held."""
    referrer, friend = account(), account()
    top_up(referrer, "50", sender="one wallet")
    connect(friend, referrer)
    top_up(friend, "50", sender="one wallet")
    return referrer, friend


def test_an_operator_pays_a_reward_that_is_held_once(held: tuple[int, int]) -> None:
    referrer, friend = held
    with db.connection_context():
        referrals.decide_by_hand("ann", friend, is_rewarded=True)
        with pytest.raises(NotHeld):
            referrals.decide_by_hand("ann", friend, is_rewarded=True)

    assert referral(friend) == ("rewarded", USD)
    assert available(referrer) == 51 * USD


def test_an_operator_refuses_a_reward_that_is_held(held: tuple[int, int]) -> None:
    referrer, friend = held
    with db.connection_context():
        referrals.decide_by_hand("ann", friend, is_rewarded=False)
        with pytest.raises(ReferralNotFound):
            referrals.decide_by_hand("ann", referrer, is_rewarded=True)
        assert [entry["id"] for entry in referrals.listed("refused", referrer, Cursor(None, 10)).items] == [friend]

    assert available(referrer) == 50 * USD


def test_a_top_up_that_is_taken_away_takes_the_reward_with_it() -> None:
    referrer, friend = account(), account()
    connect(friend, referrer)
    top_up(friend, "10")

    with db.connection_context():
        manual_credits.credit("ann", friend, -10 * USD, "paid back", "")

    assert referral(friend) == ("refused", 0)
    assert available(referrer) == 0


def test_a_reward_that_is_spent_is_left_and_on_record() -> None:
    referrer, friend = account(), account()
    connect(friend, referrer)
    top_up(friend, "10")

    with db.connection_context():
        ledger.credit("ann", referrer, -USD, "spent", "")
        manual_credits.credit("ann", friend, -10 * USD, "paid back", "")
        entry = row("SELECT * FROM api_audit_log WHERE action = 'referral.take_back'")

    assert referral(friend) == ("rewarded", USD)
    assert (entry["subject"], entry["details"]["done"]) == (f"account:{referrer}", False)


def test_a_debit_that_leaves_enough_or_is_refused_leaves_the_reward() -> None:
    referrer, friend = account(), account()
    connect(friend, referrer)
    top_up(friend, "100")

    with db.connection_context():
        manual_credits.credit("ann", friend, -20 * USD, "a correction", "")
        with pytest.raises(BalanceTooLow):
            manual_credits.credit("ann", friend, -5000 * USD, "too much", "")

    assert referral(friend) == ("rewarded", USD)


def test_the_code_of_an_account_is_its_own() -> None:
    codes = {code_of(account()) for _ in range(50)}

    assert len(codes) == 50
    assert all(len(code) == 12 and code.isalnum() for code in codes)


def together(*acts: Callable[[], object]) -> None:
    """Do things at once; each must end, and none may fail."""
    faults: list[BaseException] = []
    ready = threading.Barrier(len(acts))

    def run(act: Callable[[], object]) -> None:
        ready.wait(10)
        try:
            act()
        except BaseException as fault:  # noqa: BLE001 - it is the test's to tell
            faults.append(fault)

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert not faults

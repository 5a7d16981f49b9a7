"""Recording transfers: each counts once, a batch at a time, and what fits nothing says why."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from peewee import IntegrityError

from models import accounts, deposits, intents, topups
from models.database import changed, db, rows
from models.deposits import Recorded
from models.intents import Wanted
from tests.payers import NETWORK, arrival

USDT = 1_000_000


@pytest.fixture
def payer() -> Iterator[int]:
    """An account to credit, and a connection for the test."""
    with db.connection_context():
        yield accounts.create("a payer")


def ask(account_id: int, amount: str = "100", network: str = NETWORK) -> Any:
    """A new top-up."""
    with db.atomic():
        return topups.request(Wanted(network, "x", int(Decimal(amount) * USDT), account_id))


def record(*arrivals: deposits.Arrival, network: str = NETWORK) -> Recorded:
    """Record a batch, as a scan does."""
    with db.atomic():
        return deposits.record(network, arrivals)


def credited(account_id: int) -> float:
    """Dollars that were credited."""
    return float(accounts.get(account_id)["topped_up"]) / USDT


def on_record() -> list[tuple[str, int, str, str | None]]:
    """The deposits, first one first: transaction, index, status and reason."""
    return [
        tuple(found.values()) for found in rows("SELECT tx_hash, tx_index, status, reason FROM deposits ORDER BY id")
    ]


def reasons() -> list[str | None]:
    """Why the deposits were not credited, first one first."""
    return [reason for _, _, _, reason in on_record()]


def grow_older(interval: timedelta) -> None:
    """Let every intent have been made so much earlier."""
    changed(
        "UPDATE payment_intents SET created_at = created_at - %(by)s, expires_at = expires_at - %(by)s,"
        " owned_until = owned_until - %(by)s",
        {"by": interval},
    )


def test_a_batch_credits_each_payer_and_keeps_the_rest(payer: int) -> None:
    other = accounts.create("another")
    ask(payer, "100")
    ask(payer, "200")
    ask(other, "300")

    recorded = record(*(arrival(amount, tx=f"tx{amount}") for amount in ("300", "100", "555", "200.01")))

    assert (recorded.new, recorded.orders, recorded.delivery_ids) == (4, (), ())
    assert (credited(payer), credited(other)) == (300.01, 300)
    assert {tx: status for tx, _, status, _ in on_record()} == {
        "tx100": "credited_auto", "tx200.01": "credited_auto", "tx300": "credited_auto", "tx555": "unmatched",
    }  # fmt: skip


def test_an_empty_batch_is_nothing(payer: int) -> None:
    assert record() == Recorded(0, (), ())


def test_what_comes_again_counts_once_within_a_batch_and_across_batches(payer: int) -> None:
    ask(payer, "100")
    ask(payer, "200")
    first = arrival("100", tx="a")

    assert record(first, first, arrival("200", tx="b"), first).new == 2
    assert record(first, arrival("200", tx="b"), arrival("5", tx="c")).new == 1
    assert record(first).new == 0
    assert credited(payer) == 300
    assert len(on_record()) == 3


def test_several_transfers_of_one_transaction_are_told_apart_by_their_index(payer: int) -> None:
    ask(payer, "100")
    ask(payer, "200")

    record(arrival("100", tx="a", index=7), arrival("200", tx="a", index=2**40), arrival("5", tx="a", index=0))

    assert credited(payer) == 300
    assert [index for _, index, _, _ in on_record()] == [0, 7, 2**40]


def test_one_hash_on_two_networks_is_two_transfers(payer: int) -> None:
    ask(payer, "100")
    ask(payer, "100", "usdt_ton")

    record(arrival("100", tx="a"))
    record(arrival("100", tx="a"), network="usdt_ton")

    assert credited(payer) == 200


def test_of_two_transfers_for_one_top_up_the_one_that_was_mined_first_pays_it(payer: int) -> None:
    topup = ask(payer)

    record(arrival("100", tx="a"), arrival("99.99", tx="b", seconds_ago=20), arrival("100", tx="c", seconds_ago=10))

    assert credited(payer) == 99.99
    told = f"The amount of top-up {topup['public_id']}, paid already, by deposit 2."
    assert on_record() == [("a", 0, "unmatched", told), ("b", 0, "credited_auto", None), ("c", 0, "unmatched", told)]


def test_a_late_transfer_is_its_own_top_ups_although_a_new_one_has_the_amount(payer: int) -> None:
    other = accounts.create("another")
    ask(payer)
    grow_older(timedelta(hours=25))
    ask(other)

    record(arrival("100", tx="late", seconds_ago=24.5 * 3600), arrival("100", tx="new"))

    assert (credited(payer), credited(other)) == (100, 100)


def test_who_asks_again_within_the_first_minute_of_a_freed_amount_is_not_given_an_earlier_payment(payer: int) -> None:
    other = accounts.create("another")
    ask(payer)
    changed(
        "UPDATE payment_intents SET created_at = created_at - interval '24 hours', owned_until = now() - interval '5 s',"
        " expires_at = now() - interval '5 s'"
    )
    ask(other)

    record(arrival("100", seconds_ago=20))

    assert (credited(payer), credited(other)) == (100, 0)


def test_a_batch_is_all_or_nothing(payer: int) -> None:
    ask(payer)

    with pytest.raises(IntegrityError):
        record(arrival("100", tx="a"), arrival("0", tx="b"))

    assert credited(payer) == 0
    assert on_record() == []


def test_the_number_of_statements_does_not_grow_with_the_batch(payer: int, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(41):
        ask(payer, f"{100 + number}")
    counted = [0, 0]
    real = db.execute_sql

    def counting(which: int) -> Any:
        def execute(*args: Any, **kwargs: Any) -> Any:
            counted[which] += 1
            return real(*args, **kwargs)

        return execute

    monkeypatch.setattr(db, "execute_sql", counting(0))
    record(arrival("100", tx="one"))
    monkeypatch.setattr(db, "execute_sql", counting(1))
    record(*(arrival(f"{101 + number}", tx=f"tx{number}") for number in range(40)))
    monkeypatch.undo()

    assert credited(payer) == sum(range(100, 141))
    assert counted[0] == counted[1]


AGAIN = {
    "a transfer": """INSERT INTO deposits (network, tx_hash, tx_index, sender, amount, mined_at)
        SELECT network, tx_hash, tx_index, sender, amount, mined_at FROM deposits""",
    "a credit": """INSERT INTO transfers (kind, source, target, account_id, amount, reference, deposit_id)
        SELECT kind, source, target, account_id, amount, reference, deposit_id FROM transfers WHERE kind = 'topup'""",
    "a deposit of nobody": "UPDATE deposits SET account_id = NULL",
    "a top-up that nothing paid": "UPDATE payment_intents SET deposit_id = NULL",
}


@pytest.mark.parametrize("what", AGAIN)
def test_the_database_refuses_to_have_it_twice_or_by_half(payer: int, what: str) -> None:
    ask(payer)
    record(arrival("100"))

    with pytest.raises(IntegrityError):
        db.execute_sql(AGAIN[what])


# Why a deposit waits, as operators read it.


def test_the_nearest_amount_is_named(payer: int) -> None:
    ask(payer, "50")
    first, second = ask(payer, "100"), ask(payer, "110")

    record(arrival("104", tx="a"))
    record(arrival("107.50", tx="b"))
    record(arrival("200", tx="c"))
    record(arrival("300", tx="d"))

    assert reasons() == [
        f"4.00 USDT over the amount of top-up {first['public_id']}.",
        f"2.50 USDT under the amount of top-up {second['public_id']}.",
        f"90.00 USDT over the amount of top-up {second['public_id']}.",
        "No top-up or website order of that day asked for such an amount.",
    ]


def test_an_open_top_up_of_another_network_is_named_before_a_near_one_of_this(payer: int) -> None:
    elsewhere = ask(payer, "100", "usdt_ton")
    ask(payer, "101")

    record(arrival("100"))

    told = f"The amount of top-up {elsewhere['public_id']}, which waits for it on usdt_ton: sent on another network."
    assert reasons() == [told]


def test_a_top_up_of_another_network_that_is_paid_or_over_is_not_named(payer: int) -> None:
    ask(payer, "100", "usdt_ton")
    record(arrival("100", tx="a"), network="usdt_ton")
    ask(payer, "200", "usdt_ton")

    record(arrival("100", tx="b"))
    grow_older(timedelta(hours=2))
    record(arrival("200", tx="c"))

    none = "No top-up or website order of that day asked for such an amount."
    assert reasons() == [None, none, none]


def test_one_that_fits_but_for_its_time_is_named_with_how_much_too_late(payer: int) -> None:
    topup = ask(payer)
    for hours, minutes in ((1, 1), (2, 30)):
        grow_older(timedelta(hours=hours, minutes=minutes))
        record(arrival("100", tx=f"{hours}"))

    name = f"The amount of top-up {topup['public_id']}, expired"
    assert reasons() == [f"{name} 1 minute before it was mined.", f"{name} 2 hours before it was mined."]


def test_one_from_the_day_before_yesterday_is_named_no_more(payer: int) -> None:
    ask(payer)
    grow_older(timedelta(hours=26))

    record(arrival("100"))

    assert reasons() == ["No top-up or website order of that day asked for such an amount."]
    assert intents.OWNED_SECONDS == 24 * 3600

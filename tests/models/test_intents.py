"""Amounts that belong to one payer alone: the nearest free one is found, and the database refuses what overlaps."""

from collections.abc import Iterator

import pytest
from peewee import IntegrityError

from models import accounts, intents
from models.database import db, rows
from models.intents import NoFreeAmount, Wanted, first_free, up_to_cents
from tests.payers import NETWORK, NETWORKS

USDT = 1_000_000
CENT = USDT // 100
TOLERANCE = CENT


@pytest.fixture
def account() -> Iterator[int]:
    """An account to credit, and a connection for the test."""
    with db.connection_context():
        yield accounts.create("a payer")


def write(
    account: int, amount: int = 100 * USDT, *, network: str = NETWORK, tolerance: int = TOLERANCE,
    hours_ago: float = 0, seconds_ago: float = 0,
) -> int:  # fmt: skip
    """Write an intent into the database as it is given, one that lives for an hour; its id."""
    [made] = rows(
        """
        INSERT INTO payment_intents (account_id, network, payment_address, requested, amount, tolerance, created_at,
            expires_at, owned_until)
        SELECT %(account)s, %(network)s, 'x', %(amount)s, %(amount)s, %(tolerance)s, made.at,
            made.at + interval '1 hour', made.at + interval '1 day'
        FROM (SELECT now() - make_interval(secs => %(age)s) AS at) AS made RETURNING id
        """,
        {"account": account, "network": network, "amount": amount, "tolerance": tolerance,
         "age": hours_ago * 3600 + seconds_ago},
    )  # fmt: skip
    return int(made["id"])


@pytest.mark.parametrize(
    ("wanted", "taken", "found"),
    [
        ("100", [], "100"),
        ("100", [("99.99", "100.01")], "100.03"),
        ("100", [("99.97", "99.99")], "100.01"),  # it shares 99.99 with 100's own window
        ("100", [("99.97", "99.989999")], "100"),
        ("100", [("100.01", "100.03")], "100.05"),
        ("100", [("100.010001", "100.03")], "100"),
        ("100", [("99.99", "100.01"), ("100.02", "100.04")], "100.06"),
        ("100", [("99.99", "100.01"), ("100.05", "100.07")], "100.03"),
        ("100", [("99.99", "100.01"), ("100.04", "100.06")], "100.08"),
        ("100", [("90", "110")], "110.02"),
        ("100", [("90", "110"), ("95", "96"), ("110.02", "110.02")], "110.04"),
        ("100.001", [], "100.01"),
    ],
)
def test_the_lowest_amount_whose_window_is_free_is_found(wanted: str, taken: list[tuple[str, str]], found: str) -> None:
    windows = [(micros(lowest), micros(highest)) for lowest, highest in taken]

    assert first_free(micros(wanted), TOLERANCE, windows) == micros(found)


@pytest.mark.parametrize(("tolerance", "found"), [("0", "100.01"), ("0.01", "100.03"), ("0.5", "101.01")])
def test_a_wider_tolerance_keeps_amounts_farther_apart(tolerance: str, found: str) -> None:
    wide = micros(tolerance)

    assert first_free(100 * USDT, wide, [(100 * USDT - wide, 100 * USDT + wide)]) == micros(found)


def micros(amount: str) -> int:
    """Dollars, as the tests write them, in micro-dollars."""
    whole, _, fraction = amount.partition(".")
    return int(whole) * USDT + int(fraction.ljust(6, "0"))


@pytest.mark.parametrize(("amount", "rounded"), [(0, 0), (1, CENT), (CENT, CENT), (CENT + 1, 2 * CENT)])
def test_amounts_are_rounded_up_to_cents(amount: int, rounded: int) -> None:
    assert up_to_cents(amount) == rounded


@pytest.mark.parametrize("off", [-2 * CENT, -CENT, 0, 1, CENT, 2 * CENT])
def test_the_database_refuses_two_whose_windows_meet(account: int, off: int) -> None:
    write(account)

    with pytest.raises(IntegrityError, match="payment_intents_unambiguous"):
        write(account, 100 * USDT + off)


@pytest.mark.parametrize("off", [-2 * CENT - 1, 2 * CENT + 1])
def test_windows_that_only_come_near_each_other_are_two(account: int, off: int) -> None:
    write(account)

    assert write(account, 100 * USDT + off)


def test_windows_of_different_widths_are_told_apart_as_they_are(account: int) -> None:
    write(account, tolerance=USDT)

    with pytest.raises(IntegrityError, match="payment_intents_unambiguous"):
        write(account, 101 * USDT + CENT)
    assert write(account, 101 * USDT + CENT + 1)


def test_one_amount_on_each_network_is_six(account: int) -> None:
    largest = 10**9 * USDT

    assert len({write(account, largest, network=network) for network in NETWORKS}) == 6
    assert len({write(account, CENT, network=network) for network in NETWORKS}) == 6


def test_a_network_that_there_is_not_has_no_window(account: int) -> None:
    with pytest.raises(IntegrityError, match="payment_intents_network_known"):
        write(account, network="bitcoin")


def test_a_window_is_free_again_after_a_day_and_not_before(account: int) -> None:
    write(account, hours_ago=24, seconds_ago=-1)
    with pytest.raises(IntegrityError, match="payment_intents_unambiguous"):
        write(account)

    write(account, 200 * USDT, hours_ago=24)

    assert write(account, 200 * USDT)


def test_a_window_that_a_later_one_owns_is_not_free_for_one_before_it(account: int) -> None:
    write(account)

    with pytest.raises(IntegrityError, match="payment_intents_unambiguous"):
        write(account, hours_ago=23)
    assert write(account, hours_ago=25)


def test_a_free_amount_is_the_one_that_the_database_takes(account: int) -> None:
    write(account)
    write(account, 100 * USDT + 5 * CENT)
    write(account, 100 * USDT + 6 * CENT + 1, network="usdt_ton")
    write(account, 100 * USDT + 3 * CENT, hours_ago=25)
    given: list[int] = []

    for _ in range(4):
        with db.atomic():
            amount = intents.free_amount(NETWORK, 100 * USDT)
            intents.create(wanted(account), amount)
        given.append(amount - 100 * USDT)

    # 100.03 shares a hundredth with 100.05, so nothing fits in between.
    assert given == [8 * CENT, 11 * CENT, 14 * CENT, 17 * CENT]


def wanted(account: int, amount: int = 100 * USDT) -> Wanted:
    """What a client asks for."""
    return Wanted(NETWORK, "x", amount, account)


def test_an_amount_stays_owned_when_it_is_paid_and_when_it_has_expired(account: int) -> None:
    write(account, hours_ago=23)

    with db.atomic():
        assert intents.free_amount(NETWORK, 100 * USDT) == 100 * USDT + 3 * CENT


def test_where_nothing_is_free_the_sentence_names_the_range(account: int) -> None:
    write(account, 5 * USDT, tolerance=USDT)

    with (
        pytest.raises(NoFreeAmount, match=r"from 5\.00 to 6\.00 USDT are taken on usdt_trc_20") as refused,
        db.atomic(),
    ):
        intents.free_amount(NETWORK, 5 * USDT)

    assert (refused.value.status, refused.value.code) == (409, "no_free_amount")


def test_an_intent_is_owned_for_a_day_and_ends_on_a_whole_second(account: int) -> None:
    with db.atomic():
        made = intents.create(wanted(account), 100 * USDT)

    assert (made["owned_until"] - made["created_at"]).total_seconds() == 24 * 3600
    assert made["expires_at"].microsecond == 0
    assert 3599 < (made["expires_at"] - made["created_at"]).total_seconds() <= 3600


@pytest.mark.parametrize(
    ("sql", "constraint"),
    [
        ("UPDATE payment_intents SET requested = amount + 1", "amount_covers_request"),
        ("UPDATE payment_intents SET requested = 0", "requested_check"),
        ("UPDATE payment_intents SET owned_until = expires_at - interval '1 second'", "owned_while_live"),
        ("UPDATE payment_intents SET credited_how = 'auto'", "credited_by_deposit"),
        ("UPDATE payment_intents SET credited_how = 'auto', deposit_id = 1", "payment_intents_deposit"),
        ("DELETE FROM payment_intents", ""),
    ],
)
def test_the_database_refuses_what_makes_no_sense(account: int, sql: str, constraint: str) -> None:
    write(account)

    with pytest.raises(Exception, match=constraint or "history|delete|rewrit"):
        db.execute_sql(sql)


@pytest.mark.usefixtures("account")
def test_what_no_transfer_can_pay_has_no_amount() -> None:
    with pytest.raises(NoFreeAmount, match=r"1000000000\.00 USDT"), db.atomic():
        intents.free_amount(NETWORK, intents.MOST + 1)


def test_the_database_refuses_an_amount_whose_window_could_reach_another_network(account: int) -> None:
    with pytest.raises(IntegrityError, match="payment_intents_amount_within_network"):
        write(account, 5 * 10**15)

"""Topping up in the bot: what to send where, as text and as a code, and what is said when it has arrived or not."""

import io
from datetime import timedelta
from typing import Any

import pytest
import segno

from models import topups
from models.database import changed, db, row, rows
from settings import settings
from tests.jobs.bot_customer import Customer
from tests.jobs.bot_server import Message, refuses
from tests.payers import arrive, grow_older


@pytest.fixture
def guest(alice: Customer) -> Customer:
    """Alice, with the menu before her."""
    alice.say("/start")
    return alice


def ask(customer: Customer, amount: str = "25 USDT") -> Message:
    """Ask to top up on TRON."""
    customer.say("/topup")
    customer.press("TRON")
    shown = customer.press(amount)
    customer.settle()
    return shown


def intents() -> list[dict[str, Any]]:
    """All top-ups."""
    with db.connection_context():
        return rows("SELECT * FROM payment_intents ORDER BY id")


def follow_ups() -> int:
    """How many countdowns go on."""
    with db.connection_context():
        return len(rows("SELECT 1 FROM telegram_messages WHERE finished_at IS NULL"))


def code_of(text: str) -> bytes:
    """The picture of a QR code that holds the text."""
    made = io.BytesIO()
    segno.make(text, error="m", micro=False).save(made, kind="png", scale=8, border=4)
    return made.getvalue()


def test_exact_amount_and_address_are_shown_as_text_and_as_a_code(guest: Customer) -> None:
    shown = ask(guest)

    [intent] = intents()
    assert (intent["amount"], intent["payment_address"]) == (25_000_000, settings.wallet_tron)
    assert shown.code_spans() == ["25.00", settings.wallet_tron]
    assert shown.picture == code_of(str(settings.wallet_tron))
    assert "must arrive, after your exchange's fee (0.5-1 USDT or so)" in shown.text
    assert "60 minutes left, until " in shown.text


def test_the_second_who_asks_for_an_amount_gets_another_to_the_cent(guest: Customer) -> None:
    ask(guest)
    assert ask(guest).code_spans()[0] == "25.03"


def test_an_amount_by_hand_is_taken_in_every_usual_spelling(guest: Customer) -> None:
    for written, amount in (
        ("12,5", 12_500_000),
        (" 1 000 ", 1_000_000_000),
        ("33 usdt", 33_000_000),
        ("7.77", 7_770_000),
    ):
        guest.say("/topup")
        guest.press("TON")
        guest.say(written)
        assert intents()[-1]["amount"] == amount


def test_what_is_no_amount_is_asked_for_again(guest: Customer) -> None:
    guest.press("➕ Top up")
    guest.press("TRON")
    for amount in (
        "1e5",
        "-1",
        "0",
        "0.99",
        "99999999999",
        "100000.01",
        "5.555",
        "1,000",
        "",
        "🙂",
        "9" * 10_000,
        "{x}",
    ):
        assert "Please write an amount from 1 to 100,000 USDT" in guest.say(amount).text, amount
    assert intents() == []

    assert guest.say("10").picture is not None


def test_the_countdown_goes_on_until_the_money_has_arrived(guest: Customer) -> None:
    shown = ask(guest)
    grow_older(timedelta(minutes=20))
    guest.hurry()
    assert "40 minutes left" in guest.told_of("left").text

    arrive("25.00")

    assert guest.told_of("have arrived").text == "✅ 25.00 USDT have arrived on TRON (TRC-20).\nBalance: 25.00 USD"
    guest.settle()
    guest.hurry_until(lambda: "have arrived" in shown.text, "the end of the countdown")
    guest.settle()
    assert (shown.edits, "25.00 USDT have arrived. They are on your balance." in shown.text) == (2, True)
    assert follow_ups() == 0


def test_the_countdown_comes_every_minute_and_not_before(guest: Customer) -> None:
    ask(guest)
    guest.settle()
    with db.connection_context():
        found = row(
            "SELECT extract(epoch FROM due_at - now())::int AS s FROM telegram_messages WHERE finished_at IS NULL"
        )
    assert found is not None
    assert 50 <= found["s"] <= 60


def test_time_that_is_up_and_a_top_up_that_expired_are_told_in_its_place(guest: Customer) -> None:
    shown = ask(guest)
    grow_older(timedelta(minutes=61))
    guest.hurry_until(lambda: "The time is up" in shown.text, "the end of the time")
    with db.connection_context():
        changed("INSERT INTO network_scans (network, final_at) VALUES ('usdt_trc_20', now())"
                " ON CONFLICT (network) DO UPDATE SET final_at = now()")  # fmt: skip
    guest.settle()
    guest.hurry_until(lambda: "has expired" in shown.text, "the expiry")
    guest.settle()
    assert (shown.code_spans(), follow_ups()) == ([], 0)


def test_a_network_that_is_not_read_lets_no_countdown_go_on_for_ever(guest: Customer) -> None:
    shown = ask(guest)
    grow_older(timedelta(hours=3))
    guest.hurry_until(lambda: "The time is up" in shown.text, "the end of the time")
    guest.settle()
    assert follow_ups() == 0


def test_a_picture_that_is_refused_leaves_the_text_and_its_countdown(guest: Customer) -> None:
    guest.server.faults["POST /sendPhoto"] = [refuses(400, "Bad Request: IMAGE_PROCESS_FAILED")]

    shown = ask(guest)

    assert (shown.picture, shown.code_spans()) == (None, ["25.00", settings.wallet_tron])
    grow_older(timedelta(minutes=30))
    guest.settle()
    guest.hurry()
    assert "30 minutes left" in guest.told_of("left").text


def test_a_message_that_the_customer_deleted_is_followed_up_no_more(guest: Customer) -> None:
    ask(guest)
    guest.settle()
    guest.messages.pop()
    guest.hurry_until(lambda: follow_ups() == 0, "the end of the countdown")
    arrive("25.00")
    guest.read = len(guest.messages)
    assert "have arrived" in guest.told_of("arrived").text


def test_too_many_unpaid_top_ups_are_refused_in_the_customers_language(guest: Customer) -> None:
    ask(guest)
    with db.connection_context():
        changed(
            """
            INSERT INTO payment_intents (network, payment_address, requested, amount, tolerance, account_id, expires_at,
                owned_until)
            SELECT network, payment_address, requested, amount + n * 1000000, tolerance, account_id, expires_at,
                owned_until
            FROM payment_intents, generate_series(1, %(n)s) AS n
            """,
            {"n": topups.MOST_PENDING_BY_HAND - 1},
        )

    assert "too many unpaid top-ups" in ask(guest, "500 USDT").text
    assert len(intents()) == topups.MOST_PENDING_BY_HAND

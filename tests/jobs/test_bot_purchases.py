"""Buying in the bot, as a customer does: how much, for whom, the price, one press, and what comes of it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from models.database import changed, db, rows
from models.settlement import Refused
from tests.factories import eventually, make_telegram_goods
from tests.jobs.bot_customer import Customer, deliver_ok
from tests.jobs.bot_orders import end_order, offer, orders
from tests.sandbox import Sandbox, running_sandbox


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    """The provider that really sells."""
    with running_sandbox(tmp_path) as running:
        yield running


def test_from_start_to_a_star_that_the_provider_has_sold(alice: Customer, sandbox: Sandbox) -> None:
    make_telegram_goods()
    assert "Balance: 0.00 USD" in alice.say("/start").text
    alice.give("100")

    assert "0.012 USD each" in alice.press("⭐ Stars").text
    assert "Who is it for" in alice.press("⭐ 50").text
    price = alice.press("For me (@alice)")
    assert "50 Stars for @alice" in price.text
    assert "Price: 0.60 USD" in price.text
    assert "Balance afterwards: 99.40 USD" in price.text
    assert orders() == []
    assert "Order #1" in alice.press("✅ Buy for 0.60 USD").text

    assert "Order #1 is delivered\n50 Stars for @alice" in alice.told_of("is delivered").text
    assert [(sale["username"], sale["quantity"]) for sale in sandbox.book()] == [("alice", 50)]
    assert (alice.account["available"], alice.account["held"]) == (99_400_000, 0)
    assert "✅ #1 50 Stars for @alice – 0.60 USD" in alice.say("/orders").text
    assert "Stars bought: 50" in alice.say("/stats").text


def test_the_same_in_russian_for_a_friend(alice: Customer, sandbox: Sandbox) -> None:
    alice.language = "ru"
    make_telegram_goods()
    assert "Баланс" in alice.say("/start").text
    alice.give("100")

    alice.say("/stars")
    alice.say("51")
    assert "51 звезда для @friend" in alice.say("https://t.me/friend").text
    alice.press("✅")

    assert "51 звезда для @friend" in alice.told_of("выполнен").text
    assert [sale["username"] for sale in sandbox.book()] == ["friend"]


def test_premium_and_ton_for_somebody_else_however_he_is_spelled(rich: Customer, sandbox: Sandbox) -> None:
    for command, label, spelled, goods, price in (
        ("/premium", "6 months", " https://t.me/bob_1/ ", "Premium for 6 months for @bob_1", "16.00"),
        ("/ton", "🪙 2", "bob_1", "2 TON for @bob_1", "7.00"),
        ("/stars", "⭐ 50", "@Bob_1", "50 Stars for @Bob_1", "0.60"),
    ):
        rich.say(command)
        rich.press(label)
        shown = rich.say(spelled)
        assert goods in shown.text
        assert f"Price: {price} USD" in shown.text
        rich.press("✅ Buy")
        assert goods in rich.told_of("is delivered").text

    assert len(sandbox.book()) == 3


def test_a_fraction_of_ton_costs_its_part(rich: Customer) -> None:
    rich.say("/ton")
    rich.say("1,25")
    assert "Price: 4.375 USD" in rich.say("@friend").text


def test_what_is_no_amount_is_asked_for_again(rich: Customer) -> None:
    hostile = ("1e5", "-1", "0", "99999999999", "50.5", "", "🙂", "9" * 10_000, "٥٠", "1_000", "0x50", "NaN", "1,000",
               "49", "1000001", "{n}", "<b>50</b>")  # fmt: skip
    rich.say("/stars")
    for amount in hostile:
        assert rich.say(amount).text == "Please write a number from 50 to 1,000,000.", amount

    assert "Who is it for" in rich.say(" 1 000 ").text


def test_what_is_no_username_is_asked_for_again(rich: Customer) -> None:
    hostile = (
        "<b>",
        "{name}",
        "a b",
        "x",
        "1abc",
        "me@example.org",
        "t.me/+AbCdEf",
        "",
        "я" * 9,
        "%s%n",
        "@" + "a" * 33,
    )
    rich.say("/stars")
    rich.say("50")
    for name in hostile:
        assert "not a username" in rich.say(name).text, name

    assert "50 Stars for @friend" in rich.say("@friend").text


def test_who_has_no_username_is_not_offered_to_buy_for_himself(rich: Customer) -> None:
    rich.username = None
    rich.say("/stars")

    assert rich.press("⭐ 50").labels == ["« Menu"]


MADE_UP = (
    "confirm", "confirm:0123456789abcdef", "for_me", "buy_stars:50:50", "buy_premium:٣", "buy_premium:-3", "start",
    "a_credit:1", "a_deposit:1", "a_delivered:1", "a_revoke:x", "nothing", "", ":", "orders:!!", "topup_on:usdt_moon",
    "topup_of::", "topup_of:usdt_trc_20:1e5", "key_replaced:x", "key_revoked:", "language:xx", "confirm:\x00",
    "confirm:" + "x" * 5000, "{0.__class__}:{x}", "key_revoke:" + "<b>" * 2000,
)  # fmt: skip


def test_made_up_buttons_do_nothing(rich: Customer) -> None:
    for data in MADE_UP:
        deliver_ok(rich.client, rich.pressed(data, rich.messages[0]))

    eventually(lambda: len(rich.server.notices) == len(MADE_UP), "the rest of all buttons")
    rich.settle()

    assert orders() == []
    assert "Balance: 100.00 USD" in rich.say("/menu").text
    with db.connection_context():
        assert (
            rows("SELECT 1 FROM api_keys") == rows("SELECT 1 FROM api_audit_log WHERE actor LIKE 'telegram:%%'") == []
        )
        assert rows("SELECT kind, error FROM telegram_messages WHERE error IS NOT NULL") == []


def test_a_balance_that_does_not_suffice_says_how_much_is_missing(alice: Customer) -> None:
    make_telegram_goods()
    alice.say("/start")
    alice.give("1")
    alice.say("/stars")
    alice.say("100")

    answer = alice.press("For me")

    assert "This costs 1.20 USD" in answer.text
    assert "0.20 USD" in answer.text
    assert "➕ Top up" in answer.labels


def test_an_order_that_fails_is_told_with_the_money_that_came_back(rich: Customer) -> None:
    offer(rich)
    rich.press("✅ Buy")

    end_order(1, Refused("<b>The user</b> takes no gifts & {such}"))

    told = rich.told_of("was not delivered").text
    assert "<b>The user</b> takes no gifts & {such}" in told
    assert "1.20 USD are back" in told
    assert rich.account["available"] == 100_000_000


def test_goods_that_are_not_sold_are_not_offered(rich: Customer) -> None:
    offer(rich)
    with db.connection_context():
        changed("UPDATE products SET active = false")

    assert "not for sale" in rich.press("✅ Buy").text
    for command in ("/stars", "/premium", "/ton"):
        assert "not for sale" in rich.say(command).text
    assert orders() == []

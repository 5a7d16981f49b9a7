"""How the bot talks: menu, languages, order and repetition of updates, blocking, and faults in the middle of a step."""

import threading

import pytest

from jobs.telegram.bot_api import BotApi, bot_api
from jobs.telegram.polling import take
from models import telegram_users
from models.database import changed, db, row, rows
from tests.factories import make_telegram_goods
from tests.jobs.bot_customer import Customer, deliver_ok
from tests.jobs.bot_server import BotServer

COMMANDS = ("/start", "/menu", "/help", "/language", "/balance", "/stats", "/orders", "/referral", "/topup", "/stars",
            "/premium", "/ton", "/key")  # fmt: skip


def the_bot() -> BotApi:
    """The bot of the settings."""
    api = bot_api()
    assert api is not None
    return api


def user(user_id: int) -> dict[str, object]:
    """What is known of a Telegram user."""
    with db.connection_context():
        found = row("SELECT * FROM telegram_users WHERE id = %(id)s", {"id": user_id})
    assert found is not None
    return found


def test_the_first_word_opens_an_account_and_shows_the_menu(alice: Customer) -> None:
    menu = alice.say("/start")

    assert "Balance: 0.00 USD" in menu.text
    assert {"⭐ Stars", "💎 Premium", "🪙 TON", "💰 Balance", "➕ Top up", "📦 My orders", "📊 Statistics", "🔑 API KEY",
            "👥 Invite friends", "🌐 Language", "❓ Help"} <= set(menu.labels)  # fmt: skip
    assert alice.account["name"] == "Telegram user 5001"
    assert "Balance" in alice.say("/start").text
    with db.connection_context():
        assert len(rows("SELECT 1 FROM accounts")) == 1


@pytest.mark.parametrize("language", ["en", "ru-RU"])
def test_every_command_and_every_button_of_the_menu_is_answered(alice: Customer, language: str) -> None:
    alice.language = language
    make_telegram_goods()
    menu = alice.say("/start")
    for command in (*COMMANDS, "/BALANCE", "/help@sutler_bot", "/menu please"):
        assert alice.say(command).text, command
    for data in [button["callback_data"] for line in alice.say("/menu").buttons for button in line]:
        deliver_ok(alice.client, alice.pressed(data, menu))
        assert alice.told().text, data
    assert alice.say("/nonsense").labels
    assert alice.say("<i>good</i> morning & {evening}").labels
    assert not [error for error in _errors() if error]


def _errors() -> list[str]:
    with db.connection_context():
        return [message["error"] for message in rows("SELECT error FROM telegram_messages")]


def test_the_language_follows_the_app_until_the_customer_chooses(alice: Customer) -> None:
    alice.language = "ru"
    assert "Баланс" in alice.say("/start").text

    alice.say("/language")
    assert "Balance" in alice.press("English").text
    assert "Balance" in alice.say("/menu").text
    assert user(alice.id)["language"] == "en"


def test_an_update_that_comes_again_is_answered_once(alice: Customer) -> None:
    update = alice.written("/start")
    for _ in range(3):
        deliver_ok(alice.client, update)
    alice.settle()
    deliver_ok(alice.client, update)
    alice.settle()

    assert len(alice.messages) == 1


def test_updates_that_come_in_disorder_and_at_once_are_each_answered_once(alice: Customer) -> None:
    updates = [alice.written(command) for command in ("/balance", "/orders", "/stats", "/help", "/key")]

    def send() -> None:
        browser = alice.client.application.test_client()
        for update in reversed(updates):
            deliver_ok(browser, update)

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    alice.settle()

    assert len(alice.messages) == len(updates)


def test_updates_that_wait_are_answered_in_the_order_in_which_they_were_made(alice: Customer) -> None:
    alice.say("/start")
    alice.settle()
    with db.connection_context():
        lease = telegram_users.claim(alice.id)
    assert lease is not None
    first, second = alice.written("/stars"), alice.written("/help")
    deliver_ok(alice.client, second)
    deliver_ok(alice.client, first)
    with db.connection_context():
        telegram_users.release(lease)

    assert "not for sale" in alice.told().text
    assert "How it works" in alice.told().text


def test_two_workers_do_not_talk_in_one_chat(alice: Customer) -> None:
    alice.say("/start")
    alice.settle()
    with db.connection_context():
        assert telegram_users.claim(alice.id) is not None
        assert telegram_users.claim(alice.id) is None
        changed("UPDATE telegram_users SET lease_until = now() - interval '1 second'")
        late = telegram_users.claim(alice.id)
        assert late is not None
        telegram_users.release(telegram_users.ChatLease(alice.id, late.token - 1))
        assert telegram_users.claim(alice.id) is None
        telegram_users.release(late)


def test_a_step_that_always_fails_is_apologised_for_and_keeps_nobody_waiting(alice: Customer) -> None:
    alice.say("/start")
    with db.connection_context():
        db.execute_sql("ALTER TABLE referrals RENAME TO referrals_away")
    try:
        alice.write("/stats")
        alice.write("/help")
        alice.hurry_until(lambda: len(alice.texts) > 1, "the apology")
        assert "Something went wrong on our side" in alice.told_of("wrong").text
    finally:
        with db.connection_context():
            db.execute_sql("ALTER TABLE referrals_away RENAME TO referrals")

    assert "How it works" in alice.told().text
    assert "Statistics" in alice.say("/stats").text


def test_not_even_the_apology_can_keep_a_chat_waiting(alice: Customer) -> None:
    alice.say("/start")
    alice.settle()
    with db.connection_context():
        db.execute_sql("ALTER TABLE telegram_messages ADD CONSTRAINT no_more CHECK (false) NOT VALID")
    try:
        alice.write("/balance")
        alice.hurry_until(_is_all_done, "the end of the update", messages=False)
    finally:
        with db.connection_context():
            db.execute_sql("ALTER TABLE telegram_messages DROP CONSTRAINT no_more")

    assert "Balance" in alice.say("/balance").text


def _is_all_done() -> bool:
    with db.connection_context():
        return not rows("SELECT 1 FROM telegram_updates WHERE done_at IS NULL")


def test_who_blocked_the_bot_is_told_nothing_until_he_comes_back(alice: Customer) -> None:
    alice.say("/start")
    deliver_ok(alice.client, alice.membership("kicked"))
    alice.settle()
    assert user(alice.id)["blocked_at"] is not None

    deliver_ok(alice.client, alice.membership("member"))
    alice.settle()
    assert user(alice.id)["blocked_at"] is None
    assert len(alice.messages) == 1

    assert "Balance" in alice.say("/start").text


def test_what_is_no_words_of_a_customer_is_left_alone(alice: Customer) -> None:
    group = {"id": -100, "type": "supergroup"}
    private = {"id": alice.id, "type": "private"}
    for content in (
        {"message": {"message_id": 1, "chat": group, "from": {"id": alice.id}, "text": "/start"}},
        {"my_chat_member": {"chat": group, "from": {"id": alice.id}, "new_chat_member": {"status": "member"}}},
        {"callback_query": {"id": "1", "from": {"id": alice.id}, "data": "menu", "message": {"chat": group}}},
        {"callback_query": {"id": "1", "from": {"id": alice.id}, "data": "menu", "inline_message_id": "x"}},
        {"edited_message": {"message_id": 1, "chat": private, "from": {"id": alice.id}, "text": "/start"}},
        {"channel_post": {"chat": {"id": -1, "type": "channel"}, "text": "/start"}},
        {"message": "nonsense"}, {"message": {"chat": {"id": True, "type": "private"}}}, {},
    ):  # fmt: skip
        deliver_ok(alice.client, alice._update(None, **content))

    with db.connection_context():
        assert rows("SELECT 1 FROM telegram_users") == rows("SELECT 1 FROM telegram_updates") == []


def test_photos_and_what_no_database_can_hold_are_answered_with_the_menu(alice: Customer) -> None:
    photo = alice.written("")
    del photo["message"]["text"]
    deliver_ok(alice.client, photo)
    assert "Balance" in alice.told().text

    for text in ("a\0b", "\\u0000", "\\\0", "\0\0"):
        assert "Balance" in alice.say(text).text, text


def test_polling_takes_each_update_once_and_confirms_what_it_kept(alice: Customer, bot_server: BotServer) -> None:
    first, second = alice.written("/start"), alice.written("/help")
    bot_server.updates = [first, second]

    assert take(the_bot(), 0, 0) == second["update_id"] + 1
    assert take(the_bot(), 0, 0) == second["update_id"] + 1
    assert take(the_bot(), second["update_id"] + 1, 0) == second["update_id"] + 1
    alice.settle()

    assert len(alice.messages) == 2
    assert bot_server.updates == []

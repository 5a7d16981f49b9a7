"""The outbox: in order, one message a second in a chat, and what becomes of what Telegram does not take."""

import itertools
from typing import Any

import pytest

from jobs.telegram import sending
from jobs.telegram.bot_api import BotApi, Unreachable
from models import telegram_notices, telegram_outbox
from models.database import changed, db, row, rows
from settings import settings
from tests.factories import eventually
from tests.jobs.bot_customer import Customer, wake
from tests.jobs.bot_server import LOST, BotServer, flooded, refuses
from tests.jobs.stand_in import HTML, Fault, cut, cut_after_all, hang, instead


@pytest.fixture
def guest(alice: Customer) -> Customer:
    """Alice, with the menu before her, and nothing that waits."""
    alice.say("/start")
    alice.settle()
    return alice


def outbox(chat_id: int = 5001) -> list[dict[str, Any]]:
    """What a chat was, or is to be, told."""
    with db.connection_context():
        return rows("SELECT * FROM telegram_messages WHERE chat_id = %(id)s ORDER BY id", {"id": chat_id})


def tell(chat_id: int, *texts: str) -> None:
    """Write messages into the outbox."""
    with db.connection_context():
        for text in texts:
            telegram_outbox.say(chat_id, {"text": text})


def pause_of(chat_id: int) -> float:
    """For how long the chat is told nothing, in seconds."""
    with db.connection_context():
        found = row("SELECT extract(epoch FROM sends_from - now())::float AS s FROM telegram_users WHERE id = %(id)s",
                    {"id": chat_id})  # fmt: skip
    assert found is not None
    return float(found["s"])


def test_messages_go_out_in_order_one_a_second(guest: Customer) -> None:
    tell(guest.id, *"abcd")
    guest.server.asked.clear()

    def all_told() -> bool:
        wake()
        return guest.texts[-1:] == ["d"]

    eventually(all_told, "the last message")

    assert guest.texts[1:] == list("abcd")
    calls = [asked.at for asked in guest.server.calls("POST /sendMessage")]
    assert all(later - earlier >= 0.99 for earlier, later in itertools.pairwise(calls))


@pytest.mark.parametrize("fault", [cut, instead(500, {"ok": False, "error_code": 500, "description": "Internal"}), HTML,
                                   refuses(401, "Unauthorized"), refuses(404, "Not Found"), instead(200, [])])  # fmt: skip
def test_what_may_go_better_is_tried_again_and_what_follows_waits(guest: Customer, fault: Fault) -> None:
    guest.server.faults["POST /sendMessage"] = [fault]
    tell(guest.id, "first", "second")
    guest.hurry_until(lambda: outbox()[-2]["tries"] == 1, "the first try")
    assert 1 < pause_of(guest.id) <= 2
    assert guest.texts[1:] == []

    guest.hurry()

    assert (guest.told().text, guest.told().text) == ("first", "second")


@pytest.mark.parametrize("fault", [LOST, cut_after_all])
def test_a_message_whose_answer_is_lost_is_said_again(guest: Customer, fault: Fault) -> None:
    guest.server.faults["POST /sendMessage"] = [fault]
    tell(guest.id, "first", "second")
    guest.hurry_until(lambda: outbox()[-2]["tries"] == 1, "the first try")
    guest.hurry()
    guest.settle()

    assert guest.texts[1:] == ["first", "first", "second"]


def test_an_edit_whose_answer_is_lost_is_made_once(guest: Customer) -> None:
    guest.server.faults["POST /editMessageText"] = [LOST]
    guest.tap("❓ Help")
    guest.until(lambda: outbox()[-1]["tries"] == 1, "the first try")
    guest.hurry()
    guest.settle()

    assert len(guest.messages) == 1
    assert "How it works" in guest.texts[0]
    assert outbox()[-1]["error"] is None


def test_a_message_that_cannot_be_edited_any_more_is_sent_anew(guest: Customer) -> None:
    guest.server.faults["POST /editMessageText"] = [refuses(400, "Bad Request: message can't be edited")]

    assert "How it works" in guest.press("❓ Help").text
    assert len(guest.messages) == 2


def test_a_flood_pauses_the_chat_for_as_long_as_telegram_says_and_no_other(guest: Customer) -> None:
    guest.server.faults["POST /sendMessage"] = [flooded(30)]
    tell(guest.id, "first", "second")
    guest.hurry_until(lambda: pause_of(guest.id) > 25, "the pause")
    assert outbox()[-2]["tries"] == 0

    bob = Customer(guest.client, guest.server, id=5002, username="bob")
    assert "Balance" in bob.say("/start").text
    assert guest.texts[1:] == []
    guest.hurry()
    assert (guest.told().text, guest.told().text) == ("first", "second")


def test_a_chat_whose_call_hangs_keeps_no_other_waiting(guest: Customer) -> None:
    guest.server.faults["POST /sendMessage"] = [hang]
    tell(guest.id, "first")
    guest.hurry_until(lambda: not guest.server.faults["POST /sendMessage"], "the call that hangs")

    assert "Balance" in Customer(guest.client, guest.server, id=5002).say("/start").text
    guest.server.released.set()
    guest.hurry()


@pytest.mark.parametrize("how", ["blocked", "deactivated", "not found"])
def test_a_chat_that_is_gone_loses_what_waits_and_can_come_back(guest: Customer, how: str) -> None:
    if how == "blocked":
        guest.server.chats[guest.id].is_blocked = True
    else:
        fault = refuses(403, "Forbidden: user is deactivated")
        guest.server.faults["POST /sendMessage"] = [
            fault if how == "deactivated" else refuses(400, "Bad Request: chat not found")
        ]
    tell(guest.id, "first", "second", "third")
    guest.hurry_until(
        lambda: not [message for message in outbox() if message["finished_at"] is None], "the end of what waits"
    )

    assert guest.texts[1:] == []
    assert all(message["ciphertext"] is None for message in outbox())
    assert _blocked(guest.id)
    with db.connection_context():
        telegram_notices.tell("referral_joined", [(guest.account["id"], guest.account["id"])])
    guest.hurry_until(
        lambda: not [message for message in outbox() if message["finished_at"] is None], "the end of the notice"
    )

    guest.server.chats[guest.id].is_blocked = False
    assert "Balance" in guest.say("/start").text
    assert not _blocked(guest.id)


def _blocked(user_id: int) -> bool:
    with db.connection_context():
        return bool(rows("SELECT 1 FROM telegram_users WHERE blocked_at IS NOT NULL AND id = %(id)s", {"id": user_id}))


def test_what_telegram_never_takes_is_given_up_and_keeps_nothing_waiting(guest: Customer) -> None:
    tell(guest.id, "", "<u>x", "a" * 4097, "fine")
    guest.hurry()

    assert guest.told().text == "fine"
    guest.settle()
    assert [bool(message["error"]) for message in outbox()[-4:]] == [True, True, True, False]


def test_what_we_cannot_make_words_of_is_given_up_and_keeps_nothing_waiting(guest: Customer) -> None:
    with db.connection_context():
        changed("INSERT INTO telegram_messages (chat_id, kind, subject) VALUES (5001, 'order_ended', 77),"
                " (5001, 'nonsense', 1)")  # fmt: skip
        changed("INSERT INTO telegram_messages (chat_id, kind, ciphertext) VALUES (5001, 'say', 'of another key')")
    tell(guest.id, "fine")
    for message in range(3):
        for tries in range(1, sending.MOST_FAULTS + 1):
            guest.hurry_until(lambda m=message, t=tries: _is_tried(m, t), f"try {tries}")  # type: ignore[misc]
    guest.hurry()

    assert guest.told().text == "fine"


def _is_tried(message: int, tries: int) -> bool:
    found = outbox()[-4 + message]
    return bool(found["tries"] >= tries or found["finished_at"])


def test_what_nobody_waits_for_any_more_is_not_said(guest: Customer) -> None:
    with db.connection_context():
        changed("UPDATE telegram_users SET sends_from = now() + interval '1 hour'")
    tell(guest.id, "yesterday's news", "today's")
    with db.connection_context():
        changed("UPDATE telegram_messages SET due_at = now() - interval '25 hours' WHERE id = %(id)s", outbox()[-2])
        changed("UPDATE telegram_users SET sends_from = now()")

    assert guest.told().text == "today's"


def test_a_button_comes_to_rest_and_too_old_a_query_does_no_harm(guest: Customer) -> None:
    guest.server.faults["POST /answerCallbackQuery"] = [
        refuses(400, "Bad Request: query is too old and response timeout expired or query ID is invalid")
    ]
    assert "How it works" in guest.press("❓ Help").text
    assert "Balance" in guest.press("« Menu").text
    assert len(guest.server.notices) == 1


def test_a_bot_that_is_not_there_is_no_answer_and_names_no_token() -> None:
    api = BotApi(settings.telegram_api_url, str(settings.telegram_bot_token))

    with pytest.raises(Unreachable) as refused:
        api.get_me()

    assert str(refused.value) == "getMe: ConnectionError"
    assert refused.value.__suppress_context__


def test_an_answer_of_something_else_is_told_with_its_status(bot_server: BotServer) -> None:
    bot_server.faults["POST /getMe"] = [HTML]
    api = BotApi(settings.telegram_api_url, str(settings.telegram_bot_token))

    with pytest.raises(Unreachable, match=r"not an answer of the Bot API \(status 502\)"):
        api.get_me()

"""`flask telegram`."""

from collections.abc import Iterator

import pytest

from jobs.telegram import bot_api
from models import telegram_bots
from models.database import db
from settings import settings
from tests.commands.results import Command
from tests.jobs.bot_server import BotServer, refuses
from tests.jobs.stand_in import HTML, instead
from web.commands import telegram as commands


@pytest.fixture
def server() -> Iterator[BotServer]:
    """Telegram's Bot API, at the address in the settings."""
    with BotServer() as running:
        yield running


@pytest.fixture
def public(monkeypatch: pytest.MonkeyPatch) -> None:
    """The settings of an installation that Telegram can reach."""
    monkeypatch.setattr(commands, "settings", settings.model_copy(update={"public_url": "https://shop.example"}))


def test_set_webhook_tells_telegram_where_with_which_secret_and_which_commands(
    command: Command, server: BotServer, public: None
) -> None:
    result = command("telegram", "set-webhook")

    assert result.exit_code == 0, result.output
    assert result.stdout == "@sutler_bot sends its updates to https://shop.example/telegram/webhook.\n"
    [asked] = server.calls("POST /setWebhook")
    assert asked.json["secret_token"] == settings.telegram_webhook_secret
    assert asked.json["allowed_updates"] == ["message", "callback_query", "my_chat_member"]
    assert server.webhook == {"url": "https://shop.example/telegram/webhook"}
    assert [entry["command"] for entry in server.commands[""]] == [entry["command"] for entry in server.commands["ru"]]
    assert {entry["description"] for entry in server.commands["ru"]} >= {"Меню", "Купить звёзды"}
    assert server.menu_button is not None
    assert server.menu_button["web_app"] == {"url": "https://shop.example/dashboard"}
    with db.connection_context():
        assert telegram_bots.username() == "sutler_bot"


@pytest.mark.parametrize("url", [None, "http://shop.example"])
def test_set_webhook_wants_an_address_that_telegram_takes(
    command: Command, server: BotServer, monkeypatch: pytest.MonkeyPatch, url: str | None
) -> None:
    monkeypatch.setattr(commands, "settings", settings.model_copy(update={"public_url": url}))

    result = command("telegram", "set-webhook")

    assert (result.exit_code, "PUBLIC_URL" in result.stderr) == (1, True)
    assert server.asked == []


def test_set_webhook_wants_a_secret(command: Command, server: BotServer, monkeypatch: pytest.MonkeyPatch) -> None:
    changed = {"public_url": "https://shop.example", "telegram_webhook_secret": None}
    monkeypatch.setattr(commands, "settings", settings.model_copy(update=changed))

    assert "TELEGRAM_WEBHOOK_SECRET is not set" in command("telegram", "set-webhook").stderr
    assert server.asked == []


@pytest.mark.parametrize("words", [("set-webhook",), ("poll",), ("status",)])
def test_a_fault_of_telegram_is_told_in_a_sentence_without_the_token(
    command: Command, server: BotServer, public: None, words: tuple[str]
) -> None:
    for fault in (HTML, refuses(401, "Unauthorized")):
        server.faults["POST /"] = [fault]
        result = command("telegram", *words)
        assert result.exit_code == 1
        assert result.stderr.startswith("Error: Telegram did not")
        assert str(settings.telegram_bot_token) not in result.output


def test_an_answer_without_a_result_is_a_fault_of_telegram_too(command: Command, server: BotServer) -> None:
    server.faults["POST /"] = [instead(200, {"ok": True})]

    result = command("telegram", "status")

    assert (result.exit_code, "an answer without a result" in result.stderr) == (1, True), result.output


@pytest.mark.parametrize("words", [("set-webhook",), ("poll",), ("status",)])
def test_without_a_token_there_is_no_bot(
    command: Command, monkeypatch: pytest.MonkeyPatch, public: None, words: tuple[str]
) -> None:
    monkeypatch.setattr(bot_api, "settings", settings.model_copy(update={"telegram_bot_token": None}))
    bot_api.bot_api.cache_clear()

    result = command("telegram", *words)

    bot_api.bot_api.cache_clear()
    assert (result.exit_code, "TELEGRAM_BOT_TOKEN is not set" in result.stderr) == (1, True)


def test_status_shows_where_updates_go_and_what_went_wrong(command: Command, server: BotServer) -> None:
    server.webhook = {"url": "https://shop.example/telegram/webhook", "pending_update_count": 3,
                      "last_error_date": 1795297773, "last_error_message": "Wrong response: 503"}  # fmt: skip

    result = command("telegram", "status")

    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines() == [
        "bot                  @sutler_bot",
        "updates go to        https://shop.example/telegram/webhook",
        "waiting at Telegram  3",
        "last error           Wrong response: 503 (2026-11-21 21:49 UTC)",
    ]

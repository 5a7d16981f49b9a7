"""A thin client of Telegram's Bot API: the few methods that the bot needs, and its faults as errors of ours.

The token is a part of every address, so no error of the HTTP library, which would name the address, gets out of here.
"""

from functools import lru_cache
from typing import Any, TypeVar

import requests
from requests.adapters import HTTPAdapter

from jobs.queues import TELEGRAM_THREADS
from models.money import dumps
from settings import settings

CONNECT_SECONDS = 5.0
ANSWER_SECONDS = 15.0
UPDATES = ("message", "callback_query", "my_chat_member")  # the kinds of update that the bot understands

Buttons = list[list[dict[str, Any]]]
Result = TypeVar("Result", dict[str, Any], list[dict[str, Any]])


class BotApiFault(Exception):
    """A call that did not succeed; the text never holds the token."""


class Flood(BotApiFault):
    """Too many calls: the next one is welcome after `retry_after` seconds."""

    def __init__(self, retry_after: float) -> None:
        super().__init__(f"too many requests; again in {retry_after:g} s")
        self.retry_after = retry_after


class ChatGone(BotApiFault):
    """The user has blocked the bot, or is no more."""


class Rejected(BotApiFault):
    """Telegram will not do this, however often it is asked."""


class Unreachable(BotApiFault):
    """No answer, or none that tells: it may go better later. The call may have been carried out."""


class BotApi:
    """One bot."""

    def __init__(self, address: str, token: str) -> None:
        self._base = f"{address}/bot{token}"
        self._session = requests.Session()
        self._session.trust_env = False  # a proxy of the environment would see the token
        # All threads of a worker share it: a connection for each, or those over the usual ten would be made anew.
        self._session.mount(address, HTTPAdapter(pool_connections=1, pool_maxsize=TELEGRAM_THREADS))

    def get_me(self) -> dict[str, Any]:
        """The bot itself: `id`, `username`."""
        return self._ask("getMe", dict)

    def send_message(self, chat_id: int, text: str, buttons: Buttons | None) -> int | None:
        """Say something (in Telegram's HTML); returns the message's id."""
        return _message_id(self._call("sendMessage", chat_id=chat_id, **_text(text), **_markup(buttons)))

    def send_photo(self, chat_id: int, picture: bytes, caption: str, buttons: Buttons | None) -> int | None:
        """Show a PNG with a text below it; returns the message's id."""
        fields = {"chat_id": chat_id, "caption": caption, "parse_mode": "HTML", **_markup(buttons)}
        return _message_id(self._call("sendPhoto", files={"photo": ("code.png", picture, "image/png")}, **fields))

    def edit_message(self, chat_id: int, message_id: int, text: str, buttons: Buttons | None) -> None:
        """Let a message say something else."""
        self._edit("editMessageText", chat_id, message_id, {**_text(text), **_markup(buttons)})

    def edit_caption(self, chat_id: int, message_id: int, caption: str, buttons: Buttons | None) -> None:
        """Let the text below a picture say something else."""
        fields = {"caption": caption, "parse_mode": "HTML", **_markup(buttons)}
        self._edit("editMessageCaption", chat_id, message_id, fields)

    def answer_callback(self, query_id: str, notice: str | None) -> None:
        """Let a button that was pressed come to rest, with a short notice if there is one."""
        self._call("answerCallbackQuery", callback_query_id=query_id, text=(notice or "")[:200])

    def get_updates(self, offset: int, seconds: int) -> list[dict[str, Any]]:
        """The updates from `offset` on, waiting so many seconds for the first one."""
        return self._ask("getUpdates", list, wait=seconds, offset=offset, timeout=seconds, allowed_updates=UPDATES)

    def set_webhook(self, url: str, secret: str) -> None:
        """Have updates sent to an address, with a secret that proves where they come from."""
        self._call("setWebhook", url=url, secret_token=secret, allowed_updates=UPDATES, max_connections=20)

    def delete_webhook(self) -> None:
        """Have updates kept until they are asked for."""
        self._call("deleteWebhook")

    def webhook_info(self) -> dict[str, Any]:
        """Where updates are sent, and how that goes."""
        return self._ask("getWebhookInfo", dict)

    def set_commands(self, commands: list[dict[str, str]], language: str | None) -> None:
        """The commands that the user's app proposes, in a language; None for all others."""
        self._call("setMyCommands", commands=commands, language_code=language or "")

    def set_menu_button(self, text: str, url: str) -> None:
        """The button beside the text field, which opens a page inside Telegram."""
        self._call("setChatMenuButton", menu_button={"type": "web_app", "text": text, "web_app": {"url": url}})

    def _edit(self, method: str, chat_id: int, message_id: int, fields: dict[str, Any]) -> None:
        try:
            self._call(method, chat_id=chat_id, message_id=message_id, **fields)
        except Rejected as rejected:
            if "not modified" not in str(rejected):  # it says so already
                raise

    def _ask(self, method: str, kind: type[Result], *, wait: float = 0, **fields: Any) -> Result:
        """Call a method whose answer is of use only with a result. Raises what `_call` does."""
        result = self._call(method, wait=wait, **fields)
        if not isinstance(result, kind):
            raise Unreachable(f"{method}: an answer without a result")
        return result

    def _call(self, method: str, *, wait: float = 0, files: Any = None, **fields: Any) -> Any:
        """Call a method. Raises Flood, ChatGone, Rejected, Unreachable."""
        # A form carries text only, so what is more than that goes into it as JSON.
        content: dict[str, Any] = {"data": _as_form(fields), "files": files} if files else {"json": fields}
        try:
            answer = self._session.post(
                f"{self._base}/{method}", timeout=(CONNECT_SECONDS, ANSWER_SECONDS + wait), allow_redirects=False,
                **content,
            )  # fmt: skip
        except requests.RequestException as error:
            raise Unreachable(f"{method}: {type(error).__name__}") from None
        document = _document(answer)
        if document is None:
            raise Unreachable(f"{method}: not an answer of the Bot API (status {answer.status_code})")
        if document["ok"] is True:
            return document.get("result")
        raise _fault(method, answer.status_code, document)


@lru_cache(maxsize=1)
def bot_api() -> BotApi | None:
    """The bot of the settings; None where there is none."""
    if settings.telegram_bot_token is None:
        return None
    return BotApi(settings.telegram_api_url, settings.telegram_bot_token)


def _document(answer: requests.Response) -> dict[str, Any] | None:
    """The answer's JSON; None for what is not the Bot API's, such as the page of a proxy in front of it."""
    try:
        document = answer.json()
    except ValueError:
        return None
    return document if isinstance(document, dict) and "ok" in document else None


def _fault(method: str, status: int, document: dict[str, Any]) -> BotApiFault:
    code = document.get("error_code", status)
    told = f"{method}: {code} {str(document.get('description', ''))[:200]}"
    if code == 429:
        parameters = document.get("parameters")
        seconds = parameters.get("retry_after") if isinstance(parameters, dict) else None
        return Flood(float(seconds) if isinstance(seconds, int | float) and seconds > 0 else 1.0)
    if code == 403 or (code == 400 and "chat not found" in told):
        return ChatGone(told)
    # 401 and 404 mean a wrong token, or a server that is not the Bot API: an operator can mend that.
    if code in (400, 413):
        return Rejected(told)
    return Unreachable(told)


def _text(text: str) -> dict[str, Any]:
    return {"text": text, "parse_mode": "HTML", "link_preview_options": {"is_disabled": True}}


def _markup(buttons: Buttons | None) -> dict[str, Any]:
    return {"reply_markup": {"inline_keyboard": buttons}} if buttons else {}


def _as_form(fields: dict[str, Any]) -> dict[str, str]:
    return {name: value if isinstance(value, str) else dumps(value) for name, value in fields.items()}


def _message_id(result: Any) -> int | None:
    number = result.get("message_id") if isinstance(result, dict) else None
    return number if isinstance(number, int) else None

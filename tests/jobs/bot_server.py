"""Telegram's Bot API as a server of our own: it speaks its documented JSON, refuses what it refuses, and keeps chats."""

import json
import re
from collections import defaultdict
from dataclasses import dataclass, field
from email import message_from_bytes
from html import unescape
from typing import Any

from settings import settings
from tests.jobs.stand_in import Asked, Fault, Reply, StandIn, after_all, instead

LONGEST_TEXT, LONGEST_CAPTION, LONGEST_DATA = 4096, 1024, 64
TAGS = ("b", "i", "code", "a")
BOT = {"id": 77, "is_bot": True, "first_name": "Sutler", "username": "sutler_bot"}

_TAG = re.compile(r"<(/?)([a-z]*)[^<>]*>")
_ENTITY = re.compile(r"&(?!(?:lt|gt|amp|quot|#[0-9]+);)")


class BadRequest(Exception):
    """What the Bot API answers with 400, and these words."""


@dataclass
class Message:
    """A message as the customer sees it: `text` (or the picture's caption) without markup, and the buttons."""

    id: int
    text: str
    markup: str
    buttons: list[list[dict[str, Any]]]
    picture: bytes | None = None
    edits: int = 0

    @property
    def labels(self) -> list[str]:
        """What stands on the buttons."""
        return [button["text"] for row in self.buttons for button in row]

    def code_spans(self) -> list[str]:
        """What a tap copies."""
        return [unescape(span) for span in re.findall(r"<code>(.*?)</code>", self.markup)]


@dataclass
class ChatSeen:
    """One customer's chat: the messages that the bot wrote, in order."""

    messages: list[Message] = field(default_factory=list)
    is_blocked: bool = False

    def find(self, message_id: Any) -> Message | None:
        """The message with this id."""
        return next((message for message in self.messages if message.id == message_id), None)


class BotServer(StandIn):
    """The server. A fault is set for a method: `faults["POST /sendMessage"]`; `updates` is what getUpdates gives."""

    def __init__(self) -> None:
        super().__init__(settings.telegram_api_url)
        self.base = f"/bot{settings.telegram_bot_token}"
        self.chats: dict[int, ChatSeen] = defaultdict(ChatSeen)
        self.updates: list[dict[str, Any]] = []
        self.notices: list[tuple[str, str]] = []  # answers to pressed buttons: the query's id, and what popped up
        self.webhook: dict[str, Any] = {}
        self.commands: dict[str, list[dict[str, str]]] = {}
        self.menu_button: dict[str, Any] | None = None
        self._ids = iter(range(100, 1_000_000))
        self._methods = {
            "getMe": lambda given: BOT,
            "sendMessage": self._send_message,
            "sendPhoto": self._send_photo,
            "editMessageText": lambda given: self._edit(given, "text", LONGEST_TEXT),
            "editMessageCaption": lambda given: self._edit(given, "caption", LONGEST_CAPTION),
            "answerCallbackQuery": self._answer_callback,
            "getUpdates": self._get_updates,
            "setWebhook": self._set_webhook,
            "deleteWebhook": self._delete_webhook,
            "getWebhookInfo": lambda given: {"url": "", "pending_update_count": len(self.updates), **self.webhook},
            "setMyCommands": self._set_commands,
            "setChatMenuButton": self._set_menu_button,
        }

    def answer(self, asked: Asked) -> Reply:
        """The truth."""
        if asked.path.startswith("/bot"):
            return refusal(401, "Unauthorized")
        method = self._methods.get(asked.path.removeprefix("/"))
        if method is None:
            return refusal(404, "Not Found")
        given = _fields(asked)
        chat_id = given.get("chat_id")
        with self._lock:
            if chat_id is not None and self.chats[int(chat_id)].is_blocked:
                return refusal(403, "Forbidden: bot was blocked by the user")
            try:
                return Reply(200, {"ok": True, "result": method(given)})
            except BadRequest as bad:
                return refusal(400, f"Bad Request: {bad}")

    def _send_message(self, given: dict[str, Any]) -> Any:
        return self._keep(given, _checked(given, "text", LONGEST_TEXT), None)

    def _send_photo(self, given: dict[str, Any]) -> Any:
        picture = given.get("photo")
        if not isinstance(picture, bytes) or not picture.startswith(b"\x89PNG\r\n\x1a\n"):
            raise BadRequest("IMAGE_PROCESS_FAILED")
        return self._keep(given, _checked(given, "caption", LONGEST_CAPTION), picture)

    def _keep(self, given: dict[str, Any], markup: str, picture: bytes | None) -> dict[str, Any]:
        message = Message(next(self._ids), _shown(markup), markup, _buttons(given), picture)
        self.chats[int(given["chat_id"])].messages.append(message)
        return {"message_id": message.id, "chat": {"id": int(given["chat_id"]), "type": "private"}, "date": 1}

    def _edit(self, given: dict[str, Any], name: str, longest: int) -> Any:
        message = self.chats[int(given["chat_id"])].find(given.get("message_id"))
        if message is None:
            raise BadRequest("message to edit not found")
        if (name == "caption") != (message.picture is not None):
            raise BadRequest(f"there is no {name} in the message to edit")
        markup, buttons = _checked(given, name, longest), _buttons(given)
        if (markup, buttons) == (message.markup, message.buttons):
            raise BadRequest("message is not modified: specified new message content and reply markup are exactly the"
                             " same as a current content and reply markup of the message")  # fmt: skip
        message.text, message.markup, message.buttons = _shown(markup), markup, buttons
        message.edits += 1
        return {"message_id": message.id}

    def _answer_callback(self, given: dict[str, Any]) -> bool:
        if len(given.get("text", "")) > 200:
            raise BadRequest("MESSAGE_TOO_LONG")
        self.notices.append((given["callback_query_id"], given.get("text", "")))
        return True

    def _get_updates(self, given: dict[str, Any]) -> Any:
        self.updates = [update for update in self.updates if update["update_id"] >= given.get("offset", 0)]
        return self.updates[:100]

    def _set_webhook(self, given: dict[str, Any]) -> bool:
        if not given["url"].startswith("https://"):
            raise BadRequest("bad webhook: An HTTPS URL must be provided for webhook")
        self.webhook = {"url": given["url"]}
        return True

    def _delete_webhook(self, given: dict[str, Any]) -> bool:
        self.webhook = {}
        return True

    def _set_commands(self, given: dict[str, Any]) -> bool:
        for command in given["commands"]:
            if not re.fullmatch(r"[a-z0-9_]{1,32}", command["command"]) or not 1 <= len(command["description"]) <= 256:
                raise BadRequest("BOT_COMMAND_INVALID")
        self.commands[given.get("language_code", "")] = given["commands"]
        return True

    def _set_menu_button(self, given: dict[str, Any]) -> bool:
        if not given["menu_button"]["web_app"]["url"].startswith("https://"):
            raise BadRequest("Web App URL is invalid: Only HTTPS links are allowed")
        self.menu_button = given["menu_button"]
        return True


def refusal(code: int, description: str, **parameters: Any) -> Reply:
    """How the Bot API says no."""
    more = {"parameters": parameters} if parameters else {}
    return Reply(code, {"ok": False, "error_code": code, "description": description, **more})


def refuses(code: int, description: str, **parameters: Any) -> Fault:
    """The same, in place of the truth."""
    return instead(code, refusal(code, description, **parameters).document)


def flooded(seconds: int) -> Fault:
    """Too many calls; the next one after so many seconds."""
    return refuses(429, f"Too Many Requests: retry after {seconds}", retry_after=seconds)


LOST = after_all(502, b"<html>Bad Gateway</html>")
"""The call is carried out, and its answer lost."""


def _fields(asked: Asked) -> dict[str, Any]:
    kind = asked.headers.get("content-type", "")
    if not kind.startswith("multipart/form-data"):
        return dict(json.loads(asked.body)) if asked.body else {}
    given: dict[str, Any] = {}
    for part in message_from_bytes(f"Content-Type: {kind}\r\n\r\n".encode() + asked.body).walk():
        name, content = part.get_param("name", header="content-disposition"), part.get_payload(decode=True)
        if isinstance(name, str) and isinstance(content, bytes):
            given[name] = content if part.get_filename() else content.decode()
    if "reply_markup" in given:
        given["reply_markup"] = json.loads(given["reply_markup"])
    return given


def _checked(given: dict[str, Any], name: str, longest: int) -> str:
    """The text, which must be there, no longer than that without its markup, and in HTML that Telegram takes."""
    text = str(given.get(name, ""))
    if given.get("parse_mode") != "HTML":
        return text
    open_tags: list[str] = []
    for closing, tag in _TAG.findall(text):
        if tag not in TAGS:
            raise BadRequest(f'can\'t parse entities: Unsupported start tag "{tag}"')
        if not closing:
            open_tags.append(tag)
        elif not open_tags or open_tags.pop() != tag:
            raise BadRequest("can't parse entities: Unmatched end tag")
    if open_tags or "<" in _TAG.sub("", text) or _ENTITY.search(text):
        raise BadRequest("can't parse entities")
    if not _shown(text).strip():
        raise BadRequest(f"message {name} is empty")
    if len(_shown(text).encode("utf-16-le")) > 2 * longest:
        raise BadRequest(f"message {name} is too long")
    return text


def _shown(markup: str) -> str:
    return unescape(_TAG.sub("", markup))


def _buttons(given: dict[str, Any]) -> list[list[dict[str, Any]]]:
    buttons: list[list[dict[str, Any]]] = given.get("reply_markup", {}).get("inline_keyboard", [])
    for button in (button for row in buttons for button in row):
        if not button["text"]:
            raise BadRequest("Text buttons are unallowed in the inline keyboard")
        if "web_app" not in button and not 1 <= len(button["callback_data"].encode()) <= LONGEST_DATA:
            raise BadRequest("BUTTON_DATA_INVALID")
    return buttons

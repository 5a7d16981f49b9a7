"""Where Telegram sends what the bot's users do."""

import hmac
from typing import Any

from flask import Blueprint, Response, request
from werkzeug.exceptions import BadRequest, NotFound

from jobs import enqueue
from models import telegram_updates
from models.errors import Refusal
from models.strict_json import NotStrictJson, parse
from settings import settings
from web.answers import answer

# What is refused comes again and again, so there is room for the longest of messages, quoting another, in escapes.
LARGEST_UPDATE = 1024 * 1024
DEEPEST_UPDATE = 200
SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105 - the name of a header

telegram = Blueprint("telegram", __name__)


class InvalidSecret(Refusal):
    status, code = 401, "invalid_secret_token"


@telegram.post("/telegram/webhook")
def receive_update() -> Response:
    """Keep an update, once, and have it answered. What comes again, or is not for the bot, is received all the same."""
    _check_secret()
    update = _update()
    user_id = telegram_updates.user_of(update)
    if user_id is not None and telegram_updates.receive(_update_id(update), user_id, update):
        enqueue.talk(user_id)
    return answer({"ok": True})


def _check_secret() -> None:
    """Raise InvalidSecret for what does not come from Telegram; NotFound where no bot is set up for webhooks."""
    secret = settings.telegram_webhook_secret
    if settings.telegram_bot_token is None or secret is None:
        raise NotFound
    given = request.headers.get(SECRET_HEADER, "")
    if not hmac.compare_digest(given.encode("utf-8", "surrogateescape"), secret.encode()):
        raise InvalidSecret(f"Updates are taken from Telegram alone, which sends the secret in {SECRET_HEADER}.")


def _update() -> dict[str, Any]:
    """The body. Raises BadRequest."""
    request.max_content_length = LARGEST_UPDATE
    try:
        update = parse(request.get_data(), DEEPEST_UPDATE)
    except NotStrictJson:
        raise BadRequest from None
    if not isinstance(update, dict):
        raise BadRequest
    return update


def _update_id(update: dict[str, Any]) -> int:
    number = update.get("update_id")
    if not isinstance(number, int) or isinstance(number, bool) or not 0 <= number < 2**63:
        raise BadRequest
    return number

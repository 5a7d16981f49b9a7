"""Send one message of the outbox, and decide what becomes of it.

Telegram knows no idempotency: a message whose answer was lost is sent again. To read it twice is better than never.
"""

import io
from typing import Any

import segno
import structlog

from jobs.telegram import notices
from jobs.telegram.bot_api import BotApi, BotApiFault, ChatGone, Flood, Rejected
from jobs.telegram.language import Voice
from models import telegram_outbox, telegram_users
from models.database import Row, db, release_connection

CODE_SCALE = 8  # pixels for each square of a QR code
COUNTDOWN_SECONDS = 60.0
MOST_FAULTS = 5  # of our own, until a message is given up

log = structlog.get_logger()


def send(api: BotApi, message: Row) -> None:
    """Send the message; it stays in the outbox while it may go better later."""
    chat_id = message["chat_id"]
    if message["is_blocked"]:
        telegram_outbox.finish_all(chat_id, "the user has blocked the bot")
        return
    if message["is_stale"]:
        _give_up(message, "it could not be sent for a day")
        return
    try:
        _say(api, message)
    except Flood as flood:
        log.warning("telegram.flood", seconds=flood.retry_after)
        telegram_outbox.pause(chat_id, flood.retry_after)
    except ChatGone as gone:
        log.info("telegram.chat_gone", reason=str(gone))
        telegram_users.set_blocked(chat_id, blocked=True)
        telegram_outbox.finish_all(chat_id, str(gone))
    except Rejected as rejected:
        _give_up(message, str(rejected))
    except BotApiFault as fault:
        log.warning("telegram.unreachable", reason=str(fault), tries=message["tries"] + 1)
        telegram_outbox.put_off(message["id"], chat_id, message["tries"])
    except Exception:
        # What always fails must not keep all that follows it waiting. (If it was the database: so does putting off.)
        log.exception("telegram.message_failed", message=message["id"], kind=message["kind"])
        release_connection()
        if message["tries"] + 1 < MOST_FAULTS:
            telegram_outbox.put_off(message["id"], chat_id, message["tries"])
        else:
            _give_up(message, "it failed again and again")


def _say(api: BotApi, message: Row) -> None:
    words = telegram_outbox.words_of(message) or notices.words(Voice(message["language"]), message)
    release_connection()
    _note_sent(message, words, _call(api, message["chat_id"], words))


def _call(api: BotApi, chat_id: int, words: dict[str, Any]) -> int | None:
    """Say it; returns the id of the message that says it now, if Telegram told."""
    text, buttons = words["text"], words.get("buttons")
    if words.get("caption_of"):
        return _edit_caption(api, chat_id, words["caption_of"], text, buttons)
    if words.get("edit"):
        try:
            api.edit_message(chat_id, words["edit"], text, buttons)
            return int(words["edit"])
        except Rejected:  # it is too old, or was deleted
            return api.send_message(chat_id, text, buttons)
    if words.get("code"):
        try:
            return api.send_photo(chat_id, _picture(words["code"]), text, buttons)
        except Rejected as rejected:  # what to pay where must reach the user, with a picture or without
            log.warning("telegram.picture_rejected", reason=str(rejected))
    return api.send_message(chat_id, text, buttons)


def _edit_caption(api: BotApi, chat_id: int, message_id: int, text: str, buttons: Any) -> int:
    try:
        api.edit_caption(chat_id, message_id, text, buttons)
    except Rejected:  # it was sent without a picture
        api.edit_message(chat_id, message_id, text, buttons)
    return message_id


def _note_sent(message: Row, words: dict[str, Any], sent_id: int | None) -> None:
    chat_id = message["chat_id"]
    with db.atomic():
        telegram_outbox.finish(message["id"])
        telegram_outbox.pause(chat_id, telegram_outbox.PAUSE_SECONDS)
        if words.get("countdown") and sent_id is not None:
            telegram_outbox.follow_up(chat_id, notices.COUNTDOWN, words["countdown"], sent_id, COUNTDOWN_SECONDS)


def _give_up(message: Row, reason: str) -> None:
    # A countdown ends like this when its message was deleted.
    tell = log.info if message["kind"] == notices.COUNTDOWN else log.error
    tell("telegram.message_given_up", message=message["id"], kind=message["kind"], reason=reason)
    telegram_outbox.finish(message["id"], reason)


def _picture(code: str) -> bytes:
    picture = io.BytesIO()
    segno.make(code, error="m", micro=False).save(picture, kind="png", scale=CODE_SCALE, border=4)
    return picture.getvalue()

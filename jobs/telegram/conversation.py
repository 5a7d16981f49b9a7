"""Talk with a user: answer what he did, in order, and send what he is to be told.

One worker at a time has a chat. A step of the conversation is one transaction: it marks the update as dealt with, does
what it asks for, and writes down the answer; so an update that comes twice, or a worker that dies, does nothing twice.
"""

import dramatiq
import structlog

from jobs import enqueue, queues
from jobs.telegram import routes, sending
from jobs.telegram.bot_api import BotApi, BotApiFault, bot_api
from jobs.telegram.chat import Chat, Event, read_event
from jobs.telegram.routes import Step
from models import telegram_outbox, telegram_updates, telegram_users
from models.database import Row, db, release_connection, retrying
from models.errors import Refusal
from models.telegram_users import ChatLease

MOST_STEPS = 20  # in one job; then the chat gets in line again

log = structlog.get_logger()


@dramatiq.actor(actor_name=queues.TALK, queue_name=queues.TELEGRAM, max_retries=0)
def talk(user_id: int) -> None:
    """Answer and tell the user what waits for it, unless somebody is at it."""
    structlog.contextvars.bind_contextvars(telegram_user=user_id)
    api = bot_api()
    if api is None:
        log.error("telegram.no_token")  # the scheduler or the web has one that this process lacks
        return
    lease = telegram_users.claim(user_id)
    if lease is None:
        return
    try:
        _talk(api, lease)
    finally:
        telegram_users.release(lease)
    # What came in while the lease was held found nobody to take it.
    if telegram_updates.next_of(user_id) is not None:
        enqueue.talk(user_id)


def _talk(api: BotApi, lease: ChatLease) -> None:
    for _ in range(MOST_STEPS):
        if not telegram_users.extend(lease):
            log.warning("telegram.lease_lost")
            return
        update = telegram_updates.next_of(lease.user_id)
        if update is not None:
            _answer(api, lease.user_id, update)
            continue
        message = telegram_outbox.next_of(lease.user_id)
        if message is None:
            return
        sending.send(api, message)


def _answer(api: BotApi, user_id: int, update: Row) -> None:
    event = read_event(update["content"], user_id)
    try:
        notice = _step(event, update["id"])
    except Exception:
        # What always fails must not keep all that follows it waiting. (If it was the database: so does putting off,
        # and the update stays as it was.)
        log.exception("telegram.step_failed", update_id=update["id"], is_last_try=update["is_last_try"])
        release_connection()
        if not update["is_last_try"]:
            telegram_updates.put_off(update["id"])
            return
        notice = _apologise(event, update["id"])
    if event.query_id is not None:
        release_connection()
        try:
            api.answer_callback(event.query_id, notice)
        except BotApiFault as fault:  # a query is too old after a few seconds, and then nobody waits for it
            log.info("telegram.button_not_answered", reason=str(fault))


def _apologise(event: Event, update_id: int) -> str | None:
    try:
        return _conclude(event, update_id, Step(routes.apologise))
    except Exception:
        log.exception("telegram.apology_failed", update_id=update_id)
        release_connection()
        telegram_updates.finish(update_id)
        return None


def _step(event: Event, update_id: int) -> str | None:
    """Do what the update asks for; returns the notice for the button that was pressed."""
    if event.membership is not None:  # whoever comes back writes as well, and is answered then
        telegram_users.set_blocked(event.user_id, blocked=event.membership == "left")
        telegram_updates.finish(update_id)
        return None
    try:
        return _conclude(event, update_id, routes.find(event))
    except Refusal as refusal:
        reason = refusal.message
        return _conclude(event, update_id, Step(lambda chat: routes.tell_refusal(chat, reason)))


def _conclude(event: Event, update_id: int, step: Step) -> str | None:
    """Run a step and write down what came of it, once for each update."""

    def transaction() -> Chat | None:
        with db.atomic():
            if not telegram_updates.finish(update_id):
                return None
            chat = _chat(event, update_id)
            step.do(chat)
            chat.write()
            return chat

    chat = _place_and_write(event, update_id, step) if step.places_order else retrying(transaction)
    if chat is None:
        return None
    for callback in chat.afterwards:
        callback()
    return chat.notice


def _place_and_write(event: Event, update_id: int, step: Step) -> Chat | None:
    """Run a step that places an order, which takes a transaction of its own and, by its key, happens once."""
    chat = _chat(event, update_id)
    step.do(chat)

    def transaction() -> Chat | None:
        with db.atomic():
            if not telegram_updates.finish(update_id):
                return None
            chat.write()
            return chat

    return retrying(transaction)


def _chat(event: Event, update_id: int) -> Chat:
    return Chat(telegram_users.meet(event.user_id, event.username, event.language_code), event, update_id)

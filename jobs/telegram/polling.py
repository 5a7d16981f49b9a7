"""Asking Telegram for updates, for machines that it cannot reach: each is kept and answered as one of the webhook."""

import time

import structlog

from jobs import enqueue
from jobs.telegram.bot_api import BotApi, BotApiFault, Flood
from models import telegram_updates
from models.database import OUTAGES, release_connection

WAIT_SECONDS = 25
PAUSE_SECONDS = 3.0  # after a fault

log = structlog.get_logger()


def poll(api: BotApi) -> None:
    """Take updates until somebody ends the process."""
    offset = 0
    while True:
        try:
            offset = take(api, offset, WAIT_SECONDS)
        except BotApiFault as fault:
            log.warning("telegram.poll_failed", reason=str(fault))
            time.sleep(fault.retry_after if isinstance(fault, Flood) else PAUSE_SECONDS)
        except OUTAGES as outage:  # what was not kept was not confirmed either, and comes again
            log.warning("telegram.poll_failed", reason=type(outage).__name__)
            time.sleep(PAUSE_SECONDS)


def take(api: BotApi, offset: int, seconds: int) -> int:
    """Take the updates from `offset` on; returns where the next ones start. Raises BotApiFault.

    To ask for the next ones is to confirm these, so that they are kept first.
    """
    release_connection()
    for update in api.get_updates(offset, seconds):
        user_id = telegram_updates.user_of(update)
        if user_id is not None and telegram_updates.receive(update["update_id"], user_id, update):
            enqueue.talk(user_id)
        offset = update["update_id"] + 1
    return offset

"""Who our bot is: asked of Telegram now and then, so that links to it need not ask, and a wrong token shows."""

import dramatiq
import structlog

from jobs import queues, ticks
from jobs.telegram.bot_api import BotApi, BotApiFault, bot_api
from models import telegram_bots
from models.database import release_connection

log = structlog.get_logger()


@dramatiq.actor(actor_name=queues.CHECK_BOT, queue_name=queues.TELEGRAM, max_retries=0)
def check_bot(sent_at: float) -> None:
    """Note the bot's name."""
    api = bot_api()
    if api is None or ticks.is_stale(queues.CHECK_BOT, sent_at):
        return
    try:
        note_bot(api)
    except BotApiFault as fault:
        log.warning("telegram.bot_not_known", reason=str(fault))


def note_bot(api: BotApi) -> str:
    """Ask Telegram who the bot is, and note it; returns its username. Raises BotApiFault."""
    release_connection()
    bot = api.get_me()
    username = str(bot["username"])
    telegram_bots.note(int(bot["id"]), username)
    return username

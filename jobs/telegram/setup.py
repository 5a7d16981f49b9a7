"""What an operator does once for a bot: tell Telegram where updates go, and which commands there are."""

from jobs.telegram.bot_api import BotApi
from jobs.telegram.bot_checks import note_bot
from jobs.telegram.language import LANGUAGES, Voice, mark

PATH = "/telegram/webhook"

COMMANDS = {
    "menu": mark("The menu"),
    "topup": mark("Top up with USDT"),
    "stars": mark("Buy Stars"),
    "premium": mark("Buy Premium"),
    "ton": mark("Buy TON"),
    "orders": mark("My orders"),
    "balance": mark("Balance"),
    "key": mark("API key"),
    "referral": mark("Invite friends"),
    "language": mark("Language"),
    "help": mark("Help"),
}


def set_webhook(api: BotApi, public_url: str, secret: str) -> str:
    """Have updates sent to us, and tell users' apps the commands; returns the bot's username. Raises BotApiFault."""
    username = _introduce(api, public_url)
    api.set_webhook(f"{public_url}{PATH}", secret)
    return username


def prepare_polling(api: BotApi, public_url: str | None) -> str:
    """Have updates kept for us, which a webhook would forbid; returns the bot's username. Raises BotApiFault."""
    api.delete_webhook()
    return _introduce(api, public_url)


def _introduce(api: BotApi, public_url: str | None) -> str:
    for language in LANGUAGES:
        voice = Voice(language)
        commands = [{"command": name, "description": voice.text(about)} for name, about in COMMANDS.items()]
        api.set_commands(commands, None if language == "en" else language)
    if public_url is not None and public_url.startswith("https://"):  # Telegram opens no others
        api.set_menu_button("Dashboard", f"{public_url}/dashboard")
    return note_bot(api)

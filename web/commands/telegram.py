"""`flask telegram`: the bot, as an operator sets it up."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from settings import settings
from web.commands.operator_command import OperatorGroup

if TYPE_CHECKING:
    from jobs.telegram.bot_api import BotApi


@click.group("telegram", cls=OperatorGroup)
def group() -> None:
    """The Telegram bot."""


@group.command("set-webhook")
def set_webhook() -> None:
    """Have Telegram send updates to PUBLIC_URL, and tell it the bot's commands."""
    # Loaded when it is wanted: the web needs nothing of the bot but its updates.
    from jobs.telegram import setup
    from jobs.telegram.bot_api import BotApiFault

    url, secret = settings.public_url, settings.telegram_webhook_secret
    if url is None or not url.startswith("https://"):
        raise click.ClickException("PUBLIC_URL must be an address that starts with https://, which Telegram can reach.")
    if secret is None:
        raise click.ClickException("TELEGRAM_WEBHOOK_SECRET is not set: without it, anybody could speak for Telegram.")
    try:
        username = setup.set_webhook(_api(), url, secret)
    except BotApiFault as fault:
        raise click.ClickException(f"Telegram did not do it ({fault}).") from None
    click.echo(f"@{username} sends its updates to {url}{setup.PATH}.")


@group.command("poll")
def poll() -> None:
    """Ask Telegram for updates, until Ctrl-C; for development, where Telegram cannot reach this machine."""
    from jobs.telegram import polling, setup
    from jobs.telegram.bot_api import BotApiFault

    api = _api()
    try:
        username = setup.prepare_polling(api, settings.public_url)
    except BotApiFault as fault:
        raise click.ClickException(f"Telegram did not do it ({fault}).") from None
    click.echo(f"Asking for the updates of @{username}; the workers answer them. Ctrl-C ends it.")
    try:
        polling.poll(api)
    except KeyboardInterrupt:
        click.echo("Ended.")


@group.command("status")
def status() -> None:
    """Show where updates go, and whether Telegram can deliver them."""
    from jobs.telegram.bot_api import BotApiFault

    api = _api()
    try:
        bot, webhook = api.get_me(), api.webhook_info()
    except BotApiFault as fault:
        raise click.ClickException(f"Telegram did not tell ({fault}).") from None
    click.echo(f"bot                  @{bot.get('username')}")
    click.echo(f"updates go to        {webhook.get('url') or '- (to whoever polls)'}")
    click.echo(f"waiting at Telegram  {webhook.get('pending_update_count', 0)}")
    click.echo(f"last error           {_last_error(webhook)}")


def _last_error(webhook: dict[str, Any]) -> str:
    """What Telegram told of its last failed delivery, and when that was: it goes on telling when all is well again."""
    words, moment = webhook.get("last_error_message"), webhook.get("last_error_date")
    when = f" ({datetime.fromtimestamp(moment, UTC):%Y-%m-%d %H:%M} UTC)" if isinstance(moment, int) else ""
    return f"{words}{when}" if words else "-"


def _api() -> "BotApi":
    from jobs.telegram.bot_api import bot_api

    api = bot_api()
    if api is None:
        raise click.ClickException("TELEGRAM_BOT_TOKEN is not set: there is no bot.")
    return api

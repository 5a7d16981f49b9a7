"""The first words, the menu, help and the language."""

from typing import get_args

from jobs.telegram.chat import Chat, button, in_rows
from jobs.telegram.language import LANGUAGES, Voice, dollars
from models import accounts, referrals, telegram_users
from models.telegram_users import Language
from settings import settings


def start(chat: Chat, payload: str) -> None:
    """`/start`, perhaps by a friend's link."""
    if payload.startswith(referrals.START) and referrals.connect(
        chat.account_id, payload.removeprefix(referrals.START)
    ):
        chat.say(chat.text(
            "Welcome! A friend has invited you. They get {reward} USD once your first top-up is {least} USD or more.",
            least=dollars(settings.referral_min_topup_usd), reward=dollars(settings.referral_reward_usd),
        ))  # fmt: skip
    show(chat)


def show(chat: Chat, _: str = "") -> None:
    """The menu."""
    account = accounts.get(chat.account_id)
    chat.show(
        chat.text(
            "<b>Telegram Stars, Premium and TON</b>\n\nBalance: <b>{available} USD</b>\n"
            "Reserved for open orders: {held} USD",
            available=dollars(account["available"]),
            held=dollars(account["held"]),
        ),
        [
            [button(chat.text("⭐ Stars"), "stars"), button(chat.text("💎 Premium"), "premium"),
             button(chat.text("🪙 TON"), "ton")],
            *in_rows([
                button(chat.text("💰 Balance"), "balance"), button(chat.text("➕ Top up"), "topup"),
                button(chat.text("📦 My orders"), "orders"), button(chat.text("📊 Statistics"), "stats"),
                button(chat.text("🔑 API KEY"), "key"), button(chat.text("👥 Invite friends"), "referral"),
                button(chat.text("🌐 Language"), "language"), button(chat.text("❓ Help"), "help"),
            ], 2),
            *_dashboard(chat),
        ],
    )  # fmt: skip


def _dashboard(chat: Chat) -> list[list[dict[str, object]]]:
    # Telegram opens nothing but https inside itself.
    if settings.public_url is None or not settings.public_url.startswith("https://"):
        return []
    return [[{"text": chat.text("🖥 Dashboard"), "web_app": {"url": f"{settings.public_url}/dashboard"}}]]


def show_help(chat: Chat, _: str = "") -> None:
    """What the bot can do, and where to turn."""
    chat.show(
        chat.text(
            "<b>How it works</b>\n\n"
            "1. <b>Top up</b>: choose a network and an amount, and send exactly the amount you are shown.\n"
            "2. <b>Buy</b> Stars, Premium or TON for yourself or for anybody with a username. The price comes first.\n"
            "3. The result comes into this chat. What cannot be delivered is paid back to your balance at once.\n\n"
            "With an <b>API key</b>, your own programs can do the same.\n\n"
            "/menu – the menu\n/topup – top up\n/stars, /premium, /ton – buy\n/orders – your orders\n"
            "/key – your API key\n/language – English or Russian"
        ),
        [chat.menu_row()],
    )


def choose_language(chat: Chat, language: str = "") -> None:
    """The languages, or one of them chosen."""
    if language in get_args(Language):
        chosen: Language = "ru" if language == "ru" else "en"
        telegram_users.set_language(chat.customer.user_id, chosen)
        chat.speak(Voice(chosen))
        show(chat)
        return
    labels = [button(name, "language", code) for code, name in LANGUAGES.items()]
    chat.show(chat.text("Which language would you like?"), [labels, chat.menu_row()])

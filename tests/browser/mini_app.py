"""How Telegram opens a Mini App: with who the person is, signed with the bot's token, behind the address's #."""

import hashlib
import hmac
import json
import time
from urllib.parse import quote, urlencode

from tests.browser.sutler import BOT_TOKEN

THEME = {
    "bg_color": "#17212b",
    "secondary_bg_color": "#232e3c",
    "text_color": "#f5f5f5",
    "hint_color": "#8a9aa9",
    "link_color": "#6ab3f3",
    "button_color": "#5288c1",
    "button_text_color": "#ffffff",
}

# What Telegram's apps add to a page before its own scripts run.
APP = "window.TelegramWebviewProxy = { postEvent() {} };"


def launch_fragment(user_id: int, language: str = "en", token: str = BOT_TOKEN) -> str:
    """What stands behind the # when this user opens the Mini App of the bot with this token."""
    parts = {
        "tgWebAppData": _init_data(user_id, language, token),
        "tgWebAppVersion": "8.0",
        "tgWebAppPlatform": "ios",
        "tgWebAppThemeParams": json.dumps(THEME),
    }
    return urlencode(parts, quote_via=quote)


def _init_data(user_id: int, language: str, token: str) -> str:
    user = {"id": user_id, "first_name": "Ann & Co.", "username": f"ann_{user_id}", "language_code": language}
    pairs = {"query_id": "AAH-made-up", "user": json.dumps(user), "auth_date": str(int(time.time()))}
    key = hmac.digest(b"WebAppData", token.encode(), hashlib.sha256)
    text = "\n".join(f"{name}={pairs[name]}" for name in sorted(pairs))
    return urlencode(pairs | {"hash": hmac.digest(key, text.encode(), hashlib.sha256).hex()})

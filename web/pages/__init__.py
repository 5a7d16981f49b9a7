"""The client's dashboard: pages made on the server, a few files of our own, and no build step."""

import time
from typing import Any

from flask import Blueprint, Flask, g, request
from flask_babel import get_locale
from jinja2 import StrictUndefined

from settings import settings
from web.pages import (
    assets,
    buying,
    guard,
    key_list,
    language,
    orders,
    overview,
    referral_list,
    shown,
    signing_in,
    statement_list,
    topups,
)
from web.pages.headers import secure
from web.pages.places import HOME

pages = Blueprint("pages", __name__, url_prefix="/dashboard", template_folder="templates")
pages.before_request(guard.enter)
pages.after_request(secure)

_RESOURCES = (
    assets, language, signing_in, overview, statement_list, key_list, referral_list, orders, buying, topups,
)  # fmt: skip
for resource in _RESOURCES:
    resource.route(pages)


def register(app: Flask) -> None:
    """What the pages need of the application."""
    language.register(app)
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.filters.update(usd=shown.usd, moment=shown.moment, grouped=shown.grouped)
    app.jinja_env.globals.update(asset=assets.asset)


@pages.app_context_processor
def _for_templates() -> dict[str, Any]:
    """What every page knows."""
    visitor = g.get("visitor")
    # "here" is where the choice of a language leads back to; what a form was sent to cannot be opened.
    return {
        "visitor": visitor,
        "csrf_token": visitor.csrf_token if visitor else "",
        "language": get_locale().language,
        "languages": language.LANGUAGES,
        "here": request.full_path.rstrip("?") if request.method == "GET" else HOME,
        "now": int(time.time()),
        "status_word": shown.status_word,
        "has_bot": settings.telegram_bot_token is not None,
    }

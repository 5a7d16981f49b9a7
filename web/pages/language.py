"""Which language a page is in: the visitor's choice, else his Telegram's, else his browser's."""

from pathlib import Path

from flask import Blueprint, Flask, g, redirect, request
from flask_babel import Babel
from werkzeug import Response as WerkzeugResponse
from werkzeug.exceptions import BadRequest

from models import telegram_users
from models.telegram_users import Language
from web.pages.places import local_place

LANGUAGES: dict[Language, str] = {"en": "English", "ru": "Русский"}
COOKIE = "sutler_language"
COOKIE_SECONDS = 365 * 86_400
TRANSLATIONS = Path(__file__).parents[2] / "translations"


def register(app: Flask) -> None:
    """Have texts translated."""
    Babel(
        app,
        default_domain="pages",
        default_translation_directories=str(TRANSLATIONS),
        locale_selector=chosen,
    )


def route(pages: Blueprint) -> None:
    """Add the address of the choice."""
    pages.post("/language")(choose)


def chosen() -> str:
    """The language of the page that is being made."""
    visitor = g.get("visitor")
    wanted = request.cookies.get(COOKIE) or (visitor.language if visitor else None)
    if wanted in LANGUAGES:
        return str(wanted)
    # Not Werkzeug's best_match, to which "en-GB, ru;q=0.5" is Russian: it tries exact names first.
    asked = (name.partition("-")[0].lower() for name in request.accept_languages.values())
    return next((name for name in asked if name in LANGUAGES), "en")


def choose() -> WerkzeugResponse:
    """Keep the visitor's choice, for the bot too if he came from there, and show the page again."""
    language = next((code for code in LANGUAGES if code == request.form.get("language")), None)
    if language is None:
        raise BadRequest
    if g.visitor is not None and g.visitor.telegram_user_id is not None:
        telegram_users.set_language(g.visitor.telegram_user_id, language)
    response = redirect(local_place(request.form.get("next")), 303)
    # In Telegram's web client we are in a frame, where a browser takes no other cookie than such a one.
    response.set_cookie(COOKIE, language, max_age=COOKIE_SECONDS, path="/dashboard", secure=True, httponly=True,
                        samesite="None", partitioned=True)  # fmt: skip
    return response

"""The HTTP side: validate, reserve, enqueue, answer. It knows no provider and no chain."""

from collections.abc import Callable
from typing import Any

import click
from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

import logs
from models.connections import set_default_patience
from models.database import db
from settings import settings
from web import errors, health, observe
from web.admin import admin
from web.api_docs import docs
from web.api_docs.postman import postman
from web.bodies import BoundedRequest
from web.commands import register_commands
from web.metrics import metrics
from web.pages import pages, problems
from web.pages import register as register_pages
from web.path_ids import PathId
from web.provider_webhooks import provider_webhooks
from web.reference.views import openapi
from web.telegram import telegram
from web.v1 import v1
from web.v2 import v2
from web.v2.errors import form as v2_form

MAX_BODY_BYTES = 64 * 1024
# A request must hear within 5 s that the database is silent; this is for one statement, and the gate's come first.
STATEMENT_SECONDS = 2.5


class _Application(Flask):
    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """The function as it is: none of ours is asynchronous, and to ask each, six in a request, takes Flask 30 µs."""
        return func


def create_app() -> Flask:
    """The application, with its surfaces."""
    logs.configure()
    app = _Application(__name__, static_folder=None)
    app.request_class = BoundedRequest
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY_BYTES
    app.config["PROVIDE_AUTOMATIC_OPTIONS"] = False
    app.url_map.strict_slashes = False
    app.url_map.merge_slashes = False  # merging redirects, in HTML and to whatever host the client named
    app.url_map.converters["int"] = PathId
    if settings.trusted_proxies:
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=settings.trusted_proxies, x_proto=settings.trusted_proxies
        )
    observe.register(app)
    errors.register(app, {"/api/v2": v2_form}, {"/dashboard": problems.page})
    for surface in (v1, v2, admin, health.health, metrics, provider_webhooks, telegram, openapi, docs, postman, pages):
        app.register_blueprint(surface)
    register_pages(app)
    app.teardown_request(_release_connection)
    register_commands(app)
    if not click.get_current_context(silent=True):
        set_default_patience(STATEMENT_SECONDS)  # a command of an operator may take its time
    return app


def _release_connection(error: BaseException | None) -> None:
    if not db.is_closed():
        db.close()

"""The webhook inspector: receivers that live for an hour and show what they got. For development alone."""

import json
from base64 import b64decode
from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from typing import Any, TypeVar, cast

from flask import Blueprint, Response, redirect, render_template, request, url_for
from markupsafe import Markup, escape
from werkzeug import Response as WerkzeugResponse
from werkzeug.exceptions import NotFound

from models.errors import Refusal
from settings import settings
from web.api_docs import receivers
from web.api_docs.highlighting import coloured, indented
from web.api_docs.receivers import LIFETIME_SECONDS, MOST_DELIVERIES, Delivery
from web.pages import live
from web.reference.webhooks import ALWAYS_SENT, SENT_WITH_A_SECRET

_LIST = "docs/_deliveries.html"
_POLL_SECONDS = 2
_HEADERS = {**ALWAYS_SENT, **SENT_WITH_A_SECRET}
_LONGEST_TEXT = 500_000  # what is nested 500 deep becomes 500 times longer
_LONGEST_HEADER = 256  # ours are shorter; what others send is to take no more room than that


class ReceiverNotFound(Refusal):
    status, code = 404, "receiver_not_found"


View = TypeVar("View", bound=Callable[..., Any])


def _in_development(view: View) -> View:
    """The view, where there are simulations; elsewhere there is nothing at its address."""

    @wraps(view)
    def guarded(**arguments: Any) -> Any:
        if not settings.allow_simulation:
            raise NotFound
        return view(**arguments)

    return cast(View, guarded)


def route(docs: Blueprint) -> None:
    """Add the inspector's addresses."""
    docs.get("/inspector")(_in_development(show_inspector))
    docs.post("/inspector")(_in_development(make_receiver))
    docs.get("/inspector/<token>")(_in_development(show_receiver))
    docs.get("/inspector/<token>/deliveries")(_in_development(show_deliveries))
    docs.post("/inspector/<token>")(_in_development(receive))


def show_inspector() -> str:
    """What it is, and a button that makes a receiver."""
    return render_template("docs/inspector.html", address=None)


def make_receiver() -> WerkzeugResponse:
    """A receiver of one's own."""
    return redirect(url_for("docs.show_receiver", token=receivers.make()), 303)


def show_receiver(token: str) -> str:
    """A receiver's page, with its deliveries as they come. Raises ReceiverNotFound."""
    return render_template(
        "docs/inspector.html",
        address=url_for("docs.receive", token=token, _external=True),
        deliveries=live.part(_LIST, _list_address(token), _POLL_SECONDS, deliveries=_shown(token)),
        minutes=LIFETIME_SECONDS // 60,
        most=MOST_DELIVERIES,
    )


def show_deliveries(token: str) -> Response:
    """The deliveries alone, when they are new. Raises ReceiverNotFound."""
    return live.answer(_LIST, _list_address(token), _POLL_SECONDS, deliveries=_shown(token))


def receive(token: str) -> Response:
    """Take a delivery. Raises ReceiverNotFound."""
    told = {name: request.headers[name][:_LONGEST_HEADER] for name in _HEADERS if name in request.headers}
    if not receivers.keep(token, told, request.get_data()):
        raise _not_found()
    return Response(status=204)


def _list_address(token: str) -> str:
    return url_for("docs.show_deliveries", token=token)


def _shown(token: str) -> list[dict[str, Any]]:
    found = receivers.deliveries(token)
    if found is None:
        raise _not_found()
    return [_view(delivery) for delivery in found]


def _view(delivery: Delivery) -> dict[str, Any]:
    raw = b64decode(delivery["body"])
    return {**delivery, "text": _readable(raw), "size": len(raw)}


def _readable(raw: bytes) -> Markup:
    """JSON as people read it, with colours; what is none, or none that can be shown so, as it is."""
    with suppress(ValueError, RecursionError):
        text = indented(json.loads(raw))
        text.encode()  # which half a character of UTF-16 cannot be
        if len(text) < _LONGEST_TEXT:
            return coloured(text, "json")
    # Without colours: to look for the end of a string that has none takes minutes.
    return escape(raw.decode(errors="replace"))


def _not_found() -> ReceiverNotFound:
    return ReceiverNotFound("There is no such receiver; they last for an hour, and old ones give way to new ones.")

"""Parts of a page that bring themselves up to date: they are asked for every few seconds, until they are final."""

import hashlib
from typing import Any

from flask import Response, render_template, request
from markupsafe import Markup


def part(template: str, address: str, seconds: int | None, **context: Any) -> Markup:
    """The part, made of a template; its address is asked again after so many seconds, or never more if None."""
    return _wrapped(render_template(template, **context), address, seconds)


def answer(template: str, address: str, seconds: int | None, **context: Any) -> Response:
    """The answer to the part's own request: the part, or 204 while it still looks as the page has it.

    So nothing that a visitor has marked, or a screen reader is at, is taken away from under him for no reason.
    """
    inner = render_template(template, **context)
    if seconds is not None and request.args.get("seen") == _digest(inner):
        return Response(status=204)
    return Response(_wrapped(inner, address, seconds))


def _wrapped(inner: str, address: str, seconds: int | None) -> Markup:
    # Templates have made both, and escaped what is not ours.
    safe = Markup(inner)  # noqa: S704
    html = render_template("dashboard/_live.html", inner=safe, address=address, seconds=seconds, digest=_digest(inner))
    return Markup(html)  # noqa: S704


def _digest(html: str) -> str:
    return hashlib.sha256(html.encode()).hexdigest()[:16]

"""`GET /api/openapi.json` and `GET /api/admin/openapi.json`: for everybody, since neither tells a secret."""

import hashlib
import json
from collections.abc import Callable
from threading import Lock
from typing import Any

from flask import Blueprint, Flask, Response, current_app, request

from web.reference.documents import for_clients, for_operators

openapi = Blueprint("openapi", __name__)
_making = Lock()


@openapi.get("/api/openapi.json")
def show_document() -> Response:
    """What clients can ask."""
    return _document("clients", for_clients)


@openapi.get("/api/admin/openapi.json")
def show_operators_document() -> Response:
    """What operators can ask."""
    return _document("operators", for_operators)


def _document(name: str, make: Callable[[Flask], dict[str, Any]]) -> Response:
    body, etag = _made(name, make)
    response = Response(body, mimetype="application/json", headers={"Cache-Control": "no-cache"})
    response.set_etag(etag)
    return response.make_conditional(request)  # type: ignore[return-value]


def _made(name: str, make: Callable[[Flask], dict[str, Any]]) -> tuple[str, str]:
    """The text of a document, and its ETag; made once in each process."""
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]  # the way that Flask tells of
    with _making:
        made: dict[str, tuple[str, str]] = app.extensions.setdefault("openapi", {})
        if name not in made:
            text = json.dumps(make(app), ensure_ascii=False, separators=(",", ":"))
            made[name] = (text, hashlib.sha256(text.encode()).hexdigest()[:32])
        return made[name]

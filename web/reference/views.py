"""`GET /api/openapi.json` and `GET /api/admin/openapi.json`: for everybody, since neither tells a secret."""

import json
from collections.abc import Callable
from threading import Lock
from typing import Any

from flask import Blueprint, Flask, Response, current_app

from web.assets import PackedText
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
    return _made(name, make).response("application/json")


def _made(name: str, make: Callable[[Flask], dict[str, Any]]) -> PackedText:
    """The text of a document; made once in each process."""
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]  # the way that Flask tells of
    with _making:
        made: dict[str, PackedText] = app.extensions.setdefault("openapi", {})
        if name not in made:
            made[name] = PackedText.of(json.dumps(make(app), ensure_ascii=False, separators=(",", ":")))
        return made[name]

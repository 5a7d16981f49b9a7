"""`GET /api/openapi.json` and `GET /api/admin/openapi.json`: for everybody, since neither tells a secret."""

import json
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from flask import Blueprint, Flask, Response, current_app

from web.assets import PackedText
from web.reference.documents import for_operators, shown_to_clients

openapi = Blueprint("openapi", __name__)


@openapi.get("/api/openapi.json")
def show_document() -> Response:
    """What clients can ask."""
    return _answer(shown_to_clients)


@openapi.get("/api/admin/openapi.json")
def show_operators_document() -> Response:
    """What operators can ask."""
    return _answer(for_operators)


def _answer(make: Callable[[Flask], dict[str, Any]]) -> Response:
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]  # the way that Flask tells of
    return _text(app, make).response("application/json")


@lru_cache(maxsize=2)
def _text(app: Flask, make: Callable[[Flask], dict[str, Any]]) -> PackedText:
    return PackedText.of(json.dumps(make(app), ensure_ascii=False, separators=(",", ":")))

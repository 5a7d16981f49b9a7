"""`GET /api/postman.json`: the Postman collection, as a file."""

import json
from functools import lru_cache

from flask import Blueprint, Flask, Response

from web.api_docs import origin
from web.assets import PackedText
from web.reference.documents import shown_to_clients
from web.reference.postman import collection

postman = Blueprint("postman", __name__)


@postman.get("/api/postman.json")
def download_collection() -> Response:
    """The collection; it has no key in it."""
    response = _made(origin.app(), origin.base()).response("application/json")
    response.headers["Content-Disposition"] = 'attachment; filename="sutler.postman_collection.json"'
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


@lru_cache(maxsize=origin.HOSTS_KEPT)
def _made(app: Flask, base: str) -> PackedText:
    return PackedText.of(_text(app).replace(origin.PLACEHOLDER, json.dumps(base)[1:-1]))


@lru_cache(maxsize=1)
def _text(app: Flask) -> str:
    return collection(shown_to_clients(app), origin.PLACEHOLDER)

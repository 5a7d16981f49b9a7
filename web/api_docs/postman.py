"""`GET /api/postman.json`: the Postman collection, as a file."""

from functools import lru_cache

from flask import Blueprint, Flask, Response

from web.api_docs import origin
from web.reference.postman import collection

postman = Blueprint("postman", __name__)


@postman.get("/api/postman.json")
def download_collection() -> Response:
    """The collection; it has no key in it."""
    response = Response(_made(origin.app(), origin.base()), mimetype="application/json")
    response.headers["Content-Disposition"] = 'attachment; filename="sutler.postman_collection.json"'
    response.headers["Cache-Control"] = "no-cache"
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


@lru_cache(maxsize=origin.HOSTS_KEPT)
def _made(app: Flask, base: str) -> str:
    return collection(origin.document(app), base)

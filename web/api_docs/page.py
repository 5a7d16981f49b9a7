"""`GET /api/docs`: one page, made of templates, of what the code says of itself, and of the example programs."""

import gzip
import hashlib
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from flask import Blueprint, Flask, Response, current_app, render_template, request

from settings import settings
from web.api_docs.assets import docs_asset
from web.api_docs.changelog import prose, releases
from web.api_docs.example_files import ORDERS, RECEIVERS, SIGNING
from web.api_docs.facts import all_facts
from web.api_docs.highlighting import coloured, indented
from web.api_docs.reference import Reference
from web.assets import packed
from web.reference.documents import for_clients
from web.reference.postman import collection

_HOSTS_KEPT = 8  # pages for so many host names are kept; more only come from who makes them up


@dataclass(frozen=True, slots=True)
class _Made:
    html: str
    packed: bytes
    etag: str


def route(docs: Blueprint) -> None:
    """Add the page's address, and that of the Postman collection."""
    docs.context_processor(lambda: {"docs_asset": docs_asset, "has_inspector": settings.allow_simulation})
    docs.add_app_template_filter(coloured, "coloured")
    docs.add_app_template_filter(indented, "indented")
    docs.add_app_template_filter(prose, "prose")
    docs.get("")(show_page)
    docs.get("/postman.json")(download_collection)


def show_page() -> Response:
    """The documentation. It is the same for everybody, and packed as nothing in it is secret."""
    made = _page(_app(), _base())
    response = Response(made.html, headers={"Cache-Control": "no-cache"})
    response.set_etag(made.etag)
    return packed(response.make_conditional(request), lambda: made.packed)  # type: ignore[arg-type]


def download_collection() -> Response:
    """The Postman collection, as a file."""
    response = Response(_collection(_app(), _base()), mimetype="application/json")
    response.headers["Content-Disposition"] = 'attachment; filename="sutler.postman_collection.json"'
    response.headers["Cache-Control"] = "no-cache"
    return response


def _base() -> str:
    """Where clients reach us: what the operator says, or else where the reader does."""
    return settings.public_url or request.host_url.rstrip("/")


def _app() -> Flask:
    return current_app._get_current_object()  # type: ignore[attr-defined,no-any-return]  # the way that Flask tells of


@lru_cache(maxsize=1)
def _document(app: Flask) -> dict[str, Any]:
    return for_clients(app)


@lru_cache(maxsize=_HOSTS_KEPT)
def _page(app: Flask, base: str) -> _Made:
    html = render_template(
        "docs/page.html",
        base=base,
        reference=Reference(_document(app)),
        facts=all_facts(),
        snippets=SIGNING,
        orders=ORDERS,
        receivers=RECEIVERS,
        releases=releases(),
    )
    return _Made(html, gzip.compress(html.encode(), mtime=0), hashlib.sha256(html.encode()).hexdigest()[:32])


@lru_cache(maxsize=_HOSTS_KEPT)
def _collection(app: Flask, base: str) -> str:
    return collection(_document(app), base)

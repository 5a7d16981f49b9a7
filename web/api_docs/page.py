"""`GET /api/docs`: one page, made of templates, of what the code says of itself, and of the example programs."""

import gzip
import hashlib
from dataclasses import dataclass
from functools import lru_cache

from flask import Blueprint, Flask, Response, render_template, request

from settings import settings
from web.api_docs import origin
from web.api_docs.assets import docs_asset
from web.api_docs.changelog import prose, releases
from web.api_docs.example_files import ORDERS, RECEIVERS, SIGNING
from web.api_docs.facts import all_facts
from web.api_docs.highlighting import coloured, indented
from web.api_docs.reference import Reference
from web.assets import packed


@dataclass(frozen=True, slots=True)
class _Made:
    html: str
    packed: bytes
    etag: str


def route(docs: Blueprint) -> None:
    """Add the page's address, and what the templates of all pages use."""
    docs.context_processor(lambda: {"docs_asset": docs_asset, "has_inspector": settings.allow_simulation})
    docs.add_app_template_filter(coloured, "coloured")
    docs.add_app_template_filter(indented, "indented")
    docs.add_app_template_filter(prose, "prose")
    docs.get("")(show_page)


def show_page() -> Response:
    """The documentation. It is the same for everybody, and packed as nothing in it is secret."""
    made = _page(origin.app(), origin.base())
    response = Response(made.html, headers={"Cache-Control": "no-cache"})
    response.set_etag(made.etag)
    return packed(response.make_conditional(request), lambda: made.packed)  # type: ignore[arg-type]


@lru_cache(maxsize=origin.HOSTS_KEPT)
def _page(app: Flask, base: str) -> _Made:
    html = render_template(
        "docs/page.html",
        base=base,
        reference=Reference(origin.document(app)),
        facts=all_facts(),
        snippets=SIGNING,
        orders=ORDERS,
        receivers=RECEIVERS,
        releases=releases(),
    )
    return _Made(html, gzip.compress(html.encode(), mtime=0), hashlib.sha256(html.encode()).hexdigest()[:32])

"""`GET /api/docs`: one page, made of templates, of what the code says of itself, and of the example programs."""

from functools import lru_cache

from flask import Blueprint, Flask, Response, render_template
from markupsafe import escape

from settings import settings
from web.api_docs import origin
from web.api_docs.assets import docs_asset
from web.api_docs.changelog import prose, releases
from web.api_docs.example_files import ORDERS, RECEIVERS, SIGNING
from web.api_docs.facts import all_facts
from web.api_docs.highlighting import coloured, indented
from web.api_docs.reference import Reference
from web.assets import PackedText
from web.reference.documents import shown_to_clients


def route(docs: Blueprint) -> None:
    """Add the page's address, and what the templates of all pages use."""
    docs.context_processor(lambda: {"docs_asset": docs_asset, "has_inspector": settings.allow_simulation})
    docs.add_app_template_filter(coloured, "coloured")
    docs.add_app_template_filter(indented, "indented")
    docs.add_app_template_filter(prose, "prose")
    docs.get("")(show_page)


def show_page() -> Response:
    """The documentation. It is the same for everybody, and packed as nothing in it is secret."""
    return _page(origin.app(), origin.base()).response("text/html")


@lru_cache(maxsize=origin.HOSTS_KEPT)
def _page(app: Flask, base: str) -> PackedText:
    return PackedText.of(_html(app).replace(origin.PLACEHOLDER, escape(base)))


@lru_cache(maxsize=1)
def _html(app: Flask) -> str:
    return render_template(
        "docs/page.html",
        base=origin.PLACEHOLDER,
        reference=Reference(shown_to_clients(app)),
        facts=all_facts(),
        snippets=SIGNING,
        orders=ORDERS,
        receivers=RECEIVERS,
        releases=releases(),
    )

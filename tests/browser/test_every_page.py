"""What holds of every page: no grave fault of accessibility, no scrolling sideways, and no errors (see `visit`)."""

from urllib.parse import urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Page

from dev.screenshots import BELOW, FIRST_LINKS, NOTHING_THERE, PAGES, SIGN_IN, addresses, wait_until_drawn
from tests.browser.accessibility import grave_faults
from tests.browser.conftest import Visit
from tests.browser.visitor import LOOKS, Look
from tests.factories import Shop, make_product, make_shop

IS_TOO_WIDE = "() => document.scrollingElement.scrollWidth > window.innerWidth"

# Addresses that are no pages: parts of pages, files, and what scripts ask for.
NO_PAGES = {
    *("pages.static_file", "pages.show_activity", "pages.show_balance_history", "pages.download_statement"),
    *(
        "pages.order_state",
        "pages.order_webhooks",
        "pages.webhook_answers",
        "pages.download_items",
        "pages.topup_state",
    ),
}


def make_busy_shop(client: FlaskClient) -> Shop:
    """A client with an order that has long names and numbers, and a top-up."""
    product = make_product("12345.678901", in_stock=3, name="A name of " + "many long words " * 6, category="W" * 40)
    shop = make_shop(client, "98765432.101234")
    ordered = shop.order(product, 2, client_reference="R" * 64, webhook_url="http://127.0.0.1:1/" + "long/" * 30)
    assert ordered.status_code == 200, ordered.json
    assert shop.post("/balance/topup", {"amount_usdt": 99_999.99, "network": "usdt_ton"}).status_code == 200
    return shop


def faults_of(page: Page, address: str) -> list[str]:
    """What is wrong with the page at this address, once it is drawn."""
    page.goto(address)
    wait_until_drawn(page)
    found = grave_faults(page)
    if page.evaluate(IS_TOO_WIDE):
        found.append("it scrolls sideways")
    return [f"{address}: {fault}" for fault in found]


def test_no_page_is_forgotten(visit: Visit, client: FlaskClient, app: Flask) -> None:
    visitor = visit()
    visitor.sign_in(make_busy_shop(client))
    routes = app.url_map.bind("localhost")
    known = {SIGN_IN, *addresses(visitor.page).values()} - {NOTHING_THERE}
    looked_at = {routes.match(urlsplit(address).path)[0] for address in known}
    answering = {rule.endpoint for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ())}
    assert looked_at | NO_PAGES == {endpoint for endpoint in answering if endpoint.startswith("pages.")}


@pytest.mark.parametrize("look", LOOKS, ids=str)
def test_every_page_can_be_used_by_everybody_and_fits_its_window(visit: Visit, client: FlaskClient, look: Look) -> None:
    visitor = visit(look)
    found = faults_of(visitor.page, SIGN_IN)
    visitor.sign_in(make_busy_shop(client))
    pages = addresses(visitor.page)
    assert set(pages) == {*PAGES, *FIRST_LINKS, *BELOW}
    for address in {*pages.values()} - {NOTHING_THERE}:
        found += faults_of(visitor.page, address)
    with visitor.refused(404):
        found += faults_of(visitor.page, NOTHING_THERE)
    assert not found, "\n".join(found)

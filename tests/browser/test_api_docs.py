"""The documentation in a browser: usable by everybody, light, quick, and its webhook inspector at work."""

import pytest
from flask.testing import FlaskClient
from playwright.sync_api import Page, Response, expect

from dev.screenshots import wait_until_drawn
from models.tables import Product
from tests.browser.conftest import Visit
from tests.browser.sutler import Sutler
from tests.browser.test_every_page import faults_of
from tests.browser.visitor import LOOKS, Look
from tests.factories import make_product, make_shop

MOST_BYTES = 1_500_000
MOST_MILLISECONDS = 2000
INTERACTIVE = "() => performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd"


def order_to(sutler: Sutler, client: FlaskClient, webhook_url: str, *, signed: bool = True) -> str:
    """Have an order told to that address; returns the secret of the key that placed it, if it has one."""
    product: Product = make_product("10.25", in_stock=1)
    shop = make_shop(client, signed=signed)
    answer = shop.order(product, webhook_url=webhook_url)
    assert answer.status_code == 200, answer.json
    return shop.secret or ""


@pytest.mark.parametrize("look", LOOKS, ids=str)
def test_the_documentation_can_be_used_by_everybody_and_fits_its_window(visit: Visit, look: Look) -> None:
    page = visit(look).page
    found = faults_of(page, "/api/docs")
    for summary in page.locator("main details:not(#try) > summary").all():
        summary.click()
    if look.width < 1000:
        page.get_by_role("button", name="Contents").click()
        expect(page.get_by_role("navigation", name="Contents")).to_be_visible()
    found += faults_of(page, "/api/docs/inspector")
    assert not found, "\n".join(found)


def test_the_documentation_is_light_and_quick(visit: Visit) -> None:
    page = visit().page
    page.goto("/api/docs")  # what the process makes once is made now
    sizes: list[int] = []

    def weigh(answer: Response) -> None:
        sizes.append(len(answer.body()))

    fresh = visit().page
    fresh.on("response", weigh)
    fresh.goto("/api/docs")
    wait_until_drawn(fresh)

    assert len(sizes) >= 3  # the page, its style and its script
    assert sum(sizes) < MOST_BYTES / 4  # unpacked, even
    assert fresh.evaluate(INTERACTIVE) < MOST_MILLISECONDS


def test_languages_are_chosen_once_for_all_programs(visit: Visit) -> None:
    page = visit().page
    page.goto("/api/docs")
    programs = page.get_by_role("tablist", name="A program that orders")
    programs.get_by_role("tab", name="Go").click()

    for name in ("A function that signs", "A receiver of webhooks", "A program that orders"):
        chosen = page.get_by_role("tablist", name=name).get_by_role("tab", selected=True)
        expect(chosen).to_have_text("Go")
    expect(page.locator(".tab:visible", has_text="package main")).to_have_count(2)

    chosen.press("ArrowRight")
    expect(page.locator(".tab:visible", has_text="<?php").first).to_be_visible()


def test_code_is_copied_as_it_is(visit: Visit) -> None:
    visitor = visit()
    visitor.context.grant_permissions(["clipboard-read", "clipboard-write"])
    visitor.page.goto("/api/docs")
    visitor.page.locator("#signing .tab:visible .copy").click()
    copied = visitor.page.evaluate("() => navigator.clipboard.readText()")
    assert copied.startswith("import hashlib\nimport hmac\n")


def test_the_contents_follow_the_reader(visit: Visit) -> None:
    page = visit().page
    page.goto("/api/docs")
    contents = page.get_by_role("navigation", name="Contents")
    contents.get_by_role("link", name="Networks").click()
    expect(contents.locator("[aria-current]")).to_have_text("Networks")


def test_the_inspector_shows_a_webhook_and_whether_its_signature_holds(
    visit: Visit, sutler: Sutler, client: FlaskClient
) -> None:
    visitor = visit()
    page: Page = visitor.page
    page.goto("/api/docs/inspector")
    page.get_by_role("button", name="Make a receiver").click()
    address = page.locator("pre code").first.inner_text()
    with visitor.without_reload():
        secret = order_to(sutler, client, address)
        delivery = page.locator(".delivery")
        expect(delivery).to_contain_text('"status": "completed"')
        page.get_by_label("Secret of the key").fill("c29tZWJvZHkgZWxzZSdz")
        expect(delivery.locator("[data-verdict]")).to_have_text("The signature does not hold for this secret.")
        page.get_by_label("Secret of the key").fill(secret)
        expect(delivery.locator("[data-verdict]")).to_have_text("The signature holds.")

        order_to(sutler, client, address, signed=False)
        expect(page.locator(".delivery")).to_have_count(2)
        expect(page.locator("[data-verdict]").first).to_contain_text("It is not signed")
    assert not faults_of(page, page.url.removeprefix(sutler.base))

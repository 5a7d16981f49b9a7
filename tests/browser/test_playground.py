"""The playground in a browser: it sends real requests, and signs them."""

import json

import pytest
from flask.testing import FlaskClient
from playwright.sync_api import Locator, Page, expect

from dev.screenshots import wait_until_drawn
from tests.browser.accessibility import grave_faults
from tests.browser.conftest import Visit
from tests.browser.sutler import Sutler
from tests.browser.test_every_page import IS_TOO_WIDE
from tests.browser.visitor import LOOKS, Look
from tests.factories import Shop, eventually, make_product, make_shop, make_v2_shop

SECRET = "c29tZWJvZHkgZWxzZSdz"
MOST_BYTES = 1_500_000


def type_in(page: Page, **fields: str | None) -> None:
    """Fill in the form of keys; fields by their ids, with underscores."""
    for name, value in fields.items():
        page.locator(f"#{name.replace('_', '-')}").fill(value or "")


def operation(page: Page, name: str) -> Locator:
    """Open the playground at an operation, ready to be tried out."""
    page.goto(f"/api/docs/playground#{name}")
    block = page.locator(f".opblock[id$='-{name}']")
    expect(block).to_have_class("opblock opblock-post is-open")
    block.get_by_role("button", name="Try it out").click()
    return block


def order(block: Locator, body: str) -> None:
    """Send the body."""
    block.locator("textarea").fill(body)
    block.get_by_role("button", name="Execute").click()


def body_of(shop: Shop, price: str) -> str:
    """An order that only its own bytes are the signature of: spaces, and letters that take several bytes."""
    product = make_product(price, in_stock=1)
    return json.dumps(
        {"product_id": product.id, "quantity": 1, "client_reference": "счёт № 1"}, ensure_ascii=False, indent=3
    )


@pytest.mark.parametrize("look", LOOKS, ids=str)
def test_a_signed_order_is_accepted(visit: Visit, client: FlaskClient, look: Look) -> None:
    page, shop = visit(look).page, make_shop(client, signed=True, rate_limit=60)
    block = operation(page, "v1_place_order")
    assert grave_faults(page) == []
    type_in(page, v1_key=shop.api_key, v1_secret=shop.secret)

    order(block, body_of(shop, f"{30 + LOOKS.index(look)}.25"))

    expect(page.locator("#last-answer")).to_have_text("/api/v1/orders: 200")
    expect(page.locator("#rate-text")).to_contain_text("59 of 60")
    curl = block.locator(".curl-command")
    for part in ("X-API-Key", "X-Timestamp", "X-Signature", "счёт № 1"):
        expect(curl).to_contain_text(part)
    assert str(shop.secret) not in page.content()
    expect(block.locator(".live-responses-table")).to_contain_text('"status": "processing"')
    [placed] = shop.get("/orders").json["items"]
    assert placed["client_reference"] == "счёт № 1"
    eventually(lambda: shop.get(f"/orders/{placed['order_id']}").json["status"] == "completed", "the delivery")
    assert not page.evaluate(IS_TOO_WIDE)


def test_a_wrong_secret_is_refused(visit: Visit, client: FlaskClient) -> None:
    visitor, shop = visit(), make_shop(client, signed=True)
    block = operation(visitor.page, "v1_place_order")
    body = body_of(shop, "40.25")
    with visitor.refused(401):
        type_in(visitor.page, v1_key=shop.api_key, v1_secret=SECRET)
        order(block, body)
        expect(visitor.page.locator("#last-answer")).to_have_text("/api/v1/orders: 401, invalid_signature")
        type_in(visitor.page, v1_secret="")
        order(block, body)
        expect(visitor.page.locator("#last-answer")).to_have_text("/api/v1/orders: 401, missing_signature")
    assert shop.get("/orders").json["items"] == []


def test_what_is_not_answered_shows_nothing_of_the_answer_before(visit: Visit, client: FlaskClient) -> None:
    visitor, shop = visit(), make_v2_shop(client)
    page, block = visitor.page, operation(visitor.page, "v2_buy_stars")
    type_in(page, v2_key=shop.api_key)
    order(block, '{"username": "target", "amount": 100}')
    expect(page.locator("#last-answer")).to_have_text("/api/v2/stars: 200")

    type_in(page, v2_key="a key with a dash that no header can have: –")
    order(block, '{"username": "target", "amount": 100}')

    expect(page.locator("#last-answer")).to_have_text("/api/v2/stars: no answer yet")
    expect(page.locator("#rate")).to_be_hidden()


def test_a_key_of_v2_is_sent_as_a_bearer_token(visit: Visit, client: FlaskClient) -> None:
    page, shop = visit().page, make_v2_shop(client)
    block = operation(page, "v2_buy_stars")
    type_in(page, v2_key=shop.api_key)
    order(block, '{"username": "target", "amount": 100}')
    expect(page.locator("#last-answer")).to_have_text("/api/v2/stars: 200")


def test_keys_are_gone_when_the_page_is_loaded_anew(visit: Visit, client: FlaskClient) -> None:
    page, shop = visit().page, make_shop(client, signed=True)
    operation(page, "v1_place_order")
    type_in(page, v1_key=shop.api_key, v1_secret=shop.secret)
    kept = page.evaluate("() => JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie])")
    assert kept == '[{},{},""]'
    page.reload()
    wait_until_drawn(page)
    assert [page.locator(f"#{name}").input_value() for name in ("v1-key", "v1-secret", "v2-key")] == ["", "", ""]


def test_it_opens_within_the_documentation(visit: Visit) -> None:
    page = visit().page
    page.goto("/api/docs")
    page.get_by_text("Open the playground here").click()
    frame = page.frame_locator("iframe[title=Playground]")
    expect(frame.locator(".opblock-summary-path", has_text="/api/v1/orders").first).to_be_visible()


def test_it_is_packed_on_its_way(visit: Visit, sutler: Sutler) -> None:
    page = visit().page
    page.goto("/api/docs/playground")
    wait_until_drawn(page)
    sent = page.evaluate("() => performance.getEntries().reduce((sum, entry) => sum + (entry.transferSize || 0), 0)")
    assert 100_000 < sent < MOST_BYTES

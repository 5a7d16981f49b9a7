"""Topping up, from the form to the balance."""

import re

from flask.testing import FlaskClient
from playwright.sync_api import expect

from tests.browser.conftest import Visit
from tests.browser.sutler import Sutler
from tests.factories import make_v2_shop


def test_money_that_arrives_is_shown_on_the_open_page_and_is_on_the_balance(
    visit: Visit, sutler: Sutler, client: FlaskClient
) -> None:
    visitor = visit()
    shop = make_v2_shop(client, "0")
    visitor.sign_in(shop)
    page = visitor.page
    page.goto("/dashboard/topups")
    page.get_by_role("main").get_by_role("button", name="Top up").click()
    page.get_by_label("Amount in USDT").fill("25.50")
    page.get_by_role("radio", name=re.compile("^TON ")).check()
    page.get_by_role("button", name="Show where to send it").click()

    expect(page.get_by_role("img", name="QR code of the address")).to_be_visible()
    expect(page.get_by_role("timer")).to_have_text(re.compile(r"^(59|1:00):\d\d|1:00:00$"))
    amount = page.locator(".pay-amount strong").inner_text()
    with visitor.without_reload():
        sutler.transfer("usdt_ton", amount)
        expect(page.get_by_text("are on your balance.")).to_be_visible()
        expect(page.get_by_text("Credited", exact=True)).to_be_visible()
    page.goto("/dashboard")
    expect(page.get_by_role("region", name="Balance", exact=True)).to_contain_text(f"{amount} USD")


def test_the_exact_amount_is_copied_by_a_press(visit: Visit, client: FlaskClient) -> None:
    visitor = visit()
    visitor.context.grant_permissions(["clipboard-read", "clipboard-write"])
    visitor.sign_in(make_v2_shop(client))
    page = visitor.page
    page.goto("/dashboard/topups/new?amount=12.5")
    page.get_by_role("button", name="Show where to send it").click()
    page.get_by_role("button", name="Copy the amount").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("() => navigator.clipboard.readText()") == page.locator(".pay-amount strong").inner_text()

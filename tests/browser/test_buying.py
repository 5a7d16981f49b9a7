"""Buying: from a product to what was delivered."""

import re

from flask.testing import FlaskClient
from playwright.sync_api import Page, expect

from tests.browser.conftest import Visit
from tests.browser.keyboard import tab_to
from tests.browser.visitor import Look
from tests.factories import make_product, make_shop, make_v2_shop

ORDER = re.compile(r"/dashboard/orders/\d+$")


def review_stars(page: Page, recipient: str) -> None:
    """Go from the shelf to the last page before the order, for the fewest Stars."""
    page.goto("/dashboard/buy")
    page.get_by_role("link", name=re.compile("^tg-star")).click()
    page.get_by_label("Telegram username").fill(recipient)
    page.get_by_role("button", name="See the price").click()


def test_stars_are_bought_and_their_order_completes_on_the_open_page(visit: Visit, client: FlaskClient) -> None:
    visitor = visit(Look(390))
    visitor.sign_in(make_v2_shop(client, "10"))
    page = visitor.page
    review_stars(page, "t.me/sandbox_slow_3")
    expect(page.get_by_text("@sandbox_slow_3")).to_be_visible()
    page.get_by_role("button", name=re.compile("^Buy for 0.60 USD")).click()
    expect(page).to_have_url(ORDER)
    with visitor.without_reload():
        expect(page.get_by_text("Processing", exact=True)).to_be_visible()
        expect(page.get_by_text("Completed", exact=True)).to_be_visible()


def test_the_items_of_an_order_are_shown_when_they_are_asked_for(visit: Visit, client: FlaskClient) -> None:
    product = make_product("8.90", in_stock=3, name="Licence of a painter's program")
    visitor = visit()
    visitor.sign_in(make_shop(client, "100"))
    page = visitor.page
    page.goto("/dashboard/buy")
    page.get_by_role("searchbox", name="Search").fill("painter")
    page.get_by_role("button", name="Search").click()
    page.get_by_role("link", name=re.compile(product.name)).click()
    page.get_by_label("Quantity").fill("2")
    page.get_by_role("button", name="See the price").click()
    page.get_by_role("button", name=re.compile("^Buy for 17.80 USD")).click()
    expect(page).to_have_url(ORDER)
    with visitor.without_reload():
        expect(page.get_by_text("Completed", exact=True)).to_be_visible()
        assert "s3cret" not in page.content()
        page.get_by_role("button", name="Show the items").click()
        expect(page.get_by_text("s3cret")).to_have_count(2)
        expect(page.get_by_text("2 items")).to_be_focused()


def test_a_confirmation_that_is_pressed_twice_and_sent_again_by_the_way_back_orders_once(
    visit: Visit, client: FlaskClient
) -> None:
    visitor = visit()
    shop = make_v2_shop(client, "10")
    visitor.sign_in(shop)
    page = visitor.page
    review_stars(page, "username")
    page.get_by_role("button", name=re.compile("^Buy for")).dblclick()
    expect(page).to_have_url(ORDER)
    page.go_back()
    page.get_by_role("button", name=re.compile("^Buy for")).click()
    expect(page.get_by_text("This form had been sent before")).to_be_visible()
    page.goto("/dashboard/orders")
    expect(page.locator("main a[href*='/orders/']")).to_have_count(1)


def test_what_the_balance_does_not_cover_is_refused_with_a_way_to_top_it_up(visit: Visit, client: FlaskClient) -> None:
    visitor = visit()
    visitor.sign_in(make_v2_shop(client, "0.10"))
    page = visitor.page
    with visitor.refused(402):
        review_stars(page, "username")
        expect(page.get_by_role("alert").filter(has_text="0.50 USD are missing")).to_be_visible()
        expect(page.get_by_label("Telegram username")).to_have_value("username")
        page.get_by_role("link", name=re.compile("^Top up 1")).click()
    expect(page.get_by_label("Amount in USDT")).to_have_value(re.compile(r"^1"))


def test_the_keyboard_alone_buys(visit: Visit, client: FlaskClient) -> None:
    visitor = visit()
    visitor.sign_in(make_v2_shop(client, "10"))
    page = visitor.page
    page.goto("/dashboard")
    tab_to(page, page.get_by_role("banner").get_by_role("link", name="Buy"))
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/dashboard/buy$"))
    tab_to(page, page.get_by_role("link", name=re.compile("^tg-star")))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("tg-star")
    tab_to(page, page.get_by_label("Telegram username"))
    page.keyboard.type("username")
    tab_to(page, page.get_by_label("Quantity"))
    page.keyboard.press("Control+A")
    page.keyboard.type("60")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Check your order")
    tab_to(page, page.get_by_role("button", name=re.compile("^Buy for 0.72 USD")))
    page.keyboard.press("Enter")
    expect(page).to_have_url(ORDER)
    expect(page.get_by_text("Completed", exact=True)).to_be_visible()

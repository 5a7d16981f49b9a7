"""Following what happens on an account: the overview, the list of orders, webhooks, keys."""

import re

from flask.testing import FlaskClient
from playwright.sync_api import expect

from tests.browser.conftest import Visit
from tests.factories import make_product, make_shop
from tests.receiver import Receiver, answer


def test_recent_activity_fills_itself(visit: Visit, client: FlaskClient) -> None:
    product = make_product("8.90", in_stock=1, name="A thing that is bought elsewhere")
    shop = make_shop(client, "100")
    visitor = visit()
    visitor.sign_in(shop)
    visitor.page.goto("/dashboard")
    activity = visitor.page.get_by_role("region", name="Recent activity")
    expect(activity).not_to_contain_text(product.name)
    with visitor.without_reload():
        assert shop.order(product).status_code == 200
        expect(activity).to_contain_text(product.name)
        expect(activity).to_contain_text("Completed")


def test_the_balance_is_drawn_as_a_chart_with_a_table_beside_it(visit: Visit, client: FlaskClient) -> None:
    visitor = visit()
    visitor.sign_in(make_shop(client, "123.45"))
    page = visitor.page
    page.goto("/dashboard")
    for chart in ("The balance at the end of each day", "What was spent on each day"):
        expect(page.get_by_role("img", name=chart).locator("canvas")).to_be_visible()
    page.get_by_text("The numbers as a table").click()
    expect(page.get_by_role("table").get_by_role("row").nth(1)).to_contain_text("123.45")


def test_filters_narrow_the_list_of_orders(visit: Visit, client: FlaskClient) -> None:
    product = make_product("8.90", in_stock=2)
    shop = make_shop(client, "100")
    for reference in ("the first", "the second"):
        assert shop.order(product, client_reference=reference).status_code == 200
    visitor = visit()
    visitor.sign_in(shop)
    page = visitor.page
    page.goto("/dashboard/orders")
    found = page.locator("main a[href*='/orders/']")
    expect(found).to_have_count(2)
    page.get_by_label("Your reference").fill("the second")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(found).to_have_count(1)
    expect(page.get_by_role("main")).to_contain_text("the second")
    page.get_by_label("Status").select_option("Failed")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.get_by_text("No order fits")).to_be_visible()
    page.get_by_role("link", name="Show all").click()
    expect(found).to_have_count(2)


def test_a_webhook_that_failed_is_seen_and_sent_again(visit: Visit, client: FlaskClient) -> None:
    product = make_product("8.90", in_stock=1)
    shop = make_shop(client, "100")
    visitor = visit()
    visitor.sign_in(shop)
    page = visitor.page
    with Receiver(answer(410, b"<b>gone fishing</b>"), answer(200)) as receiver:
        order = shop.order(product, webhook_url=receiver.url).json
        page.goto(f"/dashboard/orders/{order['order_id']}")
        with visitor.without_reload():
            expect(page.get_by_role("region", name="Webhook")).to_contain_text("410")
        page.get_by_role("button", name="Send again").click()
        receiver.wait_for(2)
        expect(page.get_by_role("region", name="Webhook")).to_contain_text("200")
        page.get_by_role("button", name="Show the receiver's answers").click()
        expect(page.get_by_text("<b>gone fishing</b>")).to_be_visible()


def test_a_new_secret_is_asked_about_first_and_shown_once(visit: Visit, client: FlaskClient) -> None:
    shop = make_shop(client, signed=True)
    visitor = visit()
    visitor.sign_in(shop)
    page = visitor.page
    page.goto("/dashboard/keys")
    page.get_by_text("New secret", exact=True).click()
    expect(page.get_by_text("The present secret ends at once")).to_be_visible()
    page.get_by_role("button", name="Yes, go on").click()
    shown = page.get_by_role("alert").filter(has_text="Copy this now")
    expect(shown).to_be_focused()
    shop.secret = shown.locator("code").inner_text()
    assert shop.order(make_product(in_stock=1)).status_code == 200
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_have_text("Keys")
    expect(shown).to_have_count(0)


def test_an_address_list_that_would_shut_its_owner_out_is_not_taken(visit: Visit, client: FlaskClient) -> None:
    visitor = visit()
    visitor.sign_in(make_shop(client))
    page = visitor.page
    page.goto("/dashboard/keys")
    page.get_by_text("Address list", exact=True).click()
    field = page.get_by_label("Addresses and ranges")
    with visitor.refused(422):
        field.fill("203.0.113.0/24")
        page.get_by_role("button", name="Save the list").click()
        expect(field).to_have_attribute("aria-invalid", "true")
    expect(field).to_have_value("203.0.113.0/24")
    field.fill("127.0.0.0/8")
    page.get_by_role("button", name="Save the list").click()
    expect(page.get_by_role("definition").filter(has_text=re.compile("^127.0.0.0/8$"))).to_be_visible()

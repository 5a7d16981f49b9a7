"""Buying on the dashboard: the catalogue, a form, a look at the price, and one order for each form."""

import html
import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from jobs.broker import broker
from jobs.queues import FULFILMENT, PROVIDERS
from jobs.redis_calls import redis_client
from models import catalogue
from models.database import db, rows
from models.tables import Product
from tests.dashboard import Visitor, sign_in
from tests.factories import Shop, make_product, make_shop, make_telegram_goods, make_v2_shop
from web.v1.orders import MOST_UNITS

TOKEN = "a-token-of-a-form-0001"


@pytest.fixture
def shop(client: FlaskClient) -> Shop:
    """A client with 1,000 dollars."""
    return make_shop(client)


@pytest.fixture
def visitor(client: FlaskClient, shop: Shop) -> Visitor:
    """The client on the dashboard."""
    return sign_in(client, shop)


def text(page: TestResponse, status: int = 200) -> str:
    """A page's HTML, as a reader sees its characters."""
    assert page.status_code == status, page.get_data(as_text=True)
    return html.unescape(page.get_data(as_text=True))


def review(visitor: Visitor, product: Product, **fields: str) -> TestResponse:
    """The look at an order before it is placed."""
    return visitor.get(f"/buy/{product.id}/review", query_string={"quantity": "1", "token": TOKEN, **fields})


def hidden(page: str) -> dict[str, str]:
    """What the form of a page that confirms an order sends."""
    form = page[page.index('method="post" action="/dashboard/buy/') :]
    return dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form[: form.index("</form>")]))


def confirm(visitor: Visitor, product: Product, **fields: str) -> TestResponse:
    """Look at an order, and confirm it."""
    sent = hidden(text(review(visitor, product, **fields)))
    return visitor.post(f"/buy/{product.id}", **sent)


def orders_of(account_id: int) -> list[dict[str, Any]]:
    with db.connection_context():
        return rows("SELECT * FROM orders WHERE account_id = %(id)s ORDER BY id", {"id": account_id})


def reprice(product: Product, price: int) -> None:
    with db.connection_context():
        catalogue.change("test", product.id, {"price": price})


def test_the_catalogue_shows_telegram_goods_apart_and_can_be_searched(visitor: Visitor) -> None:
    goods = make_telegram_goods()
    make_product(name="Alpha licence", category="keys")
    make_product(name="Beta voucher", category="vouchers", in_stock=0)

    everything = text(visitor.get("/buy"))
    found = text(visitor.get("/buy?q=alpha"))

    for product in goods.values():
        assert everything.count(f'href="/dashboard/buy/{product.id}"') == 1
    assert "Alpha licence" in everything
    assert "Out of stock" in everything
    assert "Alpha licence" in found
    assert "Beta voucher" not in found
    assert "Alpha licence" not in text(visitor.get("/buy?category=vouchers"))
    assert "No product fits" in text(visitor.get("/buy?q=nothing%00"))
    assert "No product fits" in text(visitor.get("/buy?page=999999"))


def test_an_empty_catalogue_says_so(visitor: Visitor) -> None:
    assert "The catalogue is empty" in text(visitor.get("/buy"))


def test_the_catalogue_has_pages(visitor: Visitor) -> None:
    for n in range(25):
        make_product(name=f"Thing {n:02}")

    assert "Page 1 of 2" in text(visitor.get("/buy?q=thing"))
    second = text(visitor.get("/buy?q=thing&page=2"))
    assert "Thing 24" in second
    assert "q=thing&page=1" in second


def test_hostile_products_and_fields_are_shown_as_text(visitor: Visitor) -> None:
    hostile = "<script>alert(1)</script>\"'"
    product = make_product(name=hostile, description=hostile, category=hostile)

    for page in (
        visitor.get("/buy"), visitor.get("/buy", query_string={"q": hostile}), visitor.get(f"/buy/{product.id}"),
        review(visitor, product), review(visitor, product, quantity=hostile, recipient=hostile),
    ):  # fmt: skip
        assert "<script>alert" not in page.get_data(as_text=True)
        assert "&lt;script&gt;alert" in page.get_data(as_text=True)


def test_a_product_is_looked_at_with_its_exact_price_and_then_ordered(shop: Shop, visitor: Visitor) -> None:
    product = make_product("8.90", name="A licence")
    form = text(visitor.get(f"/buy/{product.id}"))
    assert "8.90 USD" in form

    page = text(review(visitor, product, quantity="3"))
    answer = visitor.post(f"/buy/{product.id}", **hidden(page))

    assert "26.70 USD" in page
    assert "973.30 USD" in page
    [order] = orders_of(shop.account_id)
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/dashboard/orders/{order['id']}")
    assert (order["quantity"], order["price"], order["max_price"]) == (3, 26_700_000, 26_700_000)
    assert (order["surface"], order["key_id"], order["parts"]) == ("v1", None, 1)
    assert redis_client().llen(f"{broker.namespace}:{FULFILMENT}") == 1


@pytest.mark.parametrize(
    ("sku", "typed", "quantity", "parts", "price"),
    [
        ("tg-star", "1 000", 1000, 1, 12_000_000), ("tg-premium-6", "1", 1, 1, 16_000_000),
        ("tg-ton", "12,5", 1250, 100, 43_750_000),
    ],
)  # fmt: skip
def test_telegram_goods_are_ordered_as_their_api_does(
    shop: Shop, visitor: Visitor, sku: str, typed: str, quantity: int, parts: int, price: int
) -> None:
    product = make_telegram_goods()[sku]

    answer = confirm(visitor, product, quantity=typed, recipient="https://t.me/Target_1")

    [order] = orders_of(shop.account_id)
    assert answer.headers["Location"] == f"/dashboard/orders/{order['id']}"
    assert (order["quantity"], order["parts"], order["price"]) == (quantity, parts, price)
    assert (order["surface"], order["key_id"], order["recipient"]) == ("v2", None, "Target_1")
    assert redis_client().llen(f"{broker.namespace}:{PROVIDERS}") == 1


def test_a_form_that_is_sent_again_orders_once(shop: Shop, visitor: Visitor) -> None:
    product = make_product()
    sent = hidden(text(review(visitor, product)))

    answers = [visitor.post(f"/buy/{product.id}", **sent) for _ in range(3)]

    [order] = orders_of(shop.account_id)
    assert [answer.headers["Location"].split("?")[0] for answer in answers] == 3 * [f"/dashboard/orders/{order['id']}"]
    assert redis_client().llen(f"{broker.namespace}:{FULFILMENT}") == 1
    assert "had been sent before" in text(visitor.get(answers[1].headers["Location"].removeprefix("/dashboard")))


def test_a_form_that_is_sent_many_times_at_once_orders_once(shop: Shop, visitor: Visitor) -> None:
    product = make_product()
    sent = hidden(text(review(visitor, product)))

    def press(_: int) -> int:
        twin = Visitor(visitor.browser.application.test_client(), visitor.csrf_token)
        cookie = visitor.browser.get_cookie("sutler_session", path="/dashboard")
        assert cookie is not None
        twin.browser.set_cookie("sutler_session", cookie.value, path="/dashboard")
        return twin.post(f"/buy/{product.id}", **sent).status_code

    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(press, range(6))) == 6 * [303]

    assert len(orders_of(shop.account_id)) == 1


def test_two_forms_order_twice_and_one_form_nothing_else(shop: Shop, visitor: Visitor) -> None:
    product = make_product("8.90", in_stock=10)
    tokens = {hidden(text(review(visitor, product, token="")))["token"] for _ in range(2)}
    assert len(tokens) == 2
    for token in tokens:
        assert confirm(visitor, product, token=token).status_code == 303

    other = confirm(visitor, product, token=tokens.pop(), quantity="2")

    assert len(orders_of(shop.account_id)) == 2
    page = text(other, 409)
    assert "sent before, with something else in it" in page
    assert not any(f'name="token" value="{token}"' in page for token in tokens)


def test_no_client_of_the_api_can_take_a_forms_key(client: FlaskClient, shop: Shop, visitor: Visitor) -> None:
    product = make_product()

    for key in (TOKEN, f"dashboard:{TOKEN}", f"\x1fdashboard:{TOKEN}"):
        shop.post("/orders", {"product_id": product.id, "quantity": 1}, Idempotency_Key=key)
    before = len(orders_of(shop.account_id))

    assert confirm(visitor, product).status_code == 303
    assert len(orders_of(shop.account_id)) == before + 1


def test_a_price_that_rose_meanwhile_is_shown_again_and_not_paid(shop: Shop, visitor: Visitor) -> None:
    product = make_product("8.90")
    sent = hidden(text(review(visitor, product)))
    reprice(product, 9_500_000)

    answer = visitor.post(f"/buy/{product.id}", **sent)

    page = text(answer, 409)
    assert "The price has changed meanwhile: it is 9.50 USD now." in page
    assert orders_of(shop.account_id) == []
    assert visitor.post(f"/buy/{product.id}", **hidden(page)).status_code == 303
    [order] = orders_of(shop.account_id)
    assert order["price"] == 9_500_000


def test_a_price_that_fell_meanwhile_is_what_is_paid(shop: Shop, visitor: Visitor) -> None:
    product = make_product("8.90")
    sent = hidden(text(review(visitor, product)))
    reprice(product, 7_000_000)

    visitor.post(f"/buy/{product.id}", **sent)

    [order] = orders_of(shop.account_id)
    assert order["price"] == 7_000_000


def test_the_surcharge_of_equal_orders_is_shown(client: FlaskClient, visitor: Visitor) -> None:
    product = make_product("10")
    make_shop(client).order(product)

    page = text(review(visitor, product))

    assert "10.10 USD" in page
    assert "Surcharge" in page


def test_a_balance_that_is_too_low_says_what_is_missing_and_leads_to_a_top_up(client: FlaskClient) -> None:
    visitor = sign_in(client, make_shop(client, "3"))
    product = make_product("8.999")

    page = text(review(visitor, product, quantity="2"), 402)

    assert "This costs 17.998 USD, and your balance is 3.00 USD: 14.998 USD are missing." in page
    assert "/dashboard/topups/new?amount=15.00" in page
    assert 'name="quantity" value="2"' in page


def test_a_balance_that_was_spent_meanwhile_orders_nothing(client: FlaskClient) -> None:
    shop = make_shop(client, "10")
    visitor, product = sign_in(client, shop), make_product("8.90")
    sent = hidden(text(review(visitor, product)))
    assert shop.order(make_product("9.90")).status_code == 200

    assert "are missing" in text(visitor.post(f"/buy/{product.id}", **sent), 402)
    assert len(orders_of(shop.account_id)) == 1


def test_stock_that_ran_out_says_how_much_is_left(client: FlaskClient, visitor: Visitor) -> None:
    product, nothing = make_product(in_stock=3), make_product(in_stock=0)
    assert "There are only 3 in stock." in text(review(visitor, product, quantity="4"), 409)
    assert "This product is out of stock." in text(review(visitor, nothing), 409)

    sent = hidden(text(review(visitor, product, quantity="3")))
    make_shop(client).order(product)
    assert "There are only 2 in stock." in text(visitor.post(f"/buy/{product.id}", **sent), 409)


@pytest.mark.parametrize(
    ("quantity", "sentence"),
    [
        ("", "Type the quantity as a whole number."), ("1.5", "Type the quantity as a whole number."),
        ("-1", "Type the quantity as a whole number."), ("1,000", "Type the quantity as a whole number."),
        ("٣", "Type the quantity as a whole number."), ("9" * 30, "Type the quantity as a whole number."),
        ("0", "The smallest order of this product is 2."), ("1", "The smallest order of this product is 2."),
        ("6", "The largest order of this product is 5."),
    ],
)  # fmt: skip
def test_quantities_that_cannot_be_ordered_are_told_and_kept(visitor: Visitor, quantity: str, sentence: str) -> None:
    product = make_product("8.90", min_quantity=2, max_quantity=5)

    page = text(review(visitor, product, quantity=quantity), 422)

    assert sentence in page
    assert 'aria-invalid="true"' in page
    if quantity:
        assert f'value="{quantity}"' in page


def test_the_least_that_the_order_floor_allows_is_what_the_form_begins_with(visitor: Visitor) -> None:
    product = make_product("2")  # the floor is 6.50

    assert 'id="quantity" name="quantity" value="4"' in text(visitor.get(f"/buy/{product.id}"))
    assert "The smallest order of this product is 4." in text(review(visitor, product, quantity="3"), 422)


def test_no_order_is_larger_than_the_api_allows(visitor: Visitor) -> None:
    product = make_product("1", max_quantity=1_000_000)

    page = text(review(visitor, product, quantity=str(MOST_UNITS + 1)), 422)

    assert f"The largest order of this product is {MOST_UNITS}." in page


@pytest.mark.parametrize(
    ("sku", "quantity", "sentence"),
    [
        ("tg-star", "49", "is 50."), ("tg-star", "1000001", "is 1000000."), ("tg-star", "50.5", "whole number"),
        ("tg-ton", "0.99", "is 1."), ("tg-ton", "10000.01", "is 10000."), ("tg-ton", "1.001", "at most two decimals"),
        ("tg-ton", "1,000", "at most two decimals"), ("tg-ton", "ten", "at most two decimals"),
    ],
)  # fmt: skip
def test_amounts_of_telegram_goods_have_the_limits_of_their_api(
    visitor: Visitor, sku: str, quantity: str, sentence: str
) -> None:
    product = make_telegram_goods()[sku]

    assert sentence in text(review(visitor, product, quantity=quantity, recipient="target"), 422)


@pytest.mark.parametrize(
    ("recipient", "sentence"),
    [("", "Type the Telegram username"), ("  ", "Type the Telegram username"), ("@abc", "This is no Telegram username"),
     ("a b c d", "This is no Telegram username"), ("https://example.com/target", "This is no Telegram username")],
)  # fmt: skip
def test_recipients_that_telegram_cannot_have_are_told(visitor: Visitor, recipient: str, sentence: str) -> None:
    product = make_telegram_goods()["tg-premium-3"]

    assert sentence in text(review(visitor, product, recipient=recipient), 422)


def test_a_product_that_is_not_for_sale_says_so(shop: Shop, visitor: Visitor) -> None:
    product = make_product()
    sent = hidden(text(review(visitor, product)))
    with db.connection_context():
        catalogue.change("test", product.id, {"active": False})

    for page in (
        visitor.get(f"/buy/{product.id}"), review(visitor, product), visitor.post(f"/buy/{product.id}", **sent),
        visitor.get("/buy/999999"), visitor.post("/buy/999999", **sent),
    ):  # fmt: skip
        assert "This product is not for sale any more." in text(page, 404)
    assert orders_of(shop.account_id) == []


def test_a_form_that_ordered_is_answered_with_its_order_when_the_sale_is_over(shop: Shop, visitor: Visitor) -> None:
    product = make_product()
    sent = hidden(text(review(visitor, product)))
    visitor.post(f"/buy/{product.id}", **sent)
    with db.connection_context():
        catalogue.change("test", product.id, {"active": False})

    assert visitor.post(f"/buy/{product.id}", **sent).status_code == 303
    assert len(orders_of(shop.account_id)) == 1


def test_nothing_is_ordered_without_a_form_of_ours(shop: Shop, visitor: Visitor) -> None:
    product = make_product()
    sent = hidden(text(review(visitor, product)))

    forged = visitor.post(f"/buy/{product.id}", **sent | {"csrf_token": "0" * 64})
    foreign = visitor.browser.post(
        f"/dashboard/buy/{product.id}",
        data=sent | {"csrf_token": visitor.csrf_token},
        headers={"Origin": "https://evil.example"},
    )
    unseen = [visitor.post(f"/buy/{product.id}", **sent | made_up) for made_up in ({"price": "cheap"}, {"token": "x"})]
    stranger = visitor.browser.application.test_client().post(f"/dashboard/buy/{product.id}", data=sent)

    assert (forged.status_code, foreign.status_code) == (403, 403)
    assert all("Check your order" in text(page) for page in unseen)
    assert stranger.headers["Location"].startswith("/dashboard/sign-in")
    assert orders_of(shop.account_id) == []


def test_an_order_spends_the_money_of_the_session_and_of_nobody_else(client: FlaskClient, shop: Shop) -> None:
    rich, product = make_v2_shop(client, "500"), make_product("8.90")

    confirm(sign_in(client, rich), product)

    assert len(orders_of(rich.account_id)) == 1
    assert orders_of(shop.account_id) == []

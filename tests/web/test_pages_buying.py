"""Buying on the dashboard: the catalogue, a form, a look at the price, and one order for each form."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from flask.testing import FlaskClient

from jobs.broker import broker
from jobs.queues import FULFILMENT, PROVIDERS
from jobs.redis_calls import redis_client
from models import catalogue
from models.database import db
from tests.dashboard import Visitor, sign_in
from tests.factories import Shop, make_product, make_shop, make_telegram_goods, make_v2_shop
from tests.web.buyer import TOKEN, confirm, hidden, orders_of, reprice, review, text


@pytest.fixture
def shop(client: FlaskClient) -> Shop:
    """A client with 1,000 dollars."""
    return make_shop(client)


@pytest.fixture
def visitor(client: FlaskClient, shop: Shop) -> Visitor:
    """The client on the dashboard."""
    return sign_in(client, shop)


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


def test_a_form_that_ordered_is_answered_with_its_order_when_the_sale_is_over(shop: Shop, visitor: Visitor) -> None:
    product = make_product()
    sent = hidden(text(review(visitor, product)))
    visitor.post(f"/buy/{product.id}", **sent)
    with db.connection_context():
        catalogue.change("test", product.id, {"active": False})

    assert visitor.post(f"/buy/{product.id}", **sent).status_code == 303
    assert len(orders_of(shop.account_id)) == 1


def test_an_order_spends_the_money_of_the_session_and_of_nobody_else(client: FlaskClient, shop: Shop) -> None:
    rich, product = make_v2_shop(client, "500"), make_product("8.90")

    confirm(sign_in(client, rich), product)

    assert len(orders_of(rich.account_id)) == 1
    assert orders_of(shop.account_id) == []

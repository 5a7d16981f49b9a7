"""What cannot be bought on the dashboard: each reason is a sentence beside the form, with what was typed."""

import pytest
from flask.testing import FlaskClient

from models import catalogue
from models.database import db
from tests.dashboard import Visitor, sign_in
from tests.factories import Shop, make_product, make_shop, make_telegram_goods
from tests.web.buyer import hidden, orders_of, reprice, review, text
from web.v1.orders import MOST_UNITS


@pytest.fixture
def shop(client: FlaskClient) -> Shop:
    """A client with 1,000 dollars."""
    return make_shop(client)


@pytest.fixture
def visitor(client: FlaskClient, shop: Shop) -> Visitor:
    """The client on the dashboard."""
    return sign_in(client, shop)


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
        visitor.post(f"/buy/{product.id}"), visitor.post(f"/buy/{product.id}", **sent | {"quantity": "x"}),
    ):  # fmt: skip
        assert product.name not in text(page, 404)
        assert "This product is not for sale any more." in text(page, 404)
    assert orders_of(shop.account_id) == []


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

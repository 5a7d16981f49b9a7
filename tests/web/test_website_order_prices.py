"""What a website order costs, and what stands against placing one."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from models import purchases
from models.database import changed, db
from models.operators import Role
from models.tables import Product
from settings import settings
from tests.desk import Desk, make_desk
from tests.factories import exact, make_product, make_shop
from tests.payers import NETWORK, NETWORKS, ask


@pytest.fixture
def desk(client: FlaskClient) -> Desk:
    """The storefront."""
    return make_desk(client, Role.OPERATE)


def order(desk: Desk, product: Product, quantity: int = 1, network: str = NETWORK) -> tuple[str, int]:
    """Place a website order; its amount, and how many hits it had."""
    answer = desk.post("/website-orders", {"product_id": product.id, "quantity": quantity, "network": network})
    assert answer.status_code == 201, answer.get_data(as_text=True)
    document = exact(answer)
    assert document["price_usdt"] == document["amount_usdt"]
    return str(document["amount_usdt"]), document["raw_data"]["dp_hits"]


def test_website_and_api_orders_of_one_total_raise_each_others_price(client: FlaskClient, desk: Desk) -> None:
    shop, product, double = make_shop(client), make_product("10"), make_product("5")

    assert exact(shop.order(product))["raw_data"]["dp_hits"] == 0
    assert order(desk, product) == ("10.1", 1)
    assert order(desk, double, 2, "usdt_ton") == ("10.2", 2)
    placed = exact(shop.order(product))
    assert (str(placed["price_usdt"]), placed["raw_data"]["dp_hits"]) == ("10.3", 3)


def test_no_more_than_ten_per_cent_is_added_but_the_amount_stays_its_own(desk: Desk) -> None:
    product = make_product("10", in_stock=20)

    placed = [order(desk, product) for _ in range(13)]

    assert [hits for _, hits in placed] == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 10, 10]
    assert [amount for amount, _ in placed] == [
        "10", "10.1", "10.2", "10.3", "10.4", "10.5", "10.6", "10.7", "10.8", "10.9", "11", "11.03", "11.06",
    ]  # fmt: skip


def test_orders_older_than_a_quarter_of_an_hour_raise_nothing(desk: Desk) -> None:
    product = make_product("10")
    order(desk, product)
    with db.connection_context():
        changed("UPDATE orders SET created_at = created_at - interval '15 minutes 1 second'")

    assert order(desk, product, network="usdt_ton") == ("10", 0)


def test_where_pricing_is_not_dynamic_only_the_amounts_differ(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(purchases, "settings", settings.model_copy(update={"dynamic_pricing": False}))
    product = make_product("10")

    assert [order(desk, product) for _ in range(3)] == [("10", 0), ("10.03", 0), ("10.06", 0)]


@pytest.mark.parametrize(
    ("price", "quantity", "amount"),
    [
        ("7.001", 1, "7.01"),
        ("7.009999", 1, "7.01"),
        ("7.01", 1, "7.01"),
        ("0.000001", 6_500_001, None),
        ("3.3335", 2, "6.67"),
    ],
)
def test_a_price_is_rounded_up_to_cents(desk: Desk, price: str, quantity: int, amount: str | None) -> None:
    product = make_product(price)
    if amount is None:
        refused = desk.post("/website-orders", {"product_id": product.id, "quantity": quantity, "network": NETWORK})
        assert refused.status_code == 422
        return
    assert order(desk, product, quantity) == (amount, 0)


@pytest.mark.parametrize("network", NETWORKS)
def test_it_can_be_paid_on_every_network(desk: Desk, network: str) -> None:
    assert order(desk, make_product("10"), network=network) == ("10", 0)


def test_what_stands_against_an_order_of_the_api_stands_against_it(client: FlaskClient, desk: Desk) -> None:
    cheap, batched = make_product("2", in_stock=100), make_product("10", min_quantity=3, max_quantity=5, in_stock=4)
    hidden, addressed = make_product("10", active=False), make_product("10", needs_recipient=True)

    def refused(product_id: int, quantity: int) -> tuple[int, dict[str, Any]]:
        answer = desk.post("/website-orders", {"product_id": product_id, "quantity": quantity, "network": NETWORK})
        return answer.status_code, answer.get_json()

    for product, quantity, status, facts in (
        (cheap, 3, 400, {"error": "below_minimum", "min_quantity": 4}),
        (batched, 2, 400, {"error": "below_minimum", "min_quantity": 3}),
        (batched, 6, 400, {"error": "above_maximum", "max_quantity": 5}),
        (batched, 5, 409, {"error": "insufficient_stock", "in_stock": 4}),
        (hidden, 1, 404, {"error": "product_not_found"}),
        (addressed, 1, 422, {"error": "invalid_body"}),
    ):
        code, document = refused(product.id, quantity)
        assert code == status, document
        assert document.items() >= facts.items()
    assert refused(77, 1)[1]["error"] == "product_not_found"
    assert desk.get("/orders").get_json()["items"] == []


def test_where_no_amount_is_free_nothing_is_placed_or_set_aside(client: FlaskClient, desk: Desk) -> None:
    shop, product = make_shop(client, "0"), make_product("10")
    for _ in range(34):
        ask(shop, "10")

    answer = desk.post("/website-orders", {"product_id": product.id, "quantity": 1, "network": NETWORK})

    assert (answer.status_code, answer.json["error"]) == (409, "no_free_amount")
    assert desk.get("/orders").get_json()["items"] == []
    assert shop.get(f"/products/{product.id}").json["in_stock"] == 10


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"network": "bitcoin"}, "network"), ({"network": None}, "network"), ({"quantity": 0}, "quantity"),
        ({"quantity": 10_001}, "quantity"), ({"quantity": "1"}, "quantity"), ({"product_id": "1"}, "product_id"),
        ({"recipient": "a b"}, "recipient"), ({"webhook_url": "ftp://x/"}, "webhook_url"), ({"note": "x"}, "note"),
    ],
)  # fmt: skip
def test_bodies_are_strict(desk: Desk, change: dict[str, Any], field: str) -> None:
    document = {"product_id": make_product("10").id, "quantity": 1, "network": NETWORK, **change}

    refused = desk.post("/website-orders", document)

    assert (refused.status_code, [fault["field"] for fault in refused.json["fields"]]) == (422, [field])


def test_an_order_that_is_none_of_the_websites_is_not_found_there(client: FlaskClient, desk: Desk) -> None:
    order_id = make_shop(client).order(make_product("10")).json["order_id"]

    for number in (order_id, 77):
        refused = desk.get(f"/website-orders/{number}")
        assert (refused.status_code, refused.json["error"]) == (404, "order_not_found")

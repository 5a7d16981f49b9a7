"""What an order costs: the floor, the surcharge on equal totals, and the most that a client is willing to pay."""

from decimal import Decimal

import pytest
from flask.testing import FlaskClient

from models import interventions, orders
from models.database import changed, db
from models.purchases import Purchase
from models.tables import ApiKey, Product
from tests.factories import Shop, exact, make_product, make_shop


@pytest.fixture
def shop(client: FlaskClient) -> Shop:
    """A client with money."""
    return make_shop(client, "100000")


def price(shop: Shop, product: Product, quantity: int = 1) -> tuple[str, int]:
    """Order, and return what it costs and how many hits it had."""
    placed = exact(shop.order(product, quantity))
    assert placed == exact(shop.get(f"/orders/{placed['order_id']}"))
    return str(placed["price_usdt"]), placed["raw_data"]["dp_hits"]


def age_orders(seconds: float) -> None:
    """Let all orders be so much older."""
    with db.connection_context():
        changed("UPDATE orders SET created_at = created_at - make_interval(secs => %(s)s)", {"s": seconds})


def test_each_order_of_the_same_total_costs_one_per_cent_more_and_ten_at_most(shop: Shop) -> None:
    product = make_product("10", in_stock=20)

    prices = [price(shop, product) for _ in range(13)]

    assert prices == [
        ("10", 0), ("10.1", 1), ("10.2", 2), ("10.3", 3), ("10.4", 4), ("10.5", 5), ("10.6", 6), ("10.7", 7), ("10.8", 8),
        ("10.9", 9), ("11", 10), ("11", 10), ("11", 10),
    ]  # fmt: skip
    held = sum(Decimal(spelled) for spelled, _ in prices)
    assert exact(shop.get("/balance"))["held_usdt"] == held


def test_a_hit_counts_for_fifteen_minutes(shop: Shop) -> None:
    product = make_product("10", in_stock=20)
    assert price(shop, product) == ("10", 0)

    age_orders(14 * 60 + 50)
    assert price(shop, product) == ("10.1", 1)
    age_orders(15)
    assert price(shop, product) == ("10.1", 1)
    age_orders(15 * 60)
    assert price(shop, product) == ("10", 0)


def test_the_undiscounted_total_is_what_counts_whatever_it_is_made_of(client: FlaskClient, shop: Shop) -> None:
    dear, cheap, other = make_product("10"), make_product("5"), make_product("10.000001")
    stranger = make_shop(client, "100")

    assert price(shop, dear) == ("10", 0)
    assert price(stranger, cheap, 2) == ("10.1", 1)
    assert price(shop, other) == ("10.000001", 0)
    assert price(shop, cheap, 3) == ("15", 0)
    assert price(shop, dear) == ("10.2", 2)
    # Its total is 10.1 without a surcharge; that another one came to it with one does not matter.
    assert price(shop, make_product("10.1")) == ("10.1", 0)


def test_parts_of_a_micro_dollar_are_cut_off(shop: Shop) -> None:
    product = make_product("7.000099")

    assert [price(shop, product)[0] for _ in range(4)] == ["7.000099", "7.070099", "7.1401", "7.210101"]


def test_orders_that_ended_badly_count_and_those_that_were_refused_do_not(client: FlaskClient, shop: Shop) -> None:
    product = make_product("10")
    order_id = shop.order(product).json["order_id"]
    with db.connection_context():
        interventions.cancel("test", order_id)
    assert make_shop(client, "0").order(product).status_code == 402
    assert shop.order(product, max_price_usdt=10).status_code == 409

    assert price(shop, product) == ("10.1", 1)


def test_telegram_orders_neither_pay_nor_make_a_surcharge(shop: Shop) -> None:
    product = make_product("10")
    with db.connection_context():
        key_id = ApiKey.get(ApiKey.fingerprint == shop.fingerprint).id
    placed = []
    for _ in range(2):
        with db.connection_context():
            placed.append(
                orders.place(Purchase(shop.account_id, key_id, "v2", product.id, 1, recipient="durov")).order["price"]
            )

    assert placed == [10_000_000, 10_000_000]
    assert price(shop, product) == ("10", 0)


def test_a_surcharge_counts_for_the_balance_too(client: FlaskClient) -> None:
    product = make_product("10")
    first, second = make_shop(client, "10"), make_shop(client, "10")
    assert first.order(product).status_code == 200

    refused = exact(second.order(product))

    assert refused["error"] == "insufficient_balance"
    assert {name: str(refused[name]) for name in ("price_usdt", "balance_usdt", "missing_usdt")} == {
        "price_usdt": "10.1", "balance_usdt": "10", "missing_usdt": "0.1",
    }  # fmt: skip


@pytest.mark.parametrize("limit", ["10.1", '"10.1"', '"10.10"', "10.100000", "1.01e1", "1000000000"])
def test_an_order_within_its_maximal_price_is_placed(shop: Shop, limit: str) -> None:
    product = make_product("10")
    shop.order(product)

    answer = shop.post(
        "/orders", raw=b'{"product_id": %d, "quantity": 1, "max_price_usdt": %s}' % (product.id, limit.encode())
    )

    assert str(exact(answer)["price_usdt"]) == "10.1"


@pytest.mark.parametrize("limit", ["10.099999", '"10.099999"', "10", "0.000001"])
def test_an_order_above_its_maximal_price_is_refused_and_the_price_told(shop: Shop, limit: str) -> None:
    product = make_product("10")
    shop.order(product)

    answer = shop.post(
        "/orders", raw=b'{"product_id": %d, "quantity": 1, "max_price_usdt": %s}' % (product.id, limit.encode())
    )

    assert (answer.status_code, answer.json["error"]) == (409, "price_changed")
    assert str(exact(answer)["price_usdt"]) == "10.1"
    assert len(shop.get("/orders").json["items"]) == 1


@pytest.mark.parametrize(
    ("unit", "min_quantity", "least"),
    [
        ("6.5", 1, 1), ("6.499999", 1, 2), ("6.500001", 1, 1), ("1", 1, 7), ("0.65", 1, 10), ("0.650001", 1, 10),
        ("0.649999", 1, 11), ("3.25", 1, 2), ("3.249999", 1, 3), ("0.5", 10, 13), ("1", 10, 10), ("100", 3, 3), ("0.001", 1, 6500),
        ("0.00065", 1, 10_000),
    ],
)  # fmt: skip
def test_the_quantity_that_passes_floor_and_minimum_is_told_exactly(
    shop: Shop, unit: str, min_quantity: int, least: int
) -> None:
    product = make_product(unit, in_stock=least, min_quantity=min_quantity)

    if least > 1:
        for quantity in {1, least - 1}:
            refused = shop.order(product, quantity)
            assert (refused.status_code, refused.json["error"]) == (400, "below_minimum")
            assert refused.json["min_quantity"] == least
            assert str(least) in refused.json["message"]
    assert shop.order(product, least).status_code == 200


def test_the_floor_is_on_the_total_without_surcharge(shop: Shop) -> None:
    product = make_product("6.499999", in_stock=10)
    assert shop.order(product, 2).status_code == 200

    assert shop.order(product, 1).json["min_quantity"] == 2


def test_goods_for_a_telegram_user_have_neither_a_floor_nor_a_surcharge(shop: Shop) -> None:
    stars = make_product("0.012", in_stock=1000, min_quantity=50, needs_recipient=True)

    placed = [exact(shop.order(stars, 50, recipient="durov")) for _ in range(3)]

    assert [(str(order["price_usdt"]), order["raw_data"]["dp_hits"]) for order in placed] == [("0.6", 0)] * 3


def test_goods_for_a_telegram_user_raise_no_other_price(shop: Shop) -> None:
    premium, key = make_product("10", needs_recipient=True), make_product("10")
    shop.order(premium, recipient="durov")

    assert price(shop, key) == ("10", 0)


def test_a_recipient_that_goods_do_not_need_does_not_spare_the_surcharge(shop: Shop) -> None:
    product = make_product("10")
    shop.order(product, recipient="durov")

    assert price(shop, product) == ("10.1", 1)

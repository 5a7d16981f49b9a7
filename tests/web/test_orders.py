"""Orders, from placing to delivery."""

import dramatiq
from flask.testing import FlaskClient

from tests.factories import eventually, make_product, make_shop


def test_an_order_is_accepted_fulfilled_and_shown_with_its_items(client: FlaskClient, worker: dramatiq.Worker) -> None:
    shop, product = make_shop(client, "100", signed=True), make_product("8.90", in_stock=3)

    placed = shop.order(product, 2, client_reference="mine")

    assert placed.status_code == 200
    assert placed.json["status"] == "processing"
    assert placed.json["price_usdt"] == 17.8
    order_id = placed.json["order_id"]
    order = eventually(lambda: (o := shop.get(f"/orders/{order_id}").json)["status"] == "completed" and o)
    assert len(order["items"]) == 2
    assert order["items"][0]["password"] == "s3cret"
    assert order["client_reference"] == "mine"
    assert shop.balance()["balance_usdt"] == 82.2
    assert shop.balance()["held_usdt"] == 0
    assert shop.get(f"/products/{product.id}").json["in_stock"] == 1

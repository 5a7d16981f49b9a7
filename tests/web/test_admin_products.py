"""Keeping the catalogue."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from models import catalogue
from models.database import db
from tests.desk import last_action, make_desk
from tests.factories import add_stock, make_product, make_shop

NEW = {"sku": "vpn-30", "category": "Vouchers", "name": "VPN, 30 days", "price_usdt": "2.80"}


def test_a_new_product_is_for_sale(client: FlaskClient) -> None:
    desk, shop = make_desk(client), make_shop(client)

    made = desk.post("/products", {**NEW, "description": "Line one\nLine two", "min_quantity": 5, "max_quantity": 50})

    assert made.status_code == 201
    assert made.json == {
        "id": made.json["id"], "sku": "vpn-30", "category": "Vouchers", "name": "VPN, 30 days",
        "description": "Line one\nLine two", "price_usdt": 2.8, "min_quantity": 5, "max_quantity": 50, "in_stock": 0,
        "delivery": "stock", "needs_recipient": False, "created_at": made.json["created_at"],
        "updated_at": made.json["updated_at"], "provider": "stock", "active": True,
    }  # fmt: skip
    assert shop.get(f"/products/{made.json['id']}").json["sku"] == "vpn-30"
    assert desk.get(f"/products/{made.json['id']}").json == made.json
    action = last_action()
    assert (action["actor"], action["action"], action["subject"]) == (
        desk.actor, "product.create", f"product:{made.json['id']}",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"sku": ""}, "sku"), ({"sku": "s" * 201}, "sku"), ({"category": " "}, "category"), ({"name": 5}, "name"),
        ({"description": "d" * 10_001}, "description"), ({"description": "a\0b"}, "description"),
        ({"description": "half \ud800"}, "description"),
        ({"price_usdt": 0}, "price_usdt"), ({"price_usdt": "-1"}, "price_usdt"), ({"price_usdt": 1_000_001}, "price_usdt"),
        ({"price_usdt": "1.0000001"}, "price_usdt"), ({"min_quantity": 0}, "min_quantity"),
        ({"min_quantity": 2.0}, "min_quantity"), ({"max_quantity": 1_000_001}, "max_quantity"),
        ({"min_quantity": 6, "max_quantity": 5}, "min_quantity"), ({"provider": "nobody"}, "provider"),
        ({"active": "yes"}, "active"), ({"needs_recipient": 1}, "needs_recipient"), ({"in_stock": 5}, "in_stock"),
        ({"name": None}, "name"), ({"price_usdt": None}, "price_usdt"), ({"description": None}, "description"),
    ],
)  # fmt: skip
def test_a_wrong_field_is_named_when_adding_and_when_changing(
    client: FlaskClient, change: dict[str, Any], field: str
) -> None:
    desk, product = make_desk(client), make_product()

    for refused in (desk.post("/products", {**NEW, **change}), desk.patch(f"/products/{product.id}", change)):
        assert (refused.status_code, refused.json["error"]) == (422, "invalid_body")
        assert [fault["field"] for fault in refused.json["fields"]] == [field]


def test_an_order_may_be_as_large_as_the_operator_says_and_of_ten_thousand_if_he_says_nothing(
    client: FlaskClient,
) -> None:
    desk = make_desk(client)

    made = desk.post("/products", NEW)
    raised = desk.patch(f"/products/{made.json['id']}", {"max_quantity": 1_000_000})

    assert (made.json["max_quantity"], raised.json["max_quantity"]) == (10_000, 1_000_000)
    beyond = desk.post("/products", {**NEW, "sku": "other", "min_quantity": 10_001})
    assert [fault["field"] for fault in beyond.json["fields"]] == ["min_quantity"]


def test_a_provider_that_is_not_configured_is_refused_with_those_that_are(client: FlaskClient) -> None:
    refused = make_desk(client).post("/products", {**NEW, "provider": "nobody"})

    assert "stock" in refused.json["fields"][0]["message"]


@pytest.mark.parametrize("field", sorted(NEW))
def test_a_product_needs_what_sells_it(client: FlaskClient, field: str) -> None:
    refused = make_desk(client).post("/products", {name: value for name, value in NEW.items() if name != field})

    assert refused.json["fields"] == [{"field": field, "message": "is required"}]


def test_a_sku_stands_for_one_product(client: FlaskClient) -> None:
    desk, product = make_desk(client), make_product()
    desk.post("/products", NEW)

    for refused in (desk.post("/products", NEW), desk.patch(f"/products/{product.id}", {"sku": "vpn-30"})):
        assert (refused.status_code, refused.json["error"]) == (409, "sku_taken")


def test_a_change_touches_only_what_it_names(client: FlaskClient) -> None:
    desk, product = make_desk(client), make_product("8.90", in_stock=4)
    before = desk.get(f"/products/{product.id}").get_json()

    changed = desk.patch(f"/products/{product.id}", {"price_usdt": "9.15", "name": "Better name"})

    assert changed.status_code == 200
    expected = {**before, "price_usdt": 9.15, "name": "Better name", "updated_at": changed.json["updated_at"]}
    assert changed.json == expected
    assert last_action() == {
        "actor": desk.actor, "action": "product.change", "subject": f"product:{product.id}",
        "details": {"price_usdt": 9.15, "name": "Better name"},
    }  # fmt: skip


def test_a_change_of_nothing_is_refused(client: FlaskClient) -> None:
    refused = make_desk(client).patch(f"/products/{make_product().id}", {})

    assert (refused.status_code, refused.json["fields"][0]["field"]) == (422, "body")


def test_quantities_stay_in_order_when_one_is_changed(client: FlaskClient) -> None:
    desk, product = make_desk(client), make_product(min_quantity=5)

    assert desk.patch(f"/products/{product.id}", {"max_quantity": 4}).status_code == 422
    assert desk.patch(f"/products/{product.id}", {"max_quantity": 5}).status_code == 200


def test_a_product_can_be_taken_off_sale_and_put_back(client: FlaskClient) -> None:
    desk, shop, product = make_desk(client), make_shop(client), make_product()

    desk.patch(f"/products/{product.id}", {"active": False})
    assert shop.get(f"/products/{product.id}").json["error"] == "product_not_found"
    assert shop.order(product).json["error"] == "product_not_found"
    assert desk.get(f"/products/{product.id}").json["active"] is False

    desk.patch(f"/products/{product.id}", {"active": True})
    assert shop.order(product).status_code == 200


def test_the_count_goes_and_comes_back_with_the_provider(client: FlaskClient) -> None:
    desk, shop, product = make_desk(client), make_shop(client), make_product(in_stock=4)
    shop.order(product, 1)
    with db.connection_context():
        made_to_order = catalogue.change("test", product.id, {"provider": "sandbox"})
        assert made_to_order.in_stock is None
        add_stock(product, 2)

    changed = desk.patch(f"/products/{product.id}", {"provider": "stock"})

    assert changed.json["in_stock"] == 5
    assert desk.patch(f"/products/{product.id}", {"provider": "stock"}).json["in_stock"] == 5


def test_an_unknown_product_is_not_found(client: FlaskClient) -> None:
    desk = make_desk(client)

    for answer in (desk.get("/products/77"), desk.patch("/products/77", {"name": "x"})):
        assert (answer.status_code, answer.json["error"]) == (404, "product_not_found")


def test_products_are_listed_newest_first_those_off_sale_too(client: FlaskClient) -> None:
    desk = make_desk(client)
    made = [make_product(in_stock=0) for _ in range(3)]
    desk.patch(f"/products/{made[1].id}", {"active": False})

    first = desk.get("/products", limit=2).json
    rest = desk.get("/products", limit=2, cursor=first["next_cursor"]).json

    assert [product["id"] for product in first["items"] + rest["items"]] == [product.id for product in made][::-1]

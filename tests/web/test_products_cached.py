"""The catalogue, for clients who have it already: entity tags."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from models import catalogue, interventions
from models.database import db
from models.money import parse_usd
from models.tables import Product
from tests.factories import Shop, add_stock, make_product, make_shop


@pytest.fixture
def shop(client: FlaskClient) -> Shop:
    """A client with money."""
    return make_shop(client, "100000")


def change(product: Product, **fields: Any) -> None:
    """Change a product, as an operator would."""
    with db.connection_context():
        catalogue.change("test", product.id, fields)


def test_a_client_who_has_the_answer_is_not_sent_it_again(shop: Shop) -> None:
    make_product("10")
    first = shop.get("/products")
    tag = first.headers["ETag"]

    again = shop.get("/products", headers={"If-None-Match": tag})

    assert tag.startswith('W/"')
    assert (again.status_code, again.get_data()) == (304, b"")
    assert again.headers["ETag"] == tag
    assert "X-Request-Id" in again.headers
    assert "RateLimit-Remaining" in again.headers


@pytest.mark.parametrize("spelling", ['"{}"', 'W/"{}"', '"x", W/"{}", "y"', "*"])
def test_any_spelling_of_the_tag_is_understood(shop: Shop, spelling: str) -> None:
    make_product("10")
    bare = shop.get("/products").headers["ETag"].removeprefix('W/"').removesuffix('"')

    assert shop.get("/products", headers={"If-None-Match": spelling.format(bare)}).status_code == 304
    assert shop.get("/products", headers={"If-None-Match": f'"{bare}x"'}).status_code == 200


def test_the_tag_changes_with_everything_that_the_answer_shows(shop: Shop) -> None:
    product = make_product("10", in_stock=5)
    tags = [shop.get("/products").headers["ETag"]]

    def note_change() -> None:
        answer = shop.get("/products", headers={"If-None-Match": tags[-1]})
        assert answer.status_code == 200
        tags.append(answer.headers["ETag"])

    order_id = shop.order(product).json["order_id"]
    note_change()
    with db.connection_context():
        interventions.cancel("test", order_id)
    note_change()
    change(product, price=parse_usd("10.000001"))
    note_change()
    change(product, name="another")
    note_change()
    with db.connection_context():
        add_stock(product, 1)
    note_change()
    make_product("11")
    note_change()
    change(product, active=False)
    note_change()

    assert len(set(tags)) >= 7
    assert shop.get("/products", headers={"If-None-Match": tags[-1]}).status_code == 304


def test_different_pages_and_filters_have_different_tags(shop: Shop) -> None:
    make_product("1", category="a")
    make_product("2", category="b")

    paths = ("", "?page_size=1", "?page=2&page_size=1", "?category=a&page_size=2", "?sort=-price", "?min_price=5")

    assert len({shop.get(f"/products{path}").headers["ETag"] for path in paths}) == len(paths)

"""The catalogue: filters, text, sorts, pages, what changed since, and answers that a client has already."""

import time
from typing import Any

import pytest
from flask.testing import FlaskClient

from models import catalogue, interventions
from models.database import changed, db
from models.money import parse_usd
from models.tables import Product
from tests.factories import Shop, exact, make_product, make_shop


@pytest.fixture
def shop(client: FlaskClient) -> Shop:
    """A client with money."""
    return make_shop(client, "100000")


def found(shop: Shop, **query: Any) -> list[str]:
    """The names of the products that a query gives, in its order."""
    answer = shop.get("/products", query_string=query)
    assert answer.status_code == 200
    return [product["name"] for product in answer.json["items"]]


def change(product: Product, **fields: Any) -> None:
    """Change a product, as an operator would."""
    with db.connection_context():
        catalogue.change("test", product.id, fields)


def age(product: Product, seconds: float) -> None:
    """Let the product have changed last so many seconds after 1,700,000,000."""
    with db.connection_context():
        sql = "UPDATE products SET updated_at = to_timestamp(%(at)s) WHERE id = %(id)s"
        changed(sql, {"at": 1_700_000_000 + seconds, "id": product.id})


def test_a_product_is_shown_in_full_and_alike_in_the_list_and_alone(shop: Shop) -> None:
    before = int(time.time())
    product = make_product(
        "0.000001",
        in_stock=3,
        sku="k-1",
        category="Keys",
        name="Ключ",
        description="a\nb",
        min_quantity=2,
        max_quantity=9,
    )

    alone, listed = shop.get(f"/products/{product.id}"), shop.get("/products")

    document = exact(alone)
    assert listed.json["items"] == [alone.json]
    assert before <= document.pop("created_at") <= document.pop("updated_at") <= time.time()
    assert str(document.pop("price_usdt")) == "0.000001"
    assert document == {
        "id": product.id, "sku": "k-1", "category": "Keys", "name": "Ключ", "description": "a\nb", "min_quantity": 2,
        "max_quantity": 9, "in_stock": 3, "delivery": "stock", "needs_recipient": False,
    }  # fmt: skip


@pytest.mark.parametrize("price", ["0.000001", "0.1", "12.34", "8.9", "5", "1000000.1", "999999999.999999", "0.070001"])
def test_a_price_is_spelled_exactly(shop: Shop, price: str) -> None:
    product = make_product(price)

    for path in (f"/products/{product.id}", "/products"):
        assert f'"price_usdt":{price},' in shop.get(path).get_data(as_text=True)
    assert f'"min_price_usdt":{price}' in shop.get("/categories").get_data(as_text=True)


def test_an_empty_catalogue_is_an_empty_page(shop: Shop) -> None:
    assert shop.get("/products").json == {"items": [], "page": 1, "page_size": 50, "total": 0, "pages": 0}
    assert shop.get("/categories").json == {"items": []}


def test_a_product_that_is_not_for_sale_is_nowhere(shop: Shop) -> None:
    product = make_product(active=False, sku="off", category="off")

    assert shop.get("/products").json["total"] == 0
    assert shop.get("/products?sku=off").json["total"] == 0
    assert shop.get(f"/products/{product.id}").status_code == 404
    assert shop.get("/categories").json == {"items": []}


def test_the_filters_narrow_and_add_up(shop: Shop) -> None:
    make_product("1", in_stock=1, name="a", sku="s-a", category="keys")
    make_product("2", in_stock=5, name="b", sku="s-b", category="keys")
    make_product("2.000001", in_stock=10, name="c", sku="s-c", category="cards")
    make_product("3", in_stock=0, name="d", sku="S-A", category="Keys")

    assert found(shop) == ["a", "b", "c", "d"]
    assert found(shop, category="keys") == ["a", "b"]
    assert found(shop, category="key") == []
    assert found(shop, sku="s-a") == ["a"]
    assert found(shop, min_price="2") == ["b", "c", "d"]
    assert found(shop, max_price="2") == ["a", "b"]
    assert found(shop, min_price="2.000001", max_price="2.000001") == ["c"]
    assert found(shop, min_price="3", max_price="1") == []
    assert found(shop, min_qty=1) == found(shop)[:3]
    assert found(shop, min_qty=5) == ["b", "c"]
    assert found(shop, min_qty=11) == []
    assert found(shop, category="keys", min_price="1.5", min_qty=5) == ["b"]


def test_goods_made_to_order_pass_every_min_qty_and_have_no_stock(shop: Shop) -> None:
    product = make_product("10", in_stock=0, name="made", provider="elsewhere")

    assert shop.get(f"/products/{product.id}").json["in_stock"] is None
    assert shop.get(f"/products/{product.id}").json["delivery"] == "provider"
    assert found(shop, min_qty=10_000) == ["made"]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("steam", ["Steam Wallet", "Card"]),
        ("STEAM", ["Steam Wallet", "Card"]),
        ("wallet", ["Steam Wallet"]),
        ("am wa", ["Steam Wallet"]),
        ("gc-100", ["100% off_er"]),
        ("100%", ["100% off_er"]),
        ("%", ["100% off_er"]),
        ("_", ["100% off_er"]),
        ("\\", ["back\\slash"]),
        ("ключ", ["Ключ"]),
        ("🎁", ["gift 🎁"]),
        ("'; DROP TABLE products; --", []),
        ("", ["Steam Wallet", "Card", "100% off_er", "back\\slash", "Ключ", "gift 🎁"]),
    ],
)
def test_text_is_found_in_name_description_and_sku_and_taken_literally(shop: Shop, text: str, names: list[str]) -> None:
    make_product(name="Steam Wallet", sku="a")
    make_product(name="Card", sku="b", description="Works with Steam too.")
    make_product(name="100% off_er", sku="GC-100")
    make_product(name="back\\slash", sku="d")
    make_product(name="Ключ", sku="e")
    make_product(name="gift 🎁", sku="f")

    assert found(shop, q=text) == names


def test_sorting_is_total_so_that_pages_never_overlap(shop: Shop) -> None:
    for name, price in (("b", "2"), ("C", "1"), ("a", "2"), ("B", "2"), ("d", "0.5")):
        make_product(price, name=name)

    assert found(shop, sort="id") == ["b", "C", "a", "B", "d"]
    assert found(shop, sort="price") == ["d", "C", "b", "a", "B"]
    assert found(shop, sort="-price") == ["b", "a", "B", "C", "d"]
    assert found(shop, sort="name") == ["a", "b", "B", "C", "d"]
    for sort in ("id", "price", "-price", "name"):
        pages = [found(shop, sort=sort, page=page, page_size=2) for page in (1, 2, 3)]
        assert [name for page in pages for name in page] == found(shop, sort=sort)


def test_pages_tell_where_they_are_and_end(shop: Shop) -> None:
    for number in range(7):
        make_product(name=str(number))

    first, last, beyond = (shop.get(f"/products?page_size=3&page={page}").json for page in (1, 3, 4))

    assert {name: first[name] for name in ("page", "page_size", "total", "pages")} == {
        "page": 1, "page_size": 3, "total": 7, "pages": 3,
    }  # fmt: skip
    assert [product["name"] for product in first["items"]] == ["0", "1", "2"]
    assert [product["name"] for product in last["items"]] == ["6"]
    assert (beyond["items"], beyond["total"], beyond["pages"]) == ([], 7, 3)
    assert shop.get("/products?page=1000000&page_size=200").json["items"] == []


def test_a_page_has_fifty_products_and_at_most_two_hundred(shop: Shop) -> None:
    with db.connection_context(), db.atomic():
        for number in range(201):
            catalogue.create("test", {"sku": f"n{number}", "category": "c", "name": "n", "price": 1})

    assert len(shop.get("/products").json["items"]) == 50
    assert len(shop.get("/products?page_size=200").json["items"]) == 200
    assert shop.get("/products?page_size=201").status_code == 422


def test_updated_since_includes_its_own_second(shop: Shop) -> None:
    for name, seconds in (("before", -0.001), ("at", 0), ("within", 0.999), ("after", 1)):
        age(make_product(name=name), seconds)

    assert found(shop, updated_since=1_700_000_000) == ["at", "within", "after"]
    assert found(shop, updated_since=1_700_000_001) == ["after"]
    assert found(shop, updated_since=1_700_000_002) == []
    assert found(shop, updated_since=0) == ["before", "at", "within", "after"]
    assert found(shop, updated_since=253_402_300_799) == []


def test_whoever_asks_again_from_the_time_shown_misses_no_change(shop: Shop) -> None:
    product, other = make_product("10", name="sold"), make_product("10", name="dearer")
    age(product, 0)
    age(other, 0)
    shown = shop.get("/products").json["items"][0]["updated_at"]
    assert found(shop, updated_since=shown) == ["sold", "dearer"]
    assert found(shop, updated_since=shown + 1) == []

    shop.order(product)
    assert found(shop, updated_since=shown + 1) == ["sold"]
    change(other, price=parse_usd("11"))
    assert found(shop, updated_since=shown + 1) == ["sold", "dearer"]


def test_categories_have_their_number_of_products_and_lowest_price(shop: Shop) -> None:
    make_product("3", category="cards")
    make_product("2.50", category="keys")
    make_product("2.499999", category="keys")
    make_product("1", category="keys", active=False)
    make_product("0.01", category="Keys")

    items = exact(shop.get("/categories"))["items"]

    shown = {item["category"]: (item["product_count"], str(item["min_price_usdt"])) for item in items}
    assert shown == {"cards": (1, "3"), "keys": (2, "2.499999"), "Keys": (1, "0.01")}


def test_an_order_takes_from_the_stock_that_is_shown_and_a_failed_one_gives_it_back(shop: Shop) -> None:
    product = make_product("10", in_stock=5)

    def in_stock() -> Any:
        return shop.get(f"/products/{product.id}").json["in_stock"]

    order_id = shop.order(product, 3).json["order_id"]
    assert in_stock() == 2
    assert shop.order(product, 3).json["in_stock"] == 2
    with db.connection_context():
        interventions.cancel("test", order_id)
    assert in_stock() == 5

"""The orders of an account on its dashboard: the list, one order, its items on request, its webhook's log."""

import json
import time
from typing import Any

import pytest
from flask.testing import FlaskClient

from jobs.fulfilment import fulfil
from models import interventions
from models.database import db
from models.settlement import Delivered, Refused
from models.tables import Product
from tests.dashboard import Visitor, sign_in
from tests.factories import (
    Shop,
    exact,
    make_product,
    make_shop,
    make_telegram_goods,
    make_v2_shop,
    settle_purchase,
)

HOSTILE = "<script>alert(1)</script>\"'&{{7*7}}"


@pytest.fixture
def shop(client: FlaskClient) -> Shop:
    """A client with money."""
    return make_shop(client)


@pytest.fixture
def visitor(client: FlaskClient, shop: Shop) -> Visitor:
    """The client on the dashboard."""
    return sign_in(client, shop)


def order(shop: Shop, product: Product | None = None, *, deliver_it: bool = True, **fields: Any) -> int:
    """An order of the client's through the API, delivered from stock; its id."""
    order_id: int = shop.order(product or make_product(), **fields).json["order_id"]
    if deliver_it:
        fulfil.fn(order_id)
    return order_id


def text(visitor: Visitor, path: str, status: int = 200, **kwargs: Any) -> str:
    """A page's HTML."""
    page = visitor.get(path, **kwargs)
    assert page.status_code == status, page.get_data(as_text=True)
    return page.get_data(as_text=True)


def test_the_list_is_empty_at_first_and_says_what_to_do(visitor: Visitor) -> None:
    page = text(visitor, "/orders")

    assert "No orders yet" in page
    assert 'href="/dashboard/buy"' in page


def test_orders_of_every_key_and_api_are_listed_newest_first_and_no_other_accounts(
    client: FlaskClient, shop: Shop, visitor: Visitor
) -> None:
    make_telegram_goods()
    first = order(shop, make_product(name="Alpha"))
    second = order(make_shop(client, account_id=shop.account_id), make_product(name="Beta"))
    third = make_v2_shop(client, account_id=shop.account_id).post("/ton", {"username": "target", "amount": 12.34})
    order(make_shop(client), make_product(name="Theirs"))

    page = text(visitor, "/orders")

    places = [page.index(f'/dashboard/orders/{n}"') for n in (third.json["order_id"], second, first)]
    assert places == sorted(places)
    assert "12.34 TON for @target" in page
    assert "8.90 USD" in page
    assert "Theirs" not in page


def test_filters_narrow_the_list(shop: Shop, visitor: Visitor) -> None:
    done = order(shop, client_reference="mine-1")
    still = order(shop, client_reference="mine-2", deliver_it=False)
    today = time.strftime("%Y-%m-%d", time.gmtime())

    def listed(**query: str) -> set[int]:
        page = text(visitor, "/orders", query_string=query)
        return {n for n in (done, still) if f'/dashboard/orders/{n}"' in page}

    assert listed(status="completed") == {done}
    assert listed(status="processing", reference="") == {still}
    assert listed(reference=" mine-2 ") == {still}
    assert listed(**{"from": today, "to": today}) == {done, still}
    assert listed(to="2020-01-01") == set()
    assert listed(**{"from": "9999-12-31", "to": "9999-12-31"}) == set()
    assert "No order fits" in text(visitor, "/orders?status=failed")
    assert '<option value="completed" selected>' in text(visitor, "/orders?status=completed")


@pytest.mark.parametrize(
    "query", ["status=lost", "from=yesterday", "to=2026-02-30", "reference=" + 65 * "x", "reference=%00"]
)
def test_what_no_filter_means_is_told_beside_the_filters(visitor: Visitor, query: str) -> None:
    assert 'role="alert"' in text(visitor, f"/orders?{query}", 422)


def test_older_orders_are_on_the_next_page_with_the_same_filters(shop: Shop, visitor: Visitor) -> None:
    product = make_product(in_stock=40)
    made = [order(shop, product, client_reference="batch", deliver_it=False) for _ in range(26)]

    first = text(visitor, "/orders?reference=batch")
    assert f'/dashboard/orders/{made[0]}"' not in first
    address = first.split('class="older"><a href="')[1].split('"')[0].replace("&amp;", "&")
    assert "reference=batch" in address
    second = text(visitor, address.removeprefix("/dashboard"))

    assert f'/dashboard/orders/{made[0]}"' in second
    assert f'/dashboard/orders/{made[1]}"' not in second
    assert visitor.get("/orders?cursor=nonsense").status_code == 422


def test_hostile_text_is_shown_as_text(shop: Shop, visitor: Visitor) -> None:
    order_id = order(shop, make_product(name=HOSTILE), client_reference=HOSTILE)

    for path in ("/orders", f"/orders/{order_id}", f"/orders?reference={HOSTILE}&status=completed"):
        page = text(visitor, path)
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
        assert "{{7*7}}" in page


def test_an_order_is_shown_with_all_its_facts(shop: Shop, visitor: Visitor) -> None:
    order_id = order(shop, make_product("10.50", name="A fine thing"), quantity=2, client_reference="mine")

    page = text(visitor, f"/orders/{order_id}")

    assert "2 × A fine thing" in page
    assert "21.00 USD" in page
    assert "mine" in page
    assert "status-completed" in page


def test_a_failed_order_says_why_and_that_the_money_is_back(client: FlaskClient, shop: Shop, visitor: Visitor) -> None:
    make_telegram_goods()
    made = make_v2_shop(client, account_id=shop.account_id).post("/premium", {"username": "target", "duration": 3})
    settle_purchase(made.json["order_id"], Refused("The user has Premium already."))

    page = text(visitor, f"/orders/{made.json['order_id']}")

    assert "The user has Premium already." in page
    assert "12.00 USD are back on your balance." in page
    assert "@target" in page


def test_the_page_of_an_open_order_asks_for_its_end_until_it_has_it(shop: Shop, visitor: Visitor) -> None:
    order_id = order(shop, deliver_it=False)
    page = text(visitor, f"/orders/{order_id}")
    address = page.split('hx-get="')[1].split('"')[0].removeprefix("/dashboard")
    assert 'hx-trigger="every 2s"' in page

    assert visitor.get(address).status_code == 204
    fulfil.fn(order_id)
    end = text(visitor, address)

    assert "status-completed" in end
    assert "Show the items" in end
    assert "hx-trigger" not in end
    assert "hx-trigger" not in text(visitor, f"/orders/{order_id}")


def test_items_are_shown_on_request_only(shop: Shop, visitor: Visitor) -> None:
    order_id = order(shop, quantity=2)
    items = exact(shop.get(f"/orders/{order_id}"))["items"]

    page = text(visitor, f"/orders/{order_id}")
    part = text(visitor, f"/orders/{order_id}/items", headers={"HX-Request": "true"})
    whole = text(visitor, f"/orders/{order_id}/items")
    file = visitor.get(f"/orders/{order_id}/items.jsonl")

    assert len(items) == 2
    for item in items:
        assert item["login"] not in page
        assert f'data-copy="{item["login"]}"' in part
        assert item["password"] in whole
    assert "<html" not in part
    assert "<html" in whole
    assert [json.loads(line) for line in file.get_data(as_text=True).splitlines()] == items
    assert file.headers["Content-Disposition"] == f'attachment; filename="order-{order_id}.jsonl"'
    assert file.headers["Cache-Control"] == "no-store"


def test_a_v2_key_reads_no_items_that_another_key_has_bought(client: FlaskClient, shop: Shop) -> None:
    order_id = order(shop)
    visitor = sign_in(client, make_v2_shop(client, account_id=shop.account_id))
    assert "Show the items" not in text(visitor, f"/orders/{order_id}")
    for path in ("/items", "/items.jsonl", "/webhooks/answers"):
        assert visitor.get(f"/orders/{order_id}{path}").status_code == 404


def test_of_very_many_items_the_first_are_shown_and_the_file_has_all(shop: Shop, visitor: Visitor) -> None:
    order_id = order(shop, make_product("1", in_stock=60), quantity=60)

    part = text(visitor, f"/orders/{order_id}/items", headers={"HX-Request": "true"})

    assert part.count("<li>") == 50
    assert "The first 50 of 60" in part
    assert visitor.get(f"/orders/{order_id}/items.jsonl").get_data().count(b"\n") == 60


def test_an_open_order_and_one_for_a_telegram_user_have_no_items_to_show(
    client: FlaskClient, shop: Shop, visitor: Visitor
) -> None:
    make_telegram_goods()
    stars = make_v2_shop(client, account_id=shop.account_id).post("/stars", {"username": "target", "amount": 50})
    settle_purchase(stars.json["order_id"], Delivered(50, "abc"))
    still = order(shop, deliver_it=False)

    for order_id in (stars.json["order_id"], still):
        assert "Show the items" not in text(visitor, f"/orders/{order_id}")
        assert visitor.get(f"/orders/{order_id}/items.jsonl").get_data() == b""


def test_a_refunded_order_says_so(shop: Shop, visitor: Visitor) -> None:
    order_id = order(shop)
    with db.connection_context():
        interventions.refund("test", order_id)

    page = text(visitor, f"/orders/{order_id}")

    assert "status-refunded" in page
    assert "8.90 USD are back on your balance." in page


@pytest.mark.parametrize("path", ["", "/state", "/items", "/items.jsonl", "/webhooks", "/webhooks/answers"])
def test_others_orders_are_nowhere(client: FlaskClient, visitor: Visitor, path: str) -> None:
    theirs = order(make_shop(client))

    for order_id in (theirs, 999_999, 2**70):
        assert visitor.get(f"/orders/{order_id}{path}").status_code == 404

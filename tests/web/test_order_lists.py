"""Lists of orders: newest first, narrowed and paged."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from jobs import fulfilment
from models import interventions
from models.database import changed, db
from tests.factories import Shop, exact, make_product, make_shop

NOON = 1_700_000_000


@pytest.fixture
def shop(client: FlaskClient) -> Shop:
    """A client with money."""
    return make_shop(client, "100000")


def place(shop: Shop, count: int, **fields: Any) -> list[int]:
    """Place so many orders."""
    product = make_product("10", in_stock=count)
    return [shop.order(product, **fields).json["order_id"] for _ in range(count)]


def listed(shop: Shop, **query: Any) -> list[int]:
    """The ids that a query lists, page by page."""
    ids: list[int] = []
    while True:
        answer = shop.get("/orders", query_string=query)
        assert answer.status_code == 200
        ids += [order["order_id"] for order in answer.json["items"]]
        if answer.json["next_cursor"] is None:
            return ids
        query["cursor"] = answer.json["next_cursor"]


def date(order_id: int, seconds: float) -> None:
    """Let an order have been placed so many seconds after noon."""
    with db.connection_context():
        sql = "UPDATE orders SET created_at = to_timestamp(%(at)s) WHERE id = %(id)s"
        changed(sql, {"at": NOON + seconds, "id": order_id})


def test_there_are_none_at_first(shop: Shop) -> None:
    assert shop.get("/orders").json == {"items": [], "next_cursor": None}


def test_orders_are_listed_newest_first_as_they_are_shown_alone_but_without_items(shop: Shop) -> None:
    ids = place(shop, 3, client_reference="x")

    items = exact(shop.get("/orders"))["items"]

    assert [order["order_id"] for order in items] == ids[::-1]
    assert items == [exact(shop.get(f"/orders/{order_id}")) for order_id in ids[::-1]]


def test_delivered_items_are_not_in_the_list(shop: Shop) -> None:
    [order_id] = place(shop, 1)
    fulfilment.fulfil(order_id)

    [shown] = shop.get("/orders?status=completed").json["items"]

    assert "items" not in shown
    assert shown["delivered_quantity"] == 1


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 200])
def test_pages_join_without_gap_or_overlap(shop: Shop, limit: int) -> None:
    ids = place(shop, 4)

    assert listed(shop, limit=limit) == ids[::-1]


def test_a_page_that_is_just_full_is_the_last(shop: Shop) -> None:
    place(shop, 2)

    assert shop.get("/orders?limit=2").json["next_cursor"] is None
    assert shop.get("/orders?limit=1").json["next_cursor"] is not None


def test_orders_that_come_between_two_pages_do_not_shift_them(shop: Shop) -> None:
    ids = place(shop, 4)
    cursor = shop.get("/orders?limit=2").json["next_cursor"]
    place(shop, 2)

    assert listed(shop, cursor=cursor) == ids[1::-1]


def test_filters_narrow_and_add_up(client: FlaskClient, shop: Shop) -> None:
    first, second, third = place(shop, 1, client_reference="a") + place(shop, 2, client_reference="b")
    with db.connection_context():
        interventions.cancel("test", second)
    place(make_shop(client), 2, client_reference="b")

    assert listed(shop, status="processing") == [third, first]
    assert listed(shop, status="cancelled") == [second]
    assert listed(shop, status="refunded") == []
    assert listed(shop, client_reference="b") == [third, second]
    assert listed(shop, client_reference="B") == []
    assert listed(shop, client_reference="b", status="processing", limit=1) == [third]
    assert listed(shop, client_reference="") == []


def test_times_are_inclusive_to_the_second(shop: Shop) -> None:
    ids = place(shop, 4)
    for order_id, seconds in zip(ids, (-0.001, 0, 0.999, 1), strict=True):
        date(order_id, seconds)
    before, at, within, after = ids

    assert listed(shop, created_from=NOON) == [after, within, at]
    assert listed(shop, created_to=NOON) == [within, at, before]
    assert listed(shop, created_from=NOON, created_to=NOON) == [within, at]
    assert listed(shop, created_from=NOON + 1) == [after]
    assert listed(shop, created_to=NOON - 1) == [before]
    assert listed(shop, created_from=NOON + 1, created_to=NOON) == []
    assert listed(shop, created_from=0, created_to=253_402_300_799) == ids[::-1]


def test_the_time_that_an_order_shows_finds_it(shop: Shop) -> None:
    [order_id] = place(shop, 1)
    at = shop.get(f"/orders/{order_id}").json["created_at"]

    assert listed(shop, created_from=at, created_to=at) == [order_id]


def test_a_cursor_goes_with_other_filters(shop: Shop) -> None:
    ids = place(shop, 3, client_reference="a") + place(shop, 3, client_reference="b")

    assert listed(shop, client_reference="a", limit=2) == ids[2::-1]
    cursor = shop.get("/orders?limit=4").json["next_cursor"]
    assert listed(shop, client_reference="a", cursor=cursor) == ids[1::-1]


def test_fifty_are_listed_unless_the_client_says_otherwise(shop: Shop) -> None:
    place(shop, 51)

    first = shop.get("/orders").json
    assert len(first["items"]) == 50
    assert len(shop.get(f"/orders?cursor={first['next_cursor']}").json["items"]) == 1

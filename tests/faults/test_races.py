"""Many at once, over HTTP, on the real servers: each race has exactly the winners it should have."""

import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import requests
import simplejson
from flask.testing import FlaskClient

from jobs import enqueue
from tests.factories import eventually, make_product, make_shop
from tests.faults.processes import Processes, get, post
from web.signatures import sign


def race(count: int, runner: Callable[[int], Any]) -> list[Any]:
    """Run it so many times at once."""
    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(runner, range(count)))


def all_final(base: str, shop: Any, expected: int) -> bool:
    """Whether the account's orders are all there and none is open."""
    listed = get(base, shop, "/orders?limit=200")["items"]
    return len(listed) == expected and all(order["status"] != "processing" for order in listed)


def test_fifty_orders_for_twenty_items_sell_exactly_twenty(client: FlaskClient, processes: Processes) -> None:
    base = processes.serve()
    processes.work()
    shop, product = make_shop(client, "10000"), make_product("8.90", in_stock=20)

    answers = race(50, lambda _: post(base, shop, "/orders", {"product_id": product.id, "quantity": 1}))

    assert Counter(answer.status_code for answer in answers) == {200: 20, 409: 30}
    assert {answer.json()["error"] for answer in answers if answer.status_code == 409} == {"insufficient_stock"}
    eventually(lambda: all_final(base, shop, 20), "the end of all orders")
    items = [get(base, shop, f"/orders/{a.json()['order_id']}")["items"] for a in answers if a.status_code == 200]
    assert len({item["login"] for [item] in items}) == 20


def test_forty_orders_for_a_balance_that_affords_ten_place_exactly_ten(
    client: FlaskClient, processes: Processes
) -> None:
    base = processes.serve()
    processes.work()
    # Ten orders at 10.00, 10.10 … 10.90 come to 104.50; the eleventh would be 11.00.
    shop, product = make_shop(client, "104.50"), make_product("10", in_stock=100)

    answers = race(40, lambda _: post(base, shop, "/orders", {"product_id": product.id, "quantity": 1}))

    assert Counter(answer.status_code for answer in answers) == {200: 10, 402: 30}
    eventually(lambda: all_final(base, shop, 10), "the end of all orders")
    assert get(base, shop, "/balance")["balance_usdt"] == 0


def test_twenty_requests_with_one_idempotency_key_make_one_order(client: FlaskClient, processes: Processes) -> None:
    base = processes.serve()
    shop, product = make_shop(client, "1000"), make_product("10", in_stock=100)
    order = {"product_id": product.id, "quantity": 2}

    answers = race(20, lambda _: post(base, shop, "/orders", order, Idempotency_Key="one"))

    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.text for answer in answers}) == 1
    assert Counter(answer.headers.get("Idempotent-Replayed") for answer in answers) == {None: 1, "true": 19}
    assert get(base, shop, "/balance")["held_usdt"] == 20


def test_twenty_twins_of_one_signed_request_make_one_order(client: FlaskClient, processes: Processes) -> None:
    base = processes.serve()
    shop, product = make_shop(client, "1000", signed=True), make_product("10", in_stock=100)
    body = simplejson.dumps({"product_id": product.id, "quantity": 2}).encode()
    timestamp = str(int(time.time()))
    headers = {
        "X-API-Key": shop.api_key, "Content-Type": "application/json", "Idempotency-Key": "one",
        "X-Timestamp": timestamp, "X-Signature": sign(shop.secret or "", timestamp, body).hex(),
    }  # fmt: skip

    answers = race(20, lambda _: requests.post(f"{base}/api/v1/orders", data=body, headers=headers, timeout=30))

    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["order_id"] for answer in answers}) == 1


def test_twelve_orders_of_one_total_pay_one_per_cent_more_each_up_to_ten(
    client: FlaskClient, processes: Processes
) -> None:
    base = processes.serve()
    shop, product = make_shop(client, "1000"), make_product("10", in_stock=100)

    answers = race(12, lambda _: post(base, shop, "/orders", {"product_id": product.id, "quantity": 1}))

    placed = [simplejson.loads(answer.text, use_decimal=True) for answer in answers]
    hits = sorted(order["raw_data"]["dp_hits"] for order in placed)
    assert hits == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 10]
    assert all(order["price_usdt"] == 10 + Decimal(order["raw_data"]["dp_hits"]) / 10 for order in placed)


def test_messages_that_arrive_three_times_deliver_once(client: FlaskClient, processes: Processes) -> None:
    base = processes.serve()
    shop, product = make_shop(client, "1000"), make_product("10", in_stock=30)
    placed = [post(base, shop, "/orders", {"product_id": product.id, "quantity": 1}).json() for _ in range(15)]
    for order in placed:
        enqueue.fulfil(order["order_id"], "stock")
        enqueue.fulfil(order["order_id"], "stock")

    processes.work()

    eventually(lambda: all_final(base, shop, 15), "the end of all orders")
    items = [get(base, shop, f"/orders/{order['order_id']}")["items"] for order in placed]
    assert len({item["login"] for [item] in items}) == 15
    assert get(base, shop, f"/products/{product.id}")["in_stock"] == 15

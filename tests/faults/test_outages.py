"""Servers that go away: a request hears of it in time, and nothing that was promised is lost."""

import os
import signal
import time
from collections.abc import Callable

import pytest
import redis
import requests
from flask.testing import FlaskClient

from jobs import enqueue
from settings import settings
from tests.factories import Shop, eventually, make_product, make_shop
from tests.faults.processes import SCHEDULER, Processes, get, kill_group, post, worker_command
from tests.faults.proxy import Mode, Proxy

LIMIT_SECONDS = 5.0
Proxied = Callable[[str], tuple[Proxy, str]]


def requests_of_every_kind(base: str, shop: Shop, product_id: int) -> list[requests.Response]:
    """One request for each way through the gate, each timed."""
    key = {"X-API-Key": shop.api_key}
    order = {"product_id": product_id, "quantity": 1}
    return [
        requests.get(f"{base}/api/v1/health", headers=key, timeout=30),
        requests.get(f"{base}/api/v1/balance", headers=key, timeout=30),
        requests.post(f"{base}/api/v1/orders", headers=key, json=order, timeout=30),
        requests.get(f"{base}/api/v1/products", timeout=30),
        requests.get(f"{base}/api/v1/products", headers={"X-API-Key": "unknown"}, timeout=30),
        requests.get(f"{base}/api/v1/nowhere", headers=key, timeout=30),
    ]


@pytest.mark.parametrize("mode", ["refuse", "silent"])
@pytest.mark.parametrize("server", ["database", "redis"])
def test_an_outage_is_told_within_five_seconds_and_ends_with_the_outage(
    client: FlaskClient, processes: Processes, proxied: Proxied, server: str, mode: Mode
) -> None:
    shop, product = make_shop(client), make_product()
    proxy, url = proxied(settings.database_url if server == "database" else settings.redis_url)
    base = processes.serve(**{"DATABASE_URL" if server == "database" else "REDIS_URL": url})
    assert all(answer.status_code < 500 for answer in requests_of_every_kind(base, shop, product.id))

    proxy.fail(mode)
    for answer in requests_of_every_kind(base, shop, product.id):
        assert answer.status_code == 503
        assert answer.json()["error"] == "service_unavailable"
        assert int(answer.headers["Retry-After"]) > 0
        assert answer.elapsed.total_seconds() < LIMIT_SECONDS
    assert requests.get(f"{base}/readyz", timeout=30).status_code == 503
    assert requests.get(f"{base}/healthz", timeout=30).status_code == 200

    proxy.heal()
    eventually(lambda: get(base, shop, "/balance").get("currency") == "USDT", "the end of the outage")
    eventually(lambda: requests.get(f"{base}/readyz", timeout=30).ok, "readiness")


def test_a_flushed_redis_costs_no_order(client: FlaskClient, processes: Processes) -> None:
    base = processes.serve()
    shop, product = make_shop(client), make_product(in_stock=10)
    placed = [post(base, shop, "/orders", {"product_id": product.id, "quantity": 1}).json() for _ in range(5)]

    redis.Redis.from_url(settings.redis_url).flushall()
    processes.work()

    for order in placed:
        finished = get(base, shop, f"/orders/{order['order_id']}?wait=true")
        assert finished["status"] == "completed"


def test_orders_survive_a_worker_that_is_killed_again_and_again(client: FlaskClient, processes: Processes) -> None:
    base = processes.serve()
    shop, product = make_shop(client, "100000"), make_product(in_stock=200)
    processes.start(worker_command("upkeep"))
    processes.start(SCHEDULER)
    placed = []
    for _ in range(3):
        worker = processes.start(worker_command("fulfilment"))
        placed += [post(base, shop, "/orders", {"product_id": product.id, "quantity": 1}).json() for _ in range(20)]
        assert get(base, shop, f"/orders/{placed[-5]['order_id']}?wait=true")["status"] == "completed"
        placed += [post(base, shop, "/orders", {"product_id": product.id, "quantity": 1}).json() for _ in range(10)]
        kill_group(worker)

    began = time.monotonic()
    processes.start(worker_command("fulfilment"))

    def none_is_open() -> bool:
        return not get(base, shop, "/orders?status=processing")["items"]

    while not none_is_open():
        assert time.monotonic() - began < 30
        time.sleep(0.2)
    assert len(get(base, shop, "/orders?status=completed&limit=200")["items"]) == len(placed) == 90


def test_a_group_that_is_told_twice_to_stop_finishes_its_jobs(client: FlaskClient, processes: Processes) -> None:
    base = processes.serve()
    shop, product = make_shop(client, "100000"), make_product(in_stock=200)
    worker = processes.start(worker_command("fulfilment"))
    first = post(base, shop, "/orders?wait=true", {"product_id": product.id, "quantity": 1}).json()
    assert first["status"] == "completed"  # the worker is there
    placed = [post(base, shop, "/orders", {"product_id": product.id, "quantity": 1}).json() for _ in range(40)]

    os.killpg(worker.pid, signal.SIGTERM)

    assert worker.wait(25) == 0
    for order in placed:
        # Either finished, or left in the queue for the next worker: nothing was taken up and dropped.
        assert get(base, shop, f"/orders/{order['order_id']}")["status"] in ("completed", "processing")
    processes.start(worker_command("fulfilment"))
    for order in placed:
        enqueue.fulfil(order["order_id"], "stock")
    eventually(lambda: not get(base, shop, "/orders?status=processing")["items"], "the end of all orders")


def test_an_order_that_nothing_takes_up_expires_and_the_money_comes_back(
    client: FlaskClient, processes: Processes
) -> None:
    base = processes.serve(ORDER_DEADLINE_SECONDS="1")
    shop, product = make_shop(client, "100"), make_product("10", in_stock=5)
    order_id = post(base, shop, "/orders", {"product_id": product.id, "quantity": 1}).json()["order_id"]
    assert get(base, shop, "/balance")["held_usdt"] == 10

    processes.start(worker_command("upkeep"))
    processes.start(SCHEDULER, REFUND_INTERVAL_SECONDS="1")

    order = eventually(lambda: _if_final(base, shop, order_id), "the order's end")
    assert (order["status"], order["refunded"], order["refunded_usdt"]) == ("expired", True, 10)
    assert get(base, shop, "/balance")["balance_usdt"] == 100
    assert get(base, shop, f"/products/{product.id}")["in_stock"] == 5


def _if_final(base: str, shop: Shop, order_id: int) -> dict[str, object] | None:
    order: dict[str, object] = get(base, shop, f"/orders/{order_id}")
    return None if order["status"] == "processing" else order

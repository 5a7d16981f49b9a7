"""Requests that wait for an order."""

import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import requests
from flask.testing import FlaskClient

from tests.factories import eventually, make_product, make_shop
from tests.faults.processes import WEB, Processes, answers, free_port, get, post, worker_command


def test_a_waiting_order_is_answered_with_its_items(client: FlaskClient, processes: Processes) -> None:
    base = processes.serve()
    processes.work()
    shop, product = make_shop(client), make_product()

    answer = post(base, shop, "/orders?wait=true", {"product_id": product.id, "quantity": 1}).json()

    assert answer["status"] == "completed"
    assert len(answer["items"]) == 1


def test_a_wait_ends_with_its_time_out_and_shows_the_present_state(client: FlaskClient, processes: Processes) -> None:
    base = processes.serve()
    shop, product = make_shop(client), make_product()

    answer = post(base, shop, "/orders?wait=true&timeout=1", {"product_id": product.id, "quantity": 1})

    assert answer.json()["status"] == "processing"
    assert 1 <= answer.elapsed.total_seconds() < 3


def test_hundreds_wait_while_others_are_served(client: FlaskClient, processes: Processes) -> None:
    base = processes.serve()
    shop, product = make_shop(client, "100000"), make_product(in_stock=300)
    order = {"product_id": product.id, "quantity": 1}

    with ThreadPoolExecutor(300) as pool:
        waits = [pool.submit(post, base, shop, "/orders?wait=true", order) for _ in range(300)]
        eventually(lambda: len(get(base, shop, "/orders?limit=200&status=processing")["items"]) == 200, "many waits")
        assert get(base, shop, "/health")["status"] == "ok"
        processes.start(worker_command("fulfilment"))
        assert {wait.result().json()["status"] for wait in waits} == {"completed"}


def test_sigterm_answers_those_who_wait_with_the_present_state(client: FlaskClient, processes: Processes) -> None:
    shop, product = make_shop(client), make_product()
    port = free_port()
    web = processes.start(WEB, PORT=str(port), BIND_HOST="127.0.0.1", WEB_CONCURRENCY="1")
    base = f"http://127.0.0.1:{port}"
    eventually(lambda: answers(base), "the web's first answer")
    got: list[requests.Response] = []
    order = {"product_id": product.id, "quantity": 1}
    waiting = threading.Thread(target=lambda: got.append(post(base, shop, "/orders?wait=true", order)))
    waiting.start()
    eventually(lambda: get(base, shop, "/orders")["items"], "the order")

    began = time.monotonic()
    web.send_signal(signal.SIGTERM)
    waiting.join(20)

    assert got[0].status_code == 200
    assert got[0].json()["status"] == "processing"
    assert web.wait(20) == 0
    assert time.monotonic() - began < 20

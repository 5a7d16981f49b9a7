"""Requests that wait for the end of an order, on both surfaces."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from decimal import Decimal
from typing import Any

import psycopg2
import pytest
import simplejson
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

import jobs.waiting
from jobs.waiting import Waiters, waiters
from models.database import db
from models.settlement import Delivered, Refused
from settings import settings
from tests.factories import (
    TelegramShop,
    eventually,
    exact,
    make_product,
    make_shop,
    make_telegram_goods,
    make_v2_shop,
    settle_purchase,
)
from tests.web.v2_refusals import assert_v2_refused
from web import waiting

STARS = {"username": "target", "amount": 100}


@pytest.fixture
def shop(client: FlaskClient) -> TelegramShop:
    """A client with money, in a shop that sells all five goods."""
    make_telegram_goods()
    return make_v2_shop(client, "1000")


@pytest.fixture
def keepalive(monkeypatch: pytest.MonkeyPatch) -> None:
    """White space every second."""
    monkeypatch.setattr(waiting, "settings", settings.model_copy(update={"wait_keepalive_seconds": 1}))


@contextmanager
def asking(app: Flask, shop: TelegramShop, method: str, path: str, body: Any = None) -> Iterator[Future[TestResponse]]:
    """A request that another thread makes meanwhile."""
    other = TelegramShop(app.test_client(), shop.api_key, shop.account_id, shop.fingerprint)

    def ask() -> TestResponse:
        answer = other.post(path, body) if method == "POST" else other.get(path)
        answer.get_data()
        db.close()
        return answer

    with ThreadPoolExecutor(1) as pool:
        yield pool.submit(ask)


def waited_for() -> list[int]:
    """The orders that requests of this process wait for."""
    return list(waiters._events)


@pytest.mark.parametrize("outcome", [Delivered(100, "abc123"), Refused("no such user", "abc123")])
def test_whoever_waits_is_answered_as_soon_as_the_order_is_final(
    app: Flask, shop: TelegramShop, outcome: Delivered | Refused
) -> None:
    with asking(app, shop, "POST", "/stars?wait=true", STARS) as future:
        [order_id] = eventually(waited_for, "the wait")
        settle_purchase(order_id, outcome)
        answer = future.result(20)

    failed = isinstance(outcome, Refused)
    assert answer.status_code == 200
    assert (answer.json["ok"], answer.json["order_id"], answer.json["provider_order_id"]) == (True, order_id, "abc123")
    assert answer.json["status"] == ("failed" if failed else "completed")
    assert answer.json["error_message"] == ("no such user" if failed else None)
    assert shop.balance()["balance_usd"] == (1000 if failed else Decimal("998.8"))


@pytest.mark.parametrize(
    ("path", "body", "look"),
    [
        ("/stars", STARS, "/order"),
        ("/premium", {"username": "target", "duration": 3}, "/premium_order"),
        ("/ton", {"username": "target", "amount": 1}, "/ton_order"),
    ],
)
def test_a_look_waits_too(app: Flask, shop: TelegramShop, path: str, body: Any, look: str) -> None:
    order_id = shop.post(path, body).json["order_id"]

    with asking(app, shop, "GET", f"{look}/{order_id}?wait=true") as future:
        eventually(waited_for, "the wait")
        settle_purchase(order_id, Delivered(1000, "abc"))
        answer = future.result(20)

    assert (answer.status_code, answer.json["status"]) == (200, "completed")
    assert shop.get(f"{look}/{order_id}?wait=true").json == answer.json


@pytest.mark.parametrize("query", ["wait=true&timeout=0", "wait=1&timeout=0", "timeout=0&wait=TRUE"])
def test_when_the_time_is_up_the_order_goes_on(shop: TelegramShop, query: str) -> None:
    document = assert_v2_refused(shop.post(f"/stars?{query}", STARS), 408, "timeout", "order_id")

    order_id = document["order_id"]
    assert_v2_refused(shop.get(f"/order/{order_id}?{query}"), 408, "timeout", "order_id")
    assert shop.get(f"/order/{order_id}").json["status"] == "pending"
    settle_purchase(order_id, Delivered(100, "abc"))
    assert shop.get(f"/order/{order_id}?{query}").json["status"] == "completed"


def test_a_wait_is_bounded_by_the_servers_limit(shop: TelegramShop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "settings", settings.model_copy(update={"wait_timeout_seconds": 1}))
    began = time.monotonic()

    for query in ("wait=true&timeout=86400", "wait=true"):
        assert shop.post(f"/stars?{query}", STARS).status_code == 408

    assert 2 <= time.monotonic() - began < 6


def test_without_wait_nothing_waits(shop: TelegramShop) -> None:
    began = time.monotonic()

    for query in ("", "?wait=false", "?wait=0", "?timeout=60", "?wait=false&timeout=60"):
        assert shop.post(f"/stars{query}", STARS).json["status"] == "pending"

    assert time.monotonic() - began < 3


@pytest.mark.parametrize(
    "query", ["wait=yes", "wait=", "wait=true&wait=true", "wait=true&timeout=-1", "wait=true&timeout=1.5"]
)
def test_a_wait_that_cannot_be_understood_orders_nothing(shop: TelegramShop, query: str) -> None:
    answer = shop.post(f"/stars?{query}", STARS)

    assert answer.status_code == 400
    assert answer.json["error"].partition(" ")[0] in ("wait", "timeout")
    assert shop.balance()["locked_usd"] == 0


def test_a_process_that_is_to_stop_lets_nobody_wait(shop: TelegramShop) -> None:
    order_id = shop.post("/stars", STARS).json["order_id"]
    stopping, over = Waiters(), threading.Event()

    def wait() -> None:
        if stopping.wait(order_id, 60):
            over.set()

    waiter = threading.Thread(target=wait)
    waiter.start()
    eventually(lambda: stopping._events.get(order_id), "the wait")
    stopping.stop()

    assert over.wait(10)
    waiter.join()
    assert stopping.wait(order_id, 60) is True


def pieces(answer: TestResponse) -> tuple[bytes, Any]:
    """The white space that a streamed answer began with, and its document."""
    text = answer.get_data()
    document = text.lstrip(b" ")
    return text[: len(text) - len(document)], simplejson.loads(document, use_decimal=True)


@pytest.mark.usefixtures("keepalive")
def test_with_a_keepalive_an_early_end_is_a_plain_answer(app: Flask, shop: TelegramShop) -> None:
    with asking(app, shop, "POST", "/stars?wait=true", STARS) as future:
        [order_id] = eventually(waited_for, "the wait")
        settle_purchase(order_id, Delivered(100, "abc"))
        answer = future.result(20)

    assert not answer.get_data().startswith(b" ")
    assert (answer.json["status"], answer.content_length) == ("completed", len(answer.get_data()))


@pytest.mark.usefixtures("keepalive")
def test_with_a_keepalive_a_short_timeout_keeps_its_status(shop: TelegramShop) -> None:
    assert_v2_refused(shop.post("/stars?wait=true&timeout=1", STARS), 408, "timeout", "order_id")


@pytest.mark.usefixtures("keepalive")
def test_a_long_wait_begins_with_white_space_and_ends_with_the_order(app: Flask, shop: TelegramShop) -> None:
    answer = shop.post("/stars?wait=true&timeout=60", STARS)  # returns with the head: the body is yet to be read
    assert answer.status_code == 200
    assert (answer.mimetype, "Content-Length" in answer.headers) == ("application/json", False)
    assert {"X-Request-Id", "RateLimit-Limit"} <= set(answer.headers.keys())
    assert db.is_closed()

    order_id = simplejson.loads(shop.get("/activity").get_data())["items"][0]["id"]
    settle_purchase(order_id, Refused("no such user"))
    space, document = pieces(answer)

    assert len(space) >= 1
    assert (document["ok"], document["order_id"], document["status"]) == (True, order_id, "failed")
    assert document == exact(shop.get(f"/order/{order_id}"))


@pytest.mark.usefixtures("keepalive")
@pytest.mark.parametrize("method", ["POST", "GET"])
def test_a_long_wait_that_is_in_vain_says_timeout_in_its_body(shop: TelegramShop, method: str) -> None:
    order_id = shop.post("/stars", STARS).json["order_id"] if method == "GET" else None
    answer = (
        shop.get(f"/order/{order_id}?wait=true&timeout=3")
        if method == "GET"
        else shop.post("/stars?wait=true&timeout=3", STARS)
    )

    space, document = pieces(answer)

    assert (answer.status_code, len(space) >= 2) == (200, True)
    assert (document["ok"], document["error"]) == (False, "timeout")
    assert document["request_id"] == answer.headers["X-Request-Id"]
    assert shop.get(f"/order/{document['order_id']}").json["status"] == "pending"
    assert db.is_closed()


@pytest.mark.usefixtures("keepalive")
def test_a_long_wait_that_ends_in_an_outage_is_valid_json_all_the_same(shop: TelegramShop) -> None:
    answer = shop.post("/stars?wait=true&timeout=2", STARS)
    with closing(psycopg2.connect(settings.database_url)) as other:
        other.cursor().execute("LOCK TABLE orders IN ACCESS EXCLUSIVE MODE")
        _, document = pieces(answer)

    assert (answer.status_code, document["ok"], document["error"]) == (200, False, "service_unavailable")
    assert document["request_id"] == answer.headers["X-Request-Id"]
    assert shop.get(f"/order/{document['order_id']}").json["status"] == "pending"


@pytest.mark.usefixtures("keepalive")
def test_a_long_wait_that_ends_in_a_fault_of_ours_is_valid_json_all_the_same(shop: TelegramShop) -> None:
    answer = shop.post("/stars?wait=true&timeout=2", STARS)
    with closing(psycopg2.connect(settings.database_url)) as operator:
        operator.autocommit = True
        operator.cursor().execute("ALTER TABLE orders RENAME TO lost")
        try:
            _, document = pieces(answer)
        finally:
            operator.cursor().execute("ALTER TABLE lost RENAME TO orders")

    assert (document["ok"], document["error"]) == (False, "internal_error")
    assert shop.get(f"/order/{document['order_id']}").status_code == 200


@pytest.mark.usefixtures("keepalive")
def test_a_client_that_goes_away_leaves_nothing_behind(shop: TelegramShop) -> None:
    answer = shop.post("/stars?wait=true&timeout=60", STARS)
    stream = answer.iter_encoded()
    assert next(iter(stream)) == b" "

    answer.close()

    assert waited_for() == []
    assert db.is_closed()


@pytest.mark.usefixtures("keepalive")
def test_v1_keeps_its_long_waits_alive_too(client: FlaskClient) -> None:
    shop, product = make_shop(client), make_product("10")

    answer = shop.post("/orders?wait=true&timeout=2", {"product_id": product.id, "quantity": 1})
    space, document = pieces(answer)

    assert (answer.status_code, len(space) >= 1, document["status"]) == (200, True, "processing")
    looked = shop.get(f"/orders/{document['order_id']}?wait=true&timeout=2")
    assert pieces(looked)[1] == document


def test_a_crowd_of_waiting_requests_leaves_room_for_others(
    shop: TelegramShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs.waiting, "MOST_WAITS", 0)

    answer = shop.post("/stars?wait=true", STARS)

    assert_v2_refused(answer, 408, "timeout", "order_id")
    assert shop.get(f"/order/{answer.json['order_id']}").json["status"] == "pending"

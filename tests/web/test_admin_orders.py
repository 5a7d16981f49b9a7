"""Operators and clients' orders."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import dramatiq
import pytest
from flask import Flask
from flask.testing import FlaskClient

from jobs.waiting import waiters
from models import leases, settlement
from models.database import db
from tests.desk import last_action, make_desk
from tests.factories import Shop, eventually, make_product, make_shop


def place(shop: Shop, **fields: Any) -> int:
    """A new order for two units at 8.90."""
    placed = shop.order(make_product("8.90", in_stock=5), 2, **fields)
    assert placed.status_code == 200
    return int(placed.json["order_id"])


def fulfil(order_id: int) -> None:
    """Have the order delivered, as a worker would."""
    with db.connection_context():
        lease = leases.claim(order_id)
        assert lease is not None
        settlement.settle(lease, settlement.FromStock())


def test_an_order_is_shown_with_all_but_its_items(client: FlaskClient) -> None:
    desk, shop = make_desk(client), make_shop(client)
    order_id = place(shop, client_reference="mine", max_price_usdt="20")
    before = desk.get(f"/orders/{order_id}").json
    fulfil(order_id)

    order = desk.get(f"/orders/{order_id}").get_json()

    assert before["attempts"] == []
    assert before["lease"] == {"token": 0, "until": None}
    assert (order["order_id"], order["status"], order["account_id"]) == (order_id, "completed", shop.account_id)
    assert (order["surface"], order["key_fingerprint"]) == ("v1", shop.fingerprint)
    assert order["product_sku"].startswith("sku-")
    assert (order["base_total_usdt"], order["price_usdt"], order["max_price_usdt"]) == (17.8, 17.8, 20)
    assert (order["recipient"], order["webhook_url"], order["submitted_at"]) == (None, None, None)
    assert order["deadline_at"] > order["created_at"]
    assert [(attempt["provider"], attempt["outcome"]) for attempt in order["attempts"]] == [("stock", "completed")]
    assert "items" not in order
    assert "s3cret" not in json.dumps(order)


def test_an_unknown_order_is_not_found(client: FlaskClient) -> None:
    desk = make_desk(client)
    answers = [desk.get("/orders/77")] + [desk.post(f"/orders/77/{action}") for action in ("cancel", "refund", "retry")]

    assert {(answer.status_code, answer.json["error"]) for answer in answers} == {(404, "order_not_found")}


def test_orders_of_all_accounts_are_listed_and_can_be_narrowed(client: FlaskClient) -> None:
    desk, shop, other = make_desk(client), make_shop(client), make_shop(client)
    first, second, third = place(shop), place(other, client_reference="theirs"), place(shop)
    fulfil(first)

    def listed(**query: Any) -> list[int]:
        found = desk.get("/orders", **query).get_json()["items"]
        assert all("items" not in order for order in found)
        return [order["order_id"] for order in found]

    assert listed() == [third, second, first]
    assert listed(account_id=shop.account_id) == [third, first]
    assert listed(status="completed") == [first]
    assert listed(client_reference="theirs") == [second]
    assert listed(created_from=1, created_to=2) == []
    page = desk.get("/orders", limit=2).json
    assert listed(cursor=page["next_cursor"]) == [first]


@pytest.mark.parametrize(
    "query", [{"status": "lost"}, {"account_id": 0}, {"account_id": "x"}, {"created_from": -1}, {"created_to": 10**12}]
)
def test_a_wrong_filter_is_refused(client: FlaskClient, query: dict[str, Any]) -> None:
    refused = make_desk(client).get("/orders", **query)

    assert (refused.status_code, refused.json["fields"][0]["field"]) == (422, next(iter(query)))


def test_a_cancelled_order_returns_money_and_goods(client: FlaskClient) -> None:
    desk, shop = make_desk(client), make_shop(client, "100")
    order_id = place(shop)

    cancelled = desk.post(f"/orders/{order_id}/cancel")

    assert (cancelled.status_code, cancelled.json["status"]) == (200, "cancelled")
    assert cancelled.json["refunded_usdt"] == 17.8
    assert shop.balance()["balance_usdt"] == 100
    assert shop.get(f"/products/{cancelled.json['product_id']}").json["in_stock"] == 5
    assert last_action() == {
        "actor": desk.actor, "action": "order.cancel", "subject": f"order:{order_id}", "details": {},
    }  # fmt: skip
    again = desk.post(f"/orders/{order_id}/cancel")
    assert (again.status_code, again.json["error"]) == (409, "not_cancellable")


def test_an_order_that_a_provider_has_cannot_be_cancelled(client: FlaskClient) -> None:
    desk, order_id = make_desk(client), place(make_shop(client))
    with db.connection_context():
        db.execute_sql("UPDATE orders SET submitted_at = now()")

    refused = desk.post(f"/orders/{order_id}/cancel")

    assert (refused.status_code, refused.json["error"]) == (409, "not_cancellable")


def test_a_delivered_order_can_be_refunded_once(client: FlaskClient) -> None:
    desk, shop = make_desk(client), make_shop(client, "100")
    order_id = place(shop)
    assert desk.post(f"/orders/{order_id}/refund").json["error"] == "not_refundable"
    fulfil(order_id)

    refunded = desk.post(f"/orders/{order_id}/refund")

    assert (refunded.status_code, refunded.json["status"], refunded.json["refunded_usdt"]) == (200, "refunded", 17.8)
    assert shop.balance()["balance_usdt"] == 100
    assert len(shop.get(f"/orders/{order_id}").json["items"]) == 2
    action = last_action()
    assert (action["actor"], action["action"], action["details"]) == (desk.actor, "order.refund", {"amount_usdt": 17.8})
    again = desk.post(f"/orders/{order_id}/refund")
    assert (again.status_code, again.json["error"]) == (409, "not_refundable")


def test_a_retried_order_is_taken_up(client: FlaskClient, worker: dramatiq.Worker) -> None:
    desk, shop = make_desk(client), make_shop(client)
    worker.pause()
    order_id = place(shop)
    worker.broker.flush_all()
    worker.resume()

    assert desk.post(f"/orders/{order_id}/retry").status_code == 200

    eventually(lambda: desk.get(f"/orders/{order_id}").json["status"] == "completed", "the order's completion")
    refused = desk.post(f"/orders/{order_id}/retry")
    assert (refused.status_code, refused.json["error"]) == (409, "not_retryable")
    assert (last_action()["actor"], last_action()["action"]) == (desk.actor, "order.retry")


def test_one_who_waits_is_told_of_a_cancellation(client: FlaskClient, app: Flask) -> None:
    desk, shop = make_desk(client), make_shop(client)
    order_id = place(shop)
    waiting = Shop(app.test_client(), shop.api_key, None, shop.account_id, shop.fingerprint)

    with ThreadPoolExecutor(1) as pool:
        began = time.monotonic()
        answer = pool.submit(lambda: waiting.get(f"/orders/{order_id}?wait=true&timeout=30").json)
        eventually(lambda: waiters._events.get(order_id), "the wait")
        desk.post(f"/orders/{order_id}/cancel")

        assert answer.result()["status"] == "cancelled"
        assert time.monotonic() - began < 10

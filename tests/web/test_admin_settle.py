"""Orders whose provider does not tell their end, and operators who find it out."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from models import leases, orders, submissions
from models.database import changed, db
from models.leases import Lease
from models.operators import Role
from models.purchases import Purchase
from tests.desk import last_action, make_desk
from tests.factories import Shop, make_product, make_shop

SETTLED = {"outcome": "delivered", "note": "seen in their list"}


def submitted_order(shop: Shop, *, quantity: int = 2, overdue: bool = True) -> Lease:
    """An order that was sent to its provider, whose answer never came."""
    product = make_product("10", in_stock=0, provider="sandbox", sku=f"tg-{shop.account_id}-{quantity}-{overdue}")
    with db.connection_context():
        placed = orders.place(Purchase(shop.account_id, None, "v1", product.id, quantity))
        lease = leases.claim(placed.order["id"], from_stock=False)
        assert lease is not None
        assert submissions.begin(lease, "ticket")
        submissions.put_off(lease, 60, "OutcomeUnknown: the answer was lost")
        if overdue:
            changed("UPDATE orders SET deadline_at = now() - interval '1 s' WHERE id = %(id)s", {"id": lease.order_id})
    return lease


def test_only_an_order_past_its_deadline_that_was_submitted_needs_review(client: FlaskClient) -> None:
    shop, desk = make_shop(client), make_desk(client)
    unknown = submitted_order(shop)
    submitted_order(shop, quantity=1, overdue=False)
    shop.order(make_product(), 1)

    needing = desk.get("/orders", needs_review="true").json["items"]
    others = desk.get("/orders", needs_review="false").json["items"]

    assert [order["order_id"] for order in needing] == [unknown.order_id]
    assert needing[0]["needs_review"] is True
    assert [order["needs_review"] for order in others] == [False, False]


def test_what_is_known_of_it_is_shown(client: FlaskClient) -> None:
    lease = submitted_order(make_shop(client))

    shown = make_desk(client, Role.READ).get(f"/orders/{lease.order_id}").json

    assert shown["reference"] == lease.reference
    assert shown["provider"] == "sandbox"
    assert shown["submitted_at"] is not None
    assert shown["attempts"][0]["outcome"] == "OutcomeUnknown: the answer was lost"


def test_one_that_was_delivered_is_captured(client: FlaskClient) -> None:
    shop, desk = make_shop(client, "1000"), make_desk(client)
    lease = submitted_order(shop)

    answer = desk.post(f"/orders/{lease.order_id}/settle", {**SETTLED, "provider_order_id": "their-7"})

    assert (answer.status_code, answer.json["status"]) == (200, "completed")
    assert (answer.json["provider_order_id"], answer.json["delivered_quantity"]) == ("their-7", 2)
    assert (shop.balance()["balance_usdt"], shop.balance()["held_usdt"]) == (980, 0)
    assert last_action()["actor"] == desk.actor
    assert last_action()["details"] == {**SETTLED, "provider_order_id": "their-7"}


def test_one_that_was_not_delivered_gives_the_money_back(client: FlaskClient) -> None:
    shop, desk = make_shop(client, "1000"), make_desk(client)
    lease = submitted_order(shop)

    answer = desk.post(f"/orders/{lease.order_id}/settle", {"outcome": "failed", "note": "their support says so"})

    assert (answer.status_code, answer.json["status"]) == (200, "failed")
    assert answer.json["error_message"] == "The provider did not deliver the order."
    assert (shop.balance()["balance_usdt"], shop.balance()["held_usdt"]) == (1000, 0)


def test_it_is_settled_once(client: FlaskClient) -> None:
    desk = make_desk(client)
    lease = submitted_order(make_shop(client))
    assert desk.post(f"/orders/{lease.order_id}/settle", SETTLED).status_code == 200

    again = desk.post(f"/orders/{lease.order_id}/settle", {"outcome": "failed", "note": "no"})

    assert (again.status_code, again.json["error"]) == (409, "not_settleable")


def test_one_that_was_never_submitted_is_not_settled_by_hand(client: FlaskClient) -> None:
    shop = make_shop(client)
    order = shop.order(make_product(), 1).json

    answer = make_desk(client).post(f"/orders/{order['order_id']}/settle", SETTLED)

    assert (answer.status_code, answer.json["error"]) == (409, "not_settleable")


def test_a_name_at_the_provider_settles_one_order_only(client: FlaskClient) -> None:
    shop, desk = make_shop(client), make_desk(client)
    first, second = submitted_order(shop, quantity=1), submitted_order(shop, quantity=3)
    named = {**SETTLED, "provider_order_id": "their-7"}
    assert desk.post(f"/orders/{first.order_id}/settle", named).status_code == 200

    answer = desk.post(f"/orders/{second.order_id}/settle", named)

    assert (answer.status_code, answer.json["error"]) == (409, "provider_order_taken")
    assert desk.get(f"/orders/{second.order_id}").json["status"] == "processing"


def test_a_submitted_order_is_neither_cancelled_nor_expired(client: FlaskClient) -> None:
    lease = submitted_order(make_shop(client))
    desk = make_desk(client)

    answer = desk.post(f"/orders/{lease.order_id}/cancel")

    assert (answer.status_code, answer.json["error"]) == (409, "not_cancellable")
    with db.connection_context():
        assert leases.overdue(10) == []


@pytest.mark.parametrize(
    "body",
    [
        {"outcome": "lost", "note": "x"},
        {"outcome": "delivered"},
        {"outcome": "delivered", "note": ""},
        {"outcome": "delivered", "note": "x", "provider_order_id": ""},
        {"outcome": "delivered", "note": "x", "provider_order_id": "a\u0000b"},
        {"outcome": "delivered", "note": "x", "price": 1},
        {"note": "x"},
    ],
)
def test_a_settlement_that_does_not_say_clearly_how_it_went_is_refused(client: FlaskClient, body: Any) -> None:
    lease = submitted_order(make_shop(client))

    answer = make_desk(client).post(f"/orders/{lease.order_id}/settle", body)

    assert (answer.status_code, answer.json["error"]) == (422, "invalid_body")


def test_a_reader_does_not_settle(client: FlaskClient) -> None:
    lease = submitted_order(make_shop(client))

    assert make_desk(client, Role.READ).post(f"/orders/{lease.order_id}/settle", SETTLED).status_code == 403


def test_a_name_that_is_not_the_one_that_the_provider_told_is_refused(client: FlaskClient) -> None:
    desk = make_desk(client)
    lease = submitted_order(make_shop(client))
    with db.connection_context():
        changed("UPDATE orders SET provider_order_id = 'their-1' WHERE id = %(id)s", {"id": lease.order_id})

    answer = desk.post(f"/orders/{lease.order_id}/settle", {**SETTLED, "provider_order_id": "their-7"})

    assert (answer.status_code, answer.json["error"]) == (409, "not_settleable")
    assert "their-1" in answer.json["message"]

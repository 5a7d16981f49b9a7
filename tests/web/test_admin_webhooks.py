"""Operators and clients' webhooks."""

import pytest
from flask.testing import FlaskClient

from models.database import db, rows
from tests.desk import last_action, make_desk
from tests.jobs.buyers import Buyer, make_buyer

URL = "https://receiver.example/hook"


@pytest.fixture
def buyer() -> Buyer:
    """A client whose orders end with a webhook."""
    return make_buyer()


def set_state(delivery_id: int, state: str) -> None:
    """Let the delivery have ended so."""
    with db.connection_context():
        db.execute_sql(
            "UPDATE webhook_deliveries SET state = %(state)s, tries_left = 0 WHERE id = %(id)s",
            {"state": state, "id": delivery_id},
        )


def test_deliveries_are_listed_newest_first_and_by_status(client: FlaskClient, buyer: Buyer) -> None:
    desk = make_desk(client)
    first, second, third = (buyer.finish_order(URL) for _ in range(3))
    set_state(first, "delivered")
    set_state(second, "fired")

    def listed(**query: object) -> list[int]:
        return [delivery["id"] for delivery in desk.get("/webhooks", **query).json["items"]]

    assert listed() == [third, second, first]
    assert listed(status="pending") == [third]
    assert listed(status="delivered") == [first]
    assert listed(status="fired") == [second]
    page = desk.get("/webhooks", limit=2).json
    assert listed(cursor=page["next_cursor"]) == [first]
    assert desk.get("/webhooks", status="lost").status_code == 422


def test_a_delivery_is_shown_with_whose_it_is_and_without_items(client: FlaskClient, buyer: Buyer) -> None:
    desk = make_desk(client)
    delivery_id = buyer.finish_order(URL)

    shown = desk.get(f"/webhooks/{delivery_id}").json

    assert (shown["url"], shown["event"], shown["status"]) == (URL, "completed", "pending")
    assert shown["account_id"] == buyer.minted.account_id
    assert shown["order_id"] == desk.get("/orders").json["items"][0]["order_id"]
    assert shown["attempts"] == []
    assert "s3cret" not in str(shown)


def test_a_delivery_that_has_ended_can_be_sent_again(client: FlaskClient, buyer: Buyer) -> None:
    desk = make_desk(client)
    delivery_id = buyer.finish_order(URL)
    set_state(delivery_id, "fired")

    sent = desk.post(f"/webhooks/{delivery_id}/resend")

    assert (sent.status_code, sent.json["status"]) == (200, "pending")
    with db.connection_context():
        [delivery] = rows("SELECT tries_left, due_at <= now() AS due FROM webhook_deliveries")
    assert delivery == {"tries_left": 6, "due": True}
    assert last_action() == {
        "actor": desk.actor, "action": "webhook.resend", "subject": f"webhook:{delivery_id}", "details": {},
    }  # fmt: skip


def test_an_unknown_delivery_is_not_found(client: FlaskClient) -> None:
    desk = make_desk(client)

    for answer in (desk.get("/webhooks/77"), desk.post("/webhooks/77/resend")):
        assert (answer.status_code, answer.json["error"]) == (404, "webhook_not_found")

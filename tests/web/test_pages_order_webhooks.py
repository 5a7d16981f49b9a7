"""The log of an order's webhook on the dashboard, and sending the last event again."""

from typing import Any

import dramatiq
import pytest
from flask.testing import FlaskClient

from jobs import enqueue
from jobs.fulfilment import fulfil
from jobs.webhooks import deliver
from models.database import changed, db, rows
from models.tables import Product
from tests.dashboard import Visitor, sign_in
from tests.factories import (
    Shop,
    eventually,
    make_product,
    make_shop,
)
from tests.receiver import Receiver, answer


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


def test_the_webhooks_log_is_shown_and_the_last_event_sent_again(shop: Shop, visitor: Visitor) -> None:
    with Receiver(answer(500, b"<b>no</b>"), answer(200)) as receiver:
        order_id = order(shop, webhook_url=receiver.url)
        with db.connection_context():
            [delivery] = rows("SELECT id FROM webhook_deliveries WHERE order_id = %(id)s", {"id": order_id})
        deliver.fn(delivery["id"])

        page = text(visitor, f"/orders/{order_id}")
        answers = text(visitor, f"/orders/{order_id}/webhooks/answers")
        again = visitor.post(f"/orders/{order_id}/webhooks/resend")
        deliver.fn(delivery["id"])

    assert receiver.url in page
    assert "<strong>500</strong>" in page
    assert "no&lt;/b&gt;" not in page
    assert "&lt;b&gt;no&lt;/b&gt;" in answers
    assert (again.status_code, again.headers["Location"]) == (303, f"/dashboard/orders/{order_id}#webhooks")
    assert len(receiver.requests) == 2
    assert "<strong>200</strong>" in text(visitor, f"/orders/{order_id}/webhooks")


def test_a_webhook_that_is_sent_again_gets_to_a_worker(shop: Shop, visitor: Visitor, worker: dramatiq.Worker) -> None:
    with Receiver() as receiver:
        order_id = order(shop, deliver_it=False, webhook_url=receiver.url)
        enqueue.fulfil(order_id, "stock")
        eventually(lambda: len(receiver.requests) == 1)

        visitor.post(f"/orders/{order_id}/webhooks/resend")

        eventually(lambda: len(receiver.requests) == 2)


def test_sending_again_takes_a_form_of_ours_an_order_of_ones_own_and_an_event(
    client: FlaskClient, shop: Shop, visitor: Visitor
) -> None:
    without, theirs = order(shop), order(make_shop(client))

    assert visitor.post(f"/orders/{without}/webhooks/resend", csrf_token="0" * 64).status_code == 403
    assert visitor.post(f"/orders/{without}/webhooks/resend").status_code == 404
    assert visitor.post(f"/orders/{theirs}/webhooks/resend").status_code == 404


def test_the_log_is_asked_for_again_only_while_an_attempt_is_near(shop: Shop, visitor: Visitor) -> None:
    with Receiver() as receiver:
        order_id = order(shop, webhook_url=receiver.url)
    assert 'hx-trigger="every 3s"' in text(visitor, f"/orders/{order_id}")
    with db.connection_context():
        changed("UPDATE webhook_deliveries SET due_at = now() + interval '1 hour'")

    page = text(visitor, f"/orders/{order_id}")

    assert "hx-trigger" not in page
    assert "next attempt:" in page

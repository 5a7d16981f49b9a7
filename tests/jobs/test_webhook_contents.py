"""What a webhook tells, and how its receiver can check that it is ours."""

import hashlib
import hmac
import time
from decimal import Decimal

import pytest
import standardwebhooks

from jobs.webhooks import deliver
from models import interventions, keys
from models.database import db
from models.settlement import Refused
from tests.jobs.buyers import make_buyer, make_due, order_of
from tests.receiver import Receiver, answer

pytestmark = pytest.mark.usefixtures("private_receivers")


def test_a_completed_order_is_told_with_its_items_and_exact_amounts() -> None:
    buyer = make_buyer()
    with Receiver() as receiver:
        delivery_id = buyer.finish_order(receiver.url, quantity=2)
        deliver.fn(delivery_id)

    [received] = receiver.requests
    assert received.headers["content-type"] == "application/json"
    assert received.headers["user-agent"] == "Sutler-Webhooks/1"
    told = received.json
    assert abs(told.pop("fired_at") - time.time()) < 60
    assert [sorted(item) for item in told.pop("items")] == [["login", "password"]] * 2
    assert told == {
        "order_id": order_of(delivery_id), "status": "completed", "price_usdt": Decimal("14.246912"),
        "quantity": 2, "product_id": buyer.product.id, "error_message": None, "refunded": False,
        "client_reference": "mine", "delivered_quantity": 2, "refunded_usdt": 0,
    }  # fmt: skip
    assert b'"price_usdt":14.246912,' in received.body


def test_a_partial_order_is_told_with_what_came_and_what_was_returned() -> None:
    buyer = make_buyer()
    with Receiver() as receiver:
        deliver.fn(buyer.finish_order(receiver.url, quantity=3, items=1))

    told = receiver.requests[0].json
    assert told["status"] == "partial"
    assert (told["delivered_quantity"], len(told["items"]), told["refunded"]) == (1, 1, True)
    assert str(told["refunded_usdt"]) == "14.246912"
    assert told["error_message"]


def test_a_failed_order_is_told_with_its_reason_and_no_items() -> None:
    buyer = make_buyer()
    with Receiver() as receiver:
        deliver.fn(buyer.finish_order(receiver.url, Refused("no such recipient")))

    told = receiver.requests[0].json
    assert (told["status"], told["error_message"], told["items"], told["refunded"]) == (
        "failed", "no such recipient", [], True,
    )  # fmt: skip


def test_a_refund_is_told_as_an_event_of_its_own() -> None:
    buyer = make_buyer()
    with Receiver() as receiver:
        first = buyer.finish_order(receiver.url)
        with db.connection_context():
            second = interventions.refund("test", order_of(first)).delivery_id
        assert second is not None
        deliver.fn(first)
        deliver.fn(second)

    completed, refunded = receiver.requests
    assert (completed.json["status"], refunded.json["status"]) == ("completed", "refunded")
    assert completed.headers["x-webhook-id"] != refunded.headers["x-webhook-id"]


def test_both_signatures_verify_with_the_secret_of_the_key() -> None:
    buyer = make_buyer(signed=True)
    secret = buyer.minted.secret
    assert secret is not None
    with Receiver() as receiver:
        deliver.fn(buyer.finish_order(receiver.url))

    [received] = receiver.requests
    timestamp = received.headers["x-webhook-timestamp"]
    signed = f"{timestamp}\n{received.body.decode()}".encode()
    assert received.headers["x-webhook-signature"] == hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
    assert received.headers["x-webhook-algorithm"] == "HMAC-SHA256"
    assert abs(int(timestamp) - time.time()) < 60
    assert received.headers["webhook-id"] == received.headers["x-webhook-id"]
    standardwebhooks.Webhook(secret).verify(received.body, received.headers)
    with pytest.raises(standardwebhooks.WebhookVerificationError):
        standardwebhooks.Webhook(secret).verify(received.body + b" ", received.headers)


def test_a_key_without_a_secret_gets_no_signature() -> None:
    buyer = make_buyer()
    with Receiver() as receiver:
        deliver.fn(buyer.finish_order(receiver.url))

    [received] = receiver.requests
    assert received.headers["x-webhook-id"].startswith("msg_")
    assert received.headers["x-webhook-attempt"] == "1"
    assert not [name for name in received.headers if "signature" in name or "timestamp" in name or "algorithm" in name]


def test_the_secret_that_holds_now_signs_a_retry() -> None:
    buyer = make_buyer(signed=True)
    with Receiver(answer(500), answer(200)) as receiver:
        delivery_id = buyer.finish_order(receiver.url)
        deliver.fn(delivery_id)
        with db.connection_context():
            renewed = keys.rotate_secret("test", buyer.minted.fingerprint)
        make_due(delivery_id)
        deliver.fn(delivery_id)

    standardwebhooks.Webhook(renewed).verify(receiver.requests[1].body, receiver.requests[1].headers)

"""What a provider's webhook brings about: here iStar's, signed with the secret of the test's settings."""

import hashlib
import hmac
import json
from typing import Any

import dramatiq
import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from jobs import enqueue
from models import leases, orders, submissions
from models.database import db, rows
from models.leases import Lease
from models.purchases import Purchase
from settings import settings
from tests.factories import Shop, eventually, make_product, make_shop

PATH = "/providers/istar/webhook"


def order_at_provider(shop: Shop, name: str | None = "their-1") -> Lease:
    """An order that the provider took, and calls so; None: its answer is still to come."""
    product = make_product("10", in_stock=0, provider="istar", sku=f"tg-star-{shop.account_id}")
    with db.connection_context():
        placed = orders.place(Purchase(shop.account_id, None, "v1", product.id, 1, recipient="durov"))
        lease = leases.claim(placed.order["id"], from_stock=False)
        assert lease is not None
        assert submissions.begin(lease, "hash")
        if name is not None:
            submissions.put_off(lease, 300, "in progress", provider_order_id=name)
    return lease


def tell(client: FlaskClient, document: Any, *, signature: str | None = None) -> TestResponse:
    """POST a webhook, signed as iStar signs it unless another signature is given."""
    body = document if isinstance(document, bytes) else json.dumps(document).encode()
    right = hmac.new((settings.istar_webhook_secret or "").encode(), body, hashlib.sha256).hexdigest()
    headers = {"X-iStar-Signature": right if signature is None else signature}
    return client.post(PATH, data=body, content_type="application/json", headers=headers)


def ended(name: str = "their-1", event: str = "order.completed", error: str | None = None) -> dict[str, Any]:
    """The document that tells an order's end."""
    return {"event_type": event, "order": {"id": name, "status": event.split(".")[1], "payload": {}}, "error": error}


def final(shop: Shop, lease: Lease) -> Any:
    """The order once it is final."""
    return eventually(
        lambda: (shown := shop.get(f"/orders/{lease.order_id}").json)["status"] != "processing" and shown, "the end"
    )


def test_an_order_that_was_completed_is_completed_at_once(client: FlaskClient, worker: dramatiq.Worker) -> None:
    shop = make_shop(client, "1000")
    lease = order_at_provider(shop)

    assert tell(client, ended()).status_code == 200

    assert final(shop, lease)["status"] == "completed"
    assert shop.balance()["balance_usdt"] == 990


def test_an_order_that_failed_gives_the_money_back_with_the_reason(
    client: FlaskClient, worker: dramatiq.Worker
) -> None:
    shop = make_shop(client, "1000")
    lease = order_at_provider(shop)

    assert tell(client, ended(event="order.failed", error="The user has blocked gifts.")).status_code == 200

    assert (final(shop, lease)["status"], final(shop, lease)["error_message"]) == (
        "failed",
        "The user has blocked gifts.",
    )
    assert shop.balance()["balance_usdt"] == 1000


def test_a_webhook_that_comes_twice_counts_once(client: FlaskClient, worker: dramatiq.Worker) -> None:
    shop = make_shop(client, "1000")
    lease = order_at_provider(shop)

    assert [tell(client, ended()).status_code for _ in range(3)] == [200, 200, 200]

    assert final(shop, lease)["status"] == "completed"
    assert [row["kind"] for row in shop.transactions() if row["order_id"] == lease.order_id] == ["hold"]


def test_the_first_word_on_an_order_counts(client: FlaskClient, worker: dramatiq.Worker) -> None:
    shop = make_shop(client, "1000")
    lease = order_at_provider(shop, name=None)
    tell(client, ended())
    tell(client, ended(event="order.failed"))

    with db.connection_context():
        submissions.put_off(lease, 300, "in progress", provider_order_id="their-1")
        submissions.wake("istar", "their-1")
    enqueue.fulfil(lease.order_id, "istar")

    assert final(shop, lease)["status"] == "completed"


def test_a_webhook_that_comes_before_the_answer_is_not_lost(client: FlaskClient) -> None:
    lease = order_at_provider(make_shop(client), name=None)
    assert tell(client, ended()).status_code == 200

    with db.connection_context():
        submissions.put_off(lease, 300, "in progress", provider_order_id="their-1")
        due = leases.due_to_wake(10, from_stock=False)

    assert [order["id"] for order in due] == [lease.order_id]


@pytest.mark.parametrize("signature", ["", "0" * 64, "no hex", "ü"])
def test_a_forged_webhook_is_refused_and_changes_nothing(client: FlaskClient, signature: str) -> None:
    order_at_provider(make_shop(client))

    answer = tell(client, ended(), signature=signature)

    assert (answer.status_code, answer.json["error"]) == (401, "invalid_signature")
    with db.connection_context():
        assert rows("SELECT * FROM provider_notices") == []


@pytest.mark.parametrize(
    "document",
    [
        b"", b"null", b"[]", b"{", b'{"event_type": "order.completed"}', b"\xff",
        {"event_type": "order.completed", "order": None},
        {"event_type": "order.completed", "order": {"id": None}},
        {"event_type": "order.completed", "order": {"id": ""}},
        {"event_type": "order.completed", "order": {"id": {"a": 1}}},
        {"event_type": "order.completed", "order": {"id": True}},
        {"event_type": "order.created", "order": {"id": "their-1"}},
        {"event_type": ["order.completed"], "order": {"id": "their-1"}},
        {"order": {"id": "their-1"}},
        b"[" * 20_000,
    ],
)  # fmt: skip
def test_a_signed_webhook_that_says_nothing_is_received_and_changes_nothing(client: FlaskClient, document: Any) -> None:
    order_at_provider(make_shop(client))

    assert tell(client, document).status_code == 200

    with db.connection_context():
        assert rows("SELECT * FROM provider_notices") == []


def test_a_provider_that_is_not_configured_has_no_webhook(client: FlaskClient) -> None:
    for name in ("stock", "nobody", "__init__", "base"):
        assert client.post(f"/providers/{name}/webhook", data=b"{}").status_code == 404

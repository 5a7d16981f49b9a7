"""What is not as documented does not pass the tests unseen."""

import json
from collections.abc import Callable

import pytest
from flask import Flask, Response
from flask.testing import FlaskClient

from tests import conformance
from tests.conformance import look_at_webhook
from tests.factories import make_product, make_shop
from web.answers import answer
from web.reference.webhooks import EXAMPLES

HEALTH = {"status": "ok", "timestamp": 1}
HOOK_HEADERS = {"user-agent": "Sutler-Webhooks/1", "x-webhook-id": "msg_1", "x-webhook-attempt": "1"}


@pytest.mark.parametrize(
    ("view", "told"),
    [
        (lambda: answer({"status": "fine", "timestamp": 1}), "'status'"),
        (lambda: answer({"status": "ok"}), "timestamp"),
        (lambda: answer({**HEALTH, "more": 1}), "more"),
        (lambda: answer(HEALTH, 202), "status not documented"),
        (lambda: answer({"error": "new_code", "message": "It is new.", "request_id": "1"}, 401), "'error'"),
        (lambda: Response("ok", mimetype="text/plain"), "is text/plain"),
    ],
)
def test_a_wrong_answer_is_noticed(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch, view: Callable[[], Response], told: str
) -> None:
    monkeypatch.setitem(app.view_functions, "v1.show_health", view)

    make_shop(client).get("/health")

    [violation] = _take_violations()
    assert violation.startswith("GET /api/v1/health -> ")
    assert told in violation


def test_an_answer_that_comes_in_pieces_is_looked_at_when_it_is_whole(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop, product = make_shop(client), make_product()
    order_id = shop.order(product).json["order_id"]
    pieces = (piece for piece in (b" ", b'{"status": "fine"}'))
    monkeypatch.setitem(app.view_functions, "v1.show_order", lambda **_: Response(pieces, mimetype="application/json"))

    assert shop.get(f"/orders/{order_id}").get_data() == b' {"status": "fine"}'

    violations = _take_violations()
    assert any("200: at []" in violation for violation in violations), violations


def test_a_header_that_is_left_out_is_noticed(app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = make_shop(client)
    monkeypatch.setattr(app, "process_response", lambda response: response)  # which is where they are added

    shop.get("/health")

    violations = _take_violations()
    assert "GET /api/v1/health -> 200: without X-Request-Id" in violations
    assert "GET /api/v1/health -> 200: without RateLimit-Remaining" in violations


def test_a_body_that_is_taken_and_not_allowed_is_noticed(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop, product = make_shop(client), make_product()
    good = shop.order(product).json
    monkeypatch.setitem(app.view_functions, "v1.place_order", lambda: answer(good))

    shop.post("/orders", {"product_id": product.id, "quantity": 0})

    [violation] = _take_violations()
    assert "took" in violation
    assert "quantity" in violation


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_wrong_webhook_is_noticed(name: str) -> None:
    look_at_webhook(HOOK_HEADERS, json.dumps(EXAMPLES[name]).encode())
    assert _take_violations() == []

    look_at_webhook(HOOK_HEADERS, json.dumps(EXAMPLES[name] | {"more": 1}).encode())
    look_at_webhook({"user-agent": "Sutler-Webhooks/1"}, json.dumps(EXAMPLES[name]).encode())
    assert len(_take_violations()) == 3


def _take_violations() -> list[str]:
    found = list(conformance.violations)
    conformance.violations.clear()
    return found

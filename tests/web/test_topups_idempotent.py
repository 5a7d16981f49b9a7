"""A top-up that is asked for twice by mistake is one: idempotency keys, and signed requests that come again."""

import json
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from jobs.redis_calls import redis_client
from models import networks
from models.database import changed, db, row
from settings import settings
from tests.factories import Shop, make_product, make_shop
from tests.payers import NETWORK, ask, make_till, pay, shown
from tests.web.refusals import assert_refused
from web import webhook_urls


@pytest.fixture
def shop(client: FlaskClient) -> Shop:
    """A client without money."""
    return make_shop(client, "0")


@pytest.fixture
def signed(client: FlaskClient) -> Shop:
    """A client whose key has a secret."""
    return make_shop(client, "0", signed=True)


def request(shop: Shop, key: str = "one", **fields: Any) -> TestResponse:
    """Ask for a top-up under a key."""
    return shop.post("/balance/topup", {"amount_usdt": "100", "network": NETWORK, **fields}, Idempotency_Key=key)


def assert_replay(again: TestResponse, first: TestResponse) -> None:
    """Check that an answer is the first one, byte for byte, and says so."""
    assert (again.status_code, again.get_data()) == (first.status_code, first.get_data()) == (200, first.get_data())
    assert again.headers["Idempotent-Replayed"] == "true"
    assert "Idempotent-Replayed" not in first.headers


def topups() -> int:
    """How many top-ups there are."""
    with db.connection_context():
        found = row("SELECT count(*) AS n FROM payment_intents")
    assert found is not None
    return int(found["n"])


def test_the_same_request_is_one_top_up(shop: Shop) -> None:
    first = request(shop)

    for _ in range(3):
        assert_replay(request(shop), first)
    assert topups() == 1
    assert request(shop, "two").json["topup_id"] != first.json["topup_id"]


def test_the_first_answer_comes_again_whatever_became_of_the_top_up(client: FlaskClient, shop: Shop) -> None:
    first = request(shop)
    pay(make_till(client), "100")
    assert shown(shop, first.json)["status"] == "credited_auto"

    redis_client().flushdb()

    assert_replay(request(shop), first)


def test_a_repetition_is_answered_though_the_network_is_off_by_now(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    first = request(shop)
    monkeypatch.setattr(networks, "settings", settings.model_copy(update={"allow_simulation": False}))

    assert_replay(request(shop), first)
    assert_refused(request(shop, "two"), 422, "invalid_body")


def test_a_repetition_is_answered_though_its_webhook_address_is_refused_by_now(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = request(shop, webhook_url="http://127.0.0.1:9/")
    monkeypatch.setattr(webhook_urls, "settings", settings.model_copy(update={"webhook_allow_private": False}))

    assert_replay(request(shop, webhook_url="http://127.0.0.1:9/"), first)
    assert_refused(request(shop, "two", webhook_url="http://127.0.0.1:9/"), 422, "invalid_body")


@pytest.mark.parametrize(
    "change", [{"amount_usdt": "101"}, {"network": "usdt_ton"}, {"webhook_url": "http://93.184.215.14/"}]
)
def test_the_same_key_with_another_body_is_refused(shop: Shop, change: dict[str, Any]) -> None:
    request(shop)

    assert_refused(request(shop, **change), 409, "idempotency_key_reused")
    assert topups() == 1


def test_a_key_of_an_order_is_no_key_of_a_top_up_and_the_other_way_round(client: FlaskClient) -> None:
    shop, product = make_shop(client, "100"), make_product("10")
    order = {"product_id": product.id, "quantity": 1}
    assert shop.post("/orders", order, Idempotency_Key="order").status_code == 200
    request(shop, "topup")

    assert_refused(request(shop, "order"), 409, "idempotency_key_reused")
    assert_refused(shop.post("/orders", order, Idempotency_Key="topup"), 409, "idempotency_key_reused")


def test_two_accounts_may_use_one_key(client: FlaskClient, shop: Shop) -> None:
    other = make_shop(client, "0")

    assert request(shop).json["topup_id"] != request(other).json["topup_id"]


def test_a_refusal_leaves_the_key_free(shop: Shop) -> None:
    for _ in range(34):
        ask(shop, 1)
    assert_refused(request(shop, amount_usdt=1), 409, "no_free_amount")
    with db.connection_context():
        changed("UPDATE payment_intents SET expires_at = created_at, owned_until = created_at WHERE amount = 1000000")

    answer = request(shop, amount_usdt=1)

    assert (answer.status_code, answer.json["amount_usdt"]) == (200, 1)
    assert "Idempotent-Replayed" not in answer.headers


def test_a_signed_request_counts_once(signed: Shop) -> None:
    body = json.dumps({"amount_usdt": 100, "network": NETWORK}).encode()
    signature = signed.signature(body)
    assert signed.post("/balance/topup", raw=body, **signature).status_code == 200

    assert_refused(signed.post("/balance/topup", raw=body, **signature), 401, "replayed_request")
    redis_client().flushdb()
    assert_refused(signed.post("/balance/topup", raw=body, **signature), 401, "replayed_request")
    sent = {**signature, "Idempotency-Key": "new"}
    redis_client().flushdb()
    assert_refused(signed.post("/balance/topup", raw=body, **sent), 401, "replayed_request")
    assert topups() == 1


def test_a_signed_replay_whose_key_is_on_record_gets_the_recorded_answer(signed: Shop) -> None:
    body = json.dumps({"amount_usdt": 100, "network": NETWORK}).encode()
    sent = signed.signature(body) | {"Idempotency-Key": "one"}
    first = signed.post("/balance/topup", raw=body, **sent)

    assert_replay(signed.post("/balance/topup", raw=body, **sent), first)
    redis_client().flushdb()
    assert_replay(signed.post("/balance/topup", raw=body, **sent), first)
    assert topups() == 1


def test_a_key_with_a_secret_must_sign_its_top_ups(signed: Shop) -> None:
    body = json.dumps({"amount_usdt": 100, "network": NETWORK}).encode()
    forged = make_shop(signed.client, signed=True).signature(body)

    assert_refused(signed.post("/balance/topup", raw=body, X_Timestamp=None), 401, "missing_signature")
    assert_refused(signed.post("/balance/topup", raw=body, **forged), 401, "invalid_signature")
    stale = signed.signature(body, seconds_off=-301)
    assert_refused(signed.post("/balance/topup", raw=body, **stale), 401, "stale_timestamp")
    assert topups() == 0

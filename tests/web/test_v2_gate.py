"""Who is let in to v2, and how often."""

import time

import pytest
from flask.testing import FlaskClient

from tests.factories import eventually, make_shop, make_telegram_goods, make_v2_shop
from tests.web.v2_refusals import assert_v2_refused


@pytest.mark.parametrize("spelled", ["Bearer {}", "bearer {}", "BEARER {}", "Bearer   {} "])
def test_a_key_is_sent_as_a_bearer_token(client: FlaskClient, spelled: str) -> None:
    shop = make_v2_shop(client)

    answer = client.get("/api/v2/balance", headers={"Authorization": spelled.format(shop.api_key)})

    assert answer.status_code == 200


@pytest.mark.parametrize(
    "spelled", ["{}", "Basic {}", "Token {}", "Bearer {}x", "Bearer x{}", "Bearer {0} {0}", "Bearer: {}"]
)
def test_any_other_spelling_is_refused(client: FlaskClient, spelled: str) -> None:
    shop = make_v2_shop(client)

    answer = client.get("/api/v2/balance", headers={"Authorization": spelled.format(shop.api_key)})

    assert_v2_refused(answer, 401, "invalid_api_key")
    assert shop.api_key not in answer.get_data(as_text=True)


def test_a_key_makes_ten_requests_a_second(client: FlaskClient) -> None:
    shop = make_v2_shop(client, rate_limit=None)

    passed, began = 0, time.monotonic()
    while (answer := shop.get("/balance")).status_code == 200:
        passed += 1

    assert passed == 10 or time.monotonic() - began > 1
    assert_v2_refused(answer, 429, "rate_limit_exceeded")
    assert answer.headers["Retry-After"] == "1"
    assert (answer.headers["RateLimit-Limit"], answer.headers["RateLimit-Remaining"]) == ("10", "0")
    assert eventually(lambda: shop.get("/balance").status_code == 200, "another second")


def test_every_answer_carries_its_id_and_the_state_of_the_limit(client: FlaskClient) -> None:
    shop = make_v2_shop(client, rate_limit=100)

    for answer in (shop.get("/balance"), shop.get("/order/1"), shop.post("/stars", {})):
        assert len(answer.headers["X-Request-Id"]) == 32
        assert answer.headers["RateLimit-Limit"] == "100"
        assert {"RateLimit-Remaining", "RateLimit-Reset"} <= set(answer.headers.keys())


def test_a_key_with_a_secret_is_not_asked_for_signatures(client: FlaskClient) -> None:
    make_telegram_goods()
    shop = make_v2_shop(client, with_secret=True)

    for _ in range(2):
        assert shop.post("/stars", {"username": "target", "amount": 50}).status_code == 200


def test_a_key_of_v2_is_no_key_of_v1(client: FlaskClient) -> None:
    shop = make_v2_shop(client)

    answer = client.get("/api/v1/balance", headers={"X-API-Key": shop.api_key})

    assert (answer.status_code, answer.json["error"]) == (401, "invalid_api_key")


def test_the_money_of_an_account_is_one_for_both_kinds_of_key(client: FlaskClient) -> None:
    shop = make_v2_shop(client, "12.34")

    assert make_shop(client, account_id=shop.account_id).balance()["balance_usdt"] == 12.34
    assert str(shop.balance()["available_usd"]) == "12.34"

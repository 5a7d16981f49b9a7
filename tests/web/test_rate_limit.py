"""The rate limit: exact in a window that slides."""

import random
import time
from collections.abc import Callable
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from jobs.redis_calls import redis_client
from tests.factories import make_shop

WINDOW = 60


def pass_time(seconds: float) -> None:
    """Make every request that the limit remembers so many seconds older."""
    client: Any = redis_client()
    for name in client.scan_iter("rate:*"):
        for member, score in client.zrange(name, 0, -1, withscores=True):
            client.zadd(name, {member: score - round(seconds * 1_000_000)})


def statuses(request: Callable[[], TestResponse], count: int) -> list[int]:
    """The answers to so many requests."""
    return [request().status_code for _ in range(count)]


def test_sixty_requests_pass_and_the_sixty_first_is_told_when_to_come_back(client: FlaskClient) -> None:
    shop = make_shop(client, rate_limit=60)

    passed = [shop.get("/health") for _ in range(60)]
    refused = shop.get("/health")

    assert {answer.status_code for answer in passed} == {200}
    assert [int(answer.headers["RateLimit-Remaining"]) for answer in passed] == list(range(59, -1, -1))
    assert {answer.headers["RateLimit-Limit"] for answer in passed} == {"60"}
    assert all(1 <= int(answer.headers["RateLimit-Reset"]) <= WINDOW for answer in passed)
    assert refused.status_code == 429
    assert refused.json["error"] == "rate_limit_exceeded"
    assert refused.headers["RateLimit-Limit"] == "60"
    assert refused.headers["RateLimit-Remaining"] == "0"
    assert WINDOW - 5 <= int(refused.headers["Retry-After"]) <= WINDOW
    assert refused.headers["RateLimit-Reset"] == refused.headers["Retry-After"]


def test_whoever_waits_as_long_as_retry_after_says_is_let_in(client: FlaskClient) -> None:
    shop = make_shop(client, rate_limit=2)
    statuses(lambda: shop.get("/health"), 2)

    pass_time(int(shop.get("/health").headers["Retry-After"]) - 10)
    assert shop.get("/health").status_code == 429

    pass_time(10)
    assert shop.get("/health").status_code == 200


def test_the_window_slides_and_does_not_start_anew_each_minute(client: FlaskClient) -> None:
    shop = make_shop(client, rate_limit=60)

    assert statuses(lambda: shop.get("/health"), 30) == [200] * 30
    pass_time(40)
    assert statuses(lambda: shop.get("/health"), 31) == [200] * 30 + [429]
    pass_time(21)  # the first thirty are out of the window, the second thirty are not
    assert statuses(lambda: shop.get("/health"), 31) == [200] * 30 + [429]
    pass_time(20)
    assert statuses(lambda: shop.get("/health"), 1) == [429]


def test_no_window_wherever_it_starts_holds_more_than_the_limit_and_none_is_refused_needlessly(
    client: FlaskClient,
) -> None:
    shop, limit, chance = make_shop(client, rate_limit=5), 5, random.Random(7)
    offset, passed = 0.0, list[float]()

    for _ in range(150):
        # Whole seconds: the few milliseconds that a request takes never decide.
        step = chance.choice([0, 0, 0, 1, 7, 19])
        pass_time(step)
        offset += step
        now = time.monotonic() + offset
        recent = sum(1 for moment in passed if now - moment < WINDOW)
        if any(abs(now - moment - WINDOW) < 0.5 for moment in passed):
            continue  # on the edge
        accepted = shop.get("/health").status_code == 200
        assert accepted == (recent < limit)
        if accepted:
            passed.append(now)

    assert len(passed) > 30


def test_refused_requests_do_not_prolong_the_refusal(client: FlaskClient) -> None:
    shop = make_shop(client, rate_limit=2)
    statuses(lambda: shop.get("/health"), 2)
    pass_time(30)
    assert statuses(lambda: shop.get("/health"), 20) == [429] * 20

    pass_time(31)

    assert statuses(lambda: shop.get("/health"), 3) == [200, 200, 429]


def test_refusals_behind_the_gate_count_and_carry_the_headers_too(client: FlaskClient) -> None:
    shop = make_shop(client, signed=True, rate_limit=4)

    answers = [
        shop.get("/orders/1"),
        shop.post("/orders", raw=b"{"),
        shop.post("/orders", X_Signature=None),
        shop.get("/products?page=zero"),
        shop.get("/health"),
    ]

    assert [answer.status_code for answer in answers] == [404, 422, 401, 422, 429]
    assert [answer.headers["RateLimit-Remaining"] for answer in answers] == ["3", "2", "1", "0", "0"]


def test_a_request_without_a_good_key_is_under_no_limit_and_says_so(client: FlaskClient) -> None:
    answer = client.get("/api/v1/health", headers={"X-API-Key": "nobody's"})

    assert answer.status_code == 401
    assert "RateLimit-Limit" not in answer.headers


def test_each_key_has_its_own_limit_also_on_one_account(client: FlaskClient) -> None:
    first = make_shop(client, rate_limit=1)
    second = make_shop(client, rate_limit=1, account_id=first.account_id)

    assert statuses(lambda: first.get("/health"), 2) == [200, 429]
    assert statuses(lambda: second.get("/health"), 2) == [200, 429]


def test_a_signed_request_that_the_limit_refused_may_be_sent_again_as_it_is(client: FlaskClient) -> None:
    shop = make_shop(client, signed=True, rate_limit=1)
    shop.get("/health")
    body = b'{"product_id": 1, "quantity": 1}'
    signature = shop.signature(body)
    assert shop.post("/orders", raw=body, **signature).status_code == 429

    pass_time(WINDOW + 1)

    assert shop.post("/orders", raw=body, **signature).json["error"] == "product_not_found"

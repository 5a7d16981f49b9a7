"""What follows from a receiver's answer: success, another try, or the end; and what is on record of it."""

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from io import StringIO

import pytest

from jobs import webhooks
from jobs.outbound import Exchange, Undeliverable
from jobs.webhooks import deliver, retry_delay
from models import webhook_sending
from models import webhooks as log_of
from models.database import db, row
from models.webhook_sending import Attempt
from settings import settings
from tests.jobs.buyers import attempts, delivery, make_buyer, make_due, order_of
from tests.receiver import Behaviour, Receiver, answer, close_at_once

pytestmark = pytest.mark.usefixtures("private_receivers")


def seconds_until_due(delivery_id: int) -> float:
    """How long the pause before the next attempt is."""
    return float((delivery(delivery_id).due_at - datetime.now(UTC)).total_seconds())


@pytest.mark.parametrize("status", [200, 201, 204, 299])
def test_any_2xx_is_success(status: int) -> None:
    buyer = make_buyer()
    with Receiver(answer(status, b"" if status == 204 else b"thanks")) as receiver:
        delivery_id = buyer.finish_order(receiver.url)
        deliver.fn(delivery_id)

    assert delivery(delivery_id).state == "delivered"
    [attempt] = attempts(delivery_id)
    assert (attempt.number, attempt.status, attempt.error) == (1, status, None)
    assert attempt.duration_ms is not None
    assert 0 <= attempt.duration_ms < 10_000


@pytest.mark.parametrize("status", [301, 302, 307, 308, 400, 401, 404, 409, 410, 422, 600])
def test_any_other_answer_ends_it_at_once(status: int) -> None:
    buyer = make_buyer()
    with Receiver(answer(status, b"no", Location="http://127.0.0.1:9/")) as receiver:
        delivery_id = buyer.finish_order(receiver.url)
        deliver.fn(delivery_id)
        deliver.fn(delivery_id)

    assert len(receiver.requests) == 1
    assert delivery(delivery_id).state == "fired"
    assert delivery(delivery_id).finished_at is not None
    [attempt] = attempts(delivery_id)
    assert (attempt.status, log_of.answer_to(attempt)) == (status, "no")


@pytest.mark.parametrize("behaviour", [*map(answer, (408, 429, 500, 502, 503, 599)), close_at_once])
def test_a_busy_or_broken_receiver_is_tried_again_later(behaviour: Behaviour) -> None:
    buyer = make_buyer()
    with Receiver(behaviour, answer(200)) as receiver:
        delivery_id = buyer.finish_order(receiver.url)
        deliver.fn(delivery_id)
        deliver.fn(delivery_id)
        assert len(receiver.requests) == 1
        assert delivery(delivery_id).state == "pending"
        assert 8.5 < seconds_until_due(delivery_id) < 11
        make_due(delivery_id)
        deliver.fn(delivery_id)

    assert delivery(delivery_id).state == "delivered"
    first, second = receiver.requests
    assert first.headers["x-webhook-id"] == second.headers["x-webhook-id"]
    assert (first.headers["x-webhook-attempt"], second.headers["x-webhook-attempt"]) == ("1", "2")
    assert first.body == second.body


def test_after_six_attempts_with_growing_pauses_it_is_marked_fired_and_stays_in_the_log() -> None:
    buyer = make_buyer()
    pauses = []
    with Receiver(answer(500)) as receiver:
        delivery_id = buyer.finish_order(receiver.url)
        for _ in range(7):
            deliver.fn(delivery_id)
            pauses.append(seconds_until_due(delivery_id))
            make_due(delivery_id)

    assert len(receiver.requests) == 6
    assert delivery(delivery_id).state == "fired"
    assert [attempt.number for attempt in attempts(delivery_id)] == [1, 2, 3, 4, 5, 6]
    for pause, planned in zip(pauses, (10, 60, 360, 2160, 12960), strict=False):
        assert planned * 0.9 - 5 < pause < planned * 1.1


def test_a_resend_starts_with_all_tries_again() -> None:
    buyer = make_buyer()
    with Receiver(answer(400), *[answer(500)] * 5, answer(200)) as receiver:
        delivery_id = buyer.finish_order(receiver.url)
        deliver.fn(delivery_id)
        with db.connection_context():
            log_of.resend_by_operator("test", log_of.latest_of_order(order_of(delivery_id)))
        for attempt in range(2, 8):
            deliver.fn(delivery_id)
            if attempt == 2:
                assert 8.5 < seconds_until_due(delivery_id) < 11
            make_due(delivery_id)

    assert delivery(delivery_id).state == "delivered"
    assert [attempt.number for attempt in attempts(delivery_id)] == [1, 2, 3, 4, 5, 6, 7]
    assert len({received.headers["x-webhook-id"] for received in receiver.requests}) == 1


def test_a_resend_during_an_attempt_is_not_swallowed_by_its_outcome() -> None:
    buyer = make_buyer()
    delivery_id = buyer.finish_order("http://127.0.0.1:9/")
    with db.connection_context():
        under_way = webhook_sending.claim(delivery_id)
        assert under_way is not None
        log_of.resend(delivery_id)
        webhook_sending.finish(under_way, Attempt(200, None, 5), retry_in=None)
        again = webhook_sending.claim(delivery_id)

    assert again is not None
    assert [(attempt.number, attempt.status) for attempt in attempts(delivery_id)] == [(1, 200)]


def test_the_attempts_are_on_record_with_the_start_of_each_answer() -> None:
    buyer = make_buyer()
    with Receiver(answer(503, b"x" * 5000), close_at_once, answer(200, b"ok")) as receiver:
        delivery_id = buyer.finish_order(receiver.url)
        for _ in range(3):
            deliver.fn(delivery_id)
            make_due(delivery_id)

    found = attempts(delivery_id)
    assert [(attempt.status, attempt.error) for attempt in found] == [
        (503, None), (None, "connection error: closed without an answer"), (200, None),
    ]  # fmt: skip
    assert [log_of.answer_to(attempt) for attempt in found] == ["x" * 2048, "", "ok"]
    assert all(attempt.at and attempt.duration_ms is not None for attempt in found)


def test_a_receiver_that_echoes_items_does_not_put_them_into_the_database_in_clear() -> None:
    buyer = make_buyer()
    with Receiver(answer(200, b'{"password":"s3cret"}')) as receiver:
        delivery_id = buyer.finish_order(receiver.url)
        deliver.fn(delivery_id)

    sql = "SELECT a::text || d::text AS text FROM webhook_attempts a JOIN webhook_deliveries d ON d.id = a.delivery_id"
    with db.connection_context():
        stored = row(sql)
    assert b"s3cret" in receiver.requests[0].body
    assert stored is not None
    assert "s3cret" not in stored["text"]
    assert log_of.answer_to(attempts(delivery_id)[0]) == '{"password":"s3cret"}'


def test_an_address_that_has_become_private_is_refused_on_record_and_not_tried_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    buyer = make_buyer()
    monkeypatch.setattr(webhooks, "settings", settings.model_copy(update={"webhook_allow_private": False}))
    with Receiver() as receiver:
        delivery_id = buyer.finish_order(receiver.url)
        deliver.fn(delivery_id)

    assert receiver.requests == []
    assert delivery(delivery_id).state == "fired"
    [attempt] = attempts(delivery_id)
    assert attempt.status is None
    assert str(attempt.error).startswith("address refused")


@pytest.mark.parametrize(
    ("tries_used", "result", "least", "most"),
    [
        (1, Exchange(500, None, "", 1), 9, 11),
        (2, Exchange(500, None, "", 1), 54, 66),
        (5, Exchange(500, None, "", 1), 11664, 14256),
        (1, Undeliverable("timeout", 1, timed_out=True), 9, 11),
        (1, Exchange(429, "30", "", 1), 30, 30),
        (1, Exchange(503, "30", "", 1), 30, 30),
        (1, Exchange(500, "30", "", 1), 9, 11),
        (1, Exchange(429, "3", "", 1), 9, 11),
        (2, Exchange(429, "30", "", 1), 54, 66),
        (1, Exchange(429, "86400", "", 1), 3600, 3600),
        (1, Exchange(429, "9" * 5000, "", 1), 3600, 3600),
        (5, Exchange(429, "86400", "", 1), 11664, 14256),
        (1, Exchange(429, "Wed, 21 Oct 2015 07:28:00 GMT", "", 1), 9, 11),
        (1, Exchange(429, "Fri, 31 Dec 9999 23:59:59 -0000", "", 1), 3600, 3600),
        (1, Exchange(429, f"Fri, 31 Dec {'9' * 30} 23:59:59 GMT", "", 1), 9, 11),
        (1, Exchange(429, "soon", "", 1), 9, 11),
        (1, Exchange(429, "-5", "", 1), 9, 11),
        (1, Exchange(429, "", "", 1), 9, 11),
    ],
)
def test_the_pause_grows_sixfold_and_heeds_what_the_receiver_asks_for(
    tries_used: int, result: Exchange | Undeliverable, least: float, most: float
) -> None:
    for _ in range(20):
        assert least <= retry_delay(tries_used, result) <= most


def test_a_receiver_may_name_a_date_to_come_back_at() -> None:
    in_ten_minutes = format_datetime(datetime.now(UTC) + timedelta(minutes=10), usegmt=True)

    assert 540 <= retry_delay(1, Exchange(429, in_ten_minutes, "", 1)) <= 600


def test_the_log_line_tells_the_outcome_and_nothing_secret(production_log: StringIO) -> None:
    buyer = make_buyer()
    with Receiver(answer(200, b"the answer")) as receiver:
        delivery_id = buyer.finish_order(receiver.url + "?token=hush")
        deliver.fn(delivery_id)

    [line] = map(json.loads, production_log.getvalue().splitlines())
    assert (line["event"], line["delivery_id"], line["status"], line["error"]) == (
        "webhook.attempt", delivery_id, 200, None,
    )  # fmt: skip
    assert line["order_id"] == order_of(delivery_id)
    assert line["duration_ms"] >= 0
    assert not [word for word in ("hush", "s3cret", "the answer") if word in str(line)]

"""How a provider is left alone after faults, and what operators see of it."""

import time
from decimal import Decimal
from typing import Any

import pytest
from flask.testing import FlaskClient

from jobs import provider_checks
from models import leases, provider_states
from models.database import changed, db, rows
from models.provider_states import FAULTS_BEFORE_REST
from models.telegram_goods import PREMIUM_SKUS
from tests.desk import make_desk
from tests.jobs.istar_server import IStarServer
from tests.jobs.provider_orders import order_row, place, step
from tests.jobs.stand_in import instead

BUSY = instead(503, {"message": "Maintenance"})
SEARCH = "GET /star/recipient/search"


def shown(client: FlaskClient, name: str = "istar") -> dict[str, Any]:
    """The provider, as operators see it."""
    listed = make_desk(client).get("/providers").json["items"]
    return next(provider for provider in listed if provider["provider"] == name)


def rest_is_over() -> None:
    """Let the provider's rest have passed."""
    with db.connection_context():
        changed("UPDATE provider_states SET rests_until = now() - interval '1 s'")


def take_down(server: IStarServer) -> int:
    """Let the provider fail so often that it is left alone; returns the order that met the faults."""
    server.faults[SEARCH] = [BUSY] * FAULTS_BEFORE_REST
    order_id = place("istar")
    step(order_id, times=FAULTS_BEFORE_REST - 1)
    with db.connection_context():
        changed("UPDATE provider_states SET failing_since = failing_since - interval '6 s'")
    step(order_id)
    return order_id


def test_after_many_faults_in_a_row_a_provider_is_not_called_any_more(
    client: FlaskClient, istar_server: IStarServer
) -> None:
    order_id = take_down(istar_server)
    calls = len(istar_server.asked)
    assert calls == FAULTS_BEFORE_REST
    assert (shown(client)["state"], shown(client)["faults_in_a_row"]) == ("down", FAULTS_BEFORE_REST)

    order = step(order_id, times=3)

    assert len(istar_server.asked) == calls
    assert (order["status"], order["submitted_at"]) == ("processing", None)


def test_one_order_tries_for_all_when_the_rest_is_over(client: FlaskClient, istar_server: IStarServer) -> None:
    first, second = take_down(istar_server), place("istar", sku=PREMIUM_SKUS[3], quantity=1)
    istar_server.faults[SEARCH] = [BUSY]
    calls = len(istar_server.asked)
    rest_is_over()

    step(first)
    step(second)

    assert len(istar_server.asked) == calls + 1
    assert shown(client)["faults_in_a_row"] == FAULTS_BEFORE_REST + 1


def test_when_it_serves_again_all_go_on(client: FlaskClient, istar_server: IStarServer) -> None:
    first, second = take_down(istar_server), place("istar", sku=PREMIUM_SKUS[3], quantity=1)
    istar_server.status = "completed"
    rest_is_over()

    assert step(first)["status"] == "completed"
    assert step(second)["status"] == "completed"
    assert (shown(client)["state"], shown(client)["faults_in_a_row"]) == ("not asked yet", 0)


def test_a_provider_that_asks_for_a_rest_gets_it_from_all_orders(
    client: FlaskClient, istar_server: IStarServer
) -> None:
    istar_server.faults[SEARCH] = [instead(429, {"message": "Slow down"}, Retry_After="60")]
    first, second = place("istar"), place("istar", sku=PREMIUM_SKUS[3], quantity=1)

    step(first)
    step(second)

    assert len(istar_server.asked) == 1
    assert order_row(second)["status"] == "processing"
    assert shown(client)["state"] == "down"


def test_faults_of_one_provider_are_none_of_anothers(client: FlaskClient, istar_server: IStarServer) -> None:
    take_down(istar_server)

    assert shown(client, "gramstack")["state"] == "not asked yet"


@pytest.mark.parametrize(("balance", "state"), [("412.5", "up"), ("99.99", "low balance"), (0, "low balance")])
def test_the_balance_there_is_asked_for_and_told(
    client: FlaskClient, istar_server: IStarServer, balance: Any, state: str
) -> None:
    istar_server.balance = balance

    provider_checks.check(time.time(), "istar")

    told = shown(client)
    assert (told["state"], Decimal(str(told["balance"])), told["currency"]) == (state, Decimal(str(balance)), "TON")


def test_a_provider_that_does_not_answer_is_seen_before_any_order_needs_it(
    client: FlaskClient, istar_server: IStarServer
) -> None:
    istar_server.faults["GET /wallet/balance"] = [instead(500, {"message": "Oops"})]

    provider_checks.check(time.time(), "istar")

    assert (shown(client)["state"], shown(client)["last_error"]) == ("failing", "HTTP 500: Oops")


def test_a_balance_that_is_told_again_ends_faults_of_a_while_ago(
    client: FlaskClient, istar_server: IStarServer
) -> None:
    take_down(istar_server)
    provider_checks.check(time.time(), "istar")
    assert shown(client)["state"] == "down"
    with db.connection_context():
        changed("UPDATE provider_states SET last_error_at = now() - interval '2 minutes', rests_until = now()")

    provider_checks.check(time.time(), "istar")

    assert shown(client)["state"] == "up"


def test_open_orders_are_counted_by_how_they_stand(client: FlaskClient, istar_server: IStarServer) -> None:
    submitted = place("istar")
    step(submitted)
    place("istar", sku=PREMIUM_SKUS[3], quantity=1)
    assert (shown(client)["open_orders"], shown(client)["submitted_orders"]) == (2, 1)
    with db.connection_context():
        changed("UPDATE orders SET deadline_at = now() - interval '1 s'")

    assert shown(client)["orders_to_review"] == 1


def test_a_few_orders_that_always_fail_keep_the_provider_from_nobody(
    client: FlaskClient, istar_server: IStarServer
) -> None:
    istar_server.faults[SEARCH] = [BUSY] * (2 * FAULTS_BEFORE_REST)
    failing, other = place("istar"), place("istar", sku=PREMIUM_SKUS[3], quantity=1)
    istar_server.status = "completed"

    step(failing, times=FAULTS_BEFORE_REST + 2)

    assert shown(client)["state"] == "failing"
    assert step(other)["status"] == "completed"
    assert shown(client)["faults_in_a_row"] == 0


def test_calls_that_had_begun_before_the_rest_make_it_no_longer(client: FlaskClient, istar_server: IStarServer) -> None:
    take_down(istar_server)
    with db.connection_context():
        [before] = rows("SELECT rests_until, faults_in_a_row FROM provider_states")
        for _ in range(30):
            provider_states.note_fault("istar", "no answer", None, took=25)

        assert rows("SELECT rests_until, faults_in_a_row FROM provider_states") == [before]


def test_the_end_of_a_rest_wakes_the_orders_that_waited_for_it(client: FlaskClient, istar_server: IStarServer) -> None:
    first, second = take_down(istar_server), place("istar", sku=PREMIUM_SKUS[3], quantity=1)
    step(second)
    istar_server.status = "completed"
    rest_is_over()

    step(first)

    with db.connection_context():
        assert [order["id"] for order in leases.due_to_wake(10, from_stock=False)] == [second]


def test_open_orders_of_a_provider_that_is_not_configured_are_seen(client: FlaskClient) -> None:
    step(place("nobody"))

    assert shown(client, "nobody")["state"] == "not configured"

"""GramStack: Stars and Premium, never bought twice."""

from decimal import Decimal
from typing import Any

import pytest

from jobs.providers.base import (
    Balance,
    Delivered,
    ForgedNotice,
    InProgress,
    NotAccepted,
    OutcomeUnknown,
    ProviderFault,
    Refused,
)
from jobs.providers.gramstack import GramStack
from models.telegram_goods import PREMIUM_SKUS
from tests.jobs import provider_faults
from tests.jobs.gramstack_server import GramStackServer
from tests.jobs.provider_faults import NOT_ACCEPTED, RATE_SECONDS
from tests.jobs.provider_orders import lease
from tests.jobs.stand_in import HTML, Fault, after_all, instead

UNKNOWN: dict[str, Fault] = {
    **provider_faults.UNKNOWN,
    "no list or object": after_all(200, {"data": [1, 2]}),
    "no envelope": after_all(201, {"id": "x", "status": "pending"}),
    "no id": after_all(201, {"data": {"status": "pending"}}),
    "no status": after_all(201, {"data": {"id": "x"}}),
    "a status that is a list": after_all(201, {"data": {"id": "x", "status": []}}),
    "a status that nobody knows": after_all(201, {"data": {"id": "x", "status": "on its way"}}),
}


def test_a_user_that_does_not_exist_is_refused(gramstack_server: GramStackServer, gramstack: GramStack) -> None:
    gramstack_server.nobody.add("ada")

    assert gramstack.check(lease()) == Refused("There is no Telegram user @ada who could be sent this.")


@pytest.mark.parametrize("path", ["GET /prices", "GET /recipients"])
@pytest.mark.parametrize("fault", [*UNKNOWN.values(), *NOT_ACCEPTED.values()], ids=[*UNKNOWN, *NOT_ACCEPTED])
def test_a_check_that_fails_refuses_nobody(
    gramstack_server: GramStackServer, gramstack: GramStack, fault: Fault, path: str, short_patience: None
) -> None:
    gramstack_server.faults[path] = [fault]

    with pytest.raises(ProviderFault):
        gramstack.check(lease())
    assert gramstack.check(lease()) == "4 x 100"


def test_an_order_is_placed_as_documented(gramstack_server: GramStackServer, gramstack: GramStack) -> None:
    answer = gramstack.submit(lease(ticket="4 x 100"))

    [asked] = gramstack_server.calls("POST /orders")
    assert asked.json == {"service_id": 4, "recipient": "@ada", "quantity": 100}
    assert answer == InProgress(next(iter(gramstack_server.sold)))


@pytest.mark.parametrize("status", ["pending", "processing", "retry"])
def test_an_order_under_way_is_looked_up_until_its_end(
    gramstack_server: GramStackServer, gramstack: GramStack, status: str
) -> None:
    gramstack_server.status = status
    gramstack.submit(lease(ticket="4 x 100"))
    name = next(iter(gramstack_server.sold))
    submitted = lease(submitted=1, provider_order_id=name)
    assert gramstack.look_up(submitted) == InProgress(name)

    gramstack_server.finish(name)
    assert gramstack.look_up(submitted) == Delivered(100, name)

    gramstack_server.finish(name, "failed")
    assert gramstack.look_up(submitted) == Refused("The provider could not deliver the order.", name)


def test_an_order_may_end_with_the_first_answer(gramstack_server: GramStackServer, gramstack: GramStack) -> None:
    gramstack_server.status = "completed"
    assert isinstance(gramstack.submit(lease(ticket="4 x 100")), Delivered)

    gramstack_server.status = "failed"
    assert isinstance(gramstack.submit(lease(ticket="4 x 100")), Refused)


@pytest.mark.parametrize("fault", UNKNOWN.values(), ids=UNKNOWN)
def test_a_lost_answer_leaves_the_outcome_unknown(
    gramstack_server: GramStackServer, gramstack: GramStack, fault: Fault, short_patience: None
) -> None:
    gramstack_server.faults["POST /orders"] = [fault]

    with pytest.raises(OutcomeUnknown):
        gramstack.submit(lease(ticket="4 x 100"))


@pytest.mark.parametrize("fault", NOT_ACCEPTED.values(), ids=NOT_ACCEPTED)
def test_what_is_refused_for_our_sake_is_not_accepted(
    gramstack_server: GramStackServer, gramstack: GramStack, fault: Fault
) -> None:
    gramstack_server.faults["POST /orders"] = [fault]

    with pytest.raises(NotAccepted) as raised:
        gramstack.submit(lease(ticket="4 x 100"))
    assert raised.value.retry_after == (RATE_SECONDS if fault is NOT_ACCEPTED["our rate"] else None)


def test_a_server_that_is_not_there_has_not_accepted(gramstack: GramStack, gramstack_server: GramStackServer) -> None:
    gramstack_server.__exit__(None, None, None)

    with pytest.raises(NotAccepted):
        gramstack.submit(lease(ticket="4 x 100"))


def test_what_is_refused_for_the_orders_sake_is_told_to_the_client(
    gramstack_server: GramStackServer, gramstack: GramStack
) -> None:
    gramstack_server.premium_already.add("ada")

    assert gramstack.submit(lease(PREMIUM_SKUS[3], 1, ticket="1 x 1")) == Refused("This user has Premium already.")
    assert isinstance(gramstack.submit(lease(ticket="99 x 1")), Refused)


def test_nothing_is_submitted_twice(gramstack_server: GramStackServer, gramstack: GramStack) -> None:
    with pytest.raises(OutcomeUnknown):
        gramstack.submit(lease(ticket="4 x 100", submitted=1))
    assert not gramstack_server.asked


def test_an_order_without_a_name_cannot_be_asked_for(gramstack_server: GramStackServer, gramstack: GramStack) -> None:
    answer = gramstack.look_up(lease(submitted=1))

    assert isinstance(answer, InProgress)
    assert answer.provider_order_id is None
    assert not gramstack_server.asked


@pytest.mark.parametrize(
    "fault", [HTML, instead(429), instead(404, b"<html>"), instead(200, {"data": {"id": "other", "status": "failed"}})]
)
def test_a_look_up_that_fails_ends_no_order(
    gramstack_server: GramStackServer, gramstack: GramStack, fault: Fault
) -> None:
    gramstack_server.faults["GET /orders"] = [fault]

    with pytest.raises(ProviderFault):
        gramstack.look_up(lease(submitted=1, provider_order_id="mine"))


def test_an_order_that_gramstack_has_forgotten_is_not_refunded(gramstack: GramStack) -> None:
    assert isinstance(gramstack.look_up(lease(submitted=1, provider_order_id="mine")), InProgress)


def test_our_balance_is_read(gramstack_server: GramStackServer, gramstack: GramStack) -> None:
    assert gramstack.balance() == Balance(Decimal("87.25"), "TON")


@pytest.mark.parametrize("document", [b"", [], {"data": None}, {"data": {"balance": {"amount": "much"}}},
                                      {"data": {"balance": {"amount": "NaN"}}}, {"data": {"balance": "1"}}])  # fmt: skip
def test_a_balance_that_makes_no_sense_is_a_fault(
    gramstack_server: GramStackServer, gramstack: GramStack, document: Any
) -> None:
    gramstack_server.faults["GET /balance"] = [instead(200, document)]

    with pytest.raises(ProviderFault):
        gramstack.balance()


def test_no_webhook_is_believed(gramstack: GramStack) -> None:
    with pytest.raises(ForgedNotice):
        gramstack.read_notice(b"{}", {})

"""Orders that GramStack makes, all the way, and what its faults cost."""

import pytest

from jobs.providers.base import Delivered
from models import interventions
from models.database import db
from tests.jobs.gramstack_server import GramStackServer
from tests.jobs.provider_orders import age, order_row, place, step
from tests.jobs.stand_in import after_all, cut_after_all, instead


def test_an_order_goes_all_the_way(gramstack_server: GramStackServer) -> None:
    order_id = place("gramstack")
    assert step(order_id)["status"] == "processing"
    name = next(iter(gramstack_server.sold))
    gramstack_server.finish(name)

    order = step(order_id)

    assert (order["status"], order["delivered_quantity"], order["provider_order_id"]) == ("completed", 100, name)


def test_a_sale_whose_answer_is_lost_is_never_repeated_and_ends_by_hand(gramstack_server: GramStackServer) -> None:
    gramstack_server.faults["POST /orders"] = [after_all(500, {"message": "Server Error"})]
    order_id = place("gramstack")

    step(order_id, times=3)
    age(order_id, 7 * 86_400)
    order = step(order_id, times=2)

    assert (order["status"], order["submitted_at"] is not None) == ("processing", True)
    assert len(gramstack_server.calls("POST /orders")) == len(gramstack_server.sold) == 1
    with db.connection_context():
        interventions.settle_by_hand(
            "ops", order_id, Delivered(100, next(iter(gramstack_server.sold))), "found in their list"
        )
    assert order_row(order_id)["status"] == "completed"


@pytest.mark.parametrize("clock", [-3600.0, 3600.0])
def test_a_clock_that_is_set_makes_nothing_be_sold_twice(gramstack_server: GramStackServer, clock: float) -> None:
    gramstack_server.faults["POST /orders"] = [cut_after_all]
    order_id = place("gramstack")
    step(order_id)
    age(order_id, clock)

    step(order_id, times=2)

    assert len(gramstack_server.calls("POST /orders")) == 1


def test_an_order_that_was_not_accepted_can_be_cancelled(gramstack_server: GramStackServer) -> None:
    gramstack_server.faults["POST /orders"] = [instead(402, {"message": "Insufficient balance"})]
    order_id = place("gramstack")

    assert step(order_id)["submitted_at"] is None

    with db.connection_context():
        interventions.cancel("ops", order_id)
    assert order_row(order_id)["refunded"] == order_row(order_id)["price"]
    assert not gramstack_server.sold


def test_an_order_that_was_not_accepted_is_submitted_again(gramstack_server: GramStackServer) -> None:
    gramstack_server.faults["POST /orders"] = [instead(402, {"message": "Insufficient balance"})]
    gramstack_server.status = "completed"
    order_id = place("gramstack")

    assert step(order_id, times=2)["status"] == "completed"
    assert len(gramstack_server.sold) == 1

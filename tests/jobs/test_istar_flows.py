"""Orders that iStar makes, all the way, and what its faults cost."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from models import interventions, leases, provider_states, submissions
from models.database import db
from models.interventions import NotSettleable
from models.settlement import Refused
from tests.jobs.istar_server import IStarServer
from tests.jobs.provider_orders import age, order_row, place, step
from tests.jobs.stand_in import Fault, after_all, cut, cut_after_all, instead


def test_an_order_goes_all_the_way(istar_server: IStarServer) -> None:
    order_id = place("istar")
    assert step(order_id)["status"] == "processing"
    name = next(iter(istar_server.sold))
    istar_server.finish(name)

    order = step(order_id)

    assert (order["status"], order["delivered_quantity"], order["provider_order_id"]) == ("completed", 100, name)


@pytest.mark.parametrize("fault", [after_all(500, {"message": "Internal error"}), cut_after_all, after_all(200)])
def test_a_sale_whose_answer_is_lost_is_found_by_its_key(istar_server: IStarServer, fault: Fault) -> None:
    istar_server.faults["POST /orders"] = [fault]
    order_id = place("istar")
    first = step(order_id)
    assert (first["status"], first["submitted_at"] is not None, first["provider_order_id"]) == (
        "processing",
        True,
        None,
    )

    step(order_id)
    istar_server.finish(next(iter(istar_server.sold)))

    assert step(order_id)["status"] == "completed"
    assert len(istar_server.sold) == 1


def test_a_refusal_on_the_way_returns_the_money(istar_server: IStarServer) -> None:
    order_id = place("istar")
    step(order_id)
    istar_server.finish(next(iter(istar_server.sold)), "failed", "Fragment refused")

    order = step(order_id)

    assert (order["status"], order["refunded"], order["error_message"]) == (
        "failed",
        order["price"],
        "Fragment refused",
    )


def test_an_order_that_was_not_accepted_can_be_cancelled(istar_server: IStarServer) -> None:
    istar_server.faults["POST /orders"] = [instead(402, {"message": "Payment required"})]
    order_id = place("istar")

    assert step(order_id)["submitted_at"] is None

    with db.connection_context():
        interventions.cancel("ops", order_id)
    assert order_row(order_id)["refunded"] == order_row(order_id)["price"]
    assert not istar_server.sold


def test_the_word_of_a_webhook_that_comes_before_the_answer_counts(
    istar_server: IStarServer, client: FlaskClient
) -> None:
    istar_server.can_be_asked = False

    def tell_first(handler: Any, serve: Any) -> None:
        reply = serve()
        name = reply.document["order_id"]
        sent = dict(reply.document)
        istar_server.finish(name)
        body, headers = istar_server.notice(name)
        told.append(client.post("/providers/istar/webhook", data=body, headers=headers).status_code)
        handler.reply(type(reply)(200, sent))

    told: list[int] = []
    istar_server.faults["POST /orders"] = [tell_first]
    order_id = place("istar")

    order = step(order_id, times=2)

    assert told == [200]
    assert (order["status"], len(istar_server.sold)) == ("completed", 1)


def test_a_refused_repetition_returns_no_money_while_the_first_request_may_be_under_way(
    istar_server: IStarServer,
) -> None:
    istar_server.faults["POST /orders"] = [cut_after_all, instead(422, {"message": "Recipient used"})]
    order_id = place("istar")

    assert step(order_id, times=2)["status"] == "processing"
    istar_server.finish(next(iter(istar_server.sold)))

    assert step(order_id, times=2)["status"] == "completed"


def test_a_repetition_that_is_still_refused_after_a_while_is_believed(istar_server: IStarServer) -> None:
    refusal = instead(422, {"message": "This user takes no gifts"})
    istar_server.faults["POST /orders"] = [cut, refusal, refusal]
    order_id = place("istar")
    assert step(order_id, times=2)["status"] == "processing"
    age(order_id, 61)

    order = step(order_id)

    assert (order["status"], order["error_message"]) == ("failed", "This user takes no gifts")


@pytest.mark.parametrize(
    "answer",
    [
        {"status": "failed", "message": "temporarily unavailable"},
        {"status": "error", "order_id": "x", "message": "temporarily unavailable"},
        {"order_id": "somebody-elses", "status": "completed"},
        {"order_id": "somebody-elses", "status": "failed"},
    ],
)
def test_a_look_up_that_does_not_speak_of_the_order_ends_nothing(
    istar_server: IStarServer, answer: dict[str, Any]
) -> None:
    order_id = place("istar")
    step(order_id)
    istar_server.faults["GET /orders"] = [instead(200, answer)]

    assert step(order_id)["status"] == "processing"


def test_a_session_of_ours_that_ended_refuses_no_customer(istar_server: IStarServer) -> None:
    istar_server.faults["GET /star/recipient/search"] = [
        instead(200, {"success": False, "message": "Session expired, sign in again"})
    ]
    order_id = place("istar")

    assert step(order_id)["status"] == "processing"
    assert step(order_id)["submitted_at"] is not None


def test_a_webhook_settles_an_order_though_the_provider_rests(istar_server: IStarServer) -> None:
    order_id = place("istar")
    name = step(order_id)["provider_order_id"]
    with db.connection_context():
        provider_states.note_fault("istar", "down", 300)
        submissions.note("istar", name, "delivered", "")

    assert step(order_id)["status"] == "completed"


def test_a_word_that_contradicts_what_was_settled_is_told(istar_server: IStarServer) -> None:
    order_id = place("istar")
    name = step(order_id)["provider_order_id"]
    with db.connection_context():
        interventions.settle_by_hand("ops", order_id, Refused("not there"), "their support says so")

        assert submissions.note("istar", name, "delivered", "") is False


def test_an_operator_does_not_settle_an_order_while_its_provider_is_asked(istar_server: IStarServer) -> None:
    order_id = place("istar")
    with db.connection_context():
        lease = leases.claim(order_id, from_stock=False)
        assert lease is not None
        assert submissions.begin(lease, "hash")

        with pytest.raises(NotSettleable):
            interventions.settle_by_hand("ops", order_id, Refused("not there"), "a guess")

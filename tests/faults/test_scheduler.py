"""The clock: one leads, and another takes over."""

import redis
from flask.testing import FlaskClient

from jobs import queues, ticks
from jobs.broker import broker
from jobs.leadership import Leadership
from models.database import db
from settings import settings
from tests.factories import eventually, make_product, make_shop
from tests.faults.processes import SCHEDULER, Processes, kill_group, worker_command


def waiting_ticks() -> int:
    """How many messages lie in the queue of the periodic jobs."""
    return int(redis.Redis.from_url(settings.broker_url).llen(f"{broker.namespace}:{queues.UPKEEP}"))


def test_of_two_only_one_leads_and_the_other_follows_when_it_is_gone() -> None:
    first, second = Leadership(), Leadership()
    assert first.held()
    assert not second.held()
    assert first.held()

    with db.connection_context():
        db.execute_sql("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND objid = 7200")

    assert eventually(second.held, "the second one's turn")
    assert not first.held()


def test_a_killed_scheduler_is_replaced_by_the_one_that_stands_by(processes: Processes) -> None:
    leader = processes.start(SCHEDULER)
    eventually(waiting_ticks, "the first ticks")
    processes.start(SCHEDULER)

    kill_group(leader)
    redis.Redis.from_url(settings.broker_url).flushdb()

    eventually(waiting_ticks, "the other one's ticks")


def test_ticks_that_piled_up_do_nothing(client: FlaskClient, processes: Processes) -> None:
    shop, product = make_shop(client), make_product()
    order_id = shop.order(product).json["order_id"]
    with db.connection_context():
        db.execute_sql("UPDATE orders SET wake_at = now() - interval '1 hour'")
    redis.Redis.from_url(settings.broker_url).flushdb()
    assert ticks.is_stale(ticks.WAKE_ORDERS, 0)

    processes.start(worker_command("fulfilment"))
    processes.start(worker_command("upkeep"))
    assert shop.get(f"/orders/{order_id}").json["status"] == "processing"
    processes.start(SCHEDULER)

    eventually(lambda: shop.get(f"/orders/{order_id}").json["status"] == "completed", "the order's end")

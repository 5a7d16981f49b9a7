"""Who may make an attempt, and who waits for whom: leases, limits for hosts and accounts, and the sweep."""

import threading
import time
from collections.abc import Iterator

import dramatiq
import pytest

from jobs import enqueue, queues
from jobs.broker import broker
from jobs.sweeps import wake_webhooks
from jobs.webhooks import deliver
from models import webhook_sending
from models.database import db
from models.webhook_sending import PER_ACCOUNT, PER_HOST, Attempt
from tests.factories import eventually
from tests.jobs.buyers import attempts, delivery, make_buyer, make_due
from tests.receiver import Receiver, answer, hang

pytestmark = pytest.mark.usefixtures("private_receivers")


def make_lease_run_out(delivery_id: int) -> None:
    """Let so much time go by that the worker must be dead."""
    with db.connection_context():
        db.execute_sql(
            "UPDATE webhook_deliveries SET due_at = now(), lease_until = '2000-01-01' WHERE id = %(id)s",
            {"id": delivery_id},
        )


def test_a_message_that_comes_three_times_makes_one_attempt() -> None:
    buyer = make_buyer()
    with Receiver(hang) as receiver:
        delivery_id = buyer.finish_order(receiver.url)
        threads = [threading.Thread(target=deliver.fn, args=(delivery_id,)) for _ in range(3)]
        for thread in threads:
            thread.start()
        receiver.wait_for(1)
        eventually(lambda: sum(thread.is_alive() for thread in threads) == 1, "giving up the second and third")
        receiver.released.set()
        for thread in threads:
            thread.join()
        deliver.fn(delivery_id)

    assert len(receiver.requests) == 1
    assert len(attempts(delivery_id)) == 1


def test_a_delivery_that_does_not_exist_is_passed_over() -> None:
    deliver.fn(12345)


def test_what_a_killed_worker_had_begun_is_tried_again_and_shown_as_interrupted() -> None:
    buyer = make_buyer()
    with Receiver() as receiver:
        delivery_id = buyer.finish_order(receiver.url)
        with db.connection_context():
            assert webhook_sending.claim(delivery_id)
        assert attempts(delivery_id) == []
        deliver.fn(delivery_id)
        assert receiver.requests == []
        make_lease_run_out(delivery_id)
        deliver.fn(delivery_id)

    assert delivery(delivery_id).state == "delivered"
    first, second = attempts(delivery_id)
    assert first.error == webhook_sending.INTERRUPTED
    assert (second.number, second.status) == (2, 200)


def test_a_delivery_whose_every_worker_dies_ends_after_its_tries() -> None:
    buyer = make_buyer()
    delivery_id = buyer.finish_order("http://127.0.0.1:9/")
    with db.connection_context():
        for _ in range(6):
            assert webhook_sending.claim(delivery_id)
            make_lease_run_out(delivery_id)
        assert webhook_sending.claim(delivery_id) is None
        assert webhook_sending.end_spent() == 1
        assert webhook_sending.end_spent() == 0

    assert delivery(delivery_id).state == "fired"
    assert [attempt.error for attempt in attempts(delivery_id)] == [webhook_sending.INTERRUPTED] * 6


def test_an_outcome_that_comes_after_the_lease_was_lost_is_recorded_but_decides_nothing() -> None:
    buyer = make_buyer()
    delivery_id = buyer.finish_order("http://127.0.0.1:9/")
    with db.connection_context():
        late = webhook_sending.claim(delivery_id)
        make_lease_run_out(delivery_id)
        other = webhook_sending.claim(delivery_id)
        assert late is not None
        assert other is not None
        webhook_sending.finish(late, Attempt(400, None, 1), retry_in=None)

    assert delivery(delivery_id).state == "pending"
    assert [(attempt.number, attempt.status) for attempt in attempts(delivery_id)] == [(1, 400)]


def test_a_host_gets_a_few_attempts_at_a_time_and_the_next_when_one_ends() -> None:
    buyer = make_buyer()
    ids = [buyer.finish_order("http://one.example/") for _ in range(PER_HOST + 3)]
    with db.connection_context():
        claimed = [webhook_sending.claim(delivery_id) for delivery_id in ids]
        assert [sending is not None for sending in claimed] == [True] * PER_HOST + [False] * 3
        assert webhook_sending.due(100) == []
        assert webhook_sending.next_due_at_host("one.example:80") == []
        assert claimed[0] is not None
        webhook_sending.finish(claimed[0], Attempt(200, None, 5), retry_in=None)
        assert webhook_sending.next_due_at_host("one.example:80") == [ids[PER_HOST]]
        assert webhook_sending.claim(ids[PER_HOST])


def test_claims_that_race_do_not_exceed_the_hosts_limit() -> None:
    buyer = make_buyer()
    ids = [buyer.finish_order("http://one.example/") for _ in range(16)]
    start = threading.Barrier(len(ids))
    claimed: list[int] = []

    def claim(delivery_id: int) -> None:
        start.wait()
        with db.connection_context():
            if webhook_sending.claim(delivery_id):
                claimed.append(delivery_id)

    threads = [threading.Thread(target=claim, args=(delivery_id,)) for delivery_id in ids]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(claimed) == PER_HOST


def test_a_host_that_has_just_timed_out_gets_one_attempt_at_a_time() -> None:
    buyer = make_buyer()
    ids = [buyer.finish_order("http://one.example/") for _ in range(4)]
    with db.connection_context():
        first = webhook_sending.claim(ids[0])
        assert first is not None
        webhook_sending.finish(first, Attempt(None, "timeout", 10_000, timed_out=True), retry_in=60)
        assert webhook_sending.next_due_at_host("one.example:80") == [ids[1]]
        assert webhook_sending.claim(ids[1])
        assert webhook_sending.claim(ids[2]) is None
        assert webhook_sending.due(100) == []
        db.execute_sql("UPDATE webhook_deliveries SET timed_out_at = timed_out_at - interval '2 minutes'")
        assert webhook_sending.claim(ids[2])


def test_an_account_gets_its_share_of_attempts_however_many_hosts_it_names() -> None:
    buyer = make_buyer()
    ids = [buyer.finish_order(f"http://host{number}.example/") for number in range(PER_ACCOUNT + 2)]
    other = make_buyer().finish_order("http://other.example/")
    with db.connection_context():
        claimed = [webhook_sending.claim(delivery_id) for delivery_id in ids]
        assert [sending is not None for sending in claimed] == [True] * PER_ACCOUNT + [False] * 2
        assert webhook_sending.due(100) == [other]
        assert webhook_sending.claim(other)


def test_the_sweep_takes_a_share_of_each_host_so_that_a_long_queue_hides_nobody() -> None:
    buyer = make_buyer()
    queue = [buyer.finish_order("http://one.example/") for _ in range(10)]
    behind = buyer.finish_order("http://two.example/")

    with db.connection_context():
        assert webhook_sending.due(100) == [*queue[:PER_HOST], behind]


def test_a_receiver_that_hangs_does_not_hold_up_the_others(worker: dramatiq.Worker) -> None:
    buyer = make_buyer()
    with Receiver(hang) as hanging, Receiver() as healthy:
        for delivery_id in [buyer.finish_order(hanging.url) for _ in range(30)]:
            enqueue.deliver(delivery_id)
        hanging.wait_for(PER_HOST)
        enqueue.deliver(make_buyer().finish_order(healthy.url))
        healthy.wait_for(1, seconds=2)
        assert len(hanging.requests) == PER_HOST
        hanging.behaviours[:] = [answer(200)]
        hanging.released.set()
        hanging.wait_for(30)


def test_a_queue_drains_by_itself_when_one_message_of_it_arrives(worker: dramatiq.Worker) -> None:
    buyer = make_buyer()
    with Receiver() as receiver:
        ids = [buyer.finish_order(receiver.url) for _ in range(20)]
        enqueue.deliver(ids[7])
        receiver.wait_for(20)
        eventually(lambda: all(delivery(one).state == "delivered" for one in ids), "all deliveries' end")

    assert len(receiver.requests) == 20


def test_a_message_that_redis_lost_is_made_up_for_by_the_sweep(worker: dramatiq.Worker) -> None:
    buyer = make_buyer()
    with Receiver(answer(500), answer(200)) as receiver:
        delivery_id = buyer.finish_order(receiver.url)
        wake_webhooks.fn(time.time())
        receiver.wait_for(1)
        eventually(lambda: attempts(delivery_id), "the first attempt's record")
        make_due(delivery_id)
        wake_webhooks.fn(time.time())
        receiver.wait_for(2)


@pytest.fixture
def full_queue() -> Iterator[None]:
    """A queue that nobody works off."""
    for number in range(1000):
        enqueue.deliver(10**9 + number)
    yield
    broker.flush(queues.WEBHOOKS)


def test_the_sweep_adds_nothing_to_a_heap_of_messages(full_queue: None) -> None:
    buyer = make_buyer()
    buyer.finish_order("http://one.example/")
    before = broker.do_qsize(queues.WEBHOOKS)

    wake_webhooks.fn(time.time())

    assert broker.do_qsize(queues.WEBHOOKS) == before

"""Purchases from a provider whose workers die: at every step, and each time exactly one sale and one capture."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import Popen
from typing import Any

import pytest
from flask.testing import FlaskClient

from jobs import enqueue
from models.database import changed, db, row, rows
from models.telegram_goods import PREMIUM_SKUS
from tests.factories import Shop, eventually, make_product, make_shop
from tests.faults.checkpoint import Checkpoint, When
from tests.faults.processes import Processes, kill_group, worker_command
from tests.sandbox import Sandbox, running_sandbox

CHECK, SUBMIT = ("GET", "/premium/recipient/search"), ("POST", "/orders/premium")


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    """The sandbox, with an empty book."""
    with running_sandbox(tmp_path) as running:
        yield running


def premium_order(shop: Shop, recipient: str = "durov") -> int:
    """An order of three months of Premium, from the sandbox."""
    product = (
        row_of_product()
        or make_product("12", in_stock=0, provider="sandbox", sku=PREMIUM_SKUS[3], needs_recipient=True).id
    )
    answer = shop.post("/orders", {"product_id": product, "quantity": 1, "recipient": recipient})
    assert answer.status_code == 200, answer.json
    return int(answer.json["order_id"])


def row_of_product() -> int | None:
    """The product, once it is there."""
    with db.connection_context():
        found = row("SELECT id FROM products WHERE sku = %(sku)s", {"sku": PREMIUM_SKUS[3]})
    return found["id"] if found else None


def order_row(order_id: int) -> dict[str, Any]:
    """The order as the database has it."""
    with db.connection_context():
        [found] = rows("SELECT * FROM orders WHERE id = %(id)s", {"id": order_id})
    return found


def captures(order_id: int) -> list[Any]:
    """The movements that ended the order."""
    with db.connection_context():
        return rows(
            "SELECT kind FROM transfers WHERE order_id = %(id)s AND kind IN ('capture', 'release')", {"id": order_id}
        )


def let_the_lease_end(order_id: int) -> None:
    """Let the time pass after which a dead worker's order is taken up again."""
    with db.connection_context():
        changed(
            "UPDATE orders SET lease_until = now() - interval '1 s', wake_at = now() WHERE id = %(id)s",
            {"id": order_id},
        )


@contextmanager
def locked(table: str, row_id: int) -> Iterator[None]:
    """Hold a lock on a row, from a connection of its own, within the block."""
    ready, done = threading.Event(), threading.Event()

    def hold() -> None:
        with db.connection_context(), db.atomic():
            rows(f"SELECT 1 FROM {table} WHERE id = %(id)s FOR UPDATE", {"id": row_id})  # noqa: S608 - a name of ours
            ready.set()
            done.wait(30)

    holder = threading.Thread(target=hold)
    holder.start()
    ready.wait(10)
    try:
        yield
    finally:
        done.set()
        holder.join()


def is_waiting_for_a_lock() -> bool:
    """Whether some statement waits for somebody's lock."""
    with db.connection_context():
        return bool(rows("SELECT 1 FROM pg_locks WHERE NOT granted"))


def buyer(processes: Processes, url: str) -> Popen[bytes]:
    """A worker of the providers' queue, that finds the sandbox at this address."""
    return processes.start(worker_command("providers"), SANDBOX_API_URL=url)


def finished_once(shop: Shop, order_id: int, sandbox: Sandbox) -> None:
    """Nudge the order to its end; then it was sold once, paid once and is complete."""

    def ended() -> bool:
        let_the_lease_end(order_id)
        enqueue.fulfil(order_id, "sandbox")
        return bool(order_row(order_id)["status"] != "processing")

    until(ended)
    assert order_row(order_id)["status"] == "completed"
    assert [sale["username"] for sale in sandbox.book()] == ["durov"]
    assert [movement["kind"] for movement in captures(order_id)] == ["capture"]
    assert (shop.balance()["balance_usdt"], shop.balance()["held_usdt"]) == (988, 0)


def until(condition: Callable[[], bool], pause: float = 0.3) -> None:
    """Wait for it, with pauses that leave the worker some time."""
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, "the order did not end"
        threading.Event().wait(pause)


@pytest.mark.parametrize(
    ("request_held", "when", "sold_by_then"),
    [
        (CHECK, "before", 0),  # the attempt is on record, nothing is submitted
        (SUBMIT, "before", 0),  # it is on record as submitted, and the provider never heard of it
        (SUBMIT, "after", 1),  # the provider has it, and the answer finds nobody
    ],
)
def test_a_worker_killed_while_it_asks_the_provider_buys_once(
    client: FlaskClient, processes: Processes, sandbox: Sandbox, request_held: tuple[str, str], when: When,
    sold_by_then: int,
) -> None:  # fmt: skip
    shop = make_shop(client, "1000")
    with Checkpoint(sandbox.url, *request_held, when) as checkpoint:
        worker = buyer(processes, checkpoint.url)
        order_id = premium_order(shop)
        assert checkpoint.reached.wait(20)
        if sold_by_then:
            eventually(lambda: len(sandbox.book()) == sold_by_then, "the sale")
        kill_group(worker)
        checkpoint.go_on.set()

        buyer(processes, checkpoint.url)
        finished_once(shop, order_id, sandbox)


def test_a_worker_killed_before_it_took_the_order_up_buys_once(
    client: FlaskClient, processes: Processes, sandbox: Sandbox
) -> None:
    shop = make_shop(client, "1000")
    order_id = premium_order(shop)
    with locked("orders", order_id):
        worker = buyer(processes, sandbox.url)
        eventually(is_waiting_for_a_lock, "the worker's claim")
        kill_group(worker)

    buyer(processes, sandbox.url)
    finished_once(shop, order_id, sandbox)


def test_a_worker_killed_before_it_wrote_the_answer_down_buys_once(
    client: FlaskClient, processes: Processes, sandbox: Sandbox
) -> None:
    shop = make_shop(client, "1000")
    with Checkpoint(sandbox.url, *SUBMIT, "after") as checkpoint:
        worker = buyer(processes, checkpoint.url)
        order_id = premium_order(shop)
        assert checkpoint.reached.wait(20)
        with locked("orders", order_id):
            checkpoint.go_on.set()
            eventually(is_waiting_for_a_lock, "the worker at its writing")
            kill_group(worker)

        buyer(processes, checkpoint.url)
        finished_once(shop, order_id, sandbox)


def test_a_worker_killed_before_the_commit_of_the_end_captures_once(
    client: FlaskClient, processes: Processes, sandbox: Sandbox
) -> None:
    shop = make_shop(client, "1000")
    order_id = premium_order(shop)
    with locked("accounts", shop.account_id):
        worker = buyer(processes, sandbox.url)
        eventually(lambda: order_row(order_id)["provider_order_id"], "the provider's name for it")
        eventually(lambda: _nudged(order_id) and is_waiting_for_a_lock(), "the settlement")
        kill_group(worker)

    assert order_row(order_id)["status"] == "processing"
    buyer(processes, sandbox.url)
    finished_once(shop, order_id, sandbox)


def _nudged(order_id: int) -> bool:
    # Looked at as if its pause were over, which the sweep does in production.
    enqueue.fulfil(order_id, "sandbox")
    return True


def test_a_message_that_arrives_five_times_at_once_buys_once(
    client: FlaskClient, processes: Processes, sandbox: Sandbox
) -> None:
    shop = make_shop(client, "1000")
    order_id = premium_order(shop)
    for _ in range(5):
        enqueue.fulfil(order_id, "sandbox")
    for _ in range(2):
        buyer(processes, sandbox.url)

    finished_once(shop, order_id, sandbox)


def test_what_is_sold_while_its_answer_is_lost_is_found_and_paid_once(
    client: FlaskClient, processes: Processes, sandbox: Sandbox
) -> None:
    shop = make_shop(client, "1000")
    order_id = premium_order(shop, "sandbox_lost")
    buyer(processes, sandbox.url)
    processes.start(worker_command("upkeep"))
    processes.start_scheduler()

    eventually(lambda: order_row(order_id)["status"] == "completed", "the look-up")

    assert [sale["username"] for sale in sandbox.book()] == ["sandbox_lost"]
    assert [movement["kind"] for movement in captures(order_id)] == ["capture"]


def test_orders_that_hang_at_a_provider_hold_up_no_other(
    client: FlaskClient, processes: Processes, sandbox: Sandbox
) -> None:
    shop = make_shop(client, "10000")
    hanging = [premium_order(shop, "sandbox_hang") for _ in range(100)]
    buyer(processes, sandbox.url)
    eventually(lambda: all(order_row(order_id)["provider_order_id"] for order_id in hanging), "a hundred that hang")
    processes.start(worker_command("upkeep"))
    processes.start_scheduler()

    order_id = premium_order(shop)

    eventually(lambda: order_row(order_id)["status"] == "completed", "the order behind them")
    assert {order_row(other)["status"] for other in hanging} == {"processing"}

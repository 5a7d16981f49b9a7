"""The bot when what it needs goes away: no update is lost, and each is answered once."""

import threading
from collections.abc import Callable, Iterator

import pytest
import requests
from flask.testing import FlaskClient

from models.database import db, rows
from settings import settings
from tests.factories import eventually
from tests.faults.processes import SCHEDULER, Processes, kill_group, worker_command
from tests.faults.proxy import Proxy
from tests.jobs.bot_customer import SECRET_HEADER, Customer
from tests.jobs.bot_server import BotServer

Proxied = Callable[[str], tuple[Proxy, str]]


@pytest.fixture
def alice(client: FlaskClient) -> Iterator[Customer]:
    """A customer, and Telegram's Bot API at the address in the settings."""
    with BotServer() as server:
        yield Customer(client, server)


def send(base: str, update: object) -> requests.Response:
    """Send an update as Telegram would, over HTTP."""
    headers = {SECRET_HEADER: str(settings.telegram_webhook_secret)}
    return requests.post(f"{base}/telegram/webhook", json=update, headers=headers, timeout=30)


def test_telegram_is_asked_to_come_again_while_the_database_is_away(
    alice: Customer, processes: Processes, proxied: Proxied
) -> None:
    proxy, url = proxied(settings.database_url)
    base = processes.serve(DATABASE_URL=url)
    update = alice.written("/start")
    proxy.fail("refuse")

    answer = send(base, update)
    assert (answer.status_code, answer.json()["error"]) == (503, "service_unavailable")

    proxy.heal()
    eventually(lambda: send(base, update).ok, "the end of the outage")
    processes.start(worker_command("telegram"))
    eventually(lambda: alice.texts, "the answer")


def test_without_redis_an_update_is_kept_and_answered_when_the_clock_ticks_again(
    alice: Customer, processes: Processes, proxied: Proxied
) -> None:
    proxy, url = proxied(settings.redis_url)
    base = processes.serve(REDIS_URL=url)
    proxy.fail("refuse")

    assert send(base, alice.written("/start")).status_code == 200

    for command in (worker_command("telegram"), worker_command("upkeep"), SCHEDULER):
        processes.start(command)
    eventually(lambda: alice.texts, "the answer")


def test_a_worker_that_is_killed_in_mid_call_leaves_its_customer_to_the_next(
    alice: Customer, processes: Processes
) -> None:
    base = processes.serve()
    processes.start(worker_command("upkeep"))
    processes.start(SCHEDULER)
    reached = threading.Event()

    def hold(handler: object, serve: object) -> None:
        reached.set()
        alice.server.released.wait(30)

    alice.server.faults["POST /sendMessage"] = [hold]
    worker = processes.start(worker_command("telegram"))
    send(base, alice.written("/start"))
    assert reached.wait(15)
    kill_group(worker)
    with db.connection_context():
        db.execute_sql("UPDATE telegram_users SET lease_until = now()")  # a minute is over

    processes.start(worker_command("telegram"))

    eventually(lambda: alice.texts, "the answer")
    with db.connection_context():
        assert len(rows("SELECT 1 FROM telegram_messages")) == 1


def test_a_crowd_that_writes_at_once_is_answered(alice: Customer, processes: Processes) -> None:
    base = processes.serve()
    for command in (worker_command("telegram"), worker_command("upkeep"), SCHEDULER):
        processes.start(command)
    send(base, alice.written("/start"))
    eventually(lambda: alice.texts, "the workers' first answer")
    crowd = [Customer(alice.client, alice.server, id=6000 + number) for number in range(50)]
    threads = [threading.Thread(target=send, args=(base, customer.written("/start"))) for customer in crowd]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    eventually(lambda: all(customer.texts for customer in crowd), "the answers")
    assert [len(customer.texts) for customer in crowd] == [1] * len(crowd)

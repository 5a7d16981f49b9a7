"""The examples that receive webhooks: each takes ours, and nobody else's."""

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from tests.clients.languages import BASH, GO, NODE, PHP, PYTHON, is_here, receiver_command
from tests.clients.sutler import Sutler
from tests.factories import Shop, eventually
from tests.faults.processes import free_port
from web.signatures import sign

BODY = b'{"order_id":1,"status":"completed"}'
OTHER_SECRET = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="


@dataclass
class Running:
    """A receiver that runs: where, for whom, and where its output goes."""

    url: str
    shop: Shop
    log: Path

    def answer_to(self, body: bytes, *, signed: bytes = BODY, secret: str | None = None, seconds_off: int = 0) -> int:
        """The status that a message gets, whose signature is of `signed`, by a clock that is so many seconds off."""
        sent_at = str(int(time.time()) + seconds_off)
        signature = sign(secret or self.shop.secret or "", sent_at, signed).hex()
        return self.status_of(body, {"X-Webhook-Timestamp": sent_at, "X-Webhook-Signature": signature})

    def status_of(self, body: bytes, headers: dict[str, str]) -> int:
        """The status that a message gets with these headers."""
        always = {"Content-Type": "application/json", "X-Webhook-Id": "msg_test"}
        return requests.post(self.url, data=body, headers=always | headers, timeout=10).status_code


@pytest.fixture(params=(PYTHON, NODE, GO, PHP, BASH), ids=lambda language: language.name)
def receiver(request: pytest.FixtureRequest, compiled: Path, sutler: Sutler, tmp_path: Path) -> Iterator[Running]:
    """The example, running, in each language that the machine has."""
    if not is_here(request.param):
        pytest.skip(f"left out: no {request.param.needs} on this machine")
    shop, port = sutler.shop(signed=True), free_port()
    with running(receiver_command(request.param, compiled, port), shop, tmp_path / "log"):
        eventually(lambda: listens(port), "the receiver's start")
        yield Running(f"http://127.0.0.1:{port}/webhooks", shop, tmp_path / "log")


@contextmanager
def running(command: list[str], shop: Shop, log: Path) -> Iterator[None]:
    """A receiver that verifies by the client's secret."""
    environ = {**os.environ, "SUTLER_SECRET": shop.secret or ""}
    with log.open("wb") as output:
        process = subprocess.Popen(command, env=environ, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
    try:
        yield
    finally:
        process.kill()
        process.wait(10)


def listens(port: int) -> bool:
    """Whether somebody takes connections at a port."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_it_takes_our_webhook(sutler: Sutler, receiver: Running) -> None:
    order = receiver.shop.order(sutler.sell(1), webhook_url=receiver.url).json

    event = sutler.delivered_webhook(receiver.shop, order["order_id"])

    assert [attempt["status"] for attempt in event["attempts"]] == [204]
    assert f"{event['webhook_id']} {order['order_id']} " in receiver.log.read_text()
    assert "completed" in receiver.log.read_text()


def test_it_refuses_what_is_not_genuine(receiver: Running) -> None:
    assert receiver.answer_to(BODY) == 204
    assert receiver.answer_to(BODY, seconds_off=-290) == 204
    taken = receiver.log.read_text().count("msg_test")

    assert receiver.answer_to(BODY.replace(b"1", b"2")) == 401
    assert receiver.answer_to(BODY, secret=OTHER_SECRET) == 401
    assert receiver.answer_to(BODY, seconds_off=-310) == 401
    assert receiver.answer_to(BODY, seconds_off=310) == 401
    assert receiver.status_of(BODY, {}) == 401
    assert receiver.status_of(BODY, {"X-Webhook-Timestamp": "now", "X-Webhook-Signature": "é"}) == 401
    assert receiver.status_of(BODY, {"X-Webhook-Timestamp": str(int(time.time())), "X-Webhook-Signature": ""}) == 401
    assert receiver.log.read_text().count("msg_test") == taken

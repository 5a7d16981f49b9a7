"""Answers that are kept alive with white space, from real processes."""

import json
import signal
import threading
from typing import Any

import requests
from flask.testing import FlaskClient

from tests.factories import TelegramShop, eventually, make_telegram_goods, make_v2_shop
from tests.faults.processes import WEB, Processes, answers, free_port

STARS = {"username": "target", "amount": 100}


def order_and_wait(base: str, shop: TelegramShop, seconds: int) -> requests.Response:
    """Order stars and wait for them; returns with the answer's head."""
    headers = {"Authorization": f"Bearer {shop.api_key}"}
    address = f"{base}/api/v2/stars?wait=true&timeout={seconds}"
    return requests.post(address, json=STARS, headers=headers, stream=True, timeout=30)


def test_the_head_comes_at_once_and_the_body_when_the_time_is_up(client: FlaskClient, processes: Processes) -> None:
    make_telegram_goods()
    base = processes.serve(WAIT_KEEPALIVE_SECONDS="1")

    answer = order_and_wait(base, make_v2_shop(client), 4)

    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/json")
    assert answer.elapsed.total_seconds() < 3
    pieces = list(answer.iter_content(None))
    assert pieces[0] == b" "
    assert len(pieces) >= 3
    assert json.loads(b"".join(pieces))["error"] == "timeout"


def test_sigterm_ends_the_streamed_waits_as_json(client: FlaskClient, processes: Processes) -> None:
    make_telegram_goods()
    shop, port, got = make_v2_shop(client), free_port(), list[Any]()
    served = {"PORT": str(port), "BIND_HOST": "127.0.0.1", "WEB_CONCURRENCY": "1", "WAIT_KEEPALIVE_SECONDS": "1"}
    web = processes.start(WEB, **served)
    base = f"http://127.0.0.1:{port}"
    eventually(lambda: answers(base), "the web's first answer")
    answer = order_and_wait(base, shop, 60)
    reading = threading.Thread(target=lambda: got.append(answer.content))
    reading.start()

    web.send_signal(signal.SIGTERM)
    reading.join(20)

    document = json.loads(got[0])
    assert (document["ok"], document["error"]) == (False, "timeout")
    assert shop.get(f"/order/{document['order_id']}").json["status"] == "pending"
    assert web.wait(20) == 0

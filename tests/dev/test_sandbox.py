"""The made-up provider, over HTTP: what becomes of an order for each kind of username, and what its book keeps."""

import hashlib
import hmac
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests

from dev.ports import free_port
from settings import settings
from tests.factories import eventually
from tests.receiver import Received, Receiver, answer
from tests.sandbox import Sandbox, running_sandbox


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    """The provider, with nothing sold yet."""
    with running_sandbox(tmp_path) as running:
        yield running


def wanted(sandbox: Sandbox, username: str, stars: int = 50) -> dict[str, Any]:
    """The body of an order of stars, after the search for its recipient."""
    found = sandbox.get("/star/recipient/search", username=username, quantity=stars).json()
    assert found["success"] is True
    return {"username": username, "recipient_hash": found["recipient"], "quantity": stars, "wallet_type": "TON"}


def order(sandbox: Sandbox, username: str, key: str = "key", stars: int = 50) -> Any:
    """Place an order of stars; the answer's document."""
    placed = sandbox.post("/orders/star", wanted(sandbox, username, stars), key)
    assert placed.status_code == 200, placed.text
    return placed.json()


def status(sandbox: Sandbox, placed: Any) -> str:
    """How an order stands."""
    return str(sandbox.get(f"/orders/{placed['order_id']}").json()["status"])


def wait_until_sold(sandbox: Sandbox, count: int) -> list[Any]:
    """The book, once it has so many sales."""
    eventually(lambda: len(sandbox.book()) >= count, f"{count} sales")
    return sandbox.book()


def test_an_order_is_completed_a_moment_after_it_was_placed_and_then_counts_as_sold(sandbox: Sandbox) -> None:
    before = int(time.time())
    placed = order(sandbox, "Durov", "reference-1", 500)

    assert (placed["status"], placed["amount"]) == ("pending", 500)
    eventually(lambda: status(sandbox, placed) == "completed", "the completion")
    (sale,) = sandbox.book("durov")
    assert before <= sale.pop("at") <= time.time()
    assert sale == {"reference": "reference-1", "username": "Durov", "product": "stars", "quantity": 500}
    assert sandbox.book("somebody") == []


@pytest.mark.parametrize(
    ("kind", "field", "amount", "product"),
    [("premium", "months", 12, "premium"), ("ton", "amount", 7, "ton"), ("ton", "amount", 12.34, "ton")],
)
def test_premium_and_ton_are_sold_too(sandbox: Sandbox, kind: str, field: str, amount: float, product: str) -> None:
    found = sandbox.get(f"/{kind}/recipient/search", username="durov", **{field: amount}).json()
    body = {"username": "durov", "recipient_hash": found["recipient"], field: amount, "wallet_type": "TON"}

    assert sandbox.post(f"/orders/{kind}", body, "key").json()["amount"] == amount

    (sale,) = wait_until_sold(sandbox, 1)
    assert (sale["product"], str(sale["quantity"])) == (product, str(amount))


def test_a_repetition_tells_of_the_same_order_and_another_body_is_refused(sandbox: Sandbox) -> None:
    body = wanted(sandbox, "durov")
    first = sandbox.post("/orders/star", body, "key").json()

    wait_until_sold(sandbox, 1)
    again = sandbox.post("/orders/star", body, "key").json()
    other = sandbox.post("/orders/star", body | {"quantity": 51}, "key")
    to_other = sandbox.post("/orders/star", wanted(sandbox, "pavel"), "key")

    assert again == first | {"status": "completed"}
    assert (other.status_code, to_other.status_code) == (409, 409)
    assert len(sandbox.book()) == 1


def test_twenty_at_once_with_one_key_make_one_sale(sandbox: Sandbox) -> None:
    body = wanted(sandbox, "durov")

    with ThreadPoolExecutor(20) as pool:
        placed = list(pool.map(lambda _: sandbox.post("/orders/star", body, "key").json()["order_id"], range(20)))

    assert len(set(placed)) == 1
    wait_until_sold(sandbox, 1)
    assert len(sandbox.book()) == 1


def test_hundreds_at_once_are_all_sold(sandbox: Sandbox) -> None:
    body = wanted(sandbox, "durov")

    with ThreadPoolExecutor(100) as pool:
        placed = list(pool.map(lambda number: sandbox.post("/orders/star", body, f"key {number}"), range(400)))

    assert {one.status_code for one in placed} == {200}
    assert len(wait_until_sold(sandbox, 400)) == 400


def test_nobody_is_called_sandbox_notfound(sandbox: Sandbox) -> None:
    found = sandbox.get("/star/recipient/search", username="Sandbox_NotFound", quantity=50)
    body = wanted(sandbox, "durov") | {"username": "sandbox_notfound"}

    assert (found.status_code, found.json()["success"]) == (404, False)
    assert sandbox.post("/orders/star", body, "key").status_code == 400


def test_an_order_for_sandbox_fail_is_refused_and_not_sold(sandbox: Sandbox) -> None:
    refused = sandbox.post("/orders/star", wanted(sandbox, "SANDBOX_FAIL"), "key")

    assert (refused.status_code, refused.json()) == (
        400, {"success": False, "message": "Telegram does not let @SANDBOX_FAIL receive this."},
    )  # fmt: skip
    assert sandbox.book() == []


def test_an_order_for_sandbox_slow_takes_as_many_seconds_as_the_name_says(sandbox: Sandbox) -> None:
    started = time.monotonic()
    slow = order(sandbox, "sandbox_slow_1", "slow")
    slower = order(sandbox, "Sandbox_Slow_999", "slower")

    assert [sale["reference"] for sale in wait_until_sold(sandbox, 1)] == ["slow"]
    assert time.monotonic() - started >= 1
    assert (status(sandbox, slow), status(sandbox, slower)) == ("completed", "pending")


def test_an_order_for_sandbox_hang_is_taken_and_never_ends(sandbox: Sandbox) -> None:
    hanging = order(sandbox, "sandbox_hang", "hanging")
    order(sandbox, "durov", "after it")

    assert [sale["reference"] for sale in wait_until_sold(sandbox, 1)] == ["after it"]
    assert status(sandbox, hanging) == "pending"
    assert order(sandbox, "sandbox_hang", "hanging")["order_id"] == hanging["order_id"]


def test_three_calls_for_each_order_of_sandbox_down_find_nobody(sandbox: Sandbox) -> None:
    for key in ("first", "second"):
        for _ in range(3):
            with pytest.raises(requests.ConnectionError):
                order(sandbox, "sandbox_down", key)
        placed = order(sandbox, "sandbox_down", key)
        assert order(sandbox, "sandbox_down", key)["order_id"] == placed["order_id"]

    assert [sale["reference"] for sale in wait_until_sold(sandbox, 2)] == ["first", "second"]


def test_an_order_for_sandbox_lost_is_sold_and_a_repetition_tells_so(sandbox: Sandbox) -> None:
    with pytest.raises(requests.ConnectionError):
        order(sandbox, "sandbox_lost")

    assert [sale["username"] for sale in sandbox.book()] == ["sandbox_lost"]
    assert order(sandbox, "sandbox_lost")["status"] == "completed"
    assert len(sandbox.book()) == 1


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({}, None), ({"recipient_hash": "f" * 64}, "key"), ({"username": "pavel"}, "key"), ({"username": 5}, "key"),
        ({"quantity": 49}, "key"), ({"quantity": 50.5}, "key"), ({"quantity": True}, "key"), ({"quantity": None}, "key"),
    ],
)  # fmt: skip
def test_a_body_that_makes_no_sense_is_refused(sandbox: Sandbox, change: dict[str, Any], key: str | None) -> None:
    refused = sandbox.post("/orders/star", wanted(sandbox, "durov") | change, key)

    assert (refused.status_code, refused.json()["success"]) == (400, False)


def test_what_is_not_there_and_who_has_no_key_is_told_so(sandbox: Sandbox) -> None:
    assert sandbox.get("/orders/nothing").status_code == 404
    assert sandbox.get("/nothing").status_code == 404
    assert sandbox.post("/nothing", {}, "key").status_code == 404
    assert requests.get(f"{sandbox.url}/wallet/balance", timeout=10).status_code == 401
    assert (
        requests.post(f"{sandbox.url}/orders/star", b"{", headers={"API-Key": "sandbox"}, timeout=10).status_code == 400
    )
    assert sandbox.get("/wallet/balance").json() == {"balance": 100_000, "currency": "TON"}


def test_a_kill_makes_it_forget_nothing(sandbox: Sandbox) -> None:
    sold = order(sandbox, "durov", "sold")
    wait_until_sold(sandbox, 1)
    slow = order(sandbox, "sandbox_slow_1", "slow")
    for _ in range(2):
        with pytest.raises(requests.ConnectionError):
            order(sandbox, "sandbox_down", "down")

    sandbox.kill()
    sandbox.start()

    assert sandbox.book()[0]["reference"] == "sold"
    assert order(sandbox, "durov", "sold") == sold | {"status": "completed"}
    with pytest.raises(requests.ConnectionError):
        order(sandbox, "sandbox_down", "down")
    order(sandbox, "sandbox_down", "down")
    eventually(lambda: status(sandbox, slow) == "completed", "what was not due before the kill")
    assert {sale["reference"] for sale in wait_until_sold(sandbox, 3)} == {"sold", "slow", "down"}


def test_its_end_is_quiet(sandbox: Sandbox) -> None:
    order(sandbox, "durov")
    assert sandbox.stop() == ""


def test_the_end_of_an_order_is_told_by_a_signed_webhook_and_once_more_after_a_kill(tmp_path: Path) -> None:
    with Receiver() as receiver, running_sandbox(tmp_path, receiver.url) as sandbox:
        placed = order(sandbox, "durov")
        order(sandbox, "sandbox_hang", "never told")
        slow = order(sandbox, "sandbox_slow_1", "slow")
        told = receiver.wait_for(1)[0]
        sandbox.kill()
        sandbox.start()
        later = receiver.wait_for(3)

    assert told.json == {
        "event_type": "order.completed", "order": {"id": placed["order_id"], "status": "completed", "payload": {}},
        "error": None,
    }  # fmt: skip
    assert signed_by_us(told)
    assert {one.json["order"]["id"] for one in later} == {placed["order_id"], slow["order_id"]}


def signed_by_us(told: Received) -> bool:
    """Whether the signature is made with the secret of the settings."""
    secret = (settings.sandbox_webhook_secret or "").encode()
    return hmac.new(secret, told.body, hashlib.sha256).hexdigest() == told.headers["x-istar-signature"]


def test_a_webhook_that_fails_is_sent_once_more_and_its_failing_said_once(tmp_path: Path) -> None:
    with Receiver(answer(500), answer(200)) as receiver, running_sandbox(tmp_path, receiver.url) as sandbox:
        placed = order(sandbox, "durov")
        told = receiver.wait_for(2)
        said = sandbox.stop()

    assert [one.json["order"]["id"] for one in told] == [placed["order_id"]] * 2
    assert said == "Webhooks are not taken (HTTP 500); the orders' ends have to be asked for.\n"


def test_without_anybody_to_tell_orders_are_sold_all_the_same(tmp_path: Path) -> None:
    with running_sandbox(tmp_path, f"http://127.0.0.1:{free_port(())}/hook") as sandbox:
        order(sandbox, "durov")
        wait_until_sold(sandbox, 1)

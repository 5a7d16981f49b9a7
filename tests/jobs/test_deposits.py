"""Reading networks, as the clock has workers do it."""

import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import dramatiq
import pytest
from flask.testing import FlaskClient

import chains.networks
from jobs import deposits, enqueue, queues, ticks
from models import networks, scans
from models.database import changed, db, rows
from settings import settings
from tests.factories import Shop, eventually, exact, make_product, make_shop
from tests.payers import NETWORK, NETWORKS, ask, grow_older, make_till, pay, read_up_to_now, shown
from tests.receiver import Receiver, answer

REAL = "usdt_bep_20"  # the network that tests give a server of their own to be read from


@pytest.fixture
def shop(client: FlaskClient) -> Shop:
    """A client without money."""
    return make_shop(client, "0")


@pytest.fixture
def node(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    """The one server of a network, out of order."""
    with Receiver(answer(500, b'{"error": "out of order"}')) as receiver:
        real = settings.model_copy(update={"bsc_rpc_urls": (f"{receiver.url}?key=hidden",)})
        for module in (chains.networks, networks):
            monkeypatch.setattr(module, "settings", real)
        chains.networks.reader.cache_clear()
        yield receiver
    chains.networks.reader.cache_clear()


def standing(network: str = NETWORK) -> Any:
    """How the network stands."""
    with db.connection_context():
        return next(scan for scan in scans.listed() if scan["network"] == network)


def test_a_simulated_network_is_final_up_to_the_present(client: FlaskClient) -> None:
    before = int(time.time())

    read_up_to_now()

    assert before <= standing()["final_at"].timestamp() <= time.time()
    assert (standing()["caught_up"], standing()["error"]) == (True, None)
    assert 0 <= standing()["lag_seconds"] < 10
    assert standing("usdt_ton")["final_at"] is None


def test_what_was_made_up_is_credited_before_its_network_was_ever_read(client: FlaskClient, shop: Shop) -> None:
    topup = ask(shop)
    pay(make_till(client), "100")

    read_up_to_now()

    assert shown(shop, topup)["status"] == "credited_auto"
    assert shop.balance()["balance_usdt"] == 100


def test_a_tick_that_is_stale_does_nothing() -> None:
    deposits.scan.fn(time.time() - 60, NETWORK)

    assert standing()["scanned_at"] is None


def test_a_network_that_is_being_read_is_left_alone() -> None:
    with db.connection_context():
        scans.claim(NETWORK)

    read_up_to_now()

    assert standing()["scanned_at"] is None
    with db.connection_context():
        changed("UPDATE network_scans SET lease_until = now() - interval '1 second'")
    read_up_to_now()
    assert standing()["scanned_at"] is not None


def test_the_clock_has_each_network_that_is_on_read_every_few_seconds() -> None:
    ours = [tick for tick in ticks.TICKS if tick.job == queues.SCAN_NETWORK]

    assert [tick.about for tick in ours] == list(NETWORKS)
    assert {tick.seconds for tick in ours} == {settings.scan_interval_seconds} == {5}


def test_ticks_are_taken_up_by_a_worker(worker: dramatiq.Worker) -> None:
    for network in NETWORKS:
        enqueue.tick(queues.SCAN_NETWORK, network)

    eventually(lambda: all(standing(network)["scanned_at"] for network in NETWORKS), "the reading of all networks")


def test_orders_that_were_not_paid_expire_with_the_reading_of_their_network(
    client: FlaskClient, worker: dramatiq.Worker
) -> None:
    desk, product = make_till(client), make_product("10", in_stock=5)
    with Receiver() as receiver:
        placed = [
            exact(desk.post("/website-orders", {
                "product_id": product.id, "quantity": 1, "network": network, "webhook_url": receiver.url,
            }))
            for network in (NETWORK, NETWORK, "usdt_ton")
        ]  # fmt: skip
        pay(desk, placed[1]["amount_usdt"])
        grow_older(timedelta(hours=2))

        enqueue.tick(queues.SCAN_NETWORK, NETWORK)

        told = {received.json["order_id"]: received.json["status"] for received in receiver.wait_for(2)}
    ids = [order["order_id"] for order in placed]
    assert told == {ids[0]: "expired", ids[1]: "completed"}
    assert exact(desk.get(f"/website-orders/{ids[2]}"))["status"] == "awaiting_payment"


def test_orders_of_a_network_expire_with_its_own_reading_and_with_no_others(client: FlaskClient) -> None:
    desk, product = make_till(client), make_product("10", in_stock=5)
    for network in (NETWORK, NETWORK, NETWORK):
        desk.post("/website-orders", {"product_id": product.id, "quantity": 1, "network": network})
    grow_older(timedelta(hours=2))
    read_up_to_now("usdt_ton")
    assert {order["status"] for order in desk.get("/orders").get_json()["items"]} == {"awaiting_payment"}

    read_up_to_now()

    assert {order["status"] for order in desk.get("/orders").get_json()["items"]} == {"expired"}


@pytest.mark.usefixtures("node")
def test_a_network_that_cannot_be_read_says_why_and_nothing_on_it_expires(client: FlaskClient, shop: Shop) -> None:
    topup = ask(shop, network=REAL)
    grow_older(timedelta(hours=2))

    read_up_to_now(REAL)

    failed = standing(REAL)
    assert "HTTP 500" in failed["error"]
    assert failed["error_at"] is not None
    assert (failed["scanned_at"], failed["final_at"], failed["cursor"]) == (None, None, None)
    [endpoint] = failed["endpoints"]
    assert endpoint["host"].startswith("127.0.0.1:")
    assert endpoint["calls"] >= 1
    assert endpoint["faults_in_a_row"] >= 1
    assert "HTTP 500" in endpoint["last_error"]
    assert "hidden" not in str(failed)
    [seen] = [one for one in make_till(client).get("/chains").get_json()["items"] if one["network"] == REAL]
    assert (seen["state"], seen["last_error"]) == ("failing", failed["error"])
    assert shown(shop, topup)["status"] == "pending"


@pytest.mark.usefixtures("node")
def test_a_network_that_cannot_be_read_is_free_for_the_next_attempt_and_keeps_its_place() -> None:
    with db.connection_context():
        changed("INSERT INTO network_scans (network, cursor) VALUES (%(network)s, '{\"block\": 5}')", {"network": REAL})

    for _ in range(2):
        read_up_to_now(REAL)

    assert (standing(REAL)["cursor"], standing(REAL)["error"] is None) == ({"block": 5}, False)
    with db.connection_context():
        [lease] = rows("SELECT lease_token, lease_until < now() AS free FROM network_scans")
    assert lease == {"lease_token": 2, "free": True}


def test_a_worker_without_the_settings_of_a_network_leaves_it_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    with db.connection_context():
        changed("INSERT INTO network_scans (network, cursor) VALUES (%(network)s, '{\"block\": 5}')", {"network": REAL})
    off = settings.model_copy(update={"allow_simulation": False})
    for module in (chains.networks, networks):
        monkeypatch.setattr(module, "settings", off)

    read_up_to_now(REAL)

    assert (standing(REAL)["cursor"], standing(REAL)["final_at"]) == ({"block": 5}, None)


def test_simulation_keeps_the_place_of_a_network_that_was_read_before() -> None:
    with db.connection_context():
        changed("INSERT INTO network_scans (network, cursor) VALUES (%(network)s, '{\"block\": 5}')", {"network": REAL})

    read_up_to_now(REAL)

    assert standing(REAL)["cursor"] == {"block": 5}

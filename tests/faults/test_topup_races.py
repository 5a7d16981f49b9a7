"""Many who ask for an amount at once: each is given one of its own."""

from collections import Counter
from itertools import pairwise

import requests
from flask.testing import FlaskClient

from models.database import db, rows
from tests.factories import make_product, make_shop
from tests.faults.crowds import admin, race
from tests.faults.processes import Processes, post
from tests.payers import NETWORK, ask, make_till


def windows() -> list[tuple[int, int]]:
    """Lowest and highest micro-dollars of every intent's window, lowest first."""
    with db.connection_context():
        found = rows(
            "SELECT amount - tolerance AS low, amount + tolerance AS high FROM payment_intents ORDER BY amount"
        )
    return [(window["low"], window["high"]) for window in found]


def test_forty_clients_who_ask_for_one_amount_get_one_each_or_none(client: FlaskClient, processes: Processes) -> None:
    base = processes.serve()
    shops = [make_shop(client, "0") for _ in range(40)]

    answers = race(40, lambda n: post(base, shops[n], "/balance/topup", {"amount_usdt": 50, "network": NETWORK}))

    # 50.00, 50.03 … 50.99: no more fit below 1 USDT above.
    assert Counter(answer.status_code for answer in answers) == {200: 34, 409: 6}
    assert {answer.json()["error"] for answer in answers if answer.status_code == 409} == {"no_free_amount"}
    owned = windows()
    assert len(owned) == 34
    assert all(before[1] < after[0] for before, after in pairwise(owned))


def test_twenty_twins_of_one_request_are_one_top_up_though_no_other_amount_is_free(
    client: FlaskClient, processes: Processes
) -> None:
    base = processes.serve()
    shop = make_shop(client, "0")
    for _ in range(33):
        ask(shop, "50")

    answers = race(
        20, lambda _: post(base, shop, "/balance/topup", {"amount_usdt": 50, "network": NETWORK}, Idempotency_Key="one")
    )

    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.text for answer in answers}) == 1
    assert Counter(answer.headers.get("Idempotent-Replayed") for answer in answers) == {None: 1, "true": 19}
    assert len(windows()) == 34


def test_twenty_twins_of_one_signed_request_are_one_top_up(client: FlaskClient, processes: Processes) -> None:
    base = processes.serve()
    shop = make_shop(client, "0", signed=True)
    body = b'{"amount_usdt": 50, "network": "usdt_trc_20"}'
    headers = {"X-API-Key": shop.api_key, "Content-Type": "application/json", **shop.signature(body)}

    def send(number: int) -> int:
        key = {"Idempotency-Key": "one"} if number % 2 else {}
        return requests.post(
            f"{base}/api/v1/balance/topup", data=body, headers=headers | key, timeout=30
        ).status_code  # fmt: skip

    assert Counter(race(20, send)).keys() <= {200, 401}
    assert len(windows()) == 1


def test_twenty_website_orders_and_top_ups_of_one_amount_share_no_window(
    client: FlaskClient, processes: Processes
) -> None:
    base, desk, product = processes.serve(), make_till(client), make_product("10", in_stock=20)
    shop, order = make_shop(client, "0"), {"product_id": product.id, "quantity": 1, "network": NETWORK}

    def send(number: int) -> int:
        if number % 2:
            return admin(base, desk, "/website-orders", order).status_code
        return post(base, shop, "/balance/topup", {"amount_usdt": 10, "network": NETWORK}).status_code

    assert Counter(race(20, send)) == {200: 10, 201: 10}
    owned = windows()
    assert len(owned) == 20
    assert all(before[1] < after[0] for before, after in pairwise(owned))
    with db.connection_context():
        hits = [found["dp_hits"] for found in rows("SELECT dp_hits FROM orders ORDER BY dp_hits")]
    assert hits == list(range(10))

"""Many at once about one payment: each transfer counts once."""

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from models import accounts, deposits, interventions, scans, settlement, topups, website_orders
from models.database import db, retrying, row, rows
from models.intents import Wanted
from models.interventions import NotCancellable
from models.scans import LeaseLost, Progress
from tests.factories import eventually, make_product, make_shop
from tests.faults.crowds import admin, at_once, race
from tests.faults.processes import SCHEDULER, Processes, get, kill_group, worker_command
from tests.payers import NETWORK, NETWORKS, arrival, ask, grow_older, make_till, pay

USDT = 1_000_000


def record(*arrivals: deposits.Arrival) -> deposits.Recorded:
    """Record a batch in a transaction, as a scan does."""

    def transaction() -> deposits.Recorded:
        with db.atomic():
            return deposits.record(NETWORK, arrivals)

    return retrying(transaction)


@pytest.mark.parametrize("batches", ["the same", "backwards"])
def test_four_scanners_with_the_same_transfers_credit_each_once(batches: str) -> None:
    with db.connection_context():
        payers = [accounts.create(f"payer {number}") for number in range(10)]
        for number in range(40):
            with db.atomic():
                topups.request(Wanted(NETWORK, "x", (100 + number) * USDT, payers[number % 10]))
    batch = [arrival(100 + number, tx=f"tx{number}") for number in range(60)]

    def scan(number: int) -> Callable[[], deposits.Recorded]:
        return lambda: record(*(reversed(batch) if batches == "backwards" and number % 2 else batch))

    recorded = at_once(*(scan(number) for number in range(4)))

    assert sum(one.new for one in recorded) == 60
    with db.connection_context():
        credited = {payer: accounts.get(payer)["topped_up"] for payer in payers}
        assert len(rows("SELECT 1 FROM deposits WHERE status = 'unmatched'")) == 20
    assert credited == {payer: (4 * (100 + number) + 60) * USDT for number, payer in enumerate(payers)}


def test_four_transfers_for_one_top_up_at_once_pay_it_once() -> None:
    with db.connection_context():
        payer = accounts.create("a payer")
        with db.atomic():
            topups.request(Wanted(NETWORK, "x", 100 * USDT, payer))

    at_once(*(lambda tx=tx: record(arrival("100", tx=tx)) for tx in "abcd"))

    with db.connection_context():
        assert accounts.get(payer)["topped_up"] == 100 * USDT
        reasons = [found["reason"] for found in rows("SELECT reason FROM deposits WHERE status = 'unmatched'")]
    assert len(reasons) == 3
    assert all("paid already, by deposit" in reason for reason in reasons)


def test_of_eight_who_claim_a_network_one_reads_it() -> None:
    leases = [lease for lease in at_once(*(lambda: scans.claim(NETWORK) for _ in range(8))) if lease is not None]

    assert len(leases) == 1


def test_of_two_scanners_after_a_pause_only_the_one_with_the_lease_records() -> None:
    with db.connection_context():
        old = scans.claim(NETWORK)
        db.execute_sql("UPDATE network_scans SET lease_until = now() - interval '1 second'")
        new = scans.claim(NETWORK)
    assert old is not None
    assert new is not None

    def finish(lease: scans.ScanLease, tx: str) -> Callable[[], bool]:
        def run() -> bool:
            try:
                scans.finish(lease, [arrival("5", tx=tx), arrival("6", tx="both")], Progress({}, 1, 1, True), [])
            except LeaseLost:
                return False
            return True

        return run

    assert at_once(finish(old, "old"), finish(new, "new")) == [False, True]
    with db.connection_context():
        assert {found["tx_hash"] for found in rows("SELECT tx_hash FROM deposits")} == {"new", "both"}


def test_a_deposit_that_eight_credit_by_hand_at_once_is_credited_once(
    client: FlaskClient, processes: Processes
) -> None:
    base, desk = processes.serve(), make_till(client)
    shops = [make_shop(client, "0") for _ in range(4)]
    asked = [ask(shop, "100") for shop in shops]
    deposit = pay(desk, "5")
    bodies = [{"account_id": shop.account_id} for shop in shops] + [{"topup_id": topup["topup_id"]} for topup in asked]

    answers = race(8, lambda n: admin(base, desk, f"/deposits/{deposit['id']}/credit", bodies[n]))

    assert Counter(answer.status_code for answer in answers) == {200: 1, 409: 7}
    assert {answer.json()["error"] for answer in answers if answer.status_code == 409} == {"already_credited"}
    assert sum(shop.balance()["balance_usdt"] for shop in shops) == 5


def test_a_top_up_that_two_deposits_are_credited_to_at_once_takes_one(
    client: FlaskClient, processes: Processes
) -> None:
    base, desk, shop = processes.serve(), make_till(client), make_shop(client, "0")
    topup = ask(shop, "100")
    made = [pay(desk, amount)["id"] for amount in ("98", "97")]

    answers = race(2, lambda n: admin(base, desk, f"/deposits/{made[n]}/credit", {"topup_id": topup["topup_id"]}))

    assert sorted(answer.status_code for answer in answers) == [200, 409]
    assert get(base, shop, "/balance")["balance_usdt"] in (97, 98)


def test_a_credit_by_hand_and_the_transfer_itself_at_once_pay_a_top_up_once(
    client: FlaskClient, processes: Processes
) -> None:
    base, desk, shop = processes.serve(), make_till(client), make_shop(client, "0")
    for number in range(5):
        topup = ask(shop, 100 + 10 * number)
        odd = pay(desk, 1000 + number)["id"]
        sent = [
            (f"/deposits/{odd}/credit", {"topup_id": topup["topup_id"]}),
            ("/simulate/transfer", {"network": NETWORK, "amount_usdt": 100 + 10 * number}),
        ]
        race(2, lambda n, sent=sent: admin(base, desk, *sent[n]))  # type: ignore[misc]

    with db.connection_context():
        found = row("SELECT count(*) AS n FROM deposits WHERE account_id IS NOT NULL")
    assert found is not None
    assert found["n"] == 5


@pytest.mark.parametrize("other", ["cancelled", "expired"])
def test_an_order_that_is_paid_and_ended_at_once_is_one_of_both(client: FlaskClient, other: str) -> None:
    product = make_product("10", in_stock=12)
    with db.connection_context():
        placed = [
            website_orders.place("test", product.id, 1, NETWORK, webhook_url=None, recipient=None) for _ in range(12)
        ]
        amounts = [website_orders.get(order_id)[1]["amount"] for order_id in placed]

    def end(order_id: int) -> Callable[[], Any]:
        def run() -> Any:
            try:
                return (
                    interventions.cancel("test", order_id)
                    if other == "cancelled"
                    else settlement.expire_unpaid(order_id)
                )
            except NotCancellable:
                return None

        return run

    for order_id, amount in zip(placed, amounts, strict=True):
        paying = arrival(amount, tx=f"tx{order_id}")
        paid = deposits.Arrival(paying.tx_hash, 0, paying.sender, amount, paying.mined_at)
        at_once(end(order_id), lambda paid=paid: record(paid))  # type: ignore[misc]

    with db.connection_context():
        ends = rows(
            "SELECT o.status, d.status AS deposit FROM orders o JOIN payment_intents i ON i.order_id = o.id"
            " JOIN deposits d ON d.amount = i.amount"
        )
    assert len(ends) == 12
    # A paid order can still be cancelled, and the money is back on the account then; it is never lost.
    allowed = {(other, "unmatched"), ("processing", "credited_auto"), ("cancelled", "credited_auto")}
    assert {(end["status"], end["deposit"]) for end in ends} <= allowed


def test_a_scanner_that_is_killed_is_replaced_and_all_networks_are_read_again(
    client: FlaskClient, processes: Processes
) -> None:
    shop = make_shop(client, "0")
    ask(shop, "50", "usdt_ton")
    first = processes.start(worker_command("deposits"))
    processes.start(SCHEDULER, SCAN_INTERVAL_SECONDS="0.2")

    def final_at() -> dict[str, Any]:
        with db.connection_context():
            return {scan["network"]: scan["final_at"] for scan in scans.listed()}

    eventually(lambda: all(final_at().values()), "the first reading of all networks")
    kill_group(first)
    with db.connection_context():
        db.execute_sql("UPDATE network_scans SET lease_until = now() + interval '1 second'")  # not a minute
    grow_older(timedelta(hours=2))
    before = final_at()
    processes.start(worker_command("deposits"))

    eventually(lambda: all(final_at()[network] > before[network] for network in NETWORKS), "the next readings")
    assert shop.get("/networks").status_code == 200

"""What becomes of a top-up when a transfer arrives: what fits is credited, and what doesn't waits for an operator."""

import time
from datetime import timedelta
from decimal import Decimal
from typing import Any

import dramatiq
import pytest
from flask.testing import FlaskClient

from models.database import db, rows
from tests.desk import Desk
from tests.factories import Shop, exact, make_shop
from tests.payers import ask, grow_older, make_till, pay, read_up_to_now, shown
from tests.receiver import Receiver
from web.signatures import sign

NOBODYS = "No top-up or website order of that day asked for such an amount."


@pytest.fixture
def shop(client: FlaskClient) -> Shop:
    """A client without money."""
    return make_shop(client, "0")


@pytest.fixture
def till(client: FlaskClient) -> Desk:
    """Who lets transfers arrive."""
    return make_till(client)


def balance(shop: Shop) -> str:
    """What the client can spend; checks that the balance's figures fit each other and the statement."""
    document = exact(shop.get("/balance"))
    assert document["balance_usdt"] == document["total_topup_usdt"] - document["total_spent_usdt"]
    assert document["balance_usdt"] == sum(entry["amount_usdt"] for entry in shop.transactions())
    return str(document["balance_usdt"])


def assert_waits(deposit: Any, shop: Shop, reason: str) -> None:
    """Check that a deposit was credited to nobody, and that operators are told why."""
    assert (deposit["status"], deposit["account_id"], deposit["topup_id"]) == ("unmatched", None, None)
    assert deposit["reason"] == reason
    assert balance(shop) == "0"


@pytest.mark.parametrize("sent", ["100", "100.00", "99.99", "100.01", "99.995", "100.000001"])
def test_what_was_asked_for_within_a_hundredth_is_credited_as_it_arrived(shop: Shop, till: Desk, sent: str) -> None:
    topup = ask(shop)

    deposit = pay(till, sent)

    credited = shown(shop, topup)
    assert (deposit["status"], deposit["reason"]) == ("credited_auto", None)
    assert (deposit["account_id"], deposit["topup_id"]) == (shop.account_id, topup["topup_id"])
    assert (credited["status"], credited["tx_hash"]) == ("credited_auto", deposit["tx_hash"])
    assert credited["credited_usdt"] == Decimal(sent)
    assert Decimal(balance(shop)) == Decimal(sent)


@pytest.mark.parametrize(
    ("sent", "distance"),
    [
        ("98", "2.00 USDT under"), ("99.98", "0.02 USDT under"), ("99.989999", "0.010001 USDT under"),
        ("102", "2.00 USDT over"), ("100.02", "0.02 USDT over"), ("100.010001", "0.010001 USDT over"),
    ],
)  # fmt: skip
def test_more_or_less_than_a_hundredth_off_waits_for_an_operator(
    shop: Shop, till: Desk, sent: str, distance: str
) -> None:
    topup = ask(shop)

    assert_waits(pay(till, sent), shop, f"{distance} the amount of top-up {topup['topup_id']}.")
    assert shown(shop, topup) == topup


def test_twice_as_much_as_was_asked_for_waits(shop: Shop, till: Desk) -> None:
    topup = ask(shop)

    assert_waits(pay(till, "200"), shop, f"100.00 USDT over the amount of top-up {topup['topup_id']}.")
    assert shown(shop, topup) == topup


def test_a_credit_is_on_the_statement_with_its_top_up_and_in_the_audit_log(shop: Shop, till: Desk) -> None:
    topup = ask(shop, "100.50")

    deposit = pay(till, "100.5", tx_hash="abc")

    [entry] = shop.transactions()
    assert (entry["kind"], str(entry["amount_usdt"]), entry["topup_id"]) == ("topup", "100.5", topup["topup_id"])
    assert entry["order_id"] is None
    assert f"topup,100.5,,{topup['topup_id']}," in shop.get("/balance/transactions?format=csv").get_data(as_text=True)
    with db.connection_context():
        [logged] = rows("SELECT actor, subject, details FROM api_audit_log WHERE action = 'topup.credited'")
    assert logged == {
        "actor": "system", "subject": f"topup:{topup['topup_id']}",
        "details": {"amount_usdt": 100.5, "account_id": shop.account_id, "deposit_id": deposit["id"], "tx_hash": "abc"},
    }  # fmt: skip


def test_a_payment_that_was_mined_in_time_counts_however_late_it_is_seen(shop: Shop, till: Desk) -> None:
    topup = ask(shop)
    grow_older(timedelta(hours=2))
    in_time = shown(shop, topup)["expires_at"] - 1

    deposit = pay(till, "100", block_time=in_time)

    assert deposit["status"] == "credited_auto"
    assert shown(shop, topup)["status"] == "credited_auto"
    assert balance(shop) == "100"


def test_it_counts_though_the_top_up_showed_as_expired_and_though_days_went_by(shop: Shop, till: Desk) -> None:
    topup = ask(shop)
    grow_older(timedelta(hours=50))
    assert shown(shop, topup)["status"] == "pending"
    read_up_to_now()
    expired = shown(shop, topup)
    assert expired["status"] == "expired"

    pay(till, "100", block_time=expired["expires_at"] - 1)

    assert shown(shop, topup)["status"] == "credited_auto"
    assert balance(shop) == "100"


def test_a_top_up_is_pending_until_its_network_was_read_beyond_its_end(shop: Shop) -> None:
    topup = ask(shop)
    grow_older(timedelta(minutes=59))
    read_up_to_now()
    assert shown(shop, topup)["status"] == "pending"
    with db.connection_context():
        rows("UPDATE network_scans SET final_at = final_at - interval '2 minutes' RETURNING 1")
    grow_older(timedelta(minutes=2))
    read_up_to_now("usdt_bep_20")
    assert shown(shop, topup)["status"] == "pending"

    read_up_to_now()

    assert shown(shop, topup)["status"] == "expired"


@pytest.mark.parametrize(("late", "told"), [(0, "0 seconds"), (59, "59 seconds"), (60, "1 minute"), (3600, "1 hour")])
def test_a_payment_that_was_mined_at_the_end_or_later_waits(shop: Shop, till: Desk, late: int, told: str) -> None:
    topup = ask(shop)
    grow_older(timedelta(hours=5))
    ended = shown(shop, topup)["expires_at"]

    deposit = pay(till, "100", block_time=ended + late)

    assert_waits(deposit, shop, f"The amount of top-up {topup['topup_id']}, expired {told} before it was mined.")
    read_up_to_now()
    assert shown(shop, topup)["status"] == "expired"


@pytest.mark.parametrize(("early", "credited"), [(30, True), (59, True), (62, False), (1800, False)])
def test_what_was_mined_more_than_a_minute_before_the_top_up_is_not_for_it(
    shop: Shop, till: Desk, early: int, credited: bool
) -> None:
    topup = ask(shop)

    deposit = pay(till, "100", block_time=topup["created_at"] - early)

    if credited:
        assert (deposit["status"], balance(shop)) == ("credited_auto", "100")
        return
    told = "30 minutes" if early == 1800 else "1 minute"
    assert_waits(deposit, shop, f"The amount of top-up {topup['topup_id']}, made {told} after it was mined.")


def test_a_payment_on_another_network_waits_and_the_top_up_goes_on_waiting(shop: Shop, till: Desk) -> None:
    topup = ask(shop)

    deposit = pay(till, "100", "usdt_bep_20")

    told = f"The amount of top-up {topup['topup_id']}, which waits for it on usdt_trc_20: sent on another network."
    assert_waits(deposit, shop, told)
    assert pay(till, "100")["status"] == "credited_auto"


def test_a_second_payment_for_a_top_up_waits(shop: Shop, till: Desk) -> None:
    topup = ask(shop)
    first = pay(till, "100")

    second = pay(till, "100")

    assert (second["status"], second["account_id"]) == ("unmatched", None)
    assert second["reason"] == f"The amount of top-up {topup['topup_id']}, paid already, by deposit {first['id']}."
    assert balance(shop) == "100"
    assert shown(shop, topup)["tx_hash"] == first["tx_hash"]


def test_what_nobody_asked_for_waits(shop: Shop, till: Desk) -> None:
    assert_waits(pay(till, "100"), shop, NOBODYS)


def test_of_two_clients_with_neighbouring_amounts_each_is_paid_by_its_own(client: FlaskClient, till: Desk) -> None:
    shops = [make_shop(client, "0") for _ in range(2)]
    first, second = (ask(shop) for shop in shops)

    pay(till, second["amount_usdt"] - Decimal("0.01"))
    pay(till, first["amount_usdt"] + Decimal("0.01"))

    assert [balance(shop) for shop in shops] == ["100.01", "100.02"]


def test_an_amount_is_its_top_ups_for_a_day_and_then_anyones(client: FlaskClient, till: Desk) -> None:
    first, second = make_shop(client, "0"), make_shop(client, "0")
    mine = ask(first)
    grow_older(timedelta(hours=23, minutes=59))
    assert str(ask(second)["amount_usdt"]) == "100.03"
    grow_older(timedelta(minutes=2))

    theirs = ask(second)

    assert str(theirs["amount_usdt"]) == "100"
    pay(till, "100", block_time=shown(first, mine)["expires_at"] - 1)
    pay(till, "100")
    assert (balance(first), balance(second)) == ("100", "100")


def test_a_credit_is_told_to_the_clients_webhook_signed(
    client: FlaskClient, till: Desk, worker: dramatiq.Worker
) -> None:
    shop = make_shop(client, "0", signed=True)
    with Receiver() as receiver:
        topup = ask(shop, "100.50", webhook_url=receiver.url)
        pay(till, "100.51", tx_hash="abc")
        pay(till, "100.50")
        [told] = receiver.wait_for(1)

    document, headers = told.json, told.headers
    assert abs(document.pop("fired_at") - time.time()) < 60
    assert document == {
        "topup_id": topup["topup_id"], "status": "credited_auto", "payment_network": "usdt_trc_20",
        "requested_usdt": Decimal("100.5"), "amount_usdt": Decimal("100.5"), "credited_usdt": Decimal("100.51"),
        "tx_hash": "abc",
    }  # fmt: skip
    signature = sign(shop.secret or "", headers["x-webhook-timestamp"], told.body).hex()
    assert headers["x-webhook-signature"] == signature
    assert headers["x-webhook-algorithm"] == "HMAC-SHA256"
    [delivery] = till.get("/webhooks").get_json()["items"]
    assert (delivery["account_id"], delivery["order_id"]) == (shop.account_id, None)

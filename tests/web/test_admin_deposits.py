"""Operators and the transfers that fit nothing: credited by hand, or set aside for a reason."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import dramatiq
import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from models.database import db, rows
from models.operators import Role
from tests.desk import Desk, last_action, make_desk
from tests.factories import Shop, exact, make_product, make_shop
from tests.payers import NETWORK, ask, deposit_of, grow_older, pay, read_up_to_now, shown
from tests.receiver import Receiver

FIELDS = {
    "id", "network", "tx_hash", "index", "from", "amount_usdt", "block_time", "age_seconds", "status", "reason",
    "topup_id", "order_id", "account_id", "created_at",
}  # fmt: skip


@pytest.fixture
def desk(client: FlaskClient) -> Desk:
    """An operator."""
    return make_desk(client, Role.OPERATE)


@pytest.fixture
def shop(client: FlaskClient) -> Shop:
    """A client without money."""
    return make_shop(client, "0")


def credit(desk: Desk, deposit: Any, **whom: Any) -> TestResponse:
    """Credit a deposit by hand."""
    return desk.post(f"/deposits/{deposit['id']}/credit", whom)


def assert_already_credited(answer: TestResponse) -> None:
    """Check that nothing was credited a second time."""
    assert (answer.status_code, answer.json["error"]) == (409, "already_credited")


def test_deposits_are_listed_newest_first_and_by_status(desk: Desk, shop: Shop) -> None:
    ask(shop, "100")
    made = [pay(desk, amount, tx_hash=f"tx{amount}") for amount in ("1", "100", "3", "4")]
    credit(desk, made[2], account_id=shop.account_id)
    desk.post(f"/deposits/{made[3]['id']}/ignore", {"reason": "dust"})

    def listed(**query: Any) -> list[str]:
        return [deposit["tx_hash"] for deposit in desk.get("/deposits", **query).get_json()["items"]]

    assert listed() == ["tx4", "tx3", "tx100", "tx1"]
    statuses = ("unmatched", "credited_auto", "credited_manual", "ignored")
    assert [listed(status=status) for status in statuses] == [["tx1"], ["tx100"], ["tx3"], ["tx4"]]
    page = desk.get("/deposits", limit=3).get_json()
    assert listed(cursor=page["next_cursor"]) == ["tx1"]
    refused = desk.get("/deposits", status="lost")
    assert (refused.status_code, refused.json["fields"][0]["field"]) == (422, "status")


def test_a_deposit_is_shown_in_full(desk: Desk) -> None:
    deposit = pay(desk, "12.345678", tx_hash="abc", block_time=1_700_000_000)

    assert set(deposit) == FIELDS
    assert {name: deposit[name] for name in ("network", "tx_hash", "index", "block_time", "status")} == {
        "network": NETWORK, "tx_hash": "abc", "index": 0, "block_time": 1_700_000_000, "status": "unmatched",
    }  # fmt: skip
    assert deposit["age_seconds"] > 10**7
    assert deposit["from"]
    assert exact(desk.get("/deposits"))["items"][0].keys() == FIELDS


def test_a_deposit_is_credited_to_an_account_by_hand(desk: Desk, shop: Shop) -> None:
    deposit = pay(desk, "98.765432")

    credited = credit(desk, deposit, account_id=shop.account_id)

    assert credited.status_code == 200
    document = exact(credited)
    assert (document["status"], document["account_id"], document["topup_id"]) == (
        "credited_manual", shop.account_id, None,
    )  # fmt: skip
    balance = exact(shop.get("/balance"))
    assert balance["balance_usdt"] == balance["total_topup_usdt"] == Decimal("98.765432")
    [entry] = shop.transactions()
    assert (entry["kind"], entry["topup_id"], entry["amount_usdt"]) == ("topup", None, Decimal("98.765432"))
    assert last_action() == {
        "actor": desk.actor, "action": "deposit.credit", "subject": f"account:{shop.account_id}",
        "details": {
            "deposit_id": deposit["id"], "account_id": shop.account_id, "amount_usdt": 98.765432, "network": NETWORK,
            "tx_hash": deposit["tx_hash"],
        },
    }  # fmt: skip


def test_a_deposit_is_credited_to_a_top_up_that_it_did_not_fit(desk: Desk, shop: Shop) -> None:
    topup = ask(shop)
    deposit = pay(desk, "98", tx_hash="abc")

    document = exact(credit(desk, deposit, topup_id=topup["topup_id"]))

    assert (document["status"], document["account_id"], document["topup_id"]) == (
        "credited_manual", shop.account_id, topup["topup_id"],
    )  # fmt: skip
    paid = shown(shop, topup)
    assert (paid["status"], paid["credited_usdt"], paid["tx_hash"]) == ("credited_manual", 98, "abc")
    assert shop.balance()["balance_usdt"] == 98
    assert [entry["topup_id"] for entry in shop.transactions()] == [topup["topup_id"]]
    assert (last_action()["action"], last_action()["subject"]) == ("deposit.credit", f"topup:{topup['topup_id']}")
    assert pay(desk, "100")["status"] == "unmatched"


def test_an_expired_top_up_can_be_credited_by_hand_from_another_network_too(desk: Desk, shop: Shop) -> None:
    topup = ask(shop)
    grow_older(timedelta(hours=3))
    read_up_to_now()
    assert shown(shop, topup)["status"] == "expired"
    late = pay(desk, "100", "usdt_ton")

    assert credit(desk, late, topup_id=topup["topup_id"]).status_code == 200

    assert shown(shop, topup)["status"] == "credited_manual"
    assert shop.balance()["balance_usdt"] == 100


def test_what_is_credited_cannot_be_credited_or_ignored_again_in_any_way(desk: Desk, shop: Shop) -> None:
    ask(shop, "100")
    other = ask(shop, "300")
    automatic, by_hand = pay(desk, "100"), pay(desk, "200")
    credit(desk, by_hand, account_id=shop.account_id)

    for deposit in (automatic, by_hand):
        assert_already_credited(credit(desk, deposit, account_id=shop.account_id))
        assert_already_credited(credit(desk, deposit, topup_id=other["topup_id"]))
        assert_already_credited(desk.post(f"/deposits/{deposit['id']}/ignore", {"reason": "x"}))
    assert shop.balance()["balance_usdt"] == 300
    assert shown(shop, other) == other


@pytest.mark.parametrize("how", ["auto", "manual"])
def test_a_top_up_that_is_credited_takes_no_second_deposit(desk: Desk, shop: Shop, how: str) -> None:
    topup = ask(shop)
    first, second = pay(desk, "100" if how == "auto" else "99"), pay(desk, "98")
    if how == "manual":
        credit(desk, first, topup_id=topup["topup_id"])
    assert shown(shop, topup)["status"] == f"credited_{how}"

    assert_already_credited(credit(desk, second, topup_id=topup["topup_id"]))

    assert exact(desk.get(f"/deposits/{second['id']}"))["status"] == "unmatched"
    assert credit(desk, second, account_id=shop.account_id).status_code == 200


def test_a_deposit_is_ignored_for_a_reason_and_can_be_credited_after_it(desk: Desk, shop: Shop) -> None:
    deposit = pay(desk, "0.01")

    ignored = exact(desk.post(f"/deposits/{deposit['id']}/ignore", {"reason": "dust, not a client's"}))

    assert (ignored["status"], ignored["reason"], ignored["account_id"]) == ("ignored", "dust, not a client's", None)
    assert last_action() == {
        "actor": desk.actor, "action": "deposit.ignore", "subject": f"deposit:{deposit['id']}",
        "details": {"reason": "dust, not a client's"},
    }  # fmt: skip
    assert shop.transactions() == []
    credited = exact(credit(desk, deposit, account_id=shop.account_id))
    assert (credited["status"], credited["account_id"]) == ("credited_manual", shop.account_id)
    assert exact(shop.get("/balance"))["balance_usdt"] == Decimal("0.01")


def test_a_credit_by_hand_is_told_to_the_clients_webhook(desk: Desk, shop: Shop, worker: dramatiq.Worker) -> None:
    with Receiver() as receiver:
        topup = ask(shop, webhook_url=receiver.url)
        deposit = pay(desk, "98")
        credit(desk, deposit, topup_id=topup["topup_id"])
        [told] = receiver.wait_for(1)

    assert (told.json["topup_id"], told.json["status"]) == (topup["topup_id"], "credited_manual")
    assert (told.json["requested_usdt"], told.json["credited_usdt"]) == (100, 98)
    assert "x-webhook-signature" not in told.headers


@pytest.mark.parametrize(
    ("whom", "field"),
    [
        ({}, "body"), ({"account_id": 1, "topup_id": "x"}, "body"), ({"account_id": 0}, "account_id"),
        ({"account_id": "1"}, "account_id"), ({"topup_id": 5}, "topup_id"), ({"amount_usdt": 5}, "amount_usdt"),
    ],
)  # fmt: skip
def test_a_credit_names_one_account_or_one_top_up(desk: Desk, whom: dict[str, Any], field: str) -> None:
    refused = credit(desk, pay(desk, "5"), **whom)

    assert (refused.status_code, refused.json["fields"][0]["field"]) == (422, field)


@pytest.mark.parametrize("body", [{}, {"reason": ""}, {"reason": "x" * 501}, {"reason": 5}, {"reason": "a\0b"}])
def test_a_deposit_is_not_ignored_without_a_reason(desk: Desk, body: dict[str, Any]) -> None:
    deposit = pay(desk, "5", tx_hash="abc")

    assert desk.post(f"/deposits/{deposit['id']}/ignore", body).status_code == 422
    assert deposit_of("abc")["status"] == "unmatched"


def test_whom_or_what_there_is_not_is_not_found(desk: Desk, shop: Shop, client: FlaskClient) -> None:
    deposit, nowhere = pay(desk, "5"), {"id": 77}
    product = make_product("10")
    placed = desk.post("/website-orders", {"product_id": product.id, "quantity": 1, "network": "usdt_ton"}).get_json()
    with db.connection_context():
        [intent] = rows("SELECT public_id FROM payment_intents WHERE order_id = %(id)s", {"id": placed["order_id"]})

    refusals = {
        "deposit_not_found": [
            desk.get("/deposits/77"), credit(desk, nowhere, account_id=shop.account_id),
            desk.post("/deposits/77/ignore", {"reason": "x"}),
        ],
        "account_not_found": [credit(desk, deposit, account_id=77)],
        "topup_not_found": [
            credit(desk, deposit, topup_id="77"), credit(desk, deposit, topup_id=str(intent["public_id"])),
            credit(desk, deposit, topup_id="00000000-0000-0000-0000-000000000000"),
        ],
    }  # fmt: skip

    for code, answers in refusals.items():
        assert {(answer.status_code, answer.json["error"]) for answer in answers} == {(404, code)}
    assert exact(desk.get(f"/deposits/{deposit['id']}"))["status"] == "unmatched"


def test_who_may_only_read_changes_nothing(client: FlaskClient, desk: Desk, shop: Shop) -> None:
    deposit, reader = pay(desk, "5"), make_desk(client, Role.READ)

    assert credit(reader, deposit, account_id=shop.account_id).status_code == 403
    assert reader.post(f"/deposits/{deposit['id']}/ignore", {"reason": "x"}).status_code == 403
    assert reader.get(f"/deposits/{deposit['id']}").status_code == 200
    assert client.get("/api/admin/deposits").status_code == 401


def test_deposits_are_found_by_what_a_client_names(desk: Desk, shop: Shop) -> None:
    pay(desk, "5", tx_hash="abc")
    pay(desk, "0.005", tx_hash="dust")
    pay(desk, "7", network="usdt_ton", tx_hash="abc")
    credit(desk, deposit_of("abc"), account_id=shop.account_id)

    def found(**query: Any) -> list[tuple[str, str]]:
        return [(d["tx_hash"], d["network"]) for d in exact(desk.get("/deposits", **query))["items"]]

    assert found(tx_hash="abc") == [("abc", "usdt_ton"), ("abc", "usdt_trc_20")]
    assert found(tx_hash="abc", network="usdt_ton") == [("abc", "usdt_ton")]
    assert found(account_id=shop.account_id) == [("abc", "usdt_trc_20")]
    assert ("dust", "usdt_trc_20") not in found(min_amount_usdt="0.01")
    assert deposit_of("dust")["reason"].startswith("Dust")


def test_a_filter_that_is_none_is_refused_rather_than_left_out(desk: Desk) -> None:
    refused = desk.get("/deposits", hash="abc")

    assert (refused.status_code, refused.json["fields"][0]["field"]) == (422, "hash")


def test_operators_see_the_top_ups_of_clients(desk: Desk, client: FlaskClient, shop: Shop) -> None:
    first, other = ask(shop, "20"), ask(make_shop(client), "30")
    pay(desk, "20", tx_hash="abc")

    listed = exact(desk.get("/topups", account_id=shop.account_id))["items"]

    assert [topup["topup_id"] for topup in exact(desk.get("/topups"))["items"]] == [
        other["topup_id"],
        first["topup_id"],
    ]
    assert [(topup["topup_id"], topup["status"], topup["deposit_id"]) for topup in listed] == [
        (first["topup_id"], "credited_auto", deposit_of("abc")["id"])
    ]
    assert exact(desk.get(f"/topups/{first['topup_id']}")) == listed[0]
    assert desk.get("/topups/77").status_code == 404

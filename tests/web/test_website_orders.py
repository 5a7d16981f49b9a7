"""Website orders: a storefront's buyer pays by transfer, and the order then goes the way of every other."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import dramatiq
import pytest
from flask.testing import FlaskClient

from models import leases, scans, settlement, website_orders
from models.database import changed, db, rows
from models.operators import Role
from models.scans import Progress
from models.settlement import Refused
from models.tables import Product
from tests.desk import Desk, last_action, make_desk
from tests.factories import eventually, exact, make_product, make_shop
from tests.payers import NETWORK, ask, grow_older, pay, read_up_to_now
from tests.receiver import Receiver


@pytest.fixture
def desk(client: FlaskClient) -> Desk:
    """The storefront."""
    return make_desk(client, Role.OPERATE)


@pytest.fixture
def product() -> Product:
    """Something to buy, at 10 USDT."""
    return make_product("10", in_stock=20)


def place(desk: Desk, product: Product, quantity: int = 1, network: str = NETWORK, **fields: Any) -> Any:
    """A new website order, as the storefront is told of it."""
    answer = desk.post(
        "/website-orders", {"product_id": product.id, "quantity": quantity, "network": network, **fields}
    )
    assert answer.status_code == 201, answer.get_data(as_text=True)
    return exact(answer)


def shown(desk: Desk, order: Any) -> Any:
    """The order as it stands."""
    return exact(desk.get(f"/website-orders/{order['order_id']}"))


def ended(desk: Desk, order: Any) -> Any:
    """The order when it is final."""
    return eventually(
        lambda: (o := shown(desk, order))["status"] not in ("awaiting_payment", "processing") and o, "the order's end"
    )


def in_stock(product: Product) -> int:
    """How many units can be sold."""
    with db.connection_context():
        found: Product = Product.get_by_id(product.id)
    assert found.in_stock is not None
    return found.in_stock


def test_an_order_is_placed_with_its_goods_set_aside(desk: Desk, product: Product) -> None:
    order = place(desk, product, 3)

    assert (order["status"], order["amount_usdt"], order["quantity"], order["product_id"]) == (
        "awaiting_payment", 30, 3, product.id,
    )  # fmt: skip
    assert (order["payment_network"], order["payment_address"][0], order["tx_hash"]) == (NETWORK, "T", None)
    assert 3598 <= order["expires_at"] - order["created_at"] <= 3600
    assert shown(desk, order) == order
    assert in_stock(product) == 17
    assert last_action() == {
        "actor": desk.actor, "action": "website_order.create", "subject": f"order:{order['order_id']}",
        "details": {"network": NETWORK},
    }  # fmt: skip


def test_a_transfer_pays_it_and_it_is_delivered_and_told(desk: Desk, product: Product, worker: dramatiq.Worker) -> None:
    with Receiver() as receiver:
        order = place(desk, product, 2, webhook_url=receiver.url)
        deposit = pay(desk, "19.99", tx_hash="abc")
        [told] = receiver.wait_for(1)

    done = ended(desk, order)
    assert (done["status"], done["tx_hash"], done["price_usdt"]) == ("completed", "abc", Decimal("19.99"))
    assert [sorted(item) for item in done["items"]] == [["login", "password"]] * 2
    assert (deposit["status"], deposit["order_id"], deposit["topup_id"]) == ("credited_auto", order["order_id"], None)
    assert (told.json["status"], told.json["items"]) == ("completed", done["items"])
    assert told.json["price_usdt"] == Decimal("19.99")
    assert in_stock(product) == 18


def test_who_may_only_read_is_shown_no_items(
    client: FlaskClient, desk: Desk, product: Product, worker: dramatiq.Worker
) -> None:
    order = place(desk, product)
    pay(desk, order["amount_usdt"])
    assert ended(desk, order)["items"]
    reader = make_desk(client, Role.READ)

    assert "items" not in shown(reader, order)
    refused = reader.post("/website-orders", {"product_id": product.id, "quantity": 1, "network": NETWORK})
    assert refused.status_code == 403


def test_what_is_not_there_any_more_is_returned(desk: Desk, product: Product, worker: dramatiq.Worker) -> None:
    order = place(desk, product, 3)
    with db.connection_context():
        changed("DELETE FROM stock_items WHERE id > 2")

    pay(desk, order["amount_usdt"])

    done = ended(desk, order)
    assert (done["status"], done["delivered_quantity"], len(done["items"])) == ("partial", 2, 2)
    assert (done["price_usdt"], done["refunded_usdt"], done["refunded"]) == (30, 10, True)


def test_a_failed_one_leaves_the_goods_to_those_who_are_yet_to_pay(desk: Desk, product: Product) -> None:
    failing = place(desk, product, 3)
    place(desk, product, 2, "usdt_ton")
    pay(desk, failing["amount_usdt"])
    with db.connection_context():
        lease = leases.claim(failing["order_id"])
        assert lease is not None
        settlement.settle(lease, Refused("not today"))

    assert (shown(desk, failing)["status"], shown(desk, failing)["refunded_usdt"]) == ("failed", 30)
    assert in_stock(product) == 18


def test_an_unpaid_order_expires_and_gives_its_goods_back(
    desk: Desk, product: Product, worker: dramatiq.Worker
) -> None:
    with Receiver() as receiver:
        order = place(desk, product, 3, webhook_url=receiver.url)
        grow_older(timedelta(minutes=59))
        read_up_to_now()
        assert shown(desk, order)["status"] == "awaiting_payment"
        grow_older(timedelta(minutes=2))
        read_up_to_now()
        [told] = receiver.wait_for(1)

    expired = shown(desk, order)
    assert (expired["status"], expired["refunded"], expired["refunded_usdt"]) == ("expired", False, 0)
    assert expired["error_message"]
    assert (told.json["status"], told.json["items"], told.json["refunded"]) == ("expired", [], False)
    assert in_stock(product) == 20


def test_an_unpaid_order_waits_for_its_network_to_be_read_beyond_its_end(desk: Desk, product: Product) -> None:
    order = place(desk, product)
    grow_older(timedelta(hours=2))
    end = shown(desk, order)["expires_at"]

    for final_at, unpaid in ((end - 1, []), (end, [order["order_id"]])):
        with db.connection_context():
            lease = scans.claim(NETWORK)
            assert lease is not None
            scans.finish(lease, [], Progress({}, 1, final_at, caught_up=True), [])
            assert website_orders.unpaid(NETWORK, 10) == unpaid


def test_an_operator_cancels_an_unpaid_order(desk: Desk, product: Product) -> None:
    order = place(desk, product, 3)

    cancelled = desk.post(f"/orders/{order['order_id']}/cancel")

    assert (cancelled.status_code, cancelled.json["status"]) == (200, "cancelled")
    assert (cancelled.json["refunded"], cancelled.json["refunded_usdt"]) == (False, 0)
    assert in_stock(product) == 20
    assert desk.post(f"/orders/{order['order_id']}/cancel").json["error"] == "not_cancellable"


@pytest.mark.parametrize("end", ["cancelled", "expired"])
def test_a_transfer_for_one_that_has_ended_waits_for_an_operator(desk: Desk, product: Product, end: str) -> None:
    order = place(desk, product)
    grow_older(timedelta(minutes=61 if end == "expired" else 1))
    if end == "cancelled":
        desk.post(f"/orders/{order['order_id']}/cancel")
    read_up_to_now()
    assert shown(desk, order)["status"] == end

    deposit = pay(
        desk, "10", block_time=shown(desk, order)["expires_at"] - 1 if end == "expired" else order["created_at"]
    )

    assert (deposit["status"], deposit["account_id"]) == ("unmatched", None)
    assert deposit["reason"] == f"The amount of website order {order['order_id']}, which is {end}."
    assert shown(desk, order)["status"] == end


def test_a_second_transfer_for_a_paid_one_waits_and_an_operator_may_credit_it(
    client: FlaskClient, desk: Desk, product: Product
) -> None:
    shop, order = make_shop(client, "0"), place(desk, product)
    first, second = pay(desk, "10"), pay(desk, "10")

    told = f"The amount of website order {order['order_id']}, paid already, by deposit {first['id']}."
    assert (second["status"], second["reason"]) == ("unmatched", told)
    assert shown(desk, order)["status"] == "processing"
    desk.post(f"/deposits/{second['id']}/credit", {"account_id": shop.account_id})
    assert shop.balance()["balance_usdt"] == 10


@pytest.mark.parametrize("sent", ["9.98", "10.02"])
def test_too_little_or_too_much_does_not_pay_it(desk: Desk, product: Product, sent: str) -> None:
    order = place(desk, product)

    assert f"the amount of website order {order['order_id']}." in pay(desk, sent)["reason"]
    assert shown(desk, order) == order


def test_a_paid_one_is_refunded_by_an_operator_as_every_other(
    desk: Desk, product: Product, worker: dramatiq.Worker
) -> None:
    order = place(desk, product)
    pay(desk, "10")
    ended(desk, order)

    refunded = desk.post(f"/orders/{order['order_id']}/refund")

    assert (refunded.json["status"], refunded.json["refunded_usdt"]) == ("refunded", 10)
    assert len(shown(desk, order)["items"]) == 1


def test_a_website_order_and_a_top_up_of_one_amount_are_told_apart(
    client: FlaskClient, desk: Desk, product: Product
) -> None:
    early, late = make_shop(client, "0"), make_shop(client, "0")
    before = ask(early, "10")
    order = place(desk, product)
    after = ask(late, "10")

    amounts = [str(document["amount_usdt"]) for document in (before, order, after)]
    assert amounts == ["10", "10.03", "10.06"]
    for amount in reversed(amounts):
        pay(desk, amount)
    assert shown(desk, order)["status"] == "processing"
    assert (early.balance()["balance_usdt"], late.balance()["balance_usdt"]) == (10, 10.06)


def test_no_client_gets_a_key_to_the_account_of_website_orders(
    desk: Desk, product: Product, client: FlaskClient
) -> None:
    place(desk, product)
    with db.connection_context():
        [ours] = rows("SELECT id FROM accounts WHERE website")

    refused = make_desk(client).post("/api-keys", {"name": "thief", "kind": "v1", "account_id": ours["id"]})

    assert (refused.status_code, refused.json["error"]) == (409, "account_is_ours")

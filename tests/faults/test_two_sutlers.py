"""Two running Sutlers, the lower one selling the upper one's goods: every order is bought once, whatever dies."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from decimal import Decimal
from typing import Protocol

import pytest
from flask.testing import FlaskClient

from jobs import enqueue
from models.database import changed, db
from tests.factories import eventually
from tests.faults.checkpoint import Checkpoint, When
from tests.faults.lower_sutler import CREDIT, LowerSutler, attempts_failed, let_the_lease_end, movements
from tests.faults.processes import answers, kill_group
from tests.faults.upper_sutler import Goods, UpperSutler, V1Client
from tests.jobs.provider_orders import order_row
from tests.receiver import Receiver

SUBMIT = ("POST", "/api/v1/orders")


@pytest.fixture(scope="module")
def running_upper() -> Iterator[UpperSutler]:
    """The upper Sutler, for all tests of the file: its clients and goods are each test's own."""
    upper = UpperSutler()
    with upper.servers():
        upper.start()
        yield upper


@pytest.fixture
def upper(running_upper: UpperSutler) -> Iterator[UpperSutler]:
    """The upper Sutler; its books are right after each test."""
    yield running_upper
    if not answers(running_upper.url):  # a test that failed may have left it dead
        running_upper.start()
    running_upper.check_books()


@pytest.fixture
def account(upper: UpperSutler) -> V1Client:
    """The lower Sutler's account at the upper one."""
    return upper.make_client()


class Lowers(Protocol):
    """Starts the lower Sutler, with the upper one at this address and an account there."""

    def __call__(self, upper_url: str, account: V1Client, *, works: bool = True) -> LowerSutler:
        """One that works has all that a purchase takes."""


@pytest.fixture
def lowers(client: FlaskClient) -> Iterator[Lowers]:
    """Starts the lower Sutler, which ends with the test."""
    with ExitStack() as stack:

        def start(upper_url: str, account: V1Client, *, works: bool = True) -> LowerSutler:
            lower = LowerSutler(client, upper_url, account, works=works)
            stack.callback(lower.end)
            return lower

        yield start


def bought_once(lower: LowerSutler, order_id: int, account: V1Client, goods: Goods) -> None:
    """The order ends completed with what one order upstream delivered, and was paid once here and there."""
    order = lower.at_the_end(order_id)
    assert (order["status"], order.get("items")) == ("completed", goods.items[:3])
    [there] = account.orders()
    assert (there["status"], there["quantity"]) == ("completed", 3)
    assert str(there["order_id"]) == order_row(order_id)["provider_order_id"]
    assert movements(order_id) == ["capture"]
    assert lower.client.balance() == (CREDIT - 3 * goods.marked_up, 0)
    assert account.balance() == (500 - 3 * goods.price, 0)


def test_another_sutlers_goods_are_sold_on_and_its_webhook_brings_them(
    upper: UpperSutler, account: V1Client, lowers: Lowers
) -> None:
    goods = upper.sell(5)
    lower = lowers(upper.url, account, works=False)
    lower.start("providers")
    lower.start("webhooks")
    lower.pull()

    with Receiver() as customer:
        with upper.fulfilment_paused():
            order_id = lower.place(goods.sku, 3, webhook_url=customer.url)
            lower.wait_until_taken(order_id)
            assert lower.client.balance() == (CREDIT - 3 * goods.marked_up, 3 * goods.marked_up)
        # No sweep is running here: nothing but the webhook has the order looked up.
        bought_once(lower, order_id, account, goods)
        [told] = customer.wait_for(1)

    assert (told.json["order_id"], told.json["status"]) == (order_id, "completed")
    [product] = lower.client.get("/products", sku=goods.sku)["items"]
    assert (product["in_stock"], product["price_usdt"]) == (2, goods.marked_up)


def test_what_went_out_of_stock_upstream_costs_nothing(upper: UpperSutler, account: V1Client, lowers: Lowers) -> None:
    goods = upper.sell(5)
    lower = lowers(upper.url, account, works=False)  # or it might learn of the new number in stock before the order
    lower.sell(goods)
    quicker = upper.make_client()
    quicker.post("/orders", {"product_id": goods.id, "quantity": 3})
    order_id = lower.place(goods.sku, 3)

    lower.start("providers")
    lower.start_sweeps()
    order = lower.at_the_end(order_id)

    assert (order["status"], order["error_message"]) == ("failed", "The product went out of stock.")
    assert "items" not in order
    assert movements(order["order_id"]) == ["release"]
    assert (lower.client.balance(), account.balance(), account.orders()) == ((CREDIT, 0), (500, 0), [])


def test_what_is_delivered_in_part_upstream_is_paid_for_in_part(
    upper: UpperSutler, account: V1Client, lowers: Lowers
) -> None:
    goods = upper.sell(3)
    lower = lowers(upper.url, account)
    lower.sell(goods)
    with upper.fulfilment_paused():
        order_id = lower.place(goods.sku, 3)
        lower.wait_until_taken(order_id)
        upper.lose_an_item(goods)

    order = lower.at_the_end(order_id)

    assert (order["status"], order["delivered_quantity"], order["items"]) == ("partial", 2, goods.items[:2])
    assert (order["refunded"], order["refunded_usdt"]) == (True, goods.marked_up)
    assert movements(order_id) == ["capture", "release"]
    assert lower.client.balance() == (CREDIT - 2 * goods.marked_up, 0)
    assert account.balance() == (500 - 2 * goods.price, 0)
    [product] = lower.client.get("/products", sku=goods.sku)["items"]
    assert product["in_stock"] == 1  # as was promised and not delivered; the next look at the catalogue puts it right


def test_an_upstream_killed_before_it_answered_has_sold_once(
    upper: UpperSutler, account: V1Client, lowers: Lowers
) -> None:
    goods = upper.sell(6)
    with Checkpoint(upper.url, *SUBMIT, "after") as checkpoint:
        lower = lowers(checkpoint.url, account)
        lower.sell(goods)
        order_id = lower.place(goods.sku, 3)
        assert checkpoint.reached.wait(20)
        upper.kill()
        checkpoint.cut()
        eventually(lambda: attempts_failed(order_id) >= 2, "an attempt while nobody is there")
        assert order_row(order_id)["provider_order_id"] is None

        upper.start()

        upper.let_leases_end()
        bought_once(lower, order_id, account, goods)


def test_an_upstream_killed_before_it_delivered_delivers_once(
    upper: UpperSutler, account: V1Client, lowers: Lowers
) -> None:
    goods = upper.sell(6)
    lower = lowers(upper.url, account)
    lower.sell(goods)
    with upper.fulfilment_paused():
        order_id = lower.place(goods.sku, 3)
        lower.wait_until_taken(order_id)
        upper.kill()
    before = attempts_failed(order_id)
    eventually(lambda: attempts_failed(order_id) > before, "a look-up while nobody is there")

    upper.start()

    bought_once(lower, order_id, account, goods)


@pytest.mark.parametrize(("when", "sold_by_then"), [("before", 0), ("after", 1)])
def test_a_buyer_killed_while_it_submits_buys_once(
    upper: UpperSutler, account: V1Client, lowers: Lowers, when: When, sold_by_then: int
) -> None:
    goods = upper.sell(6)
    with Checkpoint(upper.url, *SUBMIT, when) as checkpoint:
        lower = lowers(checkpoint.url, account, works=False)
        lower.sell(goods)
        buyer = lower.start("providers")
        lower.start_sweeps()
        order_id = lower.place(goods.sku, 3)
        assert checkpoint.reached.wait(20)
        assert len(account.orders()) == sold_by_then
        kill_group(buyer)
        checkpoint.cut()
        assert order_row(order_id)["submitted_at"] is not None

        lower.start("providers")
        let_the_lease_end(order_id)

        bought_once(lower, order_id, account, goods)


def test_an_order_waits_unsubmitted_while_our_balance_upstream_is_too_low(upper: UpperSutler, lowers: Lowers) -> None:
    goods = upper.sell(3)
    too_little = 3 * goods.price - Decimal("0.000001")
    account = upper.make_client(str(too_little))
    lower = lowers(upper.url, account)
    lower.sell(goods)

    order_id = lower.place(goods.sku, 3)

    fault = lower.fault_of(order_id)
    assert fault["state"] == "failing"
    assert "HTTP 402" in fault["last_error"]
    assert (order_row(order_id)["status"], order_row(order_id)["submitted_at"]) == ("processing", None)
    assert account.orders() == []
    upper.credit(account, str(500 - too_little))
    bought_once(lower, order_id, account, goods)


def test_an_order_outlasts_the_upstreams_rate_limit(upper: UpperSutler, lowers: Lowers) -> None:
    account = upper.make_client(rate_limit=None)
    goods = upper.sell(3)
    lower = lowers(upper.url, account)
    lower.sell(goods)
    for _ in range(59):
        account.get("/balance")

    order_id = lower.place(goods.sku, 3)

    fault = lower.fault_of(order_id)
    order = order_row(order_id)
    assert "HTTP 429" in fault["last_error"]
    assert (order["status"], order["submitted_at"]) == ("processing", None)
    # Longer than any pause of our own: it is what Retry-After asks for.
    assert 20 < (order["wake_at"] - order["created_at"]).total_seconds() <= 65
    upper.let_a_minute_pass()
    let_a_minute_pass(order_id)
    bought_once(lower, order_id, account, goods)


def let_a_minute_pass(order_id: int) -> None:
    """Let the time have passed that the provider asked for."""
    with db.connection_context():
        changed("UPDATE provider_states SET rests_until = now(), last_error_at = last_error_at - interval '1 minute'")
        changed("UPDATE orders SET wake_at = now() WHERE id = %(id)s", {"id": order_id})


def test_ten_orders_at_once_with_five_messages_each_are_ten_orders_upstream(
    upper: UpperSutler, account: V1Client, lowers: Lowers
) -> None:
    goods = upper.sell(20)
    lower = lowers(upper.url, account, works=False)
    lower.sell(goods)
    lower.wait_until_it_answers()
    with ThreadPoolExecutor(10) as pool:
        order_ids = list(pool.map(lambda _: lower.place(goods.sku, 2), range(10)))
    for order_id in order_ids * 4:  # the fifth is the web's own
        enqueue.fulfil(order_id, "upstream")
    for _ in range(2):
        lower.start("providers")
    lower.start_sweeps()

    sold = []
    for order_id in order_ids:
        sold.append(lower.at_the_end(order_id))
        assert sold[-1]["status"] == "completed"
    delivered = [item["licence_key"] for order in sold for item in order["items"]]
    assert sorted(delivered) == sorted(item["licence_key"] for item in goods.items)
    there = account.orders()
    assert {str(order["order_id"]) for order in there} == {order_row(own)["provider_order_id"] for own in order_ids}
    assert len(there) == 10
    assert lower.client.balance() == (CREDIT - sum(order["price_usdt"] for order in sold), 0)
    assert account.balance() == (500 - sum(order["price_usdt"] for order in there), 0)

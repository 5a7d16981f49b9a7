"""The button that buys: pressed twice, late, by two workers or by one that dies, it orders once and at the price shown."""

import threading

from jobs.telegram import conversation
from jobs.telegram.bot_api import bot_api
from models import ledger, telegram_users
from models.database import changed, db, release_connection, row
from tests.factories import eventually
from tests.jobs.bot_customer import Customer, deliver_ok
from tests.jobs.bot_orders import offer, orders


def test_the_button_pressed_twice_orders_once(rich: Customer) -> None:
    offer(rich)
    rich.tap("✅ Buy")
    rich.tap("✅ Buy")
    rich.settle()

    assert [order["price"] for order in orders()] == [1_200_000]
    assert "Order #1 is already placed." in [notice for _, notice in rich.server.notices]
    assert "Order #1" in rich.texts[-1]


def test_two_workers_that_hold_one_press_order_once(rich: Customer) -> None:
    """As when a lease ran out under a worker that was slow, and not dead."""
    offer(rich)
    rich.settle()
    message, data = rich.button("✅ Buy")
    update = rich.pressed(data, message)
    api = bot_api()
    assert api is not None
    with db.connection_context():
        claimed = telegram_users.claim(rich.id)
    deliver_ok(rich.client, update)
    with db.connection_context():
        waiting = row("SELECT id, content, false AS is_last_try FROM telegram_updates WHERE done_at IS NULL")
    assert claimed is not None
    assert waiting is not None

    def answer() -> None:
        conversation._answer(api, rich.id, waiting)
        release_connection()

    threads = [threading.Thread(target=answer) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with db.connection_context():
        telegram_users.release(claimed)
    rich.settle()

    assert len(orders()) == 1
    assert sum("It is on its way" in text for text in rich.texts) == 1


def test_a_worker_killed_between_the_order_and_the_answer_orders_once(rich: Customer) -> None:
    offer(rich)
    rich.settle()
    with db.connection_context():
        # The order can be written, the answer can't: as if the worker had died between its two transactions.
        db.execute_sql("ALTER TABLE telegram_messages ADD CONSTRAINT no_more CHECK (false) NOT VALID")
    try:
        rich.tap("✅ Buy")
        eventually(orders, "the order")
        eventually(lambda: _tries() > 0, "the failure")
    finally:
        with db.connection_context():
            db.execute_sql("ALTER TABLE telegram_messages DROP CONSTRAINT no_more")

    rich.hurry()

    assert "Order #1" in rich.told_of("Order #").text
    rich.settle()
    assert len(orders()) == 1


def _tries() -> int:
    with db.connection_context():
        found = row("SELECT max(tries) AS n FROM telegram_updates WHERE done_at IS NULL")
    return (found and found["n"]) or 0


def test_money_that_went_elsewhere_meanwhile_buys_nothing(rich: Customer) -> None:
    offer(rich)
    with db.connection_context():
        ledger.credit("test", rich.account["id"], -99_000_000, "back", "")

    assert "This costs 1.20 USD" in rich.press("✅ Buy").text
    assert orders() == []


def test_a_price_that_rose_since_the_offer_is_offered_anew(rich: Customer) -> None:
    offer(rich)
    with db.connection_context():
        changed("UPDATE products SET price = 13000 WHERE sku = 'tg-star'")

    assert "Price: 1.30 USD" in rich.press("✅ Buy for 1.20").text
    assert "The price has changed. Look at the new one." in [notice for _, notice in rich.server.notices]
    assert orders() == []
    assert "Order #" in rich.press("✅ Buy for 1.30").text


def test_an_older_offer_is_out_of_date(rich: Customer) -> None:
    offer(rich)
    message, data = rich.button("✅ Buy")
    rich.say("/menu")

    deliver_ok(rich.client, rich.pressed(data, message))
    rich.settle()

    assert orders() == []
    assert rich.server.notices[-1][1] == "This offer is out of date; please choose again."

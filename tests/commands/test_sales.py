"""`flask products`, `flask orders` and `flask webhooks`."""

import pytest
from flask.testing import FlaskClient

from models import leases, settlement
from models.database import changed, db
from tests.commands.results import Command, shown
from tests.desk import last_action
from tests.factories import make_product, make_shop
from tests.jobs.buyers import make_buyer


def test_a_product_is_added_and_changed(command: Command, client: FlaskClient) -> None:
    shop = make_shop(client)
    added = shown(
        command("products", "add", "--sku", "vpn", "--category", "Vouchers", "--name", "VPN", "--price", "2.80",
                "--min-quantity", 3)
    )  # fmt: skip
    assert (added["price_usdt"], added["min_quantity"], added["active"]) == ("2.8", "3", "yes")

    by_sku = shown(command("products", "change", "vpn", "--price", "3", "--description", "30 days"))
    by_id = shown(command("products", "change", added["id"], "--inactive"))

    assert (by_sku["price_usdt"], by_sku["description"], by_sku["name"]) == ("3", "30 days", "VPN")
    assert by_id["active"] == "no"
    assert shop.get(f"/products/{added['id']}").status_code == 404
    assert last_action()["action"] == "product.change"
    assert "vpn" in command("products", "list").stdout


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("products", "change", "nothing-so-called", "--name", "x"), "There is no product with the sku"),
        (("products", "change", "77", "--name", "x"), "There is no product 77"),
        (("products", "change", "9" * 30, "--name", "x"), "There is no product with the sku"),
        (("products", "change", "1"), "must change at least one field"),
        (("products", "change", "1", "--price", "-1"), "price_usdt"),
        (
            ("products", "change", "1", "--provider", "nobody"),
            "must be one of: gramstack, istar, sandbox, stock, upstream",
        ),
        (("products", "add", "--sku", "x", "--category", "c", "--name", "n", "--price", "free"), "price_usdt"),
        (("orders", "show", 77), "There is no order 77"),
        (("orders", "cancel", 77), "There is no order 77"),
        (("orders", "refund", 77), "There is no order 77"),
        (("orders", "retry", 77), "There is no order 77"),
        (("webhooks", "resend", 77), "There is no webhook delivery 77"),
    ],
)
def test_what_is_refused_is_told_in_one_line_and_exit_code_1(
    command: Command, words: tuple[object, ...], complaint: str
) -> None:
    result = command(*words)

    assert result.exit_code == 1
    assert result.stderr.startswith("Error: ")
    assert complaint in result.stderr


def test_a_sku_of_digits_is_meant_before_an_id(command: Command) -> None:
    first, second = make_product(), make_product(sku="1")

    assert shown(command("products", "change", "1", "--name", "x"))["id"] == str(second.id)
    assert first.id == 1


def test_orders_are_shown_and_ended_by_hand(command: Command, client: FlaskClient) -> None:
    shop, product = make_shop(client, "100"), make_product("8.90")
    first, second = (shop.order(product).get_json()["order_id"] for _ in range(2))
    with db.connection_context():
        lease = leases.claim(second)
        assert lease is not None
        settlement.settle(lease, settlement.FromStock())

    assert "is waiting" in command("orders", "retry", first).stdout
    assert shown(command("orders", "cancel", first))["status"] == "cancelled"
    refunded = command("orders", "refund", second)
    assert shown(refunded)["status"] == "refunded"
    assert "s3cret" not in refunded.output
    assert shown(command("orders", "show", second))["product_sku"] == product.sku
    assert shop.balance()["balance_usdt"] == 100
    assert command("orders", "cancel", first).exit_code == 1
    assert last_action()["action"] == "order.refund"

    assert len(command("orders", "list").stdout.splitlines()) == 3
    [_, line] = command("orders", "list", "--status", "cancelled", "--account", shop.account_id).stdout.splitlines()
    assert line.split()[:2] == [str(first), "cancelled"]


def test_webhooks_are_listed_and_sent_again(command: Command) -> None:
    delivery_id = make_buyer().finish_order("https://receiver.example/hook")

    assert "receiver.example" in command("webhooks", "list", "--status", "pending").stdout
    assert len(command("webhooks", "list", "--status", "fired").stdout.splitlines()) == 1
    assert "is waiting" in command("webhooks", "resend", delivery_id).stdout
    assert last_action()["subject"] == f"webhook:{delivery_id}"


def test_a_webhook_is_shown_with_its_attempts(command: Command) -> None:
    delivery_id = make_buyer().finish_order("https://receiver.example/hook")
    with db.connection_context():
        changed(
            "INSERT INTO webhook_attempts (delivery_id, number, error, duration_ms)"
            " VALUES (%(id)s, 1, 'connection refused', 12)",
            {"id": delivery_id},
        )

    told = command("webhooks", "show", delivery_id).stdout

    assert "receiver.example" in told
    assert "connection refused" in told.splitlines()[-1]

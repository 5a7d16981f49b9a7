"""What administrators do from their chat; and that nobody else does."""

from typing import Any

import dramatiq
import pytest
from flask.testing import FlaskClient

from models import audit
from models.database import changed, db, rows
from tests.desk import last_action
from tests.factories import eventually, make_shop, make_telegram_goods, make_v2_shop
from tests.jobs.bot_customer import Customer, deliver_ok
from tests.jobs.bot_server import BotServer
from tests.payers import arrive, ask, deposit_of

COMMANDS = ("/api_audit", "/deposits", "/review", "/credit 1 5 gift", "/keys", "/status")


@pytest.fixture
def admin(client: FlaskClient, bot_server: BotServer, worker: dramatiq.Worker) -> Customer:
    """The administrator of the settings, with the menu before him."""
    ops = Customer(client, bot_server, id=4001, username="ops")
    ops.say("/start")
    return ops


def actions() -> list[dict[str, Any]]:
    """What the administrator has on record."""
    with db.connection_context():
        return rows("SELECT action, subject, details FROM api_audit_log WHERE actor = 'telegram:4001' ORDER BY id")


def submitted_order() -> int:
    """An order of which its provider has told nothing by its deadline."""
    with db.connection_context():
        # Its provider is out of reach; once a worker has found that out, it leaves the order alone for a while.
        eventually(lambda: rows("SELECT 1 FROM orders WHERE lease_token > 0 AND lease_until <= now()"), "the first try")
        [order] = rows("SELECT max(id) AS id FROM orders")
        changed(
            "UPDATE orders SET submitted_at = now() - interval '1 hour', deadline_at = now() - interval '1 minute',"
            " wake_at = now() + interval '1 day', lease_until = now() - interval '1 second' WHERE id = %(id)s",
            order,
        )
    return int(order["id"])


def test_nobody_else_learns_that_there_are_such_commands(admin: Customer) -> None:
    alice = Customer(admin.client, admin.server)
    unknown = alice.say("/nonsense").text
    for command in COMMANDS:
        assert alice.say(command).text == unknown
    arrive("33")
    for data in ("a_deposit:1", "a_ignore:1", "a_delivered:1", "a_failed:1", "a_credit:1", "a_revoke:x"):
        deliver_ok(alice.client, alice.pressed(data, alice.messages[0]))
    alice.settle()
    alice.say("4001")

    assert deposit_of("tx")["status"] == "unmatched"
    with db.connection_context():
        assert rows("SELECT 1 FROM api_audit_log WHERE actor LIKE 'telegram:%%'") == []


def test_a_dialog_of_administrators_ends_with_their_right(admin: Customer) -> None:
    alice = Customer(admin.client, admin.server)
    alice.say("/start")
    arrive("33")
    with db.connection_context():
        changed('UPDATE telegram_users SET dialog = \'{"awaiting": "a_ignore", "deposit_id": 1}\' WHERE id = 5001')

    assert "Balance" in alice.say("because").text
    assert deposit_of("tx")["status"] == "unmatched"


def test_a_deposit_is_credited_to_an_account(admin: Customer) -> None:
    shop = make_shop(admin.client, "0")
    arrive("33.5")
    assert "33.50 USDT on usdt_trc_20" in admin.say("/deposits").text
    admin.press("Credit")

    assert f"credited to account {shop.account_id}" in admin.say(str(shop.account_id)).text
    assert shop.balance()["balance_usdt"] == 33.5
    assert [action["action"] for action in actions()] == ["deposit.credit"]
    assert "No deposit" in admin.say("/deposits").text


def test_a_deposit_is_credited_to_a_top_up(admin: Customer) -> None:
    shop = make_shop(admin.client, "0")
    topup = ask(shop)
    arrive("97")
    admin.say("/deposits")
    admin.press("Credit")
    assert "neither the number" in admin.say("somebody").text
    assert "There is no top-up" in admin.say("7" * 8 + "-0000-0000-0000-" + "0" * 12).text
    admin.press("Credit")

    admin.say(topup["topup_id"])

    assert shop.balance()["balance_usdt"] == 97
    assert actions()[-1]["subject"] == f"topup:{topup['topup_id']}"


def test_a_deposit_that_somebody_else_credited_is_not_credited_twice(admin: Customer) -> None:
    shop = make_shop(admin.client, "0")
    arrive("33")
    admin.say("/deposits")
    admin.press("Credit")
    admin.say(str(shop.account_id))
    admin.press("Credit")

    assert "already credited" in admin.say(str(shop.account_id)).text
    assert shop.balance()["balance_usdt"] == 33


def test_a_deposit_is_ignored_for_a_reason(admin: Customer) -> None:
    arrive("33")
    admin.say("/deposits")
    admin.press("Ignore")
    assert "in words" in admin.say(" ").text

    admin.say("<b>dust</b> & {nothing}")

    assert deposit_of("tx")["status"] == "ignored"
    assert actions()[-1]["details"]["reason"] == "<b>dust</b> & {nothing}"


@pytest.mark.parametrize(("label", "status"), [("It was delivered", "completed"), ("It was not", "failed")])
def test_an_order_of_unknown_outcome_is_settled(admin: Customer, label: str, status: str) -> None:
    make_telegram_goods()
    shop = make_v2_shop(admin.client)
    placed = shop.post("/stars", {"username": "bob_1", "amount": 50})
    assert placed.status_code in (200, 201, 202), placed.get_data(as_text=True)
    order_id = submitted_order()
    assert f"Order {order_id} of account" in admin.say("/review").text
    admin.press(label)
    assert "in words" in admin.say("").text

    assert admin.say("their support says so").text == f"Order {order_id} is {status}."

    assert actions()[-1]["subject"] == f"order:{order_id}"
    assert actions()[-1]["details"]["note"] == "their support says so"
    assert "No order needs" in admin.say("/review").text


def test_an_account_is_credited_after_a_second_look_and_once(admin: Customer) -> None:
    shop = make_shop(admin.client, "0")
    for wrong in ("/credit", "/credit x 5 gift", f"/credit {shop.account_id} 1e5 gift", f"/credit {shop.account_id} 5",
                  f"/credit {shop.account_id} 0 gift", f"/credit {shop.account_id} 5.0000001 gift"):  # fmt: skip
        assert "/credit ACCOUNT AMOUNT" in admin.say(wrong).text
    assert "with 12.50 USD" in admin.say(f"/credit {shop.account_id} 12.5 gift-1 for <b>all</b>\nof {{it}}").text
    assert shop.balance()["balance_usdt"] == 0
    message, data = admin.button("Yes, credit it")
    for _ in range(2):
        deliver_ok(admin.client, admin.pressed(data, message))
    admin.settle()

    assert shop.balance()["balance_usdt"] == 12.5
    assert actions()[-1]["details"] == {"amount_usdt": 12.5, "reference": "gift-1"}
    assert shop.transactions()[0]["note"] == "for <b>all</b>\nof {it}"
    admin.say(f"/credit {shop.account_id} 12.5 gift-1")
    assert "nothing was changed" in admin.press("Yes, credit it").text
    assert shop.balance()["balance_usdt"] == 12.5


def test_the_button_of_an_older_question_credits_nobody(admin: Customer) -> None:
    shop, other = make_shop(admin.client, "0"), make_shop(admin.client, "0")
    admin.say(f"/credit {shop.account_id} 5 one")
    older, data = admin.button("Yes, credit it")
    admin.say(f"/credit {other.account_id} 5 two")

    deliver_ok(admin.client, admin.pressed(data, older))
    admin.settle()
    assert (shop.balance()["balance_usdt"], other.balance()["balance_usdt"]) == (0, 0)
    admin.press("Yes, credit it")

    assert (shop.balance()["balance_usdt"], other.balance()["balance_usdt"]) == (0, 5)


def test_an_account_that_is_not_there_or_has_too_little_is_told(admin: Customer) -> None:
    shop = make_shop(admin.client, "0")
    for account_id in (shop.account_id, 999, 10**30):
        admin.say(f"/credit {account_id} -5 back-{account_id}")
        assert "not possible" in admin.press("Yes, credit it").text


def test_a_key_is_found_and_revoked(admin: Customer) -> None:
    shop = make_shop(admin.client)
    assert shop.fingerprint in admin.say("/keys").text
    assert shop.api_key not in "".join(admin.texts)
    admin.say(f"/keys {shop.fingerprint}")
    admin.press("Revoke it")

    assert shop.get("/health").status_code == 401
    assert last_action()["actor"] == "telegram:4001"
    assert "not possible" in admin.say("/keys nonsense").text


def test_the_audit_log_and_the_status_are_shown(admin: Customer) -> None:
    shop = make_shop(admin.client)
    with db.connection_context():
        for number in range(60):
            audit.record("ops", "test", f"thing:{number}", note="<b>&\U0001f642{x}" + "long " * 40)

    shown = admin.say("/api_audit").text
    assert "thing:59" in shown
    assert shop.api_key not in shown
    assert "deposits_unmatched: 0" in admin.say("/status").text

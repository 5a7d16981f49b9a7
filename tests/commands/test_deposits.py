"""`flask deposits` and `flask website-orders`."""

import pytest
from flask.testing import FlaskClient

from settings import settings
from tests.commands.results import Command, shown
from tests.desk import last_action
from tests.factories import Shop, make_product, make_shop
from tests.payers import NETWORK, ask
from tests.payers import shown as topup_of
from web.commands import deposits


@pytest.fixture
def shop(client: FlaskClient) -> Shop:
    """A client without money."""
    return make_shop(client, "0")


def simulate(command: Command, amount: str, tx_hash: str = "abc", *words: object) -> dict[str, str]:
    """Let a transfer arrive."""
    return shown(command("deposits", "simulate", NETWORK, amount, "--tx-hash", tx_hash, *words))


def test_a_made_up_transfer_is_credited(command: Command, shop: Shop) -> None:
    topup = ask(shop, "100.50")

    deposit = simulate(command, "100.50")

    assert (deposit["status"], deposit["amount_usdt"], deposit["tx_hash"]) == ("credited_auto", "100.5", "abc")
    assert (deposit["topup_id"], deposit["account_id"]) == (topup["topup_id"], str(shop.account_id))
    assert simulate(command, "100.50")["id"] == deposit["id"]
    assert shop.balance()["balance_usdt"] == 100.5
    assert simulate(command, "5", "late", "--block-time", "1700000000")["block_time"] == "1700000000"


def test_where_simulation_is_off_nothing_is_made_up(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deposits, "settings", settings.model_copy(update={"allow_simulation": False}))

    result = command("deposits", "simulate", NETWORK, "5")

    assert (result.exit_code, "ALLOW_SIMULATION is off" in result.stderr) == (1, True)


def test_deposits_are_credited_to_an_account_or_a_top_up_and_ignored(command: Command, shop: Shop) -> None:
    topup = ask(shop, "100")
    for amount in ("97", "98", "0.01"):
        simulate(command, amount, f"tx{amount}")

    to_account = shown(command("deposits", "credit", 1, "--account", shop.account_id))
    to_topup = shown(command("deposits", "credit", 2, "--topup", topup["topup_id"]))
    ignored = shown(command("deposits", "ignore", 3, "--reason", "dust"))

    assert (to_account["status"], to_account["topup_id"]) == ("credited_manual", "-")
    assert (to_topup["status"], to_topup["topup_id"]) == ("credited_manual", topup["topup_id"])
    assert (ignored["status"], ignored["reason"]) == ("ignored", "dust")
    assert last_action()["action"] == "deposit.ignore"
    assert last_action()["actor"].startswith("cli:")
    assert shop.balance()["balance_usdt"] == 195
    assert topup_of(shop, topup)["status"] == "credited_manual"
    assert shown(command("deposits", "show", 3)) | {"age_seconds": "0"} == ignored | {"age_seconds": "0"}
    assert len(command("deposits", "list").stdout.splitlines()) == 4
    [_, line] = command("deposits", "list", "--status", "ignored").stdout.splitlines()
    assert line.split()[:3] == ["3", "ignored", NETWORK]


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("deposits", "show", 77), "There is no deposit 77"),
        (("deposits", "credit", 77, "--account", 1), "There is no deposit 77"),
        (("deposits", "credit", 1, "--account", 77), "There is no account 77"),
        (("deposits", "credit", 1, "--topup", "x"), "There is no top-up x"),
        (("deposits", "credit", 1), "must name either"),
        (("deposits", "credit", 1, "--account", 1, "--topup", "x"), "must name either"),
        (("deposits", "ignore", 77, "--reason", "x"), "There is no deposit 77"),
        (("deposits", "ignore", 1, "--reason", ""), "reason"),
        (("deposits", "simulate", "bitcoin", "5"), "must be a network that is on"),
        (("deposits", "simulate", NETWORK, "five"), "amount_usdt"),
        (("deposits", "simulate", NETWORK, "0"), "amount_usdt"),
        (("website-orders", "show", 77), "There is no website order 77"),
        (("website-orders", "create", "--product", 77, "--network", NETWORK), "There is no product 77"),
        (("website-orders", "create", "--product", 1, "--network", "bitcoin"), "must be a network that is on"),
    ],
)
def test_what_is_refused_is_told_in_one_line_and_exit_code_1(
    command: Command, words: tuple[object, ...], complaint: str
) -> None:
    simulate(command, "5")

    result = command(*words)

    assert result.exit_code == 1
    assert result.stderr.startswith("Error: ")
    assert len(result.stderr.splitlines()) == 1
    assert complaint in result.stderr


def test_what_was_credited_is_not_credited_again(command: Command, shop: Shop) -> None:
    simulate(command, "5")
    command("deposits", "credit", 1, "--account", shop.account_id)

    again = command("deposits", "credit", 1, "--account", shop.account_id)

    assert (again.exit_code, "already credited" in again.stderr) == (1, True)
    assert shop.balance()["balance_usdt"] == 5


def test_a_website_order_is_placed_paid_and_shown_without_its_items(command: Command) -> None:
    product = make_product("10")

    placed = shown(
        command("website-orders", "create", "--product", product.id, "--quantity", 2, "--network", NETWORK)
    )  # fmt: skip
    simulate(command, placed["amount_usdt"])

    paid = shown(command("website-orders", "show", placed["order_id"]))
    assert (placed["status"], paid["status"], paid["tx_hash"]) == ("awaiting_payment", "processing", "abc")
    assert placed["payment_address"].startswith("T")
    assert "items" not in paid


def test_what_a_client_names_leads_to_his_deposit_and_his_top_up(command: Command, shop: Shop) -> None:
    topup = ask(shop, "100")
    simulate(command, "100", "wanted")
    simulate(command, "5", "other")

    found = command("deposits", "list", "--tx-hash", "wanted", "--min-amount", "1").stdout
    listed = command("topups", "list", "--account", shop.account_id).stdout

    assert topup["topup_id"] in found
    assert len(found.splitlines()) == 2
    assert (topup["topup_id"] in listed, "credited_auto" in listed) == (True, True)
    assert shown(command("topups", "show", topup["topup_id"]))["account_id"] == str(shop.account_id)

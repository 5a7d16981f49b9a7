"""Asking for a top-up: which amount to send where, and what is refused."""

import time
from typing import Any

import pytest
from flask.testing import FlaskClient

from models.database import changed, db
from tests.factories import Shop, exact, make_shop
from tests.payers import NETWORK, NETWORKS, ask, shown
from tests.web.refusals import assert_refused

FIELDS = {
    "topup_id", "status", "payment_address", "payment_network", "amount_usdt", "requested_usdt", "credited_usdt",
    "tx_hash", "created_at", "expires_at",
}  # fmt: skip


@pytest.fixture
def shop(client: FlaskClient) -> Shop:
    """A client without money."""
    return make_shop(client, "0")


def amounts(shop: Shop, asked: list[str], network: str = NETWORK) -> list[str]:
    """The amounts that are given for those that are asked for."""
    return [str(ask(shop, amount, network)["amount_usdt"]) for amount in asked]


def take_up(shop: Shop, lowest: str, highest: str) -> None:
    """Let one intent own every amount between the two, in micro-dollars."""
    with db.connection_context():
        changed(
            "INSERT INTO payment_intents (account_id, network, payment_address, requested, amount, tolerance, expires_at,"
            " owned_until) SELECT %(account)s, %(network)s, 'x', 1, (low + high) / 2, (high - low) / 2, now(),"
            " now() + interval '1 day' FROM (SELECT %(low)s::numeric * 1000000 AS low, %(high)s::numeric * 1000000 AS high)"
            " AS taken",
            {"account": shop.account_id, "network": NETWORK, "low": lowest, "high": highest},
        )


def test_a_top_up_is_asked_for_and_shown(client: FlaskClient) -> None:
    shop, before = make_shop(client, "0", signed=True), int(time.time())

    topup = ask(shop, "100.50")

    assert set(topup) == FIELDS
    assert (topup["status"], topup["credited_usdt"], topup["tx_hash"]) == ("pending", None, None)
    assert (topup["payment_network"], topup["payment_address"][0]) == (NETWORK, "T")
    assert (str(topup["requested_usdt"]), str(topup["amount_usdt"])) == ("100.5", "100.5")
    assert before <= topup["created_at"] <= time.time()
    assert topup["expires_at"] - topup["created_at"] == 3600
    assert shown(shop, topup) == topup


def test_every_network_names_its_wallet_and_the_evm_ones_share_it(shop: Shop) -> None:
    addresses = {network: ask(shop, 50, network)["payment_address"] for network in NETWORKS}

    assert len(set(addresses.values())) == 4
    assert len({addresses[name] for name in ("usdt_bep_20", "usdt_polygon", "usdt_arbitrum")}) == 1


@pytest.mark.parametrize("amount", [1, "1", "1.00", "1.000000", 99.99, "99.99", 100000, "100000", "100000.000"])
def test_amounts_from_1_to_100000_of_whole_cents_are_taken(shop: Shop, amount: object) -> None:
    assert float(ask(shop, amount)["amount_usdt"]) == float(str(amount))


@pytest.mark.parametrize(
    "amount",
    [
        0, "0", -1, "0.99", 0.99, 100000.01, "100000.01", 1e300, 10.001, "10.001", "10.0000001", "1e2", "ten", "", " 5",
        True, None, [5], {"usdt": 5},
    ],
)  # fmt: skip
def test_any_other_amount_is_refused(shop: Shop, amount: object) -> None:
    refusal = assert_refused(
        shop.post("/balance/topup", {"amount_usdt": amount, "network": NETWORK}), 422, "invalid_body"
    )

    assert [field["field"] for field in refusal["fields"]] == ["amount_usdt"]


def test_a_third_decimal_is_told_so(shop: Shop) -> None:
    refused = exact(shop.post("/balance/topup", {"amount_usdt": "10.001", "network": NETWORK}))

    assert refused["fields"] == [{"field": "amount_usdt", "message": "must have at most 2 decimal places"}]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"network": None}, "network"), ({"network": 1}, "network"), ({"network": "x" * 41}, "network"),
        ({"note": "mine"}, "note"), ({"webhook_url": "ftp://example.com/"}, "webhook_url"),
        ({"webhook_url": "http://user:pass@93.184.215.14/"}, "webhook_url"), ({"webhook_url": 5}, "webhook_url"),
    ],
)  # fmt: skip
def test_bodies_are_strict(shop: Shop, change: dict[str, Any], field: str) -> None:
    body = {"amount_usdt": "10", "network": NETWORK, **change}

    refusal = assert_refused(shop.post("/balance/topup", body), 422, "invalid_body")

    assert [fault["field"] for fault in refusal["fields"]] == [field]


def test_both_fields_are_required(shop: Shop) -> None:
    refusal = assert_refused(shop.post("/balance/topup", {}), 422, "invalid_body")

    assert {fault["field"] for fault in refusal["fields"]} == {"amount_usdt", "network"}


@pytest.mark.parametrize("network", ["usdt_trc20", "USDT_TRC_20", "bitcoin", ""])
def test_an_unknown_network_is_refused_with_those_that_are_on(shop: Shop, network: str) -> None:
    refusal = assert_refused(shop.post("/balance/topup", {"amount_usdt": 10, "network": network}), 422, "invalid_body")

    [fault] = refusal["fields"]
    assert fault["field"] == "network"
    assert fault["message"].endswith(", ".join(NETWORKS))


def test_an_amount_that_is_taken_gives_the_nearest_free_one_above(client: FlaskClient, shop: Shop) -> None:
    other = make_shop(client, "0")

    # A hundredth to both sides belongs to each amount, so the next that shares nothing with it is three cents above.
    assert amounts(shop, ["100", "100"]) == ["100", "100.03"]
    assert amounts(other, ["100", "100.02", "99.99", "99.98", "99.97"]) == [
        "100.06", "100.09", "100.12", "100.15", "99.97",
    ]  # fmt: skip
    assert amounts(shop, ["100"], "usdt_bep_20") == ["100"]


def test_what_was_asked_for_stays_on_record_beside_what_was_given(shop: Shop) -> None:
    ask(shop, "100")
    second = ask(shop, "100")

    assert (str(second["requested_usdt"]), str(second["amount_usdt"])) == ("100", "100.03")
    assert shown(shop, second) == second


def test_a_free_gap_between_two_that_are_taken_is_found(shop: Shop) -> None:
    take_up(shop, "100", "100.20")
    take_up(shop, "100.24", "100.50")

    assert amounts(shop, ["100.10", "100.10"]) == ["100.22", "100.52"]


@pytest.mark.parametrize(
    ("asked", "taken_to", "given"),
    [
        ("5", "5.98", "6"), ("5", "5.981", "6"), ("5", "5.99", None), ("100", "100.98", "101"), ("100", "100.99", None),
        ("200", "201.98", "202"), ("200", "201.99", None), ("150", "151.48", "151.5"), ("150", "151.49", None),
        ("100000", "100999.98", "101000"), ("100000", "100999.99", None),
    ],
)  # fmt: skip
def test_never_more_than_1_per_cent_or_1_usdt_above_whichever_is_larger(
    shop: Shop, asked: str, taken_to: str, given: str | None
) -> None:
    take_up(shop, asked, taken_to)

    answer = shop.post("/balance/topup", {"amount_usdt": asked, "network": NETWORK})

    if given is not None:
        assert str(exact(answer)["amount_usdt"]) == given
        return
    refusal = assert_refused(answer, 409, "no_free_amount")
    assert NETWORK in refusal["message"]
    assert ask(shop, asked, "usdt_ton")["amount_usdt"] == int(asked)


def test_thirty_four_amounts_fit_between_1_and_2_usdt_and_no_more(shop: Shop) -> None:
    given = amounts(shop, ["1"] * 34)

    assert len(set(given)) == 34
    assert given[-1] == "1.99"
    assert_refused(shop.post("/balance/topup", {"amount_usdt": 1, "network": NETWORK}), 409, "no_free_amount")


def test_a_top_up_belongs_to_its_account_and_not_to_its_key(client: FlaskClient, shop: Shop) -> None:
    topup = ask(shop)
    colleague, stranger = make_shop(client, account_id=shop.account_id), make_shop(client)

    assert shown(colleague, topup) == topup
    assert_refused(stranger.get(f"/balance/topup/{topup['topup_id']}"), 404, "topup_not_found")


@pytest.mark.parametrize(
    "topup_id", ["1", "x", "00000000-0000-0000-0000-000000000000", "x" * 300, "%00", "%F0%9F%8E%81"]
)
def test_an_unknown_top_up_is_not_found(shop: Shop, topup_id: str) -> None:
    assert_refused(shop.get(f"/balance/topup/{topup_id}"), 404, "topup_not_found")

"""The networks that clients are shown."""

import pytest
from flask.testing import FlaskClient

from models import networks
from settings import settings
from tests.factories import Shop, exact, make_shop
from tests.payers import NETWORKS
from tests.web.refusals import assert_refused

# Nothing is simulated here, and of the three networks of one wallet one has no server to be read from.
REAL = {
    "allow_simulation": False, "wallet_tron": "TAUooyB9R3dgTsw9AACLNQ1zZ3zedcDkjJ", "trongrid_url": "http://127.0.0.1:9",
    "wallet_evm": "0x05991EAc23518C38e6E52Ca565e735c4EFB280e4", "bsc_rpc_urls": ("http://127.0.0.1:9",),
    "arbitrum_rpc_urls": ("http://127.0.0.1:9", "http://127.0.0.1:8"), "wallet_ton": None,
    "toncenter_url": "http://127.0.0.1:9", "solana_rpc_urls": (),
}  # fmt: skip


@pytest.fixture
def shop(client: FlaskClient) -> Shop:
    """A client without money."""
    return make_shop(client, "0")


def shown(shop: Shop) -> list[str]:
    """The networks that the client is shown."""
    return [network["network"] for network in exact(shop.get("/networks"))["items"]]


def test_in_simulation_all_six_networks_are_shown_with_their_facts(shop: Shop) -> None:
    items = exact(shop.get("/networks"))["items"]

    assert [item["network"] for item in items] == list(NETWORKS)
    assert {item["network"]: (item["fee_usdt"], item["time"], item["recommendation"]) for item in items} == {
        "usdt_trc_20": ("0.5-1", "1-3 min", "Default"),
        "usdt_bep_20": ("0.2-0.5", "30 sec - 2 min", "Cheap + fast"),
        "usdt_polygon": ("0.01-0.05", "1-3 min", "Cheapest"),
        "usdt_arbitrum": ("0.1-0.3", "30 sec", "If on Arbi"),
        "usdt_ton": ("0.05-0.1", "5-15 sec", "Fast"),
        "usdt_solana": ("0.01-0.02", "5-30 sec", "Cheap + fast"),
    }
    assert all(set(item) == {
        "network", "name", "fee_usdt", "time", "recommendation", "finality",
    } and item["name"] and item["finality"] for item in items)  # fmt: skip


def test_without_simulation_a_network_is_on_with_a_wallet_and_a_server(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(networks, "settings", settings.model_copy(update=REAL))

    assert shown(shop) == ["usdt_trc_20", "usdt_bep_20", "usdt_arbitrum"]
    asked = exact(shop.post("/balance/topup", {"amount_usdt": 5, "network": "usdt_arbitrum"}))
    assert asked["payment_address"] == REAL["wallet_evm"]


@pytest.mark.parametrize("network", ["usdt_polygon", "usdt_ton", "usdt_solana", "bitcoin"])
def test_one_that_is_off_is_refused_with_those_that_are_on(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, network: str
) -> None:
    monkeypatch.setattr(networks, "settings", settings.model_copy(update=REAL))

    refusal = assert_refused(shop.post("/balance/topup", {"amount_usdt": 5, "network": network}), 422, "invalid_body")

    message = "must be a network that is on: usdt_trc_20, usdt_bep_20, usdt_arbitrum"
    assert refusal["fields"] == [{"field": "network", "message": message}]


def test_where_none_is_on_that_is_said(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    off = {**REAL, "wallet_tron": None, "wallet_evm": None}
    monkeypatch.setattr(networks, "settings", settings.model_copy(update=off))

    assert shown(shop) == []
    refusal = assert_refused(
        shop.post("/balance/topup", {"amount_usdt": 5, "network": "usdt_ton"}), 422, "invalid_body"
    )
    assert "none at present" in refusal["message"]


def test_a_key_is_needed(client: FlaskClient) -> None:
    assert_refused(client.get("/api/v1/networks"), 401, "missing_api_key")

"""The Python package, for Telegram goods."""

from decimal import Decimal
from pathlib import Path

import pytest
from sutler_client import ApiError, StillOpen, TelegramClient

from tests.clients.conftest import BeforeSutler
from tests.clients.sutler import Sutler
from tests.factories import TelegramShop


@pytest.fixture
def shop(sutler: Sutler) -> TelegramShop:
    """A client with $1000."""
    return sutler.telegram_shop()


def test_each_good_is_bought_and_waited_for(sutler: Sutler, shop: TelegramShop) -> None:
    client = TelegramClient(sutler.base, shop.api_key)

    stars = client.stars("@python_client", 50, client_reference="gift-1")
    premium = client.premium("python_client", 3)
    ton = client.ton("python_client", Decimal("1.25"))

    assert not stars.is_final
    ends = [
        client.wait("stars", stars.order_id),
        client.wait("premium", premium.order_id),
        client.wait("ton", ton.order_id),
    ]
    assert [end.status for end in ends] == ["completed"] * 3
    assert [(end.amount, end.duration_months) for end in ends] == [(50, None), (None, 3), (Decimal("1.25"), None)]
    assert [end.price_usd for end in ends] == [Decimal("0.6"), 12, Decimal("4.375")]
    assert len(sutler.sandbox.book("python_client")) == 3
    assert client.show("ton", ton.order_id) == ends[2]


def test_it_buys_once_when_the_answer_is_lost(sutler: Sutler, shop: TelegramShop, proxied: BeforeSutler) -> None:
    proxy, base = proxied()
    client = TelegramClient(base, shop.api_key)
    proxy.lose_answer(b"POST /api/v2/stars")

    order = client.stars("lost_answer", 50)

    assert proxy.has_lost.is_set()
    assert client.wait("stars", order.order_id).status == "completed"
    assert len(sutler.sandbox.book("lost_answer")) == 1


def test_what_a_netrc_has_for_the_host_does_not_take_the_keys_place(
    sutler: Sutler, shop: TelegramShop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\n")
    monkeypatch.setenv("NETRC", str(netrc))

    assert TelegramClient(sutler.base, shop.api_key).stars("python_client", 50).order_id


def test_an_order_that_fails_is_an_end(sutler: Sutler, shop: TelegramShop) -> None:
    client = TelegramClient(sutler.base, shop.api_key)

    order = client.wait("stars", client.stars("sandbox_fail", 50).order_id)

    assert (order.status, order.is_final) == ("failed", True)
    assert order.error_message


def test_a_wait_ends_when_its_time_is_up(sutler: Sutler, shop: TelegramShop) -> None:
    client = TelegramClient(sutler.base, shop.api_key)
    order = client.stars("sandbox_slow_3", 50)

    with pytest.raises(StillOpen):
        client.wait("stars", order.order_id, timeout=1)

    assert client.wait("stars", order.order_id).status == "completed"


def test_a_limit_that_was_reached_is_waited_out(sutler: Sutler) -> None:
    client = TelegramClient(sutler.base, sutler.telegram_shop(rate_limit=1).api_key)
    order = client.stars("within_limits", 50)

    assert client.wait("stars", order.order_id).status == "completed"


def test_a_refusal_is_told(sutler: Sutler, shop: TelegramShop) -> None:
    with pytest.raises(ApiError) as refused:
        TelegramClient(sutler.base, shop.api_key).stars("python_client", 49)

    assert (refused.value.status, refused.value.code) == (400, "amount must be int between 50 and 1000000")
    assert refused.value.request_id

"""GramStack's services are found by their names, and a name that leaves doubt is not guessed at."""

import pytest

from jobs.providers.base import NotAccepted, Refused
from jobs.providers.gramstack import GramStack
from models.telegram_goods import PREMIUM_SKUS, STARS_SKU, TON_SKU
from tests.jobs.gramstack_server import GramStackServer
from tests.jobs.provider_orders import lease


@pytest.mark.parametrize(
    ("sku", "quantity", "ticket"),
    [
        (STARS_SKU, 250, "4 x 250"),
        (PREMIUM_SKUS[3], 1, "1 x 1"),
        (PREMIUM_SKUS[6], 1, "2 x 1"),
        (PREMIUM_SKUS[12], 1, "3 x 1"),
    ],
)
def test_the_service_is_found_by_its_name(gramstack: GramStack, sku: str, quantity: int, ticket: str) -> None:
    assert gramstack.check(lease(sku, quantity)) == ticket


def test_the_price_list_is_asked_for_once(gramstack_server: GramStackServer, gramstack: GramStack) -> None:
    gramstack.check(lease())
    gramstack.check(lease(PREMIUM_SKUS[3], 1))

    assert len(gramstack_server.calls("GET /prices")) == 1


@pytest.mark.parametrize(
    ("names", "quantity", "ticket"),
    [
        (["Telegram Stars 100"], 300, "0 x 3"),
        (["Telegram Stars 100"], 100, "0 x 1"),
        (["Telegram Stars 50", "Telegram Stars 100", "Telegram Stars 1000"], 300, "1 x 3"),
        (["Telegram Stars 50", "Telegram Stars 100"], 150, "0 x 3"),
        (["Telegram Stars 100", "Stars"], 150, "1 x 150"),
        (["⭐ Stars (per 1 star)"], 77, "0 x 77"),
        (["Telegram Stars, pack of 1,000", "Telegram Stars 50"], 1000, "1 x 20"),
    ],
)
def test_packs_of_stars_are_bought_whole(
    gramstack_server: GramStackServer, gramstack: GramStack, names: list[str], quantity: int, ticket: str
) -> None:
    gramstack_server.services = {str(number): name for number, name in enumerate(names)}

    assert gramstack.check(lease(quantity=quantity)) == ticket


def test_stars_that_no_packs_add_up_to_are_refused(gramstack_server: GramStackServer, gramstack: GramStack) -> None:
    gramstack_server.services = {"7": "Telegram Stars 100", "8": "Telegram Stars 500"}

    assert gramstack.check(lease(quantity=250)) == Refused("The provider sells Stars in packs of 100, 500 only.")


@pytest.mark.parametrize(
    ("sku", "names", "complaint"),
    [
        (STARS_SKU, ["Telegram Stars", "Stars"], "several services"),
        (PREMIUM_SKUS[3], ["Telegram Premium 3 months", "Premium for 3 months (gift)"], "several services"),
        (PREMIUM_SKUS[12], ["Telegram Premium 12 months", "Telegram Premium 1 year"], "several services"),
        (STARS_SKU, ["Telegram Stars 1k"], "cannot be read"),
        (STARS_SKU, ["Telegram Stars 1,000"], "cannot be read"),
        (STARS_SKU, ["Stars & Premium 3 months"], "cannot be read"),
        (PREMIUM_SKUS[3], ["Telegram Premium 3 months without login"], "cannot be read"),
        (PREMIUM_SKUS[3], ["Telegram Premium"], "cannot be read"),
    ],
)
def test_a_name_that_leaves_doubt_is_not_guessed_at(
    gramstack_server: GramStackServer, gramstack: GramStack, sku: str, names: list[str], complaint: str
) -> None:
    gramstack_server.services = {str(number): name for number, name in enumerate(names)}

    with pytest.raises(NotAccepted, match=complaint):
        gramstack.check(lease(sku, 1))


@pytest.mark.parametrize("sku", [TON_SKU, "some-licence", PREMIUM_SKUS[6]])
def test_what_is_not_on_the_price_list_is_refused(
    gramstack_server: GramStackServer, gramstack: GramStack, sku: str
) -> None:
    gramstack_server.services = {"1": "Telegram Premium 3 months", "9": "Telegram TON"}

    assert gramstack.check(lease(sku, 1)) == Refused("The provider does not sell this product.")
    assert not gramstack_server.sold


def test_two_premiums_at_once_are_refused(gramstack: GramStack) -> None:
    assert isinstance(gramstack.check(lease(PREMIUM_SKUS[3], 2)), Refused)

"""iStar: Stars and Premium; it knows a repetition by its key."""

from decimal import Decimal
from typing import Any

import pytest

from jobs.providers.base import Balance, Delivered, InProgress, NotAccepted, OutcomeUnknown, ProviderFault, Refused
from jobs.providers.istar import IStar
from models.telegram_goods import PREMIUM_SKUS, STARS_SKU, TON_SKU
from tests.jobs import provider_faults
from tests.jobs.istar_server import IStarServer
from tests.jobs.provider_faults import RATE_SECONDS
from tests.jobs.provider_orders import lease
from tests.jobs.stand_in import Fault, after_all, instead

TICKET = "hash-of-ada"


UNKNOWN: dict[str, Fault] = {
    **provider_faults.UNKNOWN,
    "no id": after_all(200, {"status": "pending"}),
    "no status": after_all(200, {"order_id": "x"}),
}
NOT_ACCEPTED: dict[str, Fault] = {
    **provider_faults.NOT_ACCEPTED,
    "our session": instead(400, {"error": {"code": "session_expired", "message": "Session expired"}}),
    "who we are": instead(400, {"message": "KYC is required"}),
}


@pytest.mark.parametrize(
    ("sku", "quantity", "path", "query"),
    [
        (STARS_SKU, 250, "/star/recipient/search", {"username": "ada", "quantity": "250"}),
        (PREMIUM_SKUS[6], 1, "/premium/recipient/search", {"username": "ada", "months": "6"}),
    ],
)
def test_the_recipient_is_searched_for(
    istar_server: IStarServer, istar: IStar, sku: str, quantity: int, path: str, query: dict[str, str]
) -> None:
    assert istar.check(lease(sku, quantity)) == TICKET
    assert [(asked.path, asked.query) for asked in istar_server.asked] == [(path, query)]


@pytest.mark.parametrize(("sku", "quantity"), [(TON_SKU, 1), ("some-licence", 1), (PREMIUM_SKUS[3], 2)])
def test_what_it_does_not_sell_is_refused(istar_server: IStarServer, istar: IStar, sku: str, quantity: int) -> None:
    assert isinstance(istar.check(lease(sku, quantity)), Refused)
    assert not istar_server.asked


def test_a_user_that_does_not_exist_is_refused(istar_server: IStarServer, istar: IStar) -> None:
    istar_server.nobody.add("ada")

    assert istar.check(lease()) == Refused("Recipient not found")


@pytest.mark.parametrize("name", ["session", "balance", "kyc", "unauthorized", "my_balance_1", "Session"])
def test_what_a_user_calls_himself_says_nothing_about_us(istar_server: IStarServer, istar: IStar, name: str) -> None:
    istar_server.faults["GET /star/recipient/search"] = [instead(404, {"message": f"User @{name} not found"})]

    assert isinstance(istar.check(lease(recipient=name)), Refused)


def test_who_has_premium_already_is_refused(istar_server: IStarServer, istar: IStar) -> None:
    istar_server.ineligible["ada"] = "This account has Premium already"

    assert istar.check(lease(PREMIUM_SKUS[3], 1)) == Refused("This account has Premium already")


@pytest.mark.parametrize(
    "fault",
    [fault for name, fault in {**UNKNOWN, **NOT_ACCEPTED}.items() if name not in ("no id", "no status")],
)
def test_a_check_that_fails_refuses_nobody(
    istar_server: IStarServer, istar: IStar, fault: Fault, short_patience: None
) -> None:
    istar_server.faults["GET /star"] = [fault]

    with pytest.raises(ProviderFault):
        istar.check(lease())


def test_an_order_is_placed_as_documented(istar_server: IStarServer, istar: IStar) -> None:
    stars = istar.submit(lease(ticket=TICKET))
    premium = istar.submit(lease(PREMIUM_SKUS[12], 1, order_id=18, ticket=TICKET))

    first, second = istar_server.calls("POST /orders")
    assert (first.path, second.path) == ("/orders/star", "/orders/premium")
    assert first.json == {"username": "ada", "recipient_hash": TICKET, "quantity": 100, "wallet_type": "TON"}
    assert second.json == {"username": "ada", "recipient_hash": TICKET, "months": 12, "wallet_type": "TON"}
    assert first.headers["idempotency-key"] == lease().reference
    assert [stars, premium] == [InProgress(name) for name in istar_server.sold]


def test_an_order_under_way_is_looked_up_until_its_end(istar_server: IStarServer, istar: IStar) -> None:
    istar.submit(lease(ticket=TICKET))
    name = next(iter(istar_server.sold))
    submitted = lease(submitted=1, provider_order_id=name)
    assert istar.look_up(submitted) == InProgress(name)

    istar_server.finish(name)
    assert istar.look_up(submitted) == Delivered(100, name)

    istar_server.finish(name, "failed", "Fragment refused")
    assert istar.look_up(submitted) == Refused("Fragment refused", name)


@pytest.mark.parametrize("fault", UNKNOWN.values(), ids=UNKNOWN)
def test_after_a_lost_answer_a_repetition_tells_and_sells_nothing_more(
    istar_server: IStarServer, istar: IStar, fault: Fault, short_patience: None
) -> None:
    istar_server.faults["POST /orders"] = [fault]

    with pytest.raises(OutcomeUnknown):
        istar.submit(lease(ticket=TICKET))
    answer = istar.submit(lease(ticket=TICKET, submitted=1))

    assert [answer] == [InProgress(name) for name in istar_server.sold]
    first, second = istar_server.calls("POST /orders")
    assert (first.body, first.headers["idempotency-key"]) == (second.body, second.headers["idempotency-key"])


@pytest.mark.parametrize("fault", NOT_ACCEPTED.values(), ids=NOT_ACCEPTED)
def test_what_is_refused_for_our_sake_is_not_accepted(istar_server: IStarServer, istar: IStar, fault: Fault) -> None:
    istar_server.faults["POST /orders"] = [fault]

    with pytest.raises(NotAccepted) as raised:
        istar.submit(lease(ticket=TICKET))
    assert raised.value.retry_after == (RATE_SECONDS if fault is NOT_ACCEPTED["our rate"] else None)


def test_a_server_that_is_not_there_has_not_accepted(istar_server: IStarServer, istar: IStar) -> None:
    istar_server.__exit__(None, None, None)

    with pytest.raises(NotAccepted):
        istar.submit(lease(ticket=TICKET))


def test_what_is_refused_for_the_orders_sake_is_told_to_the_client(istar_server: IStarServer, istar: IStar) -> None:
    assert istar.submit(lease(ticket="of another")) == Refused("The recipient hash is wrong")


def test_an_order_that_cannot_be_asked_for_waits_for_its_webhook(istar_server: IStarServer, istar: IStar) -> None:
    istar_server.can_be_asked = False

    answer = istar.look_up(lease(submitted=1, provider_order_id="mine"))

    assert isinstance(answer, InProgress)


def test_our_balance_is_read(istar_server: IStarServer, istar: IStar) -> None:
    assert istar.balance() == Balance(Decimal("412.5"), "TON")


@pytest.mark.parametrize("amount", [None, True, "much", "NaN", "1e400", {"ton": 1}])
def test_a_balance_that_makes_no_sense_is_a_fault(istar_server: IStarServer, istar: IStar, amount: Any) -> None:
    istar_server.balance = amount

    with pytest.raises(ProviderFault):
        istar.balance()

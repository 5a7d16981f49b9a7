"""Upstream: goods of another Sutler, bought through its v1."""

from decimal import Decimal
from typing import Any

import pytest

from jobs.providers.base import Delivered, InProgress, NotAccepted, OutcomeUnknown, ProviderFault, Refused
from jobs.providers.upstream import Upstream
from models.telegram_goods import STARS_SKU, TON_SKU
from settings import settings
from tests.jobs import provider_faults
from tests.jobs.provider_faults import RATE_SECONDS
from tests.jobs.stand_in import Fault, Reply, after_all, cut_after_all, instead
from tests.jobs.upstream_orders import order, submitted
from tests.jobs.upstream_server import UpstreamServer, refusal

SKU = "writer-pro-1y"
REFUSED = {
    (400, "below_minimum"): "The order is smaller than the provider takes.",
    (400, "above_maximum"): "The order is larger than the provider takes.",
    (404, "product_not_found"): "The provider does not sell this product.",
    (409, "insufficient_stock"): "The product went out of stock.",
    (409, "price_changed"): "The provider's price has changed, and the order was not carried out.",
}


def told(reply: Reply) -> Fault:
    """Answer so, with nothing done."""
    return lambda handler, serve: handler.reply(reply)


UNKNOWN: dict[str, Fault] = {
    **provider_faults.UNKNOWN,
    "no id": after_all(200, {"status": "processing"}),
    "an id that is none": after_all(200, {"order_id": {}, "status": "processing"}),
    "a conflict that is new to us": told(refusal(409, "no_free_balance")),
}
NOT_ACCEPTED: dict[str, Fault] = {
    **provider_faults.NOT_ACCEPTED,
    "our signature": told(refusal(401, "stale_timestamp")),
    "our balance there": told(refusal(402, "insufficient_balance", balance_usdt=1)),
    "our address for webhooks": told(refusal(422, "invalid_body", fields=[{"field": "webhook_url", "message": "no"}])),
    "what we wrote": told(refusal(400, "bad_request")),
    "no such address": told(refusal(404, "not_found")),
}


def test_the_product_is_found_by_its_sku(upstream_server: UpstreamServer, upstream: Upstream) -> None:
    upstream_server.sell(SKU + "-other")

    assert upstream.check(order(upstream_server)) == str(upstream_server.products[0]["id"])


@pytest.mark.parametrize(
    "fields",
    [
        {"sku": "not-sold-there"},
        {"sku": TON_SKU, "quantity": 1234, "parts": 100, "recipient": "ada"},
        {"quantity": 10_001},
        {"sku": STARS_SKU},
    ],
)
def test_what_the_upstream_cannot_sell_is_refused(
    upstream_server: UpstreamServer, upstream: Upstream, fields: dict[str, Any]
) -> None:
    upstream_server.sell(STARS_SKU, needs_recipient=True, in_stock=None)

    assert isinstance(upstream.check(order(upstream_server, **fields)), Refused)


@pytest.mark.parametrize(
    "fault",
    [*UNKNOWN.values(), *NOT_ACCEPTED.values(), instead(200, {"items": None}), instead(200, {"items": [{"sku": SKU}]}),
     instead(200, {"items": [{"sku": SKU, "id": 1}, {"sku": SKU, "id": 2}]})],
)  # fmt: skip
def test_a_check_that_fails_refuses_nobody(
    upstream_server: UpstreamServer, upstream: Upstream, fault: Fault, short_patience: None
) -> None:
    upstream_server.faults["GET /products"] = [fault]

    with pytest.raises(ProviderFault):
        upstream.check(order(upstream_server))


def test_an_order_is_placed_as_documented(upstream_server: UpstreamServer, upstream: Upstream) -> None:
    answer = upstream.submit(order(upstream_server, recipient="ada"))

    [asked] = upstream_server.calls("POST /orders")
    assert asked.json == {
        "product_id": upstream_server.products[0]["id"], "quantity": 3, "client_reference": order(upstream_server).reference,
        "max_price_usdt": Decimal("12.345678"), "recipient": "ada",
        "webhook_url": f"{settings.public_url}/providers/upstream/webhook",
    }  # fmt: skip
    assert asked.headers["idempotency-key"] == order(upstream_server).reference
    assert [answer] == [InProgress(str(order_id)) for order_id in upstream_server.orders]


def test_a_key_without_a_secret_signs_nothing_and_asks_for_no_webhook(upstream_server: UpstreamServer) -> None:
    assert settings.upstream_api_url is not None
    unsigned = Upstream(settings.upstream_api_url, "another key", None, "https://us.example/providers/upstream/webhook")

    with pytest.raises(NotAccepted):
        unsigned.submit(order(upstream_server))
    [asked] = upstream_server.calls("POST /orders")
    assert "x-signature" not in asked.headers
    assert "webhook_url" not in asked.json


def test_parts_are_bought_as_whole_units(upstream_server: UpstreamServer, upstream: Upstream) -> None:
    ton = upstream_server.sell(TON_SKU, needs_recipient=True, in_stock=None, price="3.50")
    fields = {"sku": TON_SKU, "quantity": 300, "parts": 100, "recipient": "ada", "ticket": str(ton["id"])}
    bought = submitted(upstream_server, upstream, **fields)
    upstream_server.finish(int(bought.provider_order_id or ""), items=[])

    assert upstream_server.calls("POST /orders")[0].json["quantity"] == 3
    assert upstream.look_up(bought) == Delivered(300, bought.provider_order_id)


@pytest.mark.parametrize("fault", UNKNOWN.values(), ids=UNKNOWN)
def test_after_a_lost_answer_a_repetition_tells_and_buys_nothing_more(
    upstream_server: UpstreamServer, upstream: Upstream, fault: Fault, short_patience: None
) -> None:
    upstream_server.faults["POST /orders"] = [fault]

    with pytest.raises(OutcomeUnknown):
        upstream.submit(order(upstream_server))
    answer = upstream.submit(order(upstream_server, submitted=1))

    assert [answer] == [InProgress(str(order_id)) for order_id in upstream_server.orders]
    first, second = upstream_server.calls("POST /orders")
    assert (first.body, first.headers["idempotency-key"]) == (second.body, second.headers["idempotency-key"])


def test_a_503_tells_when_to_ask_again(upstream_server: UpstreamServer, upstream: Upstream) -> None:
    upstream_server.faults["POST /orders"] = [instead(503, {"error": "service_unavailable"}, Retry_After="2")]

    with pytest.raises(OutcomeUnknown) as raised:
        upstream.submit(order(upstream_server))
    assert raised.value.retry_after == 2


@pytest.mark.parametrize("fault", NOT_ACCEPTED.values(), ids=NOT_ACCEPTED)
def test_what_is_refused_for_our_sake_is_not_accepted(
    upstream_server: UpstreamServer, upstream: Upstream, fault: Fault
) -> None:
    upstream_server.faults["POST /orders"] = [fault]

    with pytest.raises(NotAccepted) as raised:
        upstream.submit(order(upstream_server))
    assert raised.value.retry_after == (RATE_SECONDS if fault is NOT_ACCEPTED["our rate"] else None)


def test_a_server_that_is_not_there_has_not_accepted(upstream_server: UpstreamServer, upstream: Upstream) -> None:
    upstream_server.__exit__(None, None, None)

    with pytest.raises(NotAccepted):
        upstream.submit(order(upstream_server))


@pytest.mark.parametrize(("status", "code"), REFUSED)
def test_a_refusal_tells_our_client_nothing_of_our_dealings(
    upstream_server: UpstreamServer, upstream: Upstream, status: int, code: str
) -> None:
    upstream_server.faults["POST /orders"] = [told(refusal(status, code, price_usdt=4, in_stock=2))]

    assert upstream.submit(order(upstream_server)) == Refused(REFUSED[status, code])


@pytest.mark.parametrize("field", ["recipient", "quantity"])
def test_a_field_of_the_clients_that_is_not_taken_is_a_refusal(
    upstream_server: UpstreamServer, upstream: Upstream, field: str
) -> None:
    fields = [{"field": "webhook_url", "message": "no"}, {"field": field, "message": "SECRET"}]
    upstream_server.faults["POST /orders"] = [told(refusal(422, "invalid_body", fields=fields))]

    answer = upstream.submit(order(upstream_server))

    assert answer == Refused(f"The provider does not take this {field}.")


def test_nothing_is_bought_above_what_we_are_paid(upstream_server: UpstreamServer, upstream: Upstream) -> None:
    assert isinstance(upstream.submit(order(upstream_server, price=119_999)), Refused)
    assert isinstance(upstream.submit(order(upstream_server, price=120_000, order_id=18)), InProgress)


def test_a_repetition_that_is_refused_counts_only_when_the_first_request_can_no_longer_arrive(
    upstream_server: UpstreamServer, upstream: Upstream
) -> None:
    upstream_server.faults["POST /orders"] = [
        told(refusal(409, "insufficient_stock")),
        told(refusal(409, "insufficient_stock")),
    ]

    assert isinstance(upstream.submit(order(upstream_server, submitted=30)), InProgress)
    assert isinstance(upstream.submit(order(upstream_server, submitted=301)), Refused)


def test_an_order_placed_in_other_words_is_found_by_our_reference(
    upstream_server: UpstreamServer, upstream: Upstream
) -> None:
    upstream_server.faults["POST /orders"] = [cut_after_all]
    with pytest.raises(OutcomeUnknown):
        upstream.submit(order(upstream_server, recipient="ada"))

    answer = upstream.submit(order(upstream_server, submitted=1))  # as after a change of PUBLIC_URL: another body

    assert answer == InProgress(str(next(iter(upstream_server.orders))), "found by our reference")

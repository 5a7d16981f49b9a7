"""How an order stands at the upstream, and what it tells unasked."""

from decimal import Decimal
from typing import Any

import pytest
import simplejson

from jobs.providers.base import (
    Balance,
    Delivered,
    ForgedNotice,
    InProgress,
    Notice,
    OutcomeUnknown,
    ProviderFault,
    Refused,
)
from jobs.providers.upstream import Upstream
from tests.jobs.provider_faults import NOT_ACCEPTED, UNKNOWN
from tests.jobs.stand_in import HTML, Fault, instead
from tests.jobs.upstream_orders import order, submitted
from tests.jobs.upstream_server import UpstreamServer, webhook_headers


@pytest.mark.parametrize("status", ["failed", "expired", "cancelled", "refunded"])
def test_an_order_that_ended_without_goods_is_refused(
    upstream_server: UpstreamServer, upstream: Upstream, status: str
) -> None:
    bought = submitted(upstream_server, upstream)
    assert upstream.look_up(bought) == InProgress(bought.provider_order_id)
    order_id = int(bought.provider_order_id or "")

    upstream_server.finish(order_id, status)
    assert upstream.look_up(bought) == Refused("The provider could not deliver the order.", str(order_id))
    upstream_server.finish(order_id, status, error_message="The product went\nout of stock.")
    assert upstream.look_up(bought) == Refused("The product went out of stock.", str(order_id))


def test_items_come_with_the_order_exactly_as_they_are(upstream_server: UpstreamServer, upstream: Upstream) -> None:
    bought = submitted(upstream_server, upstream)
    items: list[dict[str, Any]] = [{"key": "K", "worth": Decimal("12.10"), "more": {"ü": [1, None]}}, {}, {"key": "K"}]
    upstream_server.finish(int(bought.provider_order_id or ""), items=items)

    assert upstream.look_up(bought) == Delivered(3, bought.provider_order_id, items)


def test_a_part_is_delivered_with_its_items(upstream_server: UpstreamServer, upstream: Upstream) -> None:
    bought = submitted(upstream_server, upstream)
    reason = "Only 2 of 3 items were in stock."
    upstream_server.finish(
        int(bought.provider_order_id or ""), "partial", delivered_quantity=2, items=[{}, {}], error_message=reason
    )

    assert upstream.look_up(bought) == Delivered(2, bought.provider_order_id, [{}, {}], reason)


@pytest.mark.parametrize(
    "fields",
    [
        {"items": []},
        {"items": None},
        {"items": [{}, {}]},
        {"items": [{}, {}, {}, {}]},
        {"items": [{}, {}, "K"]},
        {"items": {"1": {}, "2": {}, "3": {}}},
        {"delivered_quantity": 2, "items": [{}, {}]},
        {"delivered_quantity": 4, "items": [{}, {}, {}, {}]},
        {"delivered_quantity": 0, "items": []},
        {"delivered_quantity": None},
        {"delivered_quantity": True},
        {"delivered_quantity": "3"},
        {"status": "partial"},
        {"status": "partial", "delivered_quantity": 0, "items": []},
        {"status": None},
        {"order_id": 1},
    ],
)
def test_a_delivery_that_makes_no_sense_is_left_to_an_operator(
    upstream_server: UpstreamServer, upstream: Upstream, fields: dict[str, Any]
) -> None:
    bought = submitted(upstream_server, upstream)
    upstream_server.finish(int(bought.provider_order_id or ""))
    upstream_server.orders[int(bought.provider_order_id or "")] |= fields

    with pytest.raises(OutcomeUnknown):
        upstream.look_up(bought)


@pytest.mark.parametrize("item", [b'{"a": NaN}', b'{"a": "\\ud800"}', b'{"a": 1, "a": 2}', b"[" * 500 + b"]" * 500])
def test_items_that_cannot_be_kept_are_left_to_an_operator(
    upstream_server: UpstreamServer, upstream: Upstream, item: bytes
) -> None:
    bought = submitted(upstream_server, upstream, quantity=1)
    start = b'{"order_id": %s, "status": "completed", "delivered_quantity": 1, "items": ['
    body = start % (bought.provider_order_id or "").encode() + item + b"]}"
    upstream_server.faults["GET /orders"] = [instead(200, body)]

    with pytest.raises(OutcomeUnknown):
        upstream.look_up(bought)


def test_an_order_with_very_many_items_is_read(upstream_server: UpstreamServer, upstream: Upstream) -> None:
    upstream_server.products[0] |= {"in_stock": 10_000}
    bought = submitted(upstream_server, upstream, quantity=10_000, price=10**12)
    upstream_server.finish(int(bought.provider_order_id or ""), items=[{"key": "K" * 900}] * 10_000)

    answer = upstream.look_up(bought)

    assert isinstance(answer, Delivered)
    assert len(answer.items) == 10_000


@pytest.mark.parametrize("fault", [*UNKNOWN.values(), *NOT_ACCEPTED.values()], ids=[*UNKNOWN, *NOT_ACCEPTED])
def test_a_look_up_that_fails_ends_no_order(
    upstream_server: UpstreamServer, upstream: Upstream, fault: Fault, short_patience: None
) -> None:
    bought = submitted(upstream_server, upstream)
    upstream_server.faults["GET /orders"] = [fault, fault]

    with pytest.raises(ProviderFault):
        upstream.look_up(bought)
    with pytest.raises(ProviderFault):
        upstream.look_up(order(upstream_server, submitted=90_000))


def test_an_order_that_the_upstream_does_not_know_is_not_refunded(
    upstream_server: UpstreamServer, upstream: Upstream
) -> None:
    answer = upstream.look_up(order(upstream_server, submitted=5, provider_order_id="1"))

    assert isinstance(answer, InProgress)


def test_a_day_later_an_order_is_found_by_our_reference(upstream_server: UpstreamServer, upstream: Upstream) -> None:
    late = order(upstream_server, submitted=90_000)
    assert late.age_seconds > upstream.repeat_seconds
    assert upstream.look_up(late) == InProgress(None, "the upstream has no order with our reference")

    bought = submitted(upstream_server, upstream)
    assert upstream.look_up(late) == InProgress(bought.provider_order_id, "found by our reference")

    upstream_server.orders[1] = upstream_server.orders[int(bought.provider_order_id or "")] | {"order_id": 1}
    with pytest.raises(OutcomeUnknown):
        upstream.look_up(late)


def test_our_balance_is_read(upstream_server: UpstreamServer, upstream: Upstream) -> None:
    assert upstream.balance() == Balance(Decimal("412.345678"), "USDT")


@pytest.mark.parametrize("fault", [HTML, instead(200), instead(200, {"balance_usdt": None}), instead(200, [])])
def test_a_balance_that_makes_no_sense_is_a_fault(
    upstream_server: UpstreamServer, upstream: Upstream, fault: Fault
) -> None:
    upstream_server.faults["GET /balance"] = [fault]

    with pytest.raises(ProviderFault):
        upstream.balance()


def test_a_webhook_is_a_reason_to_look(upstream_server: UpstreamServer, upstream: Upstream) -> None:
    bought = submitted(upstream_server, upstream)
    order_id = int(bought.provider_order_id or "")
    upstream_server.finish(order_id)

    assert upstream.read_notice(*upstream_server.notice(order_id, age=290)) == Notice(str(order_id), None)


def test_a_forged_webhook_is_not_believed(upstream_server: UpstreamServer, upstream: Upstream) -> None:
    bought = submitted(upstream_server, upstream)
    body, headers = upstream_server.notice(int(bought.provider_order_id or ""))
    old_body, old_headers = upstream_server.notice(int(bought.provider_order_id or ""), age=310)
    forged: list[tuple[bytes, dict[str, str]]] = [
        (body, {}),
        (body + b" ", headers),
        (old_body, old_headers),
        (body, headers | {"X-Webhook-Timestamp": ""}),
        (body, headers | {"X-Webhook-Timestamp": "٣"}),
        (body, headers | {"X-Webhook-Timestamp": "9" * 400}),
        (body, headers | {"X-Webhook-Signature": "é"}),
        (body, headers | {"X-Webhook-Signature": ""}),
    ]

    for body_, headers_ in forged:
        with pytest.raises(ForgedNotice):
            upstream.read_notice(body_, headers_)
    with pytest.raises(ForgedNotice):
        Upstream("https://upstream.example/api/v1", "key", None, None).read_notice(body, headers)


@pytest.mark.parametrize("document", [[], "x", {"topup_id": "7", "status": "credited_auto"}, {"order_id": None}])
def test_a_webhook_about_something_else_is_passed_over(upstream: Upstream, document: Any) -> None:
    body = simplejson.dumps(document).encode()

    assert upstream.read_notice(body, webhook_headers(body)) is None

"""The Python package, for the wholesale API."""

from dataclasses import asdict
from decimal import Decimal

import pytest
from sutler_client import ApiError, NoAnswer, Purchase, StillOpen, SutlerClient

from models.database import changed, db
from tests.clients.conftest import BeforeSutler
from tests.clients.sutler import Sutler
from tests.factories import Shop
from tests.receiver import Behaviour, Receiver, answer, break_off_body, close_at_once, talk_nonsense

PLACE, LOOK = b"POST /api/v1/orders", b"GET /api/v1/orders/"
BUSY = b'{"error": "busy", "message": "Not now.", "request_id": "1"}'
ORDER = (
    b'{"order_id": 1, "status": "processing", "product_id": 1, "quantity": 1, "delivered_quantity": 0,'
    b' "price_usdt": 8.9, "refunded": false, "refunded_usdt": 0, "error_message": null, "client_reference": null,'
    b' "created_at": 1, "updated_at": 1}'
)


@pytest.fixture(params=[True, False], ids=["signed", "unsigned"])
def shop(request: pytest.FixtureRequest, sutler: Sutler) -> Shop:
    """A client with $1000, whose key has a secret or none."""
    return sutler.shop(signed=request.param)


def client_of(shop: Shop, base: str, attempts: int = 6) -> SutlerClient:
    """The package's client with the shop's key."""
    return SutlerClient(base, shop.api_key, shop.secret, attempts=attempts)


def test_an_order_is_placed_and_waited_for(sutler: Sutler, shop: Shop) -> None:
    client, product = client_of(shop, sutler.base), sutler.sell(3)

    placed = client.order(product.id, 2, client_reference="basket-77", max_price_usdt=Decimal("500.000001"))
    ended = client.wait_for(placed.order_id)

    assert (placed.status, placed.is_final, placed.items) == ("processing", False, [])
    assert (ended.status, ended.is_final, ended.client_reference) == ("completed", True, "basket-77")
    assert ended.items == sutler.only_order(shop)["items"]
    assert client.show(placed.order_id) == ended


def test_money_is_exact(sutler: Sutler, shop: Shop) -> None:
    client, product = client_of(shop, sutler.base), sutler.sell(3)
    order = client.wait_for(client.order(product.id).order_id)

    balance, movements = client.balance(), list(client.statement())

    assert all(type(amount) is Decimal for amount in asdict(balance).values())
    assert balance.balance_usdt == sum(movement.amount_usdt for movement in movements) == 1000 - order.price_usdt
    assert next(each for each in client.products(min_qty=1) if each.id == product.id).price_usdt == order.price_usdt
    with pytest.raises(TypeError):
        client.topup(10.5, "usdt_trc_20")  # type: ignore[arg-type]


def test_an_order_whose_answer_is_lost_is_sent_again_by_itself(
    sutler: Sutler, shop: Shop, proxied: BeforeSutler
) -> None:
    proxy, base = proxied()
    proxy.lose_answer(PLACE)

    order = client_of(shop, base).order(sutler.sell(3).id)

    assert proxy.has_lost.is_set()
    assert sutler.only_order(shop)["order_id"] == order.order_id


def test_an_order_that_was_not_answered_at_all_is_reconciled(sutler: Sutler, shop: Shop, proxied: BeforeSutler) -> None:
    proxy, base = proxied()
    client, product = client_of(shop, base, attempts=1), sutler.sell(3)
    proxy.lose_answer(PLACE)
    with pytest.raises(NoAnswer) as lost:
        client.order(product.id)
    assert lost.value.purchase is not None
    kept = asdict(lost.value.purchase)  # as it would be stored, for a process that comes later

    order = client_of(shop, base).reconcile(Purchase(**kept))

    assert sutler.only_order(shop)["order_id"] == order.order_id


def test_an_order_that_never_arrived_is_placed_by_reconciling(
    sutler: Sutler, shop: Shop, proxied: BeforeSutler
) -> None:
    proxy, base = proxied()
    client, product = client_of(shop, base, attempts=1), sutler.sell(3)
    proxy.fail("refuse")
    with pytest.raises(NoAnswer) as lost:
        client.order(product.id)
    assert lost.value.purchase is not None
    assert sutler.orders(shop) == []
    proxy.heal()

    order = client.reconcile(lost.value.purchase)

    assert sutler.only_order(shop)["order_id"] == order.order_id


def test_the_same_order_under_the_same_key_is_the_same_order(sutler: Sutler, shop: Shop) -> None:
    client, product = client_of(shop, sutler.base), sutler.sell(3)

    first = client.order(product.id, idempotency_key="basket-78")
    again = client.order(product.id, idempotency_key="basket-78")

    assert first == again
    with pytest.raises(ApiError, match="idempotency_key_reused"):
        client.order(product.id, 2, idempotency_key="basket-78")


def test_two_purchases_that_are_alike_may_be_made_within_one_second(sutler: Sutler, shop: Shop) -> None:
    client, product = client_of(shop, sutler.base), sutler.sell(3)

    orders = {client.order(product.id).order_id for _ in range(2)}

    assert len(orders) == 2


@pytest.mark.parametrize("end", ["completed", "partial", "failed", "expired", "cancelled", "refunded"])
def test_waiting_ends_on_every_final_status(sutler: Sutler, end: str) -> None:
    shop = sutler.shop(signed=True)
    client, product = client_of(shop, sutler.base), sutler.sell(2, missing={"partial": 1, "failed": 2}.get(end, 0))
    with sutler.paused():
        order_id = client.order(product.id, 2).order_id
        if end == "cancelled":
            sutler.cancel(order_id)
        if end == "expired":
            with db.connection_context():
                changed("UPDATE orders SET deadline_at = now() - interval '1 s' WHERE id = %(id)s", {"id": order_id})
    if end == "refunded":
        client.wait_for(order_id)
        sutler.refund(order_id)

    order = client.wait_for(order_id, timeout=30)

    assert order.status == end
    assert order.refunded == (end != "completed")
    assert len(order.items) == order.delivered_quantity


def test_a_wait_that_is_cut_off_goes_on_by_asking(sutler: Sutler, shop: Shop, proxied: BeforeSutler) -> None:
    proxy, base = proxied()
    client = client_of(shop, base)
    order_id = client.order(sutler.sell(1).id).order_id
    proxy.lose_answer(LOOK)

    assert client.wait_for(order_id).status == "completed"
    assert [request.split()[1] for request in proxy.requests[-2:]] == [
        f"/api/v1/orders/{order_id}?wait=true&timeout=60".encode(), f"/api/v1/orders/{order_id}".encode(),
    ]  # fmt: skip


def test_a_wait_ends_when_its_time_is_up(sutler: Sutler, shop: Shop) -> None:
    client, product = client_of(shop, sutler.base), sutler.sell(1)
    with sutler.paused():
        order_id = client.order(product.id).order_id
        with pytest.raises(StillOpen) as still_open:
            client.wait_for(order_id, timeout=1)

    assert still_open.value.order_id == order_id
    assert client.wait_for(order_id).status == "completed"


def test_a_refusal_tells_all_that_the_answer_tells(sutler: Sutler) -> None:
    client = client_of(sutler.shop(signed=True, balance="1.5"), sutler.base)

    with pytest.raises(ApiError) as refused:
        client.order(sutler.sell(1).id)

    error = refused.value
    assert (error.status, error.code, error.retry_after) == (402, "insufficient_balance", None)
    assert error.facts["balance_usdt"] == Decimal("1.5")
    assert error.facts["missing_usdt"] == error.facts["price_usdt"] - error.facts["balance_usdt"]
    assert error.message
    assert error.request_id


def test_who_wants_no_second_attempt_is_told_how_long_to_wait(sutler: Sutler) -> None:
    client = client_of(sutler.shop(signed=False, rate_limit=1), sutler.base, attempts=1)
    client.balance()

    with pytest.raises(ApiError) as refused:
        client.balance()

    assert (refused.value.status, refused.value.code) == (429, "rate_limit_exceeded")
    assert 1 <= (refused.value.retry_after or 0) <= 60


def test_a_topup_is_asked_for_once(sutler: Sutler, shop: Shop, proxied: BeforeSutler) -> None:
    proxy, base = proxied()
    client = client_of(shop, base)
    proxy.lose_answer(b"POST /api/v1/balance/topup")

    topup = client.topup(Decimal("1E+2"), "usdt_trc_20", idempotency_key="topup-1")

    assert proxy.has_lost.is_set()
    assert client.topup(100, "usdt_trc_20", idempotency_key="topup-1") == topup == client.topup_state(topup.topup_id)
    assert (topup.requested_usdt, topup.status) == (Decimal(100), "pending")


@pytest.mark.parametrize(
    "behaviour",
    [
        answer(502, b"<h1>Bad gateway</h1>"), answer(200, b"[]"), answer(200, b"{}"), answer(200, b"[" * 100_000),
        answer(200, ORDER.replace(b"8.9", b'"dear"')), answer(302, ORDER), answer(408, BUSY), answer(500, BUSY),
        answer(503, BUSY, Retry_After="1"), talk_nonsense, break_off_body, close_at_once,
    ],
)  # fmt: skip
def test_what_is_no_answer_of_ours_leaves_the_order_to_be_reconciled(behaviour: Behaviour) -> None:
    with Receiver(behaviour) as router, pytest.raises(NoAnswer) as lost:
        SutlerClient(f"http://127.0.0.1:{router.port}", "key", "secret", attempts=1).order(1, idempotency_key="once")

    assert lost.value.purchase == Purchase("/orders", '{"product_id": 1, "quantity": 1}', "once")


@pytest.mark.parametrize("last", [answer(429, BUSY, Retry_After="1000"), answer(401, BUSY), answer(403, BUSY)])
def test_a_refusal_of_the_last_attempt_alone_does_not_say_that_the_first_bought_nothing(last: Behaviour) -> None:
    with Receiver(close_at_once, last) as router, pytest.raises(NoAnswer) as lost:
        SutlerClient(f"http://127.0.0.1:{router.port}", "key", attempts=2).order(1, idempotency_key="once")

    assert lost.value.purchase == Purchase("/orders", '{"product_id": 1, "quantity": 1}', "once")
    assert len(router.requests) == 2


@pytest.mark.parametrize(
    "pause", ["31536000", "9" * 5000, "-5", "\N{SUPERSCRIPT TWO}", "Wed, 21 Oct 2026 07:28:00 GMT"]
)
def test_a_pause_that_nobody_would_sit_out_holds_nothing_up(pause: str) -> None:
    with Receiver(answer(429, BUSY, Retry_After=pause), answer(402, BUSY)) as router, pytest.raises(ApiError):
        SutlerClient(f"http://127.0.0.1:{router.port}", "key").order(1)


def test_a_wait_that_is_answered_at_once_is_not_asked_for_again_at_once() -> None:
    with Receiver(answer(200, ORDER)) as router, pytest.raises(StillOpen):
        SutlerClient(f"http://127.0.0.1:{router.port}", "key").wait_for(1, timeout=1)

    assert len(router.requests) <= 3

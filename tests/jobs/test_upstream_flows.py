"""Orders of the upstream's goods all the way: with a stand-in and its faults, and with v1 itself as the upstream."""

import threading
import time
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.serving import make_server

from jobs import fulfilment, signing
from jobs.providers.base import Delivered, InProgress, NotAccepted, Notice, Refused
from jobs.providers.upstream import Upstream
from models import stock
from models.database import db
from models.tables import Order
from tests.factories import Shop, make_product, make_shop
from tests.jobs.provider_orders import age, lease, order_row, place, step
from tests.jobs.stand_in import Fault, cut_after_all, instead
from tests.jobs.upstream_server import UpstreamServer

SKU = "writer-pro-1y"
NOTICES_URL = "https://93.184.216.34/providers/upstream/webhook"


def items_of(order_id: int) -> list[Any]:
    """What we keep of the goods."""
    with db.connection_context():
        return stock.delivered_to(order_id)


def test_an_order_goes_all_the_way_and_brings_its_items(upstream_server: UpstreamServer) -> None:
    order_id = place("upstream", SKU, 3)
    assert step(order_id)["status"] == "processing"
    [name] = upstream_server.orders
    upstream_server.finish(name)

    order = step(order_id)

    assert (order["status"], order["delivered_quantity"], order["provider_order_id"]) == ("completed", 3, str(name))
    assert items_of(order_id) == upstream_server.orders[name]["items"]


def test_a_part_is_paid_for_in_part(upstream_server: UpstreamServer) -> None:
    order_id = place("upstream", SKU, 4)
    step(order_id)
    [name] = upstream_server.orders
    upstream_server.finish(name, "partial", delivered_quantity=1, items=[{"licence_key": "K"}])

    order = step(order_id)

    assert (order["status"], order["delivered_quantity"], order["refunded"]) == ("partial", 1, 150_000)
    assert items_of(order_id) == [{"licence_key": "K"}]


@pytest.mark.parametrize("fault", [cut_after_all, instead(503, {"error": "service_unavailable"})])
def test_a_lost_answer_costs_no_second_purchase(upstream_server: UpstreamServer, fault: Fault) -> None:
    upstream_server.faults["POST /orders"] = [fault]
    order_id = place("upstream", SKU, 3)
    assert step(order_id)["submitted_at"] is not None

    step(order_id)
    [name] = upstream_server.orders
    upstream_server.finish(name)

    assert step(order_id)["status"] == "completed"
    assert len(upstream_server.orders) == 1


def test_after_a_day_without_an_answer_the_order_is_found_and_not_placed_again(upstream_server: UpstreamServer) -> None:
    upstream_server.faults["POST /orders"] = [cut_after_all]
    order_id = place("upstream", SKU, 3)
    step(order_id)
    [name] = upstream_server.orders
    upstream_server.finish(name)
    age(order_id, 30 * 3600)

    order = step(order_id, times=2)

    assert order["status"] == "completed"
    assert len(upstream_server.calls("POST /orders")) == 1


def test_items_that_do_not_add_up_wait_for_an_operator(upstream_server: UpstreamServer) -> None:
    order_id = place("upstream", SKU, 3)
    step(order_id)
    [name] = upstream_server.orders
    upstream_server.finish(name, items=[{"licence_key": "K"}])

    order = step(order_id, times=2)

    assert (order["status"], items_of(order_id)) == ("processing", [])


def test_the_webhook_makes_the_order_due(upstream_server: UpstreamServer, client: FlaskClient) -> None:
    order_id = place("upstream", SKU, 3)
    before = step(order_id)
    [name] = upstream_server.orders
    upstream_server.finish(name)
    body, headers = upstream_server.notice(name)

    assert client.post("/providers/upstream/webhook", data=body, headers=headers).status_code == 200
    assert client.post("/providers/upstream/webhook", data=body + b" ", headers=headers).status_code == 401

    assert order_row(order_id)["wake_at"] < before["wake_at"]
    assert step(order_id)["status"] == "completed"


@pytest.fixture
def v1(app: Flask) -> Iterator[str]:
    """Our own v1 on a port, as if it were another's; returns its address."""
    serving = make_server("127.0.0.1", 0, app, threaded=True)
    threading.Thread(target=serving.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{serving.server_port}/api/v1"
    serving.shutdown()
    serving.server_close()


@pytest.fixture
def shop(client: FlaskClient) -> Shop:
    """Our account there, with a secret."""
    return make_shop(client, "100", signed=True)


@pytest.fixture
def v1_upstream(v1: str, shop: Shop) -> Upstream:
    """The adapter, with v1 itself behind it."""
    return Upstream(v1, shop.api_key, shop.secret, NOTICES_URL)


def test_v1_itself_sells_what_the_adapter_asks_for(v1_upstream: Upstream) -> None:
    make_product("8.90", 5, sku=SKU)
    wish: dict[str, Any] = {"sku": SKU, "quantity": 2, "recipient": None, "price": 20_000_000}
    ticket = v1_upstream.check(lease(**wish))
    assert isinstance(ticket, str)

    answer = v1_upstream.submit(lease(**wish, ticket=ticket))
    again = v1_upstream.submit(lease(**wish, ticket=ticket, submitted=1))

    assert isinstance(answer, InProgress)
    assert again == answer
    name = answer.provider_order_id
    assert name is not None
    submitted = lease(**wish, submitted=5, provider_order_id=name)
    assert v1_upstream.look_up(submitted) == InProgress(name)
    assert v1_upstream.look_up(lease(**wish, submitted=90_000)) == InProgress(name, "found by our reference")
    fulfilment.fulfil(int(name))
    assert v1_upstream.look_up(submitted) == Delivered(2, name, items_of(int(name)))
    assert v1_upstream.balance().amount == Decimal("82.2")
    with db.connection_context():
        assert Order.select().count() == 1
        assert Order.get_by_id(int(name)).webhook_url == NOTICES_URL


def test_v1s_own_refusals_are_understood(v1_upstream: Upstream, shop: Shop) -> None:
    make_product("8.90", 2, sku=SKU, min_quantity=2, max_quantity=50)
    stars = make_product("0.10", 0, sku="tg-star", provider="istar", needs_recipient=True)

    def outcome(quantity: int, price: int = 10**9, sku: str = SKU, recipient: str | None = None) -> Any:
        wish = lease(sku, quantity, price=price, recipient=recipient, order_id=1000 + quantity)
        ticket = v1_upstream.check(wish)
        assert isinstance(ticket, str)
        return v1_upstream.submit(
            lease(sku, quantity, price=price, recipient=recipient, order_id=1000 + quantity, ticket=ticket)
        )

    assert outcome(1) == Refused("The order is smaller than the provider takes.")
    assert outcome(51) == Refused("The order is larger than the provider takes.")
    assert outcome(3) == Refused("The product went out of stock.")
    assert outcome(2, price=17_799_999) == Refused(
        "The provider's price has changed, and the order was not carried out."
    )
    assert outcome(100, sku=stars.sku, recipient="1") == Refused("The provider does not take this recipient.")
    with pytest.raises(NotAccepted):
        outcome(2000, sku=stars.sku, recipient="ada_lovelace")
    assert shop.balance()["balance_usdt"] == 100


def test_v1s_own_webhook_is_believed(v1_upstream: Upstream, shop: Shop) -> None:
    body = b'{"order_id": 7, "status": "completed"}'
    headers = signing.headers("msg_1", 1, body, shop.secret, int(time.time()))

    assert v1_upstream.read_notice(body, headers) == Notice("7", None)


def test_v1s_own_catalogue_is_read_page_by_page(v1_upstream: Upstream, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jobs.providers.upstream.PAGE_SIZE", 2)
    products = [make_product("8.90", number) for number in range(5)]

    pages = list(v1_upstream.goods())

    offers = [offer for page in pages for offer in page.offers]
    assert [(page.pages, page.total) for page in pages] == [(3, 5)] * 3
    assert [(offer.sku, offer.price, offer.in_stock) for offer in offers] == [
        (product.sku, product.price, product.in_stock) for product in products
    ]
    assert next(v1_upstream.goods("no such category")).offers == ()

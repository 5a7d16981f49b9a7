"""What Prometheus is told."""

import math
from importlib import import_module
from types import SimpleNamespace

import pytest
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families

from models import scans, telegram_outbox, telegram_updates
from models.database import changed, db
from models.operators import Role
from tests.desk import make_desk
from tests.factories import exact, make_product, make_shop
from tests.friends import account, connect, top_up
from tests.payers import NETWORK, arrive, read_up_to_now
from tests.receiver import Receiver, answer


def scrape(client: FlaskClient) -> dict[str, float]:
    """The figures by name, with the one label's value behind the name, as Prometheus reads them."""
    desk = make_desk(client, Role.READ)
    answer = client.get("/metrics", headers={"Authorization": f"Bearer {desk.token}"})
    assert answer.status_code == 200
    assert answer.content_type.startswith("text/plain")
    samples = [sample for family in text_string_to_metric_families(answer.text) for sample in family.samples]
    return {" ".join((sample.name, *sample.labels.values())): sample.value for sample in samples}


def test_without_a_token_no_figure_is_told(client: FlaskClient) -> None:
    refused = client.get("/metrics")

    assert (refused.status_code, refused.json["error"]) == (401, "missing_token")


def test_an_order_that_waits_is_counted_with_its_message(client: FlaskClient) -> None:
    shop, product = make_shop(client), make_product("10", in_stock=1)
    before = scrape(client)
    assert shop.order(product, 1).status_code == 200

    after = scrape(client)

    for name in ("sutler_orders_total", "sutler_orders_processing", "sutler_queue_messages fulfilment"):
        assert after[name] == before[name] + 1, name
    with db.connection_context():
        changed("UPDATE orders SET created_at = created_at - interval '2 minutes'")
    assert 120 <= scrape(client)["sutler_orders_oldest_seconds"] < 180


def test_deposits_that_wait_for_an_operator_are_told(client: FlaskClient) -> None:
    arrive("7")
    arrive("7")  # the same one, read again

    assert scrape(client)["sutler_deposits_unmatched"] == 1


def test_each_network_tells_its_lag_and_whether_it_fails_even_if_it_was_never_read(client: FlaskClient) -> None:
    before = scrape(client)
    read_up_to_now()
    with db.connection_context():
        lease = scans.claim("usdt_ton")
        assert lease is not None
        scans.fail(lease, "no server answers", [])

    after = scrape(client)

    assert before[f"sutler_network_lag_seconds {NETWORK}"] == math.inf
    assert (before[f"sutler_network_failing {NETWORK}"], after[f"sutler_network_failing {NETWORK}"]) == (0, 0)
    assert after[f"sutler_network_lag_seconds {NETWORK}"] < 10
    assert after["sutler_network_lag_seconds usdt_ton"] == math.inf
    assert after["sutler_network_failing usdt_ton"] == 1


def test_a_webhook_that_nobody_sends_is_overdue(client: FlaskClient) -> None:
    shop, product = make_shop(client), make_product("10", in_stock=1)
    with Receiver(answer(200)) as receiver:
        placed = exact(shop.order(product, 1, webhook_url=receiver.url))
    make_desk(client).post(f"/orders/{placed['order_id']}/cancel")
    with db.connection_context():
        changed("UPDATE webhook_deliveries SET due_at = now() - interval '2 minutes'")

    figures = scrape(client)

    assert figures["sutler_webhooks_pending"] == 1
    assert 120 <= figures["sutler_webhooks_overdue_seconds"] < 180


def test_what_the_bot_owes_its_users_is_told_with_its_age(client: FlaskClient) -> None:
    with db.connection_context():
        telegram_updates.receive(7, 5001, {"update_id": 7})
        telegram_outbox.say(5001, {"text": "hello"})
        telegram_outbox.follow_up(5001, "topup_countdown", 1, 100, 60)  # not yet
        changed("UPDATE telegram_updates SET received_at = received_at - interval '2 minutes'")
        changed("UPDATE telegram_messages SET due_at = due_at - interval '3 minutes' WHERE kind = 'say'")

    figures = scrape(client)

    assert (figures["sutler_telegram_updates_waiting"], figures["sutler_telegram_messages_waiting"]) == (1, 1)
    assert 120 <= figures["sutler_telegram_updates_oldest_seconds"] < 170
    assert 180 <= figures["sutler_telegram_messages_oldest_seconds"] < 230


def test_rewards_that_are_held_are_told(client: FlaskClient) -> None:
    referrer, friend = account(), account()
    top_up(referrer, "50", sender="one wallet")
    connect(friend, referrer)
    top_up(friend, "50", sender="one wallet")

    assert scrape(client)["sutler_referrals_held"] == 1


def test_figures_are_told_where_everything_is_sold_from_stock(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("web.metrics", "web.admin.providers"):
        monkeypatch.setattr(import_module(module), "settings", SimpleNamespace(configured_providers=frozenset()))

    assert scrape(client)["sutler_orders_processing"] == 0
    assert make_desk(client).get("/providers").json["items"] == []

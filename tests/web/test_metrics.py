"""What Prometheus is told."""

from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families

from models.operators import Role
from tests.desk import make_desk
from tests.factories import make_product, make_shop
from tests.payers import NETWORK, arrive, read_up_to_now


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
    assert after["sutler_orders_oldest_seconds"] >= 0


def test_deposits_that_wait_for_an_operator_and_each_networks_lag_are_told(client: FlaskClient) -> None:
    assert f"sutler_network_lag_seconds {NETWORK}" not in scrape(client)  # nothing was read yet

    arrive("7")
    read_up_to_now()

    figures = scrape(client)
    assert (figures["sutler_deposits_total"], figures["sutler_deposits_unmatched"]) == (1, 1)
    assert figures[f"sutler_network_lag_seconds {NETWORK}"] < 10
    assert figures[f"sutler_network_failing {NETWORK}"] == 0

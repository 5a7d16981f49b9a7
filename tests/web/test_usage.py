"""How much a key is used: counted at the gate, kept in Redis for a while and in the database for good."""

import time

from flask.testing import FlaskClient

from jobs import upkeep
from jobs.redis_calls import redis_client
from models import interventions
from models.database import db
from tests.factories import Shop, exact, make_product, make_shop


def drain() -> None:
    """Move the counts to the database, as the upkeep does every while."""
    upkeep.drain_usage(time.time())


def test_the_first_look_counts_itself(client: FlaskClient) -> None:
    before = int(time.time())
    shop = make_shop(client)

    shown = shop.get("/usage").json

    assert before <= shown.pop("first_used_at") <= shown.pop("last_used_at") <= time.time()
    assert shown == {
        "request_count": 1, "last_endpoint": "/api/v1/usage", "total_spent_usdt": 0, "total_refunded_usdt": 0,
    }  # fmt: skip


def test_every_request_that_passed_the_gate_counts_also_one_that_was_refused_behind_it(client: FlaskClient) -> None:
    shop = make_shop(client)
    shop.get("/health")
    shop.get("/orders/999")
    shop.post("/orders", raw=b"{")
    shop.get("/products?page=0")

    assert shop.get("/usage").json["request_count"] == 5


def test_what_the_gate_refused_does_not_count(client: FlaskClient) -> None:
    shop = make_shop(client, rate_limit=2, ip_allowlist=["127.0.0.1"])
    for _ in range(3):
        assert shop.get("/health", environ_base={"REMOTE_ADDR": "192.0.2.1"}).status_code == 403
    shop.get("/health")

    assert shop.get("/usage").json["request_count"] == 2
    assert shop.get("/usage").status_code == 429


def test_each_key_has_its_own_count_and_the_account_its_spending(client: FlaskClient) -> None:
    first, product = make_shop(client, "100"), make_product("12.34")
    second = make_shop(client, account_id=first.account_id)
    for _ in range(3):
        first.get("/health")
    first.order(product)

    assert first.get("/usage").json["request_count"] == 5
    assert second.get("/usage").json["request_count"] == 1
    assert str(exact(second.get("/usage"))["total_spent_usdt"]) == "12.34"


def test_the_count_goes_on_across_a_move_to_the_database_and_the_loss_of_redis(client: FlaskClient) -> None:
    shop = make_shop(client)
    first = shop.get("/usage").json
    shop.get("/products")

    drain()
    assert shop.get("/usage").json["request_count"] == 3
    drain()
    drain()
    redis_client().flushdb()

    shown = shop.get("/usage").json
    assert shown["request_count"] == 4
    assert shown["first_used_at"] == first["first_used_at"]
    assert shown["last_used_at"] >= first["last_used_at"]
    assert shown["last_endpoint"] == "/api/v1/usage"


def test_the_last_endpoint_outlives_the_move(client: FlaskClient) -> None:
    shop, other = make_shop(client), make_shop(client)
    shop.get("/products?page=1")
    other.get("/balance")

    drain()

    assert _stored_endpoints() == {shop.fingerprint: "/api/v1/products", other.fingerprint: "/api/v1/balance"}


def test_spending_is_net_of_what_came_back(client: FlaskClient) -> None:
    shop, product = make_shop(client, "100"), make_product("8.9")
    order_id = shop.order(product, 2).json["order_id"]
    assert _money(shop) == ("17.8", "0")

    with db.connection_context():
        interventions.cancel("test", order_id)

    assert _money(shop) == ("0", "17.8")


def _money(shop: Shop) -> tuple[str, str]:
    shown = exact(shop.get("/usage"))
    return str(shown["total_spent_usdt"]), str(shown["total_refunded_usdt"])


def _stored_endpoints() -> dict[str, str]:
    with db.connection_context():
        return dict(db.execute_sql("SELECT fingerprint, last_endpoint FROM api_keys").fetchall())

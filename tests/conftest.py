"""What all tests share: a migrated database and an empty Redis at the start of each, and workers on demand."""

from collections.abc import Iterator

import dramatiq
import pytest
from flask import Flask
from flask.testing import FlaskClient
from playhouse.migrations import Runner

from jobs import actors
from jobs.redis_calls import redis_client
from models import invariants, vault
from models.database import db
from tests import conformance
from tests.conformance import Conformance
from web import create_app

# Tables that tests write. The journal refuses to be truncated; a test database may, with its triggers off.
_EMPTY = """
SET session_replication_role = replica;
TRUNCATE accounts, transfers, api_keys, operators, api_audit_log, vault, products, stock_items, stock_imports, orders,
    fulfilment_attempts, idempotency_keys, webhook_deliveries, webhook_attempts, payment_intents,
    deposits, network_scans, provider_states, provider_notices, telegram_users, telegram_updates, telegram_messages,
    telegram_bots, referrals, dashboard_sessions RESTART IDENTITY;
SET session_replication_role = DEFAULT;
"""


@pytest.fixture(scope="session", autouse=True)
def migrated() -> None:
    """The schema, as the migrations make it."""
    with db.connection_context():
        Runner(db, "models/migrations").up()


@pytest.fixture(autouse=True)
def clean(migrated: None) -> Iterator[None]:
    """Nothing is left of the test before, and the books are right after each test."""
    empty_everything()
    yield
    if db.is_closed():
        db.connect()
    report = invariants.check_all()
    db.close()
    assert report["differences"] == []


@pytest.fixture(autouse=True)
def answers_as_documented() -> Iterator[None]:
    """Every answer of the test was as the documents say."""
    conformance.violations.clear()
    yield
    assert conformance.violations == []


def empty_everything() -> None:
    """Leave nothing in the tables and in Redis."""
    with db.connection_context():
        db.execute_sql(_EMPTY)
    redis_client().flushdb()
    vault._pepper.cache_clear()


@pytest.fixture(scope="session")
def app() -> Flask:
    """The application, with every answer held against the documents."""
    made = create_app()
    Conformance(made).watch(made)
    return made


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A client of the application, in the test's own process."""
    return app.test_client()


@pytest.fixture
def worker() -> Iterator[dramatiq.Worker]:
    """A worker of all queues, in the test's own process, on the real Redis."""
    running = dramatiq.Worker(actors.broker, worker_timeout=20, worker_threads=8)
    running.start()
    yield running
    running.stop(timeout=10_000)

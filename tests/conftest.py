"""What all tests share: a migrated database and an empty Redis at the start of each, and workers on demand."""

import sys
from collections.abc import Iterator
from io import StringIO

import dramatiq
import pytest
import structlog
from flask import Flask
from flask.testing import FlaskClient
from playhouse.migrations import Runner

import logs
from jobs import actors
from jobs.redis_calls import redis_client
from models import invariants, vault
from models.database import db
from settings import settings
from tests import conformance
from tests.conformance import Conformance
from web import create_app

TABLES = (
    "accounts", "transfers", "api_keys", "operators", "api_audit_log", "vault", "products", "stock_items",
    "stock_imports", "orders", "fulfilment_attempts", "idempotency_keys", "webhook_deliveries", "webhook_attempts",
    "payment_intents", "deposits", "network_scans", "provider_states", "provider_notices", "telegram_users",
    "telegram_updates", "telegram_messages", "telegram_bots", "referrals", "dashboard_sessions",
)  # fmt: skip
"""Those that tests write."""

# The journal refuses to be emptied; a test database may be, with its triggers off. To truncate all tables takes some
# 90 ms, twice as long as most tests; so that is for those with much in them. The lock waits, as truncating would, for
# whatever a process that was killed is still committing.
_EMPTY = f"""
SET session_replication_role = replica;
BEGIN;
LOCK TABLE {", ".join(TABLES)} IN ACCESS EXCLUSIVE MODE;
DO $$
DECLARE
    written text;
BEGIN
    FOREACH written IN ARRAY '{{{",".join(TABLES)}}}'::text[] LOOP
        IF pg_relation_size(written::regclass) > 1000000 THEN
            EXECUTE 'TRUNCATE ' || written || ' CASCADE';
        ELSE
            EXECUTE 'DELETE FROM ' || written;
        END IF;
    END LOOP;
    PERFORM setval(s.oid, 1, false) FROM pg_class AS s JOIN pg_depend AS d ON d.objid = s.oid
    WHERE s.relkind = 'S' AND d.refobjid = ANY('{{{",".join(TABLES)}}}'::regclass[]);
END $$;
COMMIT;
SET session_replication_role = DEFAULT;
"""  # noqa: S608 - put together from literals


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


@pytest.fixture
def production_log(monkeypatch: pytest.MonkeyPatch) -> Iterator[StringIO]:
    """The log as production writes it."""
    written = StringIO()
    monkeypatch.setattr(logs, "settings", settings.model_copy(update={"log_format": "json"}))
    monkeypatch.setattr("sys.stdout", written)
    structlog.reset_defaults()
    logs.configure()
    for module in [module for name, module in sys.modules.items() if name.startswith(("web.", "jobs.", "models."))]:
        if hasattr(module, "log"):
            monkeypatch.setattr(module, "log", structlog.get_logger())  # a logger keeps the way it wrote first
    yield written
    monkeypatch.undo()
    structlog.reset_defaults()
    logs.configure()

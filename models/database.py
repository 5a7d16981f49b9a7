"""The database: a bounded pool that is quick to notice an outage and to say so, and plain SQL on it."""

import select
import time
from collections.abc import Callable
from typing import Any, TypeVar

import psycopg2
import psycopg2.extensions
from peewee import InterfaceError, OperationalError
from playhouse.pool import MaxConnectionsExceeded, PooledPostgresqlDatabase

from models.connections import Connection, TimedCursor
from settings import settings

CONNECT_SECONDS = 2
POOL_WAIT_SECONDS = 2.0
LONGEST_CONNECTION_SECONDS = 300
RECONNECT_PAUSE_SECONDS = 0.5
SERIALIZATION_ERRORS = frozenset({"40001", "40P01"})  # serialization_failure, deadlock_detected

T = TypeVar("T")
Row = dict[str, Any]


class Database(PooledPostgresqlDatabase):  # type: ignore[misc]  # playhouse ships no types
    """peewee's pool, made safe for outages."""

    _refuse_until = 0.0

    def _connect(self) -> Any:
        # peewee connects under one lock: while the server is silent, each thread in the line would wait its own
        # CONNECT_SECONDS in turn. After a failure, those behind it are told at once.
        if time.monotonic() < self._refuse_until:
            raise psycopg2.OperationalError("the database was out of reach a moment ago")
        try:
            return super()._connect()
        except psycopg2.OperationalError:
            self._refuse_until = time.monotonic() + RECONNECT_PAUSE_SECONDS
            raise

    def _is_closed(self, connection: Any) -> bool:
        """Whether an idle connection is dead.

        A server that went away leaves its end readable, so this needs no query; peewee's own check makes one, which
        is a round trip more for every request.
        """
        if connection.closed:
            return True
        poller = select.poll()
        poller.register(connection.fileno(), select.POLLIN)
        return bool(poller.poll(0))

    def is_closed_by_server(self) -> bool:
        """Whether this thread's connection broke under it."""
        connection = self._state.conn
        return connection is not None and connection.closed != 0


SESSION = " ".join((
    # A host that is gone without a word must not keep its locks, the scheduler's leadership among them, for two hours.
    "-c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3",
    "-c idle_in_transaction_session_timeout=60000",
    # A statement whose client has given up must end with it: it would otherwise wait on for its lock, and then place
    # an order that was answered with 503. (PostgreSQL looks for the client while it waits, from version 14 on.)
    "-c client_connection_check_interval=500",
    # Statements that are planned once shall stay so: left to itself, PostgreSQL guesses that our short ones gain from
    # a new plan for each set of values, and then spends more on planning than on running them.
    "-c plan_cache_mode=force_generic_plan",
    # Its default of 4 is for disks that turn. In tables that fill faster than they are analyzed, it makes PostgreSQL
    # collect and sort all recent orders of a popular total, at every further order, instead of reading ten of them.
    "-c random_page_cost=1.1",
    "-c timezone=UTC",
))  # fmt: skip
"""What each of our connections asks of the server."""

db = Database(
    settings.database_url,
    max_connections=settings.database_pool_size,
    timeout=POOL_WAIT_SECONDS,
    stale_timeout=LONGEST_CONNECTION_SECONDS,
    options=SESSION,
    application_name="sutler",
    connect_timeout=CONNECT_SECONDS,
    connection_factory=Connection,
    cursor_factory=TimedCursor,
)


def release_connection() -> None:
    """Give the thread's connection back before it waits for something else than the database; not in a transaction."""
    if not db.in_transaction() and not db.is_closed():
        db.close()


OUTAGES = (OperationalError, InterfaceError, MaxConnectionsExceeded)
"""What a database that is down, silent or swamped raises."""


def rows(sql: str, params: dict[str, Any] | None = None) -> list[Row]:
    """Run SQL (one or more statements, one round trip) and return the last one's rows as dicts.

    Outside of a transaction, several statements in one call are one transaction of their own: PostgreSQL's simple
    query protocol makes it so.
    """
    cursor = db.execute_sql(sql, params or {})
    if cursor.description is None:
        return []
    names = [column.name for column in cursor.description]
    return [dict(zip(names, values, strict=True)) for values in cursor.fetchall()]


def row(sql: str, params: dict[str, Any] | None = None) -> Row | None:
    """The first row of `rows`, or None."""
    found = rows(sql, params)
    return found[0] if found else None


def changed(sql: str, params: dict[str, Any] | None = None) -> int:
    """Run one statement and return how many rows it touched."""
    return int(db.execute_sql(sql, params or {}).rowcount)


def retrying(transaction: Callable[[], T], attempts: int = 4) -> T:
    """Run a whole transaction, again when PostgreSQL broke it to resolve a deadlock or a serialization conflict."""
    for attempt in range(1, attempts + 1):
        try:
            return transaction()
        except OperationalError as error:
            if sqlstate(error) not in SERIALIZATION_ERRORS or attempt == attempts or db.in_transaction():
                raise
            time.sleep(0.01 * attempt)
    raise AssertionError("unreachable")


def sqlstate(error: Exception) -> str | None:
    """PostgreSQL's five-character code behind a peewee exception, if the server sent one."""
    cause = getattr(error, "orig", None) or (error.args[0] if error.args else None)
    return getattr(cause, "pgcode", None)


def violated_constraint(error: Exception) -> str | None:
    """The name of the constraint that refused the statement."""
    cause = getattr(error, "orig", None) or (error.args[0] if error.args else None)
    diagnostics = getattr(cause, "diag", None)
    return getattr(diagnostics, "constraint_name", None)

"""The connection pool: bounded, quick to notice a dead or silent server, and quick to say so.

Every statement has a limit (`patience`). libpq itself has none once a connection is open: a server that is stopped, or
cut off without a word, would hold a thread for ever. So a watchdog shuts the socket of a statement that is overdue,
and libpq then finds the connection broken. (psycopg2's wait callback could do it too, at 40 µs a statement.)
"""

import os
import select
import socket
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

import psycopg2
import psycopg2.extensions
from peewee import InterfaceError, OperationalError
from playhouse.pool import MaxConnectionsExceeded, PooledPostgresqlDatabase

from settings import settings

CONNECT_SECONDS = 2
WATCH_SECONDS = 0.2
POOL_WAIT_SECONDS = 2.0
IDLE_CONNECTION_SECONDS = 300
RECONNECT_PAUSE_SECONDS = 0.5
WORKER_PATIENCE_SECONDS = 30.0
SERIALIZATION_ERRORS = frozenset({"40001", "40P01"})  # serialization_failure, deadlock_detected

T = TypeVar("T")
Row = dict[str, Any]


class _Patience(threading.local):
    seconds: float = WORKER_PATIENCE_SECONDS


_patience = _Patience()


@contextmanager
def patience(seconds: float) -> Iterator[None]:
    """Within the block, a statement of this thread may take so many seconds."""
    before = _patience.seconds
    _patience.seconds = seconds
    try:
        yield
    finally:
        _patience.seconds = before


def set_default_patience(seconds: float) -> None:
    """Limit every statement of this process that no `patience` block speaks for: the web's threads need it short."""
    _Patience.seconds = seconds


class Connection(psycopg2.extensions.connection):
    """A connection that knows which statements it has planned, and until when the present one may take."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.prepared: set[str] = set()
        self.deadline: float | None = None
        _watchdog.watch(self)

    def give_up(self) -> None:
        """Break the connection from another thread: whoever waits for the server is told at once."""
        with suppress(OSError, psycopg2.InterfaceError), socket.socket(fileno=os.dup(self.fileno())) as duplicate:
            duplicate.shutdown(socket.SHUT_RDWR)


class TimedCursor(psycopg2.extensions.cursor):
    """A cursor whose statements end in time."""

    connection: Connection

    def execute(self, query: Any, params: Any = None) -> None:
        """Run a statement; OperationalError when the server takes longer than the thread's patience."""
        self.connection.deadline = time.monotonic() + _patience.seconds
        try:
            super().execute(query, params)
        finally:
            self.connection.deadline = None


class _Watchdog:
    """Looks after all connections of the process from one thread, which starts with the first of them."""

    def __init__(self) -> None:
        self._connections: weakref.WeakSet[Connection] = weakref.WeakSet()
        self._lock = threading.Lock()
        self._process = 0

    def watch(self, connection: Connection) -> None:
        """Look after one more connection."""
        with self._lock:
            self._connections.add(connection)
            if self._process != os.getpid():  # a fork takes no threads along
                self._process = os.getpid()
                threading.Thread(target=self._run, name="database-watchdog", daemon=True).start()

    def _run(self) -> None:
        while True:
            time.sleep(WATCH_SECONDS)
            with self._lock:
                connections = list(self._connections)
            now = time.monotonic()
            for connection in connections:
                deadline = connection.deadline
                if deadline is not None and deadline < now:
                    connection.give_up()


_watchdog = _Watchdog()


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


db = Database(
    settings.database_url,
    max_connections=settings.database_pool_size,
    timeout=POOL_WAIT_SECONDS,
    stale_timeout=IDLE_CONNECTION_SECONDS,
    # Statements that are planned once shall stay so: left to itself, PostgreSQL guesses that our short ones gain from a
    # new plan for each set of values, and then spends more on planning than on running them.
    options="-c timezone=UTC -c plan_cache_mode=force_generic_plan",
    application_name="sutler",
    connect_timeout=CONNECT_SECONDS,
    connection_factory=Connection,
    cursor_factory=TimedCursor,
)

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

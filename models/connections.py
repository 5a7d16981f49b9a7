"""Connections whose statements end in time.

libpq has no limit of its own once a connection is open: a server that is stopped, or cut off without a word, would hold
a thread for ever. So a watchdog shuts the socket of a statement that is overdue, and libpq then finds the connection
broken. (psycopg2's wait callback could do it too, at 40 µs a statement.)
"""

import os
import socket
import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, ClassVar

import psycopg2
import psycopg2.extensions

WATCH_SECONDS = 0.2
WORKER_PATIENCE_SECONDS = 30.0


class _Patience(threading.local):
    default: ClassVar[float] = WORKER_PATIENCE_SECONDS
    own: float | None = None

    @property
    def seconds(self) -> float:
        return self.default if self.own is None else self.own


_patience = _Patience()


@contextmanager
def patience(seconds: float) -> Iterator[None]:
    """Within the block, a statement of this thread may take so many seconds."""
    before = _patience.own
    _patience.own = seconds
    try:
        yield
    finally:
        _patience.own = before


def set_default_patience(seconds: float) -> None:
    """Limit every statement of this process that no `patience` block speaks for: the web's threads need it short."""
    _Patience.default = seconds


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

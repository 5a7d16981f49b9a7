"""What the sandbox sold: a SQLite file, so that neither a kill nor a power cut makes it forget or sell twice."""

import sqlite3
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

SCHEMA = """
CREATE TABLE IF NOT EXISTS orders (
    key TEXT PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    request TEXT NOT NULL,
    username TEXT NOT NULL COLLATE NOCASE,
    product TEXT NOT NULL,
    quantity TEXT NOT NULL,
    due_at REAL
);
CREATE INDEX IF NOT EXISTS orders_by_due ON orders (due_at);
CREATE INDEX IF NOT EXISTS orders_by_username ON orders (username, due_at);
CREATE TABLE IF NOT EXISTS calls_in_vain (key TEXT PRIMARY KEY, count INTEGER NOT NULL);
"""
BUSY_SECONDS = 5.0


class KeyReused(Exception):
    """The key stands for another request."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A request to sell; `key` is the client's name for it, `request` all that it says, to tell repetitions by."""

    key: str
    request: str
    username: str
    product: str
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class Order:
    """A request that was taken; it is sold from `due_at` on (epoch seconds), or never."""

    id: str
    quantity: Decimal
    due_at: float | None

    @property
    def is_sold(self) -> bool:
        """Whether it has come to its end. Nothing but the time decides, so a restart changes nothing."""
        return self.due_at is not None and self.due_at <= time.time()


class Book:
    """The file; any thread may call."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        self._connection = sqlite3.connect(path, BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        self._connection.row_factory = sqlite3.Row
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = FULL")  # what an answer said is on the disk before it is sent
        self._connection.executescript(SCHEMA)

    def take(self, wanted: Wanted, seconds: float | None) -> tuple[Order, bool]:
        """Take a request, to be sold after so many seconds (None: never); the order, and whether it is a new one.

        With a key that is known it is the order from then. Raises KeyReused.
        """
        due_at = None if seconds is None else time.time() + seconds
        with self._cursor() as cursor:
            cursor.execute(
                "INSERT INTO orders (key, id, request, username, product, quantity, due_at)"
                " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (key) DO NOTHING",
                # A random name: a book that is begun anew must not give the names of the old one again.
                (wanted.key, str(uuid.uuid4()), wanted.request, wanted.username, wanted.product,
                 str(wanted.quantity), due_at),
            )  # fmt: skip
            is_new = cursor.rowcount == 1
            found = cursor.execute("SELECT * FROM orders WHERE key = ?", (wanted.key,)).fetchone()
        if found["request"] != wanted.request:
            raise KeyReused
        return _order(found), is_new

    def count_in_vain(self, key: str) -> int:
        """Count a call that finds nobody; returns how many there were with this key."""
        with self._cursor() as cursor:
            cursor.execute(
                "INSERT INTO calls_in_vain (key, count) VALUES (?, 1)"
                " ON CONFLICT (key) DO UPDATE SET count = count + 1",
                (key,),
            )
            return int(cursor.execute("SELECT count FROM calls_in_vain WHERE key = ?", (key,)).fetchone()["count"])

    def find(self, order_id: str) -> Order | None:
        """The order of this name."""
        with self._cursor() as cursor:
            found = cursor.execute("SELECT * FROM orders WHERE id = ?", (order_id,)).fetchone()
        return _order(found) if found else None

    def due_after(self, instant: float) -> list[Order]:
        """The orders that were or will be sold after an instant (epoch seconds)."""
        with self._cursor() as cursor:
            return [_order(row) for row in cursor.execute("SELECT * FROM orders WHERE due_at > ?", (instant,))]

    def sales(self, username: str | None) -> list[dict[str, Any]]:
        """What was sold by now, to one user (whatever the case of his name) or to all, oldest first."""
        sold = "SELECT * FROM orders WHERE due_at <= ?"
        sold_to = f"{sold} AND username = ?"
        now = time.time()
        with self._cursor() as cursor:
            cursor.execute(sold, (now,)) if username is None else cursor.execute(sold_to, (now, username))
            found = sorted(cursor.fetchall(), key=lambda row: float(row["due_at"]))
        return [
            {
                "reference": row["key"],
                "username": row["username"],
                "product": row["product"],
                "quantity": Decimal(row["quantity"]),
                "at": int(row["due_at"]),
            }
            for row in found
        ]

    @contextmanager
    def _cursor(self) -> Iterator[sqlite3.Cursor]:
        """The one connection, to oneself: SQLite has one writer anyway, and a statement takes well below 1 ms."""
        with self._lock, closing(self._connection.cursor()) as cursor:
            yield cursor


def _order(row: sqlite3.Row) -> Order:
    return Order(row["id"], Decimal(row["quantity"]), row["due_at"])

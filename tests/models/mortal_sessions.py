"""Database sessions that die in the middle of a transaction, as when their process is killed or the power fails."""

from collections.abc import Iterator
from contextlib import contextmanager

from models.database import OUTAGES, db

TABLES = (
    "deposits", "payment_intents", "orders", "accounts", "transfers", "api_audit_log", "webhook_deliveries",
    "network_scans",
)  # fmt: skip
"""Where a session can die: right after a statement that writes to the table."""

_FUNCTION = """
CREATE FUNCTION die_if_told() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF current_setting('sutler.dies_at', true) = TG_TABLE_NAME THEN PERFORM pg_terminate_backend(pg_backend_pid()); END IF;
    RETURN NULL;
END $$
"""


class Killed(Exception):
    """The session died, and its transaction with it."""


@contextmanager
def mortality() -> Iterator[None]:
    """Within the block, sessions can be made to die."""
    db.execute_sql(_FUNCTION)
    for table in TABLES:
        db.execute_sql(
            f"CREATE TRIGGER mortal AFTER INSERT OR UPDATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION die_if_told()"
        )
    try:
        yield
    finally:
        db.execute_sql("DROP FUNCTION die_if_told() CASCADE")


@contextmanager
def dying_at(table: str | None) -> Iterator[None]:
    """The thread's session dies when it writes to the table within the block; Killed tells that it did."""
    if table is None:
        yield
        return
    # The server is not to make a noise about it.
    db.execute_sql("SELECT set_config('sutler.dies_at', %s, false); SET log_min_messages = panic", (table,))
    try:
        yield
    except OUTAGES as error:
        db.close()
        db.connect()
        raise Killed(table) from error
    finally:
        db.execute_sql("RESET sutler.dies_at; RESET log_min_messages")

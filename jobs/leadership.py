"""Of several schedulers one leads: whoever holds an advisory lock, on a connection that it keeps for nothing else."""

import psycopg2
import structlog

from models.connections import Connection, TimedCursor
from models.database import CONNECT_SECONDS, SESSION
from settings import settings

LEADER_LOCK = 7200
log = structlog.get_logger()


class Leadership:
    """Holds, or tries to get, the lock. When the connection breaks, PostgreSQL has let go of it for us."""

    def __init__(self) -> None:
        self._connection: psycopg2.extensions.connection | None = None
        self._leads = False
        self._told: bool | None = None

    def held(self) -> bool:
        """Whether we lead now; asked again at every tick, since the connection may have died since the last one."""
        try:
            leads = self._ask()
        except psycopg2.Error as error:
            log.warning("scheduler.database_unreachable", error=str(error).strip())
            self._connection = None
            leads = False
        if leads != self._told:
            log.info("scheduler.leads" if leads else "scheduler.stands_by")
        self._leads = self._told = leads
        return leads

    def _ask(self) -> bool:
        if self._connection is None or self._connection.closed:
            self._connection = psycopg2.connect(
                settings.database_url, application_name="sutler scheduler", connect_timeout=CONNECT_SECONDS,
                connection_factory=Connection, cursor_factory=TimedCursor, options=SESSION,
            )  # fmt: skip
            self._connection.autocommit = True
            self._leads = False
        with self._connection.cursor() as cursor:
            # Taking the lock again while we hold it would count up; so a holder only checks that the server is there.
            cursor.execute("SELECT 1" if self._leads else f"SELECT pg_try_advisory_lock({LEADER_LOCK})::int")
            found = cursor.fetchone()
        return bool(found and found[0])

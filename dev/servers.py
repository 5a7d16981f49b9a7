"""PostgreSQL and Redis for a run: ours, unless the caller names others."""

from collections.abc import Mapping
from pathlib import Path

from dev.ports import free_port
from dev.postgres import Postgres
from dev.redis_server import RedisServer
from dev.supervisor import Supervisor

SECONDS_TO_START = 60.0  # a recovery after a power cut included


def start_servers(
    supervisor: Supervisor, var: Path, given: Mapping[str, str], *, web_port: int, is_durable: bool = True
) -> dict[str, str]:
    """Start a server for each of DATABASE_URL and REDIS_URL that `given` lacks; return both settings.

    Without `is_durable` they are faster and do not survive a power cut. Raises StartError when one does not start.
    """
    urls = {name: given[name] for name in ("DATABASE_URL", "REDIS_URL") if name in given}
    servers: dict[str, Postgres | RedisServer] = {}
    postgres_port = free_port({web_port})
    if "DATABASE_URL" not in urls:
        servers["DATABASE_URL"] = Postgres(var, postgres_port, is_durable=is_durable)
    if "REDIS_URL" not in urls:
        servers["REDIS_URL"] = RedisServer(var, free_port({web_port, postgres_port}))
    for server in servers.values():
        server.create()
    children = [(server, supervisor.start(server.command())) for server in servers.values()]
    for server, child in children:
        supervisor.wait_until(server.is_ready, child, SECONDS_TO_START)
    return urls | {name: server.url for name, server in servers.items()}

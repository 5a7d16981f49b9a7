"""The servers of a run, PostgreSQL, Redis and the sandbox: ours, unless the caller names others."""

import http.client
import secrets
import sys
from collections.abc import Mapping
from pathlib import Path

from dev.child import Command
from dev.environment import process_environment
from dev.kept_secret import kept_secret
from dev.ports import LOOPBACK, free_port
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


def start_sandbox(supervisor: Supervisor, var: Path, given: Mapping[str, str], *, web_port: int) -> dict[str, str]:
    """Start the made-up provider, unless `given` names one; return its settings.

    To be called when the other servers run, whose ports are taken then. Raises StartError when it does not start.
    """
    secret = given.get("SANDBOX_WEBHOOK_SECRET") or kept_secret(var / "sandbox_secret", secrets.token_urlsafe)
    if "SANDBOX_API_URL" in given:
        return {"SANDBOX_API_URL": given["SANDBOX_API_URL"], "SANDBOX_WEBHOOK_SECRET": secret}
    port = free_port({web_port})
    notify = f"http://{LOOPBACK}:{web_port}/providers/sandbox/webhook"
    command = Command(
        name="sandbox",
        argv=(sys.executable, "-m", "dev.sandbox", "--port", str(port), "--book", str(var / "sandbox.db"),
              "--notify", notify),
        environ=process_environment(given, {"SANDBOX_WEBHOOK_SECRET": secret}, var),
        is_server=True,  # workers reach it until they have ended
    )  # fmt: skip
    child = supervisor.start(command)
    supervisor.wait_until(lambda: _answers(port), child, SECONDS_TO_START)
    return {"SANDBOX_API_URL": f"http://{LOOPBACK}:{port}", "SANDBOX_WEBHOOK_SECRET": secret}


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=2)
    try:
        connection.request("GET", "/")
        connection.getresponse()
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
    return True

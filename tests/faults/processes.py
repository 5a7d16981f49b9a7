"""Real processes for tests: the web, the workers and the clock, as they run in production."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import requests

from tests.factories import Shop, eventually

ROOT = Path(__file__).parent.parent.parent
WEB = [sys.executable, "-m", "gunicorn", "tests.served:app"]
SCHEDULER = [sys.executable, "scheduler.py"]


def worker_command(queue: str) -> list[str]:
    """The command of a worker process type."""
    return [sys.executable, "-m", "jobs", queue]


class Processes:
    """Processes that are started for one test, and ended after it."""

    def __init__(self, **environ: str) -> None:
        descriptor, violations = tempfile.mkstemp(prefix="sutler-violations-")
        os.close(descriptor)
        self._violations = Path(violations)
        self._environ = {
            **os.environ, **environ,
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "VIOLATIONS": violations,
        }  # fmt: skip
        self._running: list[subprocess.Popen[bytes]] = []

    def start(self, command: list[str], **environ: str) -> subprocess.Popen[bytes]:
        """Start a process as the head of a group of its own."""
        process = subprocess.Popen(
            command, cwd=ROOT, env={**self._environ, **environ}, start_new_session=True, stdin=subprocess.DEVNULL
        )
        self._running.append(process)
        return process

    def serve(self, **environ: str) -> str:
        """Start the web; returns its base address once it answers."""
        port = free_port()
        self.start(WEB, PORT=str(port), BIND_HOST="127.0.0.1", WEB_CONCURRENCY="1", **environ)
        base = f"http://127.0.0.1:{port}"
        eventually(lambda: answers(base), "the web's first answer")
        return base

    def start_scheduler(self) -> None:
        """Start the clock."""
        self.start(SCHEDULER)

    def work(self) -> None:
        """Start a worker of every queue, and the clock."""
        for queue in ("fulfilment", "webhooks", "upkeep"):
            self.start(worker_command(queue))
        self.start(SCHEDULER)

    def end(self) -> None:
        """End what still runs, whatever state it is in. All that it answered was as the documents say."""
        for process in self._running:
            kill_group(process)
        found = self._violations.read_text()
        self._violations.unlink()
        assert found == ""


def kill_group(process: subprocess.Popen[bytes]) -> None:
    """kill -9, for a process and all its children."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(10)


def answers(base: str) -> bool:
    """Whether the web's process answers."""
    try:
        return requests.get(f"{base}/healthz", timeout=2).ok
    except (requests.ConnectionError, requests.Timeout):
        return False


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def get(base: str, shop: Shop, path: str) -> Any:
    """GET an address of v1 over HTTP; the parsed answer."""
    return requests.get(f"{base}/api/v1{path}", headers={"X-API-Key": shop.api_key}, timeout=30).json()


def post(base: str, shop: Shop, path: str, document: Any, **headers: str) -> requests.Response:
    """POST JSON to an address of v1 over HTTP."""
    sent = {"X-API-Key": shop.api_key, **{name.replace("_", "-"): value for name, value in headers.items()}}
    return requests.post(f"{base}/api/v1{path}", json=document, headers=sent, timeout=30)

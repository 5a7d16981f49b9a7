"""The sandbox provider for a test: its real process, at the place that the settings name, with a book of its own."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests

from settings import settings
from tests.factories import eventually

ROOT = Path(__file__).parent.parent
HEADERS = {"API-Key": "sandbox"}


class Sandbox:
    """The process, which can be ended, killed and started again; the book stays. `notify`: where webhooks go."""

    def __init__(self, book: Path, notify: str | None = None) -> None:
        assert settings.sandbox_api_url is not None
        self.url = settings.sandbox_api_url
        self._command = [
            *(sys.executable, "-m", "dev.sandbox", "--port", str(urlsplit(self.url).port), "--book", str(book)),
            *(("--notify", notify) if notify else ()),
        ]
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Start it, and wait until it answers."""
        self._process = subprocess.Popen(
            self._command,
            cwd=ROOT,
            env={**os.environ, "SANDBOX_WEBHOOK_SECRET": settings.sandbox_webhook_secret or ""},
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        eventually(self._answers, "the sandbox's first answer")

    def stop(self) -> str:
        """Ask it to end; what it wrote."""
        assert self._process is not None
        self._process.terminate()
        _, said = self._process.communicate(timeout=10)
        assert self._process.returncode == 0
        self._process = None
        return said

    def kill(self) -> None:
        """kill -9, if it runs."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate(timeout=10)
            self._process = None

    def book(self, username: str | None = None) -> list[Any]:
        """What it really sold, by its own book, oldest first."""
        sales: list[Any] = self.get("/book", **({"username": username} if username else {})).json()
        return sales

    def get(self, path: str, **query: Any) -> requests.Response:
        """GET an address of its API."""
        return requests.get(f"{self.url}{path}", query, headers=HEADERS, timeout=10)

    def post(self, path: str, document: Any, key: str | None) -> requests.Response:
        """POST to an address of its API, under an idempotency key."""
        headers = HEADERS | ({"Idempotency-Key": key} if key else {})
        return requests.post(f"{self.url}{path}", json=document, headers=headers, timeout=10)

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, "the sandbox does not start"
        try:
            return self.get("/wallet/balance").ok
        except requests.ConnectionError:
            return False


@contextmanager
def running_sandbox(directory: Path, notify: str | None = None) -> Iterator[Sandbox]:
    """The sandbox, running, with its book in a directory of the test's own."""
    sandbox = Sandbox(directory / "sandbox.db", notify)
    sandbox.start()
    try:
        yield sandbox
    finally:
        sandbox.kill()

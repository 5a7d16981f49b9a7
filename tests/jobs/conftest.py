"""What tests of jobs share."""

import socket
from typing import Any

import pytest

from jobs import webhooks
from settings import settings


@pytest.fixture
def private_receivers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Webhooks may go to receivers of this machine; the first pause between attempts is 10 s."""
    changed = settings.model_copy(update={"webhook_allow_private": True, "webhook_retry_base_seconds": 10.0})
    monkeypatch.setattr(webhooks, "settings", changed)


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """A name service for the test: names and the addresses that they resolve to; what it does not hold is unknown."""
    known: dict[str, list[str]] = {}

    def getaddrinfo(host: str, port: int, **kwargs: Any) -> list[Any]:
        if host not in known:
            raise socket.gaierror(socket.EAI_NONAME, "unknown")
        return [
            (socket.AF_INET6 if ":" in ip else socket.AF_INET, socket.SOCK_STREAM, 6, "", (ip, port))
            for ip in known[host]
        ]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return known

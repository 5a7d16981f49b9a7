"""What tests of jobs share."""

import socket
from collections.abc import Iterator
from typing import Any

import dramatiq
import pytest
from flask.testing import FlaskClient

from jobs import providers, webhooks
from jobs.providers import api
from jobs.providers.gramstack import GramStack
from jobs.providers.istar import IStar
from jobs.providers.upstream import Upstream
from settings import settings
from tests.factories import make_telegram_goods
from tests.jobs.bot_customer import Customer
from tests.jobs.bot_server import BotServer
from tests.jobs.gramstack_server import GramStackServer
from tests.jobs.istar_server import IStarServer
from tests.jobs.upstream_server import UpstreamServer


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


@pytest.fixture
def short_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Calls to providers are given up after 0.3 s."""
    monkeypatch.setattr(api, "ASK_SECONDS", 0.3)
    monkeypatch.setattr(api, "SUBMIT_SECONDS", 0.3)


@pytest.fixture
def istar_server() -> Iterator[IStarServer]:
    """iStar, at the address in the settings."""
    with IStarServer() as running:
        yield running


@pytest.fixture
def istar(istar_server: IStarServer) -> IStar:
    """iStar's adapter, as the settings make it."""
    made = providers.provider("istar")
    assert isinstance(made, IStar)
    return made


@pytest.fixture
def gramstack_server() -> Iterator[GramStackServer]:
    """GramStack, at the address in the settings."""
    providers.configured.cache_clear()  # the adapter of the test before knows that test's price list
    with GramStackServer() as running:
        yield running


@pytest.fixture
def gramstack(gramstack_server: GramStackServer) -> GramStack:
    """GramStack's adapter, as the settings make it."""
    made = providers.provider("gramstack")
    assert isinstance(made, GramStack)
    return made


@pytest.fixture
def upstream_server() -> Iterator[UpstreamServer]:
    """Another Sutler, at the address in the settings; it sells one product."""
    with UpstreamServer() as running:
        running.sell("writer-pro-1y", price="0.04")
        yield running


@pytest.fixture
def upstream(upstream_server: UpstreamServer) -> Upstream:
    """The upstream's adapter, as the settings make it."""
    made = providers.provider("upstream")
    assert isinstance(made, Upstream)
    return made


@pytest.fixture
def bot_server() -> Iterator[BotServer]:
    """Telegram's Bot API, at the address in the settings."""
    with BotServer() as running:
        yield running


@pytest.fixture
def alice(client: FlaskClient, bot_server: BotServer, worker: dramatiq.Worker) -> Customer:
    """A customer who has not written yet, and workers who would answer her."""
    return Customer(client, bot_server)


@pytest.fixture
def rich(alice: Customer) -> Customer:
    """Alice, with the menu before her, 100 dollars and goods to buy."""
    make_telegram_goods()
    alice.say("/start")
    alice.give("100")
    return alice

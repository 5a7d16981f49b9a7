"""Processes for a test, and proxies before its servers."""

from collections.abc import Callable, Iterator
from urllib.parse import urlsplit, urlunsplit

import pytest

from settings import settings
from tests.faults.processes import Processes
from tests.faults.proxy import Proxy


@pytest.fixture
def processes() -> Iterator[Processes]:
    """Processes with the test's own environment."""
    started = Processes()
    yield started
    started.end()


@pytest.fixture
def proxied() -> Iterator[Callable[[str], tuple[Proxy, str]]]:
    """Puts a proxy before the server of a URL; returns both the proxy and the URL that leads through it."""
    proxies: list[Proxy] = []

    def before(url: str) -> tuple[Proxy, str]:
        parts = urlsplit(url)
        proxy = Proxy(parts.hostname or "127.0.0.1", parts.port or 0)
        proxies.append(proxy)
        credentials, at, _ = parts.netloc.rpartition("@")
        return proxy, urlunsplit(parts._replace(netloc=f"{credentials}{at}127.0.0.1:{proxy.port}"))

    yield before
    for proxy in proxies:
        proxy.close()


@pytest.fixture
def urls() -> tuple[str, str]:
    """Where the test's PostgreSQL and Redis are."""
    return settings.database_url, settings.redis_url

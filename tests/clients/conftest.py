"""A whole Sutler, started once for all tests of this directory, and proxies before it."""

from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from flask import Flask

from models import invariants
from models.database import db
from tests.clients.sutler import Sutler
from tests.conftest import empty_everything
from tests.faults.proxy import Proxy

BeforeSutler = Callable[[], tuple[Proxy, str]]


@pytest.fixture(scope="package", autouse=True)
def clean(migrated: None) -> Iterator[None]:
    """Nothing is left of the tests before, and the books are right in the end.

    Emptied once, not before each test, since the processes go on. Each test has clients and goods of its own.
    """
    empty_everything()
    yield
    with db.connection_context():
        assert invariants.check_all()["differences"] == []


@pytest.fixture(scope="package")
def sutler(clean: None, app: Flask, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sutler]:
    """A whole Sutler."""
    running = Sutler(app.test_client(), tmp_path_factory.mktemp("sandbox") / "sandbox.db")
    try:
        running.start()
        yield running
    finally:
        running.end()


@pytest.fixture(scope="session")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where compiled programs are kept for the session."""
    return tmp_path_factory.mktemp("compiled")


@pytest.fixture
def proxied(sutler: Sutler) -> Iterator[BeforeSutler]:
    """Puts a proxy before Sutler; returns both the proxy and the address that leads through it."""
    proxies: list[Proxy] = []

    def before() -> tuple[Proxy, str]:
        target = urlsplit(sutler.base)
        proxy = Proxy(target.hostname or "", target.port or 0)
        proxies.append(proxy)
        return proxy, f"http://127.0.0.1:{proxy.port}"

    yield before
    for proxy in proxies:
        proxy.close()

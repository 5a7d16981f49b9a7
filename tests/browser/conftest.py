"""A real Chromium before a whole Sutler, both started once for all tests of this directory."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from dev.chromium import chromium_program
from models import invariants
from models.database import db
from tests.browser.sutler import Sutler
from tests.browser.visitor import Look, Visitor
from tests.conftest import empty_everything
from tests.factories import PATIENCE_SECONDS, make_telegram_goods

Visit = Callable[..., Visitor]


@pytest.fixture(scope="package", autouse=True)
def clean(migrated: None) -> Iterator[None]:
    """Nothing is left of the tests before, and the books are right in the end.

    Emptied once, not before each test: the processes go on from test to test, and ids that came again would meet what
    they remember. Each test has accounts and products of its own instead.
    """
    empty_everything()
    yield
    with db.connection_context():
        assert invariants.check_all()["differences"] == []


def pytest_runtest_setup() -> None:
    """Leave out the tests of this directory where there is no Chromium: here, and not in a fixture, to say so once."""
    if chromium_program() is None:
        pytest.skip("there is no Chromium on this machine")


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Chromium, without a window."""
    program = chromium_program()
    assert program is not None
    expect.set_options(timeout=PATIENCE_SECONDS * 1000)
    with sync_playwright() as playwright:
        # Without its own sandbox, which root and most containers do not get: it opens no pages but ours.
        running = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield running
        running.close()


@pytest.fixture(scope="package")
def sutler(clean: None, browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sutler]:
    """A whole Sutler, which sells Telegram goods."""
    running = Sutler(tmp_path_factory.mktemp("sandbox") / "sandbox.db")
    try:
        make_telegram_goods()
        running.start()
        yield running
    finally:
        running.end()


@pytest.fixture
def visit(browser: Browser, sutler: Sutler) -> Iterator[Visit]:
    """Opens windows: visit(Look(390, "dark")). In the end, nothing may have gone wrong in any of them."""
    visitors: list[Visitor] = []

    def open_window(look: Look = Look(), **options: Any) -> Visitor:  # noqa: B008 - a look is never changed
        visitors.append(Visitor(browser, sutler.base, look, **options))
        return visitors[-1]

    yield open_window
    for visitor in visitors:
        visitor.end()
    assert [fault for visitor in visitors for fault in visitor.faults] == []

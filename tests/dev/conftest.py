"""Fixtures of the tests of bin/run."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.dev.sandbox import Sandbox


@pytest.fixture(autouse=True)
def terminal() -> Iterator[None]:
    """A hangup is heard, as below a terminal, also when the tests themselves were started by nohup."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    """A project to run, whose path has a space in it."""
    directory = tmp_path / "a project"
    directory.mkdir()
    made = Sandbox(directory)
    yield made
    made.kill_everything()

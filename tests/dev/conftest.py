"""Fixtures of the tests of bin/run."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.dev.sandbox import Sandbox


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    """A project to run, whose path has a space in it."""
    directory = tmp_path / "a project"
    directory.mkdir()
    made = Sandbox(directory)
    yield made
    made.kill_everything()

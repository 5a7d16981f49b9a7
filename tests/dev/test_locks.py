"""The lock files agree with each other and name no place of the machine that they were made on."""

import re

from tests.dev.sandbox import PROJECT


def read(name: str) -> str:
    return (PROJECT / name).read_text()


def pins(name: str) -> set[str]:
    return set(re.findall(r"^[a-z0-9-]+==\S+", read(name), re.MULTILINE))


def test_development_runs_on_the_versions_of_production() -> None:
    assert pins("requirements.txt")
    assert pins("requirements.txt") <= pins("requirements-dev.txt")


def test_the_locks_name_no_index_and_no_path() -> None:
    for name in ("requirements.txt", "requirements-dev.txt"):
        assert re.findall(r"https?:|file:/|--index|--find-links| /\w", read(name)) == []

"""What bin/python does before it runs anything: .venv follows its lock."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.dev.sandbox import PROJECT, wait_for

SAYS_READY = ("-c", "print('ready')")


class Checkout:
    """A checkout that needs no package, so that no network is needed either."""

    def __init__(self, directory: Path) -> None:
        self.lock = directory / "requirements-dev.txt"
        self.venv = directory / ".venv"
        self._command = directory / "bin" / "python"
        self.starts: list[subprocess.Popen[str]] = []
        (directory / "bin").mkdir(parents=True)
        (directory / "dev").mkdir()
        shutil.copy(PROJECT / "bin" / "python", self._command)
        for name in ("__init__.py", "errors.py", "install.py"):
            shutil.copy(PROJECT / "dev" / name, directory / "dev" / name)
        self.lock.write_text("")

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [self._command, *arguments],
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.starts.append(process)
        return process


@pytest.fixture
def checkout(tmp_path: Path) -> Iterator[Checkout]:
    made = Checkout(tmp_path / "a checkout")
    yield made
    for process in made.starts:
        process.kill()
        process.communicate()


def test_after_an_install_that_was_killed_two_starts_at_once_install_anew_and_only_once(checkout: Checkout) -> None:
    killed = checkout.start(*SAYS_READY)
    wait_for((checkout.venv / "pyvenv.cfg").exists, "the beginning of the environment")
    os.kill(killed.pid, signal.SIGKILL)
    (checkout.venv / "half a package").touch()
    starts = [checkout.start(*SAYS_READY) for _ in range(2)]
    said = [start.communicate(timeout=60) for start in starts]
    assert [out for out, _ in said] == ["ready\n", "ready\n"]
    assert sum("Installing" in err for _, err in said) == 1
    assert not (checkout.venv / "half a package").exists()
    assert checkout.start(*SAYS_READY).communicate(timeout=60) == ("ready\n", "")

"""anvil, a real EVM node for tests and benchmarks: its npm package carries the program."""

import fcntl
import functools
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dev.errors import StartError

VERSION = "1.7.1"
TOOLS = Path(__file__).resolve().parent.parent / ".tools"
INSTALL_SECONDS = 300


def anvil_program(tools: Path = TOOLS) -> Path | None:
    """The path of anvil, which is installed below `tools` first if it is missing.

    Where that cannot be done, as without npm: None, with a word on stderr. In continuous integration (CI is set) it
    raises StartError instead, because tests that are left out there would be missed by nobody.
    """
    found = _attempt(tools / f"anvil-{VERSION}")
    if isinstance(found, Path):
        return found
    if os.environ.get("CI"):
        raise found
    sys.stderr.write(f"{found}\nLeft out: whatever needs an EVM node.\n")
    return None


@functools.cache  # without a registry npm tries for minutes, and every test would have it try again
def _attempt(home: Path) -> Path | StartError:
    try:
        return _installed(home)
    except StartError as error:
        return error


def _installed(home: Path) -> Path:
    stamp = home / "installed"  # written last, so a directory without it was interrupted
    if not stamp.exists():
        with _alone(home):
            if not stamp.exists():  # somebody else may have installed while we waited
                _install(home)
                stamp.touch()
    return _program_in(home)


@contextmanager
def _alone(home: Path) -> Iterator[None]:
    try:
        home.parent.mkdir(exist_ok=True)
        lock = home.with_name(f"{home.name}.lock").open("w")
    except OSError as error:
        raise StartError(f"anvil cannot be installed below {home.parent}: {error.strerror}.") from error
    with lock:
        # npm inherits it, and so holds it for as long as it writes, even if we are killed meanwhile.
        os.set_inheritable(lock.fileno(), True)
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _install(home: Path) -> None:
    npm = shutil.which("npm")
    if npm is None:
        raise StartError(f"anvil {VERSION} cannot be installed: there is no npm.")
    shutil.rmtree(home, ignore_errors=True)
    # The package's own script would download the program where npm left it out: without it, npm is the only source.
    flags = ("--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock")
    command = (npm, "install", "--prefix", str(home), *flags, f"@foundry-rs/anvil@{VERSION}")
    _run(*command)
    _run(str(_program_in(home)), "--version")


def _program_in(home: Path) -> Path:
    found = sorted(home.glob("node_modules/@foundry-rs/anvil-*/bin/anvil"))
    if not found:
        raise StartError(f"anvil {VERSION} is missing from {home}: it may not exist for this platform.")
    return found[0]


def _run(*command: str) -> None:
    """Run a command in silence; raises StartError with all that it said when it fails."""
    try:
        done = subprocess.run(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=INSTALL_SECONDS,
            close_fds=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise StartError(f"anvil {VERSION} could not be installed: {error}.") from error
    if done.returncode != 0:
        raise StartError(f"{done.stdout}\nanvil {VERSION} could not be installed; what stands above says why.")

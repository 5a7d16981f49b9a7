"""Files that come in npm packages, for tests and benchmarks: each package is installed once, below .tools/."""

import fcntl
import functools
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from dev.errors import StartError

TOOLS = Path(__file__).resolve().parent.parent / ".tools"
INSTALL_SECONDS = 300


@dataclass(frozen=True)
class NpmPackage:
    """A package at its exact version, and the one file of it that is wanted."""

    title: str
    name: str
    version: str
    file: str  # a pattern, below node_modules
    trial: tuple[str, ...] = ()  # if the file is a program: arguments with which it must run

    def __str__(self) -> str:
        return f"{self.title} {self.version}"


def installed_file(package: NpmPackage, tools: Path = TOOLS) -> Path:
    """The path of the package's file; the package is installed below `tools` first if it is missing.

    Raises StartError with the reason where that cannot be done, as without npm.
    """
    found = _attempt(package, tools / f"{package.title}-{package.version}")
    if isinstance(found, Path):
        return found
    raise found


@functools.cache  # without a registry npm tries for minutes, and every test would have it try again
def _attempt(package: NpmPackage, home: Path) -> Path | StartError:
    try:
        return _installed(package, home)
    except StartError as error:
        return error


def _installed(package: NpmPackage, home: Path) -> Path:
    stamp = home / "installed"  # written last, so a directory without it was interrupted
    if not stamp.exists():
        with _alone(package, home):
            if not stamp.exists():  # somebody else may have installed while we waited
                _install(package, home)
                stamp.touch()
    return _file_in(package, home)


@contextmanager
def _alone(package: NpmPackage, home: Path) -> Iterator[None]:
    try:
        home.parent.mkdir(exist_ok=True)
        lock = home.with_name(f"{home.name}.lock").open("w")
    except OSError as error:
        raise StartError(f"{package} cannot be installed below {home.parent}: {error.strerror}.") from error
    with lock:
        # npm inherits it, and so holds it for as long as it writes, even if we are killed meanwhile.
        os.set_inheritable(lock.fileno(), True)
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _install(package: NpmPackage, home: Path) -> None:
    npm = shutil.which("npm")
    if npm is None:
        raise StartError(f"{package} cannot be installed: there is no npm.")
    shutil.rmtree(home, ignore_errors=True)
    # A package's own script may download what npm left out: without it, npm is the only source.
    flags = ("--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock")
    _run(package, npm, "install", "--prefix", str(home), *flags, f"{package.name}@{package.version}")
    file = _file_in(package, home)
    if package.trial:
        _run(package, str(file), *package.trial)


def _file_in(package: NpmPackage, home: Path) -> Path:
    found = sorted(home.glob(f"node_modules/{package.file}"))
    if not found:
        raise StartError(f"{package} is missing from {home}: it may not exist for this platform.")
    return found[0]


def _run(package: NpmPackage, *command: str) -> None:
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
        raise StartError(f"{package} could not be installed: {error}.") from error
    if done.returncode != 0:
        raise StartError(f"{done.stdout}\n{package} could not be installed; what stands above says why.")

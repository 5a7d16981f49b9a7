"""Makes .venv agree with requirements-dev.txt, then becomes its Python.

This runs on whatever Python 3.11 or newer the machine has, before anything is installed: standard library only.
"""

import fcntl
import hashlib
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dev.errors import StartError

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
LOCK = ROOT / "requirements-dev.txt"
# Written last, so a .venv without it, or with another one, was interrupted, moved or outdated. It is then made anew:
# pip takes a half-written package for an installed one, so there is no repairing it.
STAMP = VENV / "installed"


def main(arguments: list[str]) -> None:
    """Install what is missing and run .venv's Python with `arguments`, in this same process."""
    # Raising lets subprocess.run kill pip on the way out; the default action would leave it behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    try:
        ensure_installed()
    except StartError as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)
    os.execv(PYTHON, [str(PYTHON), *arguments])


def ensure_installed() -> None:
    """Make .venv hold what the lock says; does nothing when it does. Raises StartError with the reason."""
    if _is_current():
        return
    with _alone():
        if not _is_current():  # somebody else may have installed while we waited
            _install()


def _expected_stamp() -> str:
    # The path belongs to it because the scripts in .venv/bin name their interpreter by its absolute path.
    return hashlib.sha256(LOCK.read_bytes() + str(ROOT).encode()).hexdigest()


def _is_current() -> bool:
    if not STAMP.exists() or STAMP.read_text() != _expected_stamp():
        return False
    # A system upgrade can replace the interpreter that .venv points to; then nothing is importable any more.
    return PYTHON.exists() and subprocess.run([PYTHON, "-c", "import pip"], capture_output=True).returncode == 0


@contextmanager
def _alone() -> Iterator[None]:
    with (ROOT / ".venv.lock").open("w") as lock:
        # pip inherits it, and so holds it for as long as it writes, even if we are killed meanwhile.
        os.set_inheritable(lock.fileno(), True)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _say("Another start is installing the Python packages; waiting for it.")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _install() -> None:
    _say("Installing the Python packages into .venv (about a minute, the first time) ...")
    if VENV.exists():
        shutil.rmtree(VENV)
    pip = _make_venv()
    _run(*pip, "install", "--quiet", "--disable-pip-version-check", "--require-hashes", "-r", LOCK)
    STAMP.write_text(_expected_stamp())


def _make_venv() -> list[str | Path]:
    """Create .venv and return the pip command that installs into it."""
    if importlib.util.find_spec("ensurepip"):
        _run(sys.executable, "-m", "venv", VENV)
        return [PYTHON, "-m", "pip"]
    # Debian's Python comes without ensurepip, but a pip from outside can fill a venv too.
    if not importlib.util.find_spec("pip"):
        raise StartError(f"{sys.executable} has neither ensurepip nor pip: install python3-venv or python3-pip first.")
    _run(sys.executable, "-m", "venv", "--without-pip", VENV)
    return [sys.executable, "-m", "pip", "--python", PYTHON]


def _run(*command: str | Path) -> None:
    """Run a command in silence; raises StartError with all that it said when it fails."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, close_fds=False)
    if done.returncode != 0:
        raise StartError(f"{done.stdout}\nThe Python packages could not be installed; what stands above says why.")


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    main(sys.argv[1:])

"""Starts and ends the processes that a benchmark measures."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

ROOT = Path(__file__).parent.parent
START_SECONDS = 20


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def gunicorn(application: str, port: int, *arguments: str, **environ: str) -> Iterator[subprocess.Popen[bytes]]:
    """A gunicorn of two processes that serves the application on the port."""
    command = [sys.executable, "-m", "gunicorn", application, "--bind", f"127.0.0.1:{port}", *arguments]
    with running(
        command, PORT=str(port), BIND_HOST="127.0.0.1", WEB_CONCURRENCY="2", LOG_FORMAT="json", **environ
    ) as process:
        _await_port(port)
        yield process


@contextmanager
def running(command: list[str], **environ: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process, its output thrown away; ended at the end of the block."""
    process = subprocess.Popen(
        command, cwd=ROOT, env={**os.environ, **environ}, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT
    )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(30)


def resident_megabytes(process: subprocess.Popen[bytes]) -> list[float]:
    """The resident memory of the process's children, which do the work."""
    children = psutil.Process(process.pid).children(recursive=True)
    return [round(child.memory_info().rss / 1e6, 1) for child in children]


def _await_port(port: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise TimeoutError(f"nothing listens on port {port} after {START_SECONDS} s")

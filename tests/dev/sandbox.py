"""A project of a few lines in a directory of its own, and bin/run's command running it."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import psutil

from dev.ports import free_port
from dev.processes import MARK

PROJECT = Path(__file__).resolve().parents[2]
PATIENCE_SECONDS = 20.0

WSGI = """
import pathlib
import click, flask

app = flask.Flask(__name__)

@app.get("/readyz")
def readyz():
    return "ready"

@app.cli.group()
def demo():
    pass

@demo.command()
@click.option("--out", type=pathlib.Path)
def load(out):
    out.write_text("{}")
"""
WEB = "web: gunicorn --no-control-socket --bind 127.0.0.1:$PORT wsgi:app"


def wait_for(condition: Callable[[], object], what: str) -> None:
    """Return when the condition holds; fails after PATIENCE_SECONDS."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.02)


class Run:
    """One bin/run: its process and what it has said so far."""

    def __init__(self, process: subprocess.Popen[bytes], *, is_read: bool) -> None:
        self.process = process
        self.lines: list[str] = []
        self._reader = threading.Thread(target=self._read if is_read else lambda: None, daemon=True)
        self._reader.start()

    @property
    def output(self) -> str:
        return "\n".join(self.lines)

    def wait_for_line(self, text: str) -> str:
        """Wait until it has said a line with that text, and return the line."""
        wait_for(lambda: text in self.output or self.process.poll() is not None, f"{text!r}")
        found = [line for line in self.lines if text in line]
        assert found, f"it ended without saying {text!r}:\n{self.output}"
        return found[0]

    def wait_until_ready(self) -> None:
        """Wait for the line that tools wait for."""
        self.wait_for_line("ready: http://127.0.0.1:")

    def wait_for_end(self) -> int:
        """Wait until it has ended and everything that it said is in `lines`; returns its exit code."""
        code = self.process.wait(PATIENCE_SECONDS + 10)
        self._reader.join(PATIENCE_SECONDS)
        return code

    def end(self, signal_number: signal.Signals = signal.SIGTERM) -> int:
        """Ask it to end and return its exit code."""
        self.process.send_signal(signal_number)
        return self.wait_for_end()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.decode(errors="replace").rstrip("\n"))


class Sandbox:
    """The project; use `start` to run it, as often as wanted. Servers are left out unless a test asks for them."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory.resolve()
        self.var = self.directory / "var"
        self.port = free_port(())
        self.runs: list[Run] = []
        (directory / "wsgi.py").write_text(WSGI)
        self.write_procfile(WEB)

    def write_procfile(self, *lines: str) -> None:
        (self.directory / "Procfile").write_text("\n".join(lines) + "\n")

    def write_program(self, name: str, text: str) -> None:
        (self.directory / name).write_text(text)

    def start(self, *, with_servers: bool = False, is_read: bool = True, **environ: str) -> Run:
        """Run it; `environ` is added to the environment. Without `is_read` nobody takes what it says."""
        elsewhere = "" if with_servers else "not-used://"
        process = subprocess.Popen(
            [sys.executable, "-m", "dev", "run"],
            cwd=self.directory,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=os.environ
            | {"PYTHONPATH": str(PROJECT), "VAR_DIR": "", "DATABASE_URL": elsewhere, "REDIS_URL": elsewhere}
            | {"PORT": str(self.port)}
            | environ,
        )
        self.runs.append(Run(process, is_read=is_read))
        return self.runs[-1]

    def setting(self, name: str) -> str:
        """A setting of the present run, as it is written down for commands by hand."""
        script = f'. "{self.var}/environment"; printf %s "${name}"'
        return subprocess.run(["/bin/sh", "-c", script], check=True, capture_output=True, text=True).stdout

    def answers(self) -> bool:
        """Whether the web server answers."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=2)
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == 200
        except (OSError, HTTPException):
            return False
        finally:
            connection.close()

    def processes(self, text: str = "") -> list[psutil.Process]:
        """Living processes that belong to this project and have the text in their command line."""
        return [process for process in psutil.process_iter() if self._owns(process, text)]

    def _owns(self, process: psutil.Process, text: str) -> bool:
        try:
            is_ours = process.environ().get(MARK) == str(self.var) or process.cwd().startswith(str(self.var))
            return is_ours and process.status() != psutil.STATUS_ZOMBIE and text in " ".join(process.cmdline())
        except (psutil.Error, OSError):
            return False

    def kill_everything(self) -> None:
        """End whatever a failed test may have left."""
        for run in self.runs:
            run.process.kill()
            run.process.wait()
        for process in self.processes():
            with suppress(psutil.NoSuchProcess):
                process.kill()

"""One process that the supervisor runs, and everything that the process itself starts."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass

from dev.output import LineReader

PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)  # found here, because little may be done between fork and exec

SECONDS_TO_PROVE_ITSELF = 30.0
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.5, 10.0


def _nothing() -> None:
    pass


@dataclass(frozen=True)
class Command:
    """What to run and how to end it."""

    name: str
    argv: tuple[str, ...]
    environ: Mapping[str, str]
    stop_signal: signal.Signals = signal.SIGTERM
    is_server: bool = False  # others depend on it, so it is stopped last
    inherits_terminal: bool = False  # reads and writes our terminal itself, rather than through the console
    clear_remains: Callable[[], None] = _nothing  # called before every start, and after it had to be killed


class Child:
    """A command and its present process, if any."""

    def __init__(self, command: Command, *, is_restarted: bool = True) -> None:
        self.command = command
        self.is_restarted = is_restarted
        self.exit_code: int | None = None  # how it last ended
        self.deaths_in_a_row = 0  # none of them after SECONDS_TO_PROVE_ITSELF
        self.starts_at = 0.0  # monotonic seconds: when to start it again
        self.output: LineReader | None = None  # of the latest process
        self._started_at = 0.0
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def is_running(self) -> bool:
        """Whether its process was alive when last looked at."""
        return self._process is not None

    @property
    def waits_to_start(self) -> bool:
        """Whether it is to be started, at `starts_at`. What was to run once does not come back."""
        return self._process is None and self.is_restarted

    def start(self, show: Callable[[bytes], None]) -> None:
        """Start it; `show` gets each line of its output.

        Must be called on the main thread: Linux sends the signal of `_end_with` when the *thread* that forked ends.
        Raises OSError when the program cannot be run at all.
        """
        self._started_at = time.monotonic()
        self.command.clear_remains()
        pipe = None if self.command.inherits_terminal else subprocess.PIPE
        supervisor = os.getpid()
        self._process = subprocess.Popen(
            self.command.argv,
            env=self.command.environ,
            stdin=None if self.command.inherits_terminal else subprocess.DEVNULL,
            stdout=pipe,
            stderr=pipe and subprocess.STDOUT,
            bufsize=0,
            # A session of its own keeps a Ctrl-C at the terminal away from it: who ends, and when, is ours to say.
            start_new_session=True,
            preexec_fn=lambda: _end_with(supervisor, self.command.stop_signal),
        )
        self.output = LineReader(self._process.stdout, show) if self._process.stdout else None

    def note_failed_start(self) -> None:
        """Count a start that raised OSError as a death."""
        self.exit_code = 127  # a shell's code for it
        self._plan_restart()

    def reap(self) -> int | None:
        """Return the exit code of its process if that has ended since the last look, else None.

        What is left of its process group is killed: workers without a master would keep its port and its queue.
        """
        if self._process is None or self._process.poll() is None:
            return None
        self._kill_group(self._process)
        self.exit_code = self._process.returncode
        self._process = None
        self._plan_restart()
        return self.exit_code

    def stop(self) -> None:
        """Ask its leader, once, to end. Only the leader: those it forked hear it from him, and some die of a repeat."""
        if self._process is not None:
            self._process.send_signal(self.command.stop_signal)

    def kill(self) -> None:
        """End it and its whole group at once."""
        if self._process is not None:
            self._kill_group(self._process)
            self.exit_code = self._process.wait()
            self._process = None
            self.command.clear_remains()

    @staticmethod
    def _kill_group(leader: subprocess.Popen[bytes]) -> None:
        with suppress(ProcessLookupError):  # nobody is left in it
            os.killpg(leader.pid, signal.SIGKILL)

    def _plan_restart(self) -> None:
        now = time.monotonic()
        if now - self._started_at >= SECONDS_TO_PROVE_ITSELF:
            self.deaths_in_a_row = 0
        pause = FIRST_PAUSE_SECONDS * 2 ** min(self.deaths_in_a_row - 1, 10) if self.deaths_in_a_row else 0.0
        self.starts_at = now + min(pause, LONGEST_PAUSE_SECONDS)
        self.deaths_in_a_row += 1


def _end_with(supervisor: int, signal_number: signal.Signals) -> None:
    """Between fork and exec: have the kernel send us `signal_number` when the supervisor dies, however it dies."""
    if sys.platform == "linux":
        _libc.prctl(PR_SET_PDEATHSIG, signal_number)
        if os.getppid() != supervisor:  # it died before we asked
            os._exit(1)


def describe_exit(code: int) -> str:
    """Say how a process ended, from its return code as subprocess gives it."""
    return f"ended with exit code {code}" if code >= 0 else f"was killed by {signal.Signals(-code).name}"

"""Runs the children: shows what they write, restarts what dies, and ends them all."""

import os
import selectors
import signal
import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self

from dev.child import Child, Command, describe_exit
from dev.console import Console
from dev.errors import StartError
from dev.output import LineReader

# Together below the 25 s in which everything has to be over.
SECONDS_TO_STOP = 18.0
SECONDS_TO_STOP_SERVERS = 5.0
# `timeout` and some shells send a signal to the process and to its group, which is the same request twice.
SECONDS_OF_ONE_REQUEST = 1.0

DEATHS_ALLOWED_AT_START = 3
LONGEST_TURN_SECONDS = 1.0
SECONDS_BETWEEN_LOOKS = 0.05


class StopRequested(Exception):
    """Somebody asked for the end: Ctrl-C, SIGTERM, or a terminal that was closed."""


class Supervisor:
    """One loop, on one thread, over the output, the deaths and the restarts of the children.

    The methods that wait keep the loop going meanwhile, and raise StopRequested on the first SIGINT, SIGTERM or SIGHUP.
    Leaving the `with` block ends every child: the servers last; a further signal ends the patience with them.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._children: list[Child] = []
        self._selector = selectors.DefaultSelector()
        self._stop_requested_at: float | None = None
        self._is_stopping = self._is_hurried = False

    def __enter__(self) -> Self:
        wake, signalled = os.pipe()
        os.set_blocking(wake, False)
        os.set_blocking(signalled, False)
        self._selector.register(wake, selectors.EVENT_READ, lambda: os.read(wake, 4096))
        signal.set_wakeup_fd(signalled, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)  # it has only to wake the loop
        signal.signal(signal.SIGINT, self._request_stop)
        signal.signal(signal.SIGTERM, self._request_stop)
        if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:  # nohup: the closing of the terminal is to be ignored
            signal.signal(signal.SIGHUP, self._request_stop)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._is_stopping = True
        if kind is StopRequested:
            self._console.say("Ending everything; once more for at once.")
        self._stop([child for child in self._children if not child.command.is_server], SECONDS_TO_STOP)
        self._stop([child for child in self._children if child.command.is_server], SECONDS_TO_STOP_SERVERS)

    def start(self, command: Command) -> Child:
        """Start a command and keep it running from now on."""
        return self._add(Child(command))

    def run_to_end(self, command: Command) -> int:
        """Run a command once and return its exit code (negative: the signal that killed it)."""
        return self.run_all_to_end([command])[0]

    def run_all_to_end(self, commands: Sequence[Command]) -> list[int]:
        """Run commands side by side, each once; return their exit codes."""
        children = [self._add(Child(command, is_restarted=False)) for command in commands]
        while any(child.exit_code is None for child in children):
            self._turn()
        for child in children:
            self._children.remove(child)
        return [child.exit_code for child in children if child.exit_code is not None]

    def wait_until(self, is_ready: Callable[[], bool], child: Child, seconds: float) -> None:
        """Wait for `child` to be ready; raises StartError when it keeps dying, or after `seconds`."""
        deadline = time.monotonic() + seconds
        while not is_ready():
            if child.deaths_in_a_row >= DEATHS_ALLOWED_AT_START or time.monotonic() > deadline:
                raise StartError(f"{child.command.name} does not start; what it said about it stands above.")
            self._wait(SECONDS_BETWEEN_LOOKS)

    def run_until_stopped(self) -> None:
        """Keep everything running; ends only by StopRequested."""
        while True:
            self._turn()

    def _request_stop(self, *_: object) -> None:
        now = time.monotonic()
        if self._stop_requested_at is None:
            self._stop_requested_at = now
        elif now - self._stop_requested_at > SECONDS_OF_ONE_REQUEST:
            self._is_hurried = True

    def _wait(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self._turn(left)

    def _turn(self, seconds: float = LONGEST_TURN_SECONDS) -> None:
        """Wait for something to happen, at most `seconds` or until a restart is due, and see to it."""
        if not self._is_stopping:
            due = [child.starts_at - time.monotonic() for child in self._children if child.waits_to_start]
            seconds = max(0.0, min(seconds, *due)) if due else seconds
        for key, _ in self._selector.select(seconds):
            key.data()
        for child in self._children:
            if (code := child.reap()) is not None:
                self._note_death(child, code)
        if self._is_stopping:
            return
        if self._stop_requested_at is not None:
            raise StopRequested
        for child in self._children:
            if child.waits_to_start and child.starts_at <= time.monotonic():
                self._launch(child)

    def _add(self, child: Child) -> Child:
        self._children.append(child)
        self._launch(child)
        return child

    def _launch(self, child: Child) -> None:
        name = child.command.name
        try:
            child.start(lambda line: self._console.show(name, line))
        except OSError as error:
            child.note_failed_start()
            self._console.say(f"{name} cannot be started: {error}")
            return
        if (output := child.output) is not None:
            self._selector.register(output.pipe, selectors.EVENT_READ, lambda: self._read(output))

    def _read(self, output: LineReader | None) -> None:
        if output is not None and not output.pipe.closed and not output.read():
            self._selector.unregister(output.pipe)
            output.pipe.close()

    def _note_death(self, child: Child, code: int) -> None:
        self._read(child.output)  # its last words come before ours
        if child.is_restarted and not self._is_stopping:
            pause = max(0.0, child.starts_at - time.monotonic())
            self._console.say(
                f"{child.command.name} {describe_exit(code)}; it starts again"
                + (f" in {pause:.1f} s." if pause else " now.")
            )

    def _stop(self, children: Sequence[Child], seconds: float) -> None:
        deadline = time.monotonic() + seconds
        for child in children:
            child.stop()
        while any(child.is_running for child in children) and not self._is_hurried:
            if (left := deadline - time.monotonic()) <= 0:
                break
            self._turn(min(left, LONGEST_TURN_SECONDS))
        for child in children:
            if child.is_running:
                child.kill()
                self._console.say(f"{child.command.name} had to be killed.")

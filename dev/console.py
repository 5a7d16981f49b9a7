"""Lines on the terminal, each behind the name of the process that wrote it."""

import os
import select
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

NAME_WIDTH = 10
LINES_KEPT = 10_000
COLOURS = (36, 33, 32, 35, 34, 96, 93, 92, 95, 94)


class Console:
    """Writes lines to a file descriptor without ever making their author wait.

    A terminal that is stopped (Ctrl-S) or a pipe that nobody reads must not hold up the processes behind the lines, nor
    their end: a thread of its own writes, and when it falls behind by LINES_KEPT lines the oldest are dropped.
    """

    def __init__(self, descriptor: int = 1) -> None:
        self._descriptor = descriptor
        self._coloured = os.isatty(descriptor) and not os.environ.get("NO_COLOR")
        self._colour_of: dict[str, int] = {}
        self._lines: deque[bytes] = deque(maxlen=LINES_KEPT)
        self._changed = threading.Condition()
        self._closing = False
        self._writer = threading.Thread(target=self._write_all, name="console", daemon=True)
        self._writer.start()

    def say(self, text: str) -> None:
        """Show a line of our own."""
        self._put(text.encode() + b"\n")

    def show(self, name: str, line: bytes) -> None:
        """Show a line (without its line end) that the process `name` wrote."""
        prefix = f"{name:<{NAME_WIDTH}} | "
        if self._coloured:
            colour = self._colour_of.setdefault(name, COLOURS[len(self._colour_of) % len(COLOURS)])
            prefix = f"\x1b[{colour}m{prefix}\x1b[0m"
        self._put(prefix.encode() + line + b"\n")

    def close(self, seconds: float = 1.0) -> None:
        """Wait until everything is written, but no longer than `seconds`."""
        deadline = time.monotonic() + seconds
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._writer.join(max(0.0, deadline - time.monotonic()))

    def _put(self, line: bytes) -> None:
        with self._changed:
            self._lines.append(line)
            self._changed.notify_all()

    def _write_all(self) -> None:
        while True:
            with self._changed:
                while not self._lines and not self._closing:
                    self._changed.wait()
                if not self._lines:
                    return
                lines = b"".join(self._lines)
                self._lines.clear()
            if not self._write(lines):
                return

    def _write(self, lines: bytes) -> bool:
        """Write the lines; False when nobody can read any more (a closed pipe, a terminal that is gone)."""
        # Not sys.stdout: its lock, held by a writer that is stuck, would stop the interpreter from ending.
        while lines:
            try:
                lines = lines[os.write(self._descriptor, lines) :]
            except BlockingIOError:  # whoever started us may have left the descriptor in non-blocking mode
                select.select([], [self._descriptor], [])
            except OSError:
                return False
        return True


@contextmanager
def open_console() -> Iterator[Console]:
    """A console on stdout that is written out at the end."""
    sys.stdout.flush()
    console = Console()
    try:
        yield console
    finally:
        console.close()

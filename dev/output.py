"""What a process writes, cut into lines as it comes."""

import os
from collections.abc import Callable
from typing import IO

CHUNK_BYTES = 65_536
CHUNKS_AT_ONCE = 16  # more than a pipe holds; a process that never pauses must not keep us from the others
LONGEST_LINE_BYTES = 16_384  # a longer one is shown in pieces rather than held in memory


class LineReader:
    """Reads a pipe without ever blocking, and shows each whole line."""

    def __init__(self, pipe: IO[bytes], show: Callable[[bytes], None]) -> None:
        self.pipe = pipe
        self._show = show
        self._rest = b""
        os.set_blocking(pipe.fileno(), False)

    def read(self) -> bool:
        """Show what has arrived; False when every process that could write to the pipe has ended."""
        for _ in range(CHUNKS_AT_ONCE):
            try:
                chunk = os.read(self.pipe.fileno(), CHUNK_BYTES)
            except BlockingIOError:
                break
            if not chunk:
                self._finish()
                return False
            self._take(chunk)
        return True

    def _take(self, chunk: bytes) -> None:
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        for line in lines:
            self._show(line.rstrip(b"\r"))
        if len(self._rest) > LONGEST_LINE_BYTES:
            self._finish()

    def _finish(self) -> None:
        if self._rest:
            self._show(self._rest)
        self._rest = b""

"""Lines of a stream, each of a bounded length: no input can make us hold more of it than that."""

from typing import BinaryIO

from models.errors import Refusal
from models.stock_items import NotAnItem

LONGEST_LINE = 64 * 1024  # bytes, the line's end included
TOO_LONG = f"is longer than {LONGEST_LINE} bytes"
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class UnreadableStock(Refusal):
    """What was sent cannot be told into items; nothing of it is added."""

    status, code = 422, "invalid_body"

    def __init__(self, message: str) -> None:
        super().__init__(f"The stock {message}.", fields=[{"field": "body", "message": message}])


class Lines:
    """Reads a stream line by line; `number` is that of the line read last."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.number = 0

    def read(self) -> bytes:
        """The next line with its end; b"" when there is none. Raises NotAnItem once past one that is too long."""
        raw = self._piece()
        if not raw:
            return raw
        self.number += 1
        if len(raw) > LONGEST_LINE:
            while raw and not raw.endswith(b"\n"):
                raw = self._piece()
            raise NotAnItem(TOO_LONG)
        # Spreadsheets mark their files as UTF-8 so.
        return raw.removeprefix(_BYTE_ORDER_MARK) if self.number == 1 else raw

    def _piece(self) -> bytes:
        return self._stream.readline(LONGEST_LINE + 1)

"""Stock as CSV: column names in the first line, then one item a row, all its values strings."""

import csv
from collections.abc import Iterator
from typing import Any, BinaryIO

from models.stock_items import MOST_FIELDS, Line, NotAnItem, item_text
from models.stock_lines import LONGEST_LINE, TOO_LONG, Lines, UnreadableStock


class _RowLines(Lines):
    """Feeds csv.reader, and keeps what it does not tell: where a row began, how long it is, and whether it has ended.

    A field in quotes may go on for many lines. One whose closing quote is missing would take the rest of the file for
    itself: it ends, refused, at LONGEST_LINE, and what follows is passed over until its quotes are even again. To read
    on sooner could put the middle of some text into stock as an item.
    """

    def __init__(self, stream: BinaryIO) -> None:
        super().__init__(stream)
        self.begin_row()

    def begin_row(self) -> None:
        """The next line is the first of a row."""
        self.first = self.number + 1
        self._size = self._quotes = 0

    def __iter__(self) -> "_RowLines":
        return self

    def __next__(self) -> str:
        raw = self.read()
        if not raw:
            raise StopIteration
        self._size += len(raw)
        if self._size > LONGEST_LINE:
            raise NotAnItem(TOO_LONG)
        try:
            return raw.decode("utf-8")
        except UnicodeDecodeError:
            raise NotAnItem("must be UTF-8 text") from None

    def end_row(self) -> None:
        """Pass over what is left of a row that is refused."""
        while self._quotes % 2 and self._piece_of_row():
            pass

    def _piece_of_row(self) -> bool:
        try:
            return bool(self.read())
        except NotAnItem:
            return True

    def _piece(self) -> bytes:
        piece = super()._piece()
        self._quotes += piece.count(b'"')
        return piece


def csv_rows(stream: BinaryIO, after: int = 0) -> Iterator[Line]:
    """The rows, each under the number of the line where it begins; those up to line `after` are left out.

    Raises UnreadableStock when the first line does not name the columns.
    """
    source = _RowLines(stream)
    reader = csv.reader(source, strict=True)
    columns = _columns(reader)
    while True:
        source.begin_row()
        try:
            fields = next(reader, None)
            if fields is None:
                return
            line = Line(source.first, _item_in(fields, columns)) if source.first > after else None
        except (csv.Error, NotAnItem) as error:
            source.end_row()
            line = Line(source.first, None, _reason(error, source)) if source.first > after else None
        if line is not None:
            yield line


def _columns(reader: Any) -> list[str]:
    try:
        columns: list[str] = next(reader, [])
    except (csv.Error, NotAnItem) as error:
        raise UnreadableStock(f"must name its columns in the first line, which {error}") from None
    if not columns:
        raise UnreadableStock("must name its columns in the first line")
    if len(columns) > MOST_FIELDS:
        raise UnreadableStock(f"has {len(columns)} columns, and {MOST_FIELDS} is the most")
    if len(set(columns)) < len(columns) or not all(name.strip() and "\0" not in name for name in columns):
        raise UnreadableStock("must give each column a name of its own in the first line")
    return columns


def _item_in(fields: list[str], columns: list[str]) -> str:
    if not any(fields):
        raise NotAnItem("is an empty row")
    if len(fields) != len(columns):
        raise NotAnItem(f"has {len(fields)} fields, and there are {len(columns)} columns")
    return item_text(dict(zip(columns, fields, strict=True)))


def _reason(error: Exception, source: _RowLines) -> str:
    reason = "has a quote that is out of place or never closed" if isinstance(error, csv.Error) else str(error)
    return reason if source.number <= source.first else f"{reason} (the row goes on to line {source.number})"

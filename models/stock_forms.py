"""The forms in which stock comes in. What is wrong with one item is told of that item, and the others are read on."""

import json
import re
from collections.abc import Callable, Iterator
from typing import BinaryIO

from models.stock_csv import csv_rows
from models.stock_items import Line, NotAnItem, item_in_json
from models.stock_lines import Lines, UnreadableStock

_DOCUMENT_START = re.compile(r'[ \t\r\n]*\{[ \t\r\n]*"items"[ \t\r\n]*:[ \t\r\n]*\[[ \t\r\n]*')
_DOCUMENT_END = re.compile(r"[ \t\r\n]*\][ \t\r\n]*\}[ \t\r\n]*\Z")
_COMMA = re.compile(r"[ \t\r\n]*,[ \t\r\n]*")
# It has only to find where an item ends, so numbers need not be understood.
_FIND_END = json.JSONDecoder(parse_int=len, parse_float=len).raw_decode


def json_lines(stream: BinaryIO, after: int = 0) -> Iterator[Line]:
    """JSON Lines: one object a line, blank lines left out, and those up to line `after` too."""
    source = Lines(stream)
    while True:
        try:
            raw = source.read()
            if not raw:
                return
            if source.number <= after or not raw.strip():
                continue
            line = Line(source.number, item_in_json(raw))
        except NotAnItem as refused:
            line = Line(source.number, None, str(refused))
        if source.number > after:
            yield line


STREAMED: dict[str, Callable[[BinaryIO, int], Iterator[Line]]] = {"jsonl": json_lines, "csv": csv_rows}
"""The forms that are read as they come in, in constant memory; the number is the line behind which to begin."""


def json_document(raw: bytes) -> Iterator[Line]:
    """The items of `{"items": […]}`, each under its place in the list.

    Raises UnreadableStock, before there is a first item, when that is not what `raw` is. It is gone over twice and
    item by item: a document of many small items would take up fifty times its size if it were parsed in one go.
    """
    try:
        text = raw.decode("utf-8")
        for _ in _items(text):
            pass
    except UnicodeDecodeError:
        raise UnreadableStock("must be UTF-8 text") from None
    except RecursionError:
        raise UnreadableStock("is nested too deeply") from None
    except ValueError:
        raise UnreadableStock('must be valid JSON, an object with one field: "items", a list') from None
    return _document_lines(text)


def _document_lines(text: str) -> Iterator[Line]:
    for place, item in enumerate(_items(text), start=1):
        try:
            yield Line(place, item_in_json(item.encode()))
        except NotAnItem as refused:
            yield Line(place, None, str(refused))


def _items(text: str) -> Iterator[str]:
    """The text of each item. Raises ValueError where the document is broken."""
    start = _DOCUMENT_START.match(text)
    if start is None:
        raise ValueError("no list of items begins here")
    place = start.end()
    is_first = True
    while _DOCUMENT_END.match(text, place) is None:
        if not is_first:
            comma = _COMMA.match(text, place)
            if comma is None:
                raise ValueError("neither the next item nor the end")
            place = comma.end()
        is_first = False
        _, end = _FIND_END(text, place)
        yield text[place:end]
        place = end

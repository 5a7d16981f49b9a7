"""Reading stock, and adding it batch by batch."""

import io
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models import stock_import
from models.database import db, rows
from models.stock_csv import csv_rows
from models.stock_forms import STREAMED, json_document, json_lines
from models.stock_import import FileImport, ImportUnderWay, StockImport
from models.stock_items import Line
from models.stock_lines import LONGEST_LINE, UnreadableStock
from models.tables import Product
from tests.factories import make_product


class _EndlessLine(io.RawIOBase):
    """A line of so many bytes, which tells the largest piece that was asked of it."""

    def __init__(self, size: int) -> None:
        self._left = size
        self.largest_piece = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self.largest_piece = max(self.largest_piece, len(buffer))
        count = min(len(buffer), self._left)
        buffer[:count] = b"x" * count
        self._left -= count
        return count


@pytest.fixture
def product() -> Product:
    """A product without stock."""
    return make_product(in_stock=0)


@pytest.fixture(autouse=True)
def connected() -> Iterator[None]:
    """Models are used directly here."""
    with db.connection_context():
        yield


def items(count: int, start: int = 0) -> bytes:
    """So many different items as JSON Lines."""
    return b"".join(b'{"code": %d}\n' % number for number in range(start, start + count))


def run(running: StockImport, lines: Iterator[Line]) -> list[tuple[int, str]]:
    """Import to the end; returns what was refused."""
    return [(refused.line, refused.reason) for batch in running.run(lines) for refused in batch]


def import_file(product: Product, content: bytes, form: str = "jsonl") -> FileImport:
    """Import a file to the end."""
    file = io.BytesIO(content)
    running = FileImport("test", product, file, form)
    run(running, STREAMED[form](file, running.after))
    return running


def in_stock(product: Product) -> Any:
    """The product's count."""
    return rows("SELECT in_stock FROM products WHERE id = %(id)s", {"id": product.id})[0]["in_stock"]


@pytest.mark.parametrize("form", ["jsonl", "csv"])
def test_a_line_is_never_held_whole_however_long_it_is(form: str) -> None:
    endless = _EndlessLine(50_000_000)

    with io.BufferedReader(endless, LONGEST_LINE) as stream:
        if form == "jsonl":
            assert [line.reason for line in json_lines(stream)] == [f"is longer than {LONGEST_LINE} bytes"]
        else:
            with pytest.raises(UnreadableStock):
                next(csv_rows(stream))

    assert endless.largest_piece <= 2 * LONGEST_LINE


def test_line_numbers_go_on_behind_a_line_that_is_too_long() -> None:
    stream = io.BytesIO(b"x" * LONGEST_LINE + b"\n" + b"y" * (LONGEST_LINE * 3) + b'\n\n{"a": 1}\nz')

    assert [(line.number, line.text is None) for line in json_lines(stream)] == [
        (1, True), (2, True), (4, False), (5, True),
    ]  # fmt: skip


def test_a_line_of_exactly_the_longest_length_is_read() -> None:
    line = b'{"a": 1}' + b" " * (LONGEST_LINE - 9) + b"\n"

    assert [found.reason for found in json_lines(io.BytesIO(line * 2))] == ["", ""]


@pytest.mark.parametrize("form", ["jsonl", "csv"])
def test_reading_can_begin_behind_any_line(form: str) -> None:
    content = b'{"a": 1}\n\nbad\n{"a": 2}\n' if form == "jsonl" else b'a\n1\n"2\n3"\n\n"4\n'
    whole = list(STREAMED[form](io.BytesIO(content), 0))
    assert len(whole) >= 3

    for after in range(7):
        expected = [line for line in whole if line.number > after]
        assert list(STREAMED[form](io.BytesIO(content), after)) == expected


@given(content=st.binary(max_size=300) | st.lists(st.sampled_from([b'"', b",", b"\n", b"a", b"{", b"}"])).map(b"".join))
def test_whatever_comes_in_is_told_line_by_line(content: bytes) -> None:
    for form, readable in ((json_lines, content), (csv_rows, b"a,b\n" + content)):
        numbers = [line.number for line in form(io.BytesIO(readable))]
        assert numbers == sorted(set(numbers))
    with suppress(UnreadableStock):
        list(json_document(content))


def test_an_import_is_counted_batch_by_batch(product: Product) -> None:
    running = StockImport("test", product, "a test")
    batch = stock_import.BATCH_LINES

    counts = [(running.added, in_stock(product)) for _ in running.run(json_lines(io.BytesIO(items(batch * 2 + 1))))]

    assert counts == [(batch, batch), (2 * batch, 2 * batch), (2 * batch + 1, 2 * batch + 1)]


def test_large_items_make_small_batches(product: Product) -> None:
    content = b"".join(b'{"code": %d, "text": "%s"}\n' % (number, b"x" * 30_000) for number in range(100))

    batches = list(StockImport("test", product, "a test").run(json_lines(io.BytesIO(content))))

    assert len(batches) == 3


def test_a_file_is_imported_once(product: Product) -> None:
    first = import_file(product, items(3) + b"bad\n")
    again = FileImport("test", product, io.BytesIO(items(3) + b"bad\n"), "jsonl")

    assert (first.added, first.refused, first.is_finished) == (3, 1, True)
    assert (again.added, again.refused, again.is_finished) == (3, 1, True)


def test_a_file_for_another_product_or_in_another_form_is_another_import(product: Product) -> None:
    import_file(product, items(3))

    assert not FileImport("test", make_product(in_stock=0), io.BytesIO(items(3)), "jsonl").is_finished
    assert not FileImport("test", product, io.BytesIO(items(3)), "csv").is_finished


def test_an_import_that_ends_early_goes_on_behind_its_last_batch(product: Product) -> None:
    batch = stock_import.BATCH_LINES
    content = b"bad\n" + items(batch * 2 + 5)
    file = io.BytesIO(content)
    broken = FileImport("test", product, file, "jsonl")
    next(broken.run(json_lines(file)))
    assert (broken.after, broken.added, in_stock(product)) == (batch, batch - 1, batch - 1)

    rest = import_file(product, content)

    assert (rest.added, rest.refused, rest.is_finished) == (batch * 2 + 5, 1, True)
    assert in_stock(product) == batch * 2 + 5
    runs = rows("SELECT details FROM api_audit_log WHERE action = 'stock.import' ORDER BY id")
    assert [(row["details"]["added"], row["details"]["complete"]) for row in runs] == [
        (batch - 1, False), (batch * 2 + 5, True),
    ]  # fmt: skip


def test_of_two_runs_of_one_file_one_gives_way_and_nothing_is_counted_wrong(product: Product) -> None:
    content = items(stock_import.BATCH_LINES * 2)
    first, second = io.BytesIO(content), io.BytesIO(content)
    one = FileImport("test", product, first, "jsonl")
    other = FileImport("test", product, second, "jsonl")

    running = one.run(json_lines(first))
    next(running)
    with pytest.raises(ImportUnderWay):
        list(other.run(json_lines(second)))
    list(running)

    assert (one.added, one.refused, in_stock(product)) == (len(content.splitlines()), 0, len(content.splitlines()))


def test_imports_of_the_same_items_at_once_add_each_of_them_once(product: Product) -> None:
    count = 1500

    def add(descending: bool) -> int:
        with db.connection_context():
            lines = items(count).splitlines(keepends=True)
            content = b"".join(lines[::-1] if descending else lines)
            running = StockImport("test", product, "a test")
            run(running, json_lines(io.BytesIO(content)))
            return running.added

    with ThreadPoolExecutor(4) as pool:
        added = list(pool.map(add, [False, True, False, True]))

    assert sum(added) == in_stock(product) == count

"""Bringing items into stock, batch by batch: each batch is a transaction, and its items, counts and audit entry agree.

So an import can end anywhere (a lost connection, Ctrl-C, a kill) and what it had added is there, counted and on record.
One from a file also notes how far it came, and takes up again from there.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from models import audit, stock
from models.database import changed, db, retrying, rows
from models.errors import Refusal
from models.stock_items import Line
from models.tables import Product

BATCH_LINES = 1000
BATCH_CHARACTERS = 1_000_000
HASH_CHUNK = 1 << 20


class NotStocked(Refusal):
    status, code = 409, "not_stocked"


class ImportUnderWay(Refusal):
    status, code = 409, "import_under_way"


@dataclass(frozen=True, slots=True)
class Refused:
    """A line that is not in stock now, and why."""

    line: int
    reason: str


class StockImport:
    """An import into one product's stock. `added` and `refused` count what is committed, `after` is its last line."""

    def __init__(self, actor: str, product: Product, source: str) -> None:
        """`source` tells operators where the items came from. Raises NotStocked."""
        if product.provider != "stock":
            raise NotStocked(f"This product is made to order by {product.provider}; only one of stock takes items.")
        self.product_id = product.id
        self.added = 0
        self.refused = 0
        self.after = 0
        self._actor = actor
        self._source = source
        self._entry_id: int | None = None

    def run(self, lines: Iterable[Line]) -> Iterator[list[Refused]]:
        """Add the items of all lines; yields after each batch, with what it refused. Call outside of a transaction.

        Raises ImportUnderWay, and what reading the lines raises; the batches before that are there to stay.
        """
        for batch in _batches(lines):
            yield retrying(lambda batch=batch: self._add(batch))  # type: ignore[misc]
        retrying(self._finish)

    def _add(self, batch: list[Line]) -> list[Refused]:
        items = [(line.number, line.text) for line in batch if line.text is not None]
        refused = [Refused(line.number, line.reason) for line in batch if line.text is None]
        with db.atomic():
            duplicates = stock.add_canonical(self.product_id, [text for _, text in items]) if items else []
            refused += [Refused(items[place][0], "the product has or had this item") for place in duplicates]
            added_in_all = self.added + len(items) - len(duplicates)
            refused_in_all = self.refused + len(refused)
            entry_id = self._record(added_in_all, refused_in_all, is_complete=False)
            self._checkpoint(batch[-1].number, added_in_all, refused_in_all)
        self.after = batch[-1].number
        self.added, self.refused, self._entry_id = added_in_all, refused_in_all, entry_id
        return sorted(refused, key=lambda refusal: refusal.line)

    def _finish(self) -> None:
        with db.atomic():
            self._record(self.added, self.refused, is_complete=True)

    def _record(self, added: int, refused: int, *, is_complete: bool) -> int:
        """Write this run's audit entry, or bring its counts up to date."""
        details = {"source": self._source, "added": added, "refused": refused, "complete": is_complete}
        if self._entry_id is None:
            return audit.record(self._actor, "stock.import", f"product:{self.product_id}", **details)
        audit.update(self._entry_id, **details)
        return self._entry_id

    def _checkpoint(self, line: int, added: int, refused: int) -> None:
        """Note, in a batch's transaction, how far the import will have come with it."""


class FileImport(StockImport):
    """An import from a file, which goes on behind the last line that an earlier run has committed.

    A file is known by its contents, so a copy of it is the same import.
    """

    def __init__(self, actor: str, product: Product, file: BinaryIO, form: str) -> None:
        """Reads the whole file once, for its digest. Raises NotStocked."""
        digest = _sha256(file)
        super().__init__(actor, product, f"{form} file, SHA-256 {digest}")
        [earlier] = rows(
            """
            INSERT INTO stock_imports (product_id, source_digest) VALUES (%(product_id)s, %(digest)s)
            ON CONFLICT ON CONSTRAINT stock_imports_once_per_source DO UPDATE SET product_id = excluded.product_id
            RETURNING *
            """,
            # The form belongs to it: the same bytes, read as something else, are another import.
            {"product_id": product.id, "digest": f"{form}:{digest}"},
        )
        self._id = earlier["id"]
        self.added, self.refused, self.after = earlier["added"], earlier["refused"], earlier["lines_read"]
        self.is_finished = earlier["finished_at"] is not None

    def _checkpoint(self, line: int, added: int, refused: int) -> None:
        self._compare_and_set(
            "lines_read = %(line)s, added = %(added)s, refused = %(refused)s",
            {"line": line, "added": added, "refused": refused},
        )

    def _finish(self) -> None:
        with db.atomic():
            super()._finish()
            self._compare_and_set("finished_at = now()", {})
        self.is_finished = True

    def _compare_and_set(self, assignment: str, values: dict[str, int]) -> None:
        # Two runs of one file would each find the other's items to be duplicates, and count them as refused.
        sql = f"""
            UPDATE stock_imports SET {assignment}
            WHERE id = %(id)s AND lines_read = %(after)s AND finished_at IS NULL
            """  # noqa: S608 - literals from above
        if not changed(sql, {"id": self._id, "after": self.after, **values}):
            raise ImportUnderWay("The same file is just being imported elsewhere; let that run come to its end.")


def _batches(lines: Iterable[Line]) -> Iterator[list[Line]]:
    batch: list[Line] = []
    characters = 0
    for line in lines:
        batch.append(line)
        characters += len(line.text or "")
        if len(batch) == BATCH_LINES or characters >= BATCH_CHARACTERS:
            yield batch
            batch, characters = [], 0
    if batch:
        yield batch


def _sha256(file: BinaryIO) -> str:
    digest = hashlib.sha256()
    while chunk := file.read(HASH_CHUNK):
        digest.update(chunk)
    file.seek(0)
    return digest.hexdigest()

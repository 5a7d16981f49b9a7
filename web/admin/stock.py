"""Items for sale, sent in bulk: as they come in they are put into stock, and what is wrong with some is answered."""

import io
from collections.abc import Iterator
from typing import IO, Any, BinaryIO, cast

from flask import Blueprint, Response, g, request
from werkzeug.exceptions import ClientDisconnected

from models import catalogue
from models.catalogue import ProductNotFound
from models.database import db
from models.errors import Refusal
from models.operators import Role
from models.stock_forms import STREAMED, json_document
from models.stock_import import ImportUnderWay, NotStocked, Refused, StockImport
from models.stock_items import Line
from models.stock_lines import UnreadableStock
from web.admin import order_shapes as shapes
from web.admin.guard import needs
from web.answers import answer
from web.bodies import StrictModel
from web.reference.described import described

LARGEST_UPLOAD = 64 * 1024 * 1024
MOST_REFUSALS_SHOWN = 10_000
READ_BUFFER = 128 * 1024
_MEDIA = (
    ("application/x-ndjson", "An item, which is a JSON object, a line."),
    ("text/csv", "A line with the names of the fields, then a line an item."),
)
_FORM_OF_TYPE = {"application/json": "json", "application/x-ndjson": "jsonl", "text/csv": "csv"}


class UnknownForm(Refusal):
    status, code = 415, "unsupported_media_type"


class StockBody(StrictModel):
    """Items for a product's stock, as JSON; the model is the reference's alone, since uploads are read as they come."""

    items: list[dict[str, Any]]


def route(admin: Blueprint) -> None:
    """Add this resource's address."""
    admin.post("/products/<int:product_id>/stock")(upload)


@needs(Role.OPERATE)
@described(
    shapes.StockReport,
    body=StockBody,
    body_media=_MEDIA,
    refusals=(ProductNotFound, NotStocked, ImportUnderWay, UnreadableStock, UnknownForm),
    body_example={"items": [{"code": "AAAA-BBBB-CCCC"}, {"code": "DDDD-EEEE-FFFF"}]},
)
def upload(product_id: int) -> Response:
    """Add the items of the body to a product's stock."""
    request.max_content_length = LARGEST_UPLOAD
    form = _form()
    running = StockImport(g.operator.name, catalogue.get(product_id), f"{form} upload")
    db.close()  # the body may take its time to come
    refused: list[Refused] = []
    for refused_in_batch in running.run(_lines(form)):
        refused += refused_in_batch[: MOST_REFUSALS_SHOWN - len(refused)]
        db.close()
    return answer({
        "added": running.added,
        "refused": [{"line": refusal.line, "reason": refusal.reason} for refusal in refused],
        "refused_count": running.refused,
    })  # fmt: skip


class WholeBody(io.RawIOBase):
    """The request's body, which does not end before all of it is there: a cut line must not pass for a whole one."""

    def __init__(self, stream: IO[bytes], length: int | None) -> None:
        self._stream = stream
        self._missing = length

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill the buffer with what has come. Raises ClientDisconnected at an end that comes too early."""
        data = self._stream.read(len(buffer))
        if not data and self._missing:
            raise ClientDisconnected
        if self._missing is not None:
            self._missing -= len(data)
        buffer[: len(data)] = data
        return len(data)


def _form() -> str:
    form = _FORM_OF_TYPE.get(request.mimetype)
    if form is None:
        raise UnknownForm(f"Send the items as one of {', '.join(_FORM_OF_TYPE)}.")
    return form


def _lines(form: str) -> Iterator[Line]:
    if form == "json":
        return json_document(request.get_data(cache=False))
    # Without a buffer each line would be read from the socket byte by byte.
    stream = io.BufferedReader(WholeBody(request.stream, request.content_length), READ_BUFFER)
    return STREAMED[form](cast(BinaryIO, stream), 0)

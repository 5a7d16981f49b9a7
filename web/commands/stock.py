"""`flask stock import`: items for sale, from a file of any size."""

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import click

from models.stock_forms import STREAMED
from models.stock_import import FileImport
from web.commands.operator_command import OperatorGroup, actor
from web.commands.products import find_product

_FORM_OF_SUFFIX = {".jsonl": "jsonl", ".ndjson": "jsonl", ".csv": "csv"}
_ERASE_BAR = "\r\x1b[K"


@click.group("stock", cls=OperatorGroup)
def group() -> None:
    """Items for sale."""


@group.command("import")
@click.argument("path", metavar="FILE", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--product", required=True, metavar="SKU_OR_ID", help="The product that the items belong to.")
@click.option("--format", "form", type=click.Choice(list(STREAMED)), help="By default, as the file's name ends.")
def import_file(path: Path, product: str, form: str | None) -> None:
    """Put the items of FILE into stock: JSON Lines, or CSV with column names in its first line.

    An import that is interrupted goes on where it was when the same command is run again.
    """
    form = form or _FORM_OF_SUFFIX.get(path.suffix.lower())
    if form is None:
        raise click.UsageError("The name of FILE does not tell its format; say --format jsonl or --format csv.")
    if not path.is_file():
        raise click.UsageError("FILE must be a regular file: it is read twice, and again after an interruption.")
    with path.open("rb") as file:
        running = FileImport(actor(), find_product(product), file, form)
        if running.is_finished:
            click.echo("This file was imported before.")
        else:
            _run(running, form, file, path.stat().st_size)
    click.echo(f"{running.added} added, {running.refused} refused.")


def _run(running: FileImport, form: str, file: BinaryIO, size: int) -> None:
    """Import to the end, showing how far it is, and each line that is refused. Raises ClickException on Ctrl-C."""
    if running.after:
        click.echo(f"An earlier run came to line {running.after}; this one goes on there.")
    erase = _ERASE_BAR if sys.stderr.isatty() else ""
    with _noting_interrupt() as interrupted, click.progressbar(length=size, label="Importing") as bar:
        for refused in running.run(STREAMED[form](file, running.after)):
            for refusal in refused:
                click.echo(f"{erase}line {refusal.line}: {refusal.reason}", err=True)
            bar.update(file.tell() - bar.pos)
            if interrupted.is_set():
                break
    if interrupted.is_set() and not running.is_finished:
        raise click.ClickException(
            f"Interrupted at line {running.after}: {running.added} added, {running.refused} refused so far."
            " The same command goes on from here."
        )


@contextmanager
def _noting_interrupt() -> Iterator[threading.Event]:
    """Have the first Ctrl-C set an event, so that the batch under way comes to its end; a second one acts as ever."""
    interrupted = threading.Event()

    def note(*_: Any) -> None:
        interrupted.set()
        signal.signal(signal.SIGINT, before)

    before = signal.signal(signal.SIGINT, note)
    try:
        yield interrupted
    finally:
        signal.signal(signal.SIGINT, before)

"""Showing things to people: one as lines of its fields, many as a table."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

import click

from models.money import dumps
from models.paging import Page
from web.admin.lists import ListQuery
from web.bodies import validate

Item = TypeVar("Item")
Command = TypeVar("Command", bound=Callable[..., Any])


def paged(command: Command) -> Command:
    """Give a command the options of a list, as `limit` and `cursor`."""
    command = click.option("--cursor", help="Go on behind an earlier page.")(command)
    return click.option("--limit", default=50, show_default=True, help="Rows to show, 200 at most.")(command)


def read_position(limit: int, cursor: str | None) -> Any:
    """The place in a list that the options stand for. Raises InvalidBody, InvalidCursor."""
    return validate(ListQuery, {"limit": limit, "cursor": cursor}).position


def show(document: Mapping[str, Any]) -> None:
    """Show one thing, a field a line."""
    width = max(len(name) for name in document)
    for name, value in document.items():
        click.echo(f"{name:<{width}}  {_text(name, value)}".replace("\n", "\n" + " " * (width + 2)))


def show_page(page: Page[Item], view: Callable[[Item], Mapping[str, Any]], columns: Sequence[str]) -> None:
    """Show a page of a list, and how to get the next one."""
    show_table([view(item) for item in page.items], columns)
    if page.next_cursor:
        click.echo(f"There are more: --cursor {page.next_cursor}", err=True)


def show_table(documents: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> None:
    """Show many things, each in a line."""
    lines = [list(columns)] + [[_text(name, document[name]) for name in columns] for document in documents]
    widths = [max(len(line[place]) for line in lines) for place in range(len(columns))]
    for line in lines:
        click.echo("  ".join(f"{text:<{width}}" for text, width in zip(line, widths, strict=True)).rstrip())


def _text(name: str, value: Any) -> str:
    if value is None or value in ("", []):
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if name == "at" or name.endswith("_at"):
        return datetime.fromtimestamp(value, UTC).strftime("%Y-%m-%d %H:%M:%SZ")
    return dumps(value) if isinstance(value, dict | list) else str(value)

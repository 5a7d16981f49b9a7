"""`flask demo load`: demo data, and the file that tells tools how to use it."""

import json
import os
from pathlib import Path
from typing import Any

import click

from models import demo
from models.money import dumps
from settings import settings
from web.commands.operator_command import OperatorGroup, actor


@click.group("demo", cls=OperatorGroup)
def group() -> None:
    """Demo data for development."""


@group.command("load")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True, help="Where to write the keys.")
def load(out: Path) -> None:
    """Load the demo data into an empty database, and write the file with its keys.

    With the data there already, the file is brought up to date; if it is lost, it gets new keys. A database with other
    data than ours is left alone.
    """
    if settings.admin_token is None:
        raise click.ClickException("ADMIN_TOKEN is not set, and the file is to tell it.")
    keys = demo.load(actor())
    if keys is not None:
        click.echo("The demo data is loaded.")
    else:
        keys = _kept_keys(out) or demo.mint_again(actor())
    if keys is None:
        click.echo("The database has data of its own; no demo data was loaded.", err=True)
        return
    # After the commit: were it written before, a crash could leave keys in it that open nothing. The other way round,
    # the next start finds data without a file, and mints again.
    _write_private(out, {"base_url": f"http://127.0.0.1:{settings.port}", "admin_token": settings.admin_token, **keys})


def _kept_keys(path: Path) -> demo.Keys | None:
    """The keys in the file of an earlier start, if they are keys of this database."""
    try:
        document: Any = json.loads(path.read_bytes())
    except (FileNotFoundError, ValueError):
        return None
    if not isinstance(document, dict):
        return None
    keys = {client: document[client] for client in ("v1", "v1_unsigned", "v2") if client in document}
    return keys if demo.are_valid(keys) else None


def _write_private(path: Path, document: dict[str, Any]) -> None:
    """Write a file that only its owner can read; a kill or a power cut leaves the old one or the new one, whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(path.name + ".new")
    draft.unlink(missing_ok=True)  # one that a kill left behind might be readable by others
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(dumps(document) + "\n")
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)

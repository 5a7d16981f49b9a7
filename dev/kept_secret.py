"""Secrets that are made up once and then kept, readable by their owner only."""

import os
from collections.abc import Callable
from pathlib import Path

from dev.errors import StartError


def kept_secret(path: Path, make: Callable[[], str]) -> str:
    """Return the secret that `path` holds; the first call makes it. Raises StartError when it is somebody else's."""
    try:
        if not path.exists():
            write_private(path, make() + "\n")
        return path.read_text().strip()
    except PermissionError as error:
        raise StartError(f"{path} belongs to another user: run as that user, or with another VAR_DIR.") from error


def write_private(path: Path, text: str) -> None:
    """Write a file of mode 0600 so that neither a kill nor a power cut leaves half of it."""
    draft = path.with_name(path.name + ".new")
    draft.unlink(missing_ok=True)  # an earlier draft might have another mode
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    sync_directory(path.parent)


def sync_directory(path: Path) -> None:
    """Make the names in a directory (a rename, a new file) survive a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

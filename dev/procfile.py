"""The Procfile: which processes Sutler consists of."""

import re
from pathlib import Path

from dev.errors import StartError

LINE = re.compile(r"([A-Za-z0-9_-]+):\s*(\S.*)")


def read_procfile(path: Path) -> dict[str, str]:
    """Return the command of each process type, in the order of the file. Raises StartError when a line is not one."""
    if not path.exists():
        raise StartError(f"{path} is missing.")
    processes: dict[str, str] = {}
    for line in filter(None, map(str.strip, path.read_text().splitlines())):
        if line.startswith("#"):
            continue
        if (match := LINE.fullmatch(line)) is None:
            raise StartError(f"{path} has a line that is not `name: command`: {line}")
        processes[match[1]] = match[2]
    return processes


def as_argv(command: str) -> tuple[str, ...]:
    """Turn a command of the Procfile into arguments for the system.

    `exec` puts the program itself, rather than a shell that would not pass signals on, at the head of its group.
    """
    return ("/bin/sh", "-c", f"exec {command}")

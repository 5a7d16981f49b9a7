"""The dashboard's own files: scripts, styles and what they build on. Nothing is fetched from another host."""

import hashlib
from functools import lru_cache
from pathlib import Path

from flask import Blueprint, Response, request, send_from_directory, url_for

DIRECTORY = Path(__file__).parent / "static"
YEAR_SECONDS = 365 * 86_400


def route(pages: Blueprint) -> None:
    """Add the address of the files."""
    pages.get("/static/<path:name>")(static_file)


def static_file(name: str) -> Response:
    """One file. The address that a page gives names its content, so that browsers may keep it for good."""
    response = send_from_directory(DIRECTORY, name)  # which refuses whatever is not below it
    if request.args.get("v") == _version_of(name):
        response.cache_control.no_cache = None
        response.cache_control.public = True
        response.cache_control.immutable = True
        response.cache_control.max_age = YEAR_SECONDS
    return response


def asset(name: str) -> str:
    """The address of a file, with what its content hashes to."""
    return url_for("pages.static_file", name=name, v=_version_of(name))


def _version_of(name: str) -> str:
    return _version(name, (DIRECTORY / name).stat().st_mtime_ns)


@lru_cache(maxsize=100)
def _version(name: str, changed_at: int) -> str:
    return hashlib.sha256((DIRECTORY / name).read_bytes()).hexdigest()[:16]

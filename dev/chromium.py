"""Chromium, for the tests of pages and their screenshots: the machine's own, as its system installs it."""

import shutil
from pathlib import Path

from dev.errors import StartError
from dev.left_out import or_left_out

NAMES = ("chromium", "chromium-browser", "google-chrome")


def chromium_program() -> Path | None:
    """The path of Chromium.

    Where there is none: None, with a word on stderr, or in continuous integration a StartError.
    """
    return or_left_out(_find, "whatever needs a browser")


def _find() -> Path:
    for name in NAMES:
        if found := shutil.which(name):
            return Path(found)
    raise StartError(f"There is no Chromium: none of {', '.join(NAMES)} is on PATH.")

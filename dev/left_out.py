"""Programs that tests can do without on a developer's machine, and not in continuous integration."""

import os
import sys
from collections.abc import Callable
from pathlib import Path

from dev.errors import StartError


def or_left_out(find: Callable[[], Path], needed_by: str) -> Path | None:
    """What `find` returns; where it raises StartError: None, with a word on stderr about what is left out.

    In continuous integration (CI is set) the error goes on, because tests that are left out there would be missed by
    nobody.
    """
    try:
        return find()
    except StartError as error:
        if os.environ.get("CI"):
            raise
        sys.stderr.write(f"{error}\nLeft out: {needed_by}.\n")
        return None

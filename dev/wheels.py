"""Programs that come inside a Python package."""

import importlib.util
from pathlib import Path

from dev.errors import StartError


def program_in(package: str, path: str) -> str:
    """Return the absolute path of a program, given relative to the package. Raises StartError when it is not there.

    The package is not imported: one that serves here looks for a runtime directory as it is, and warns.
    """
    found = importlib.util.find_spec(package)
    for directory in (found and found.submodule_search_locations) or ():
        if (program := Path(directory) / path).exists():
            return str(program)
    raise StartError(f"{path} of the package {package} is missing from .venv: remove .venv and start again.")

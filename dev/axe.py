"""axe-core, which finds what keeps people from using a page: a script that tests run inside the page."""

from pathlib import Path

from dev.left_out import or_left_out
from dev.npm_package import NpmPackage, installed_file

PACKAGE = NpmPackage(title="axe-core", name="axe-core", version="4.14.1", file="axe-core/axe.min.js")


def axe_script() -> Path | None:
    """The path of the script, which is installed below .tools/ first if it is missing.

    Where that cannot be done, as without npm: None, with a word on stderr, or in continuous integration a StartError.
    """
    return or_left_out(lambda: installed_file(PACKAGE), "the search for faults of accessibility")

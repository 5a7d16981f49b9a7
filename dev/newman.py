"""newman, which runs Postman collections: for the test of ours."""

from pathlib import Path

from dev.left_out import or_left_out
from dev.npm_package import NpmPackage, installed_file

PACKAGE = NpmPackage(title="newman", name="newman", version="6.2.2", file="newman/bin/newman.js", trial=("--version",))


def newman_program() -> Path | None:
    """The path of newman, which is installed below .tools/ first if it is missing.

    Where that cannot be done, as without npm: None, with a word on stderr, or in continuous integration a StartError.
    """
    return or_left_out(lambda: installed_file(PACKAGE), "the run of the Postman collection")

"""anvil, a real EVM node for tests and benchmarks: its npm package carries the program."""

from pathlib import Path

from dev.left_out import or_left_out
from dev.npm_package import NpmPackage, installed_file

PACKAGE = NpmPackage(
    title="anvil",
    name="@foundry-rs/anvil",
    version="1.7.1",
    file="@foundry-rs/anvil-*/bin/anvil",
    trial=("--version",),
)


def anvil_program() -> Path | None:
    """The path of anvil, which is installed below .tools/ first if it is missing.

    Where that cannot be done, as without npm: None, with a word on stderr, or in continuous integration a StartError.
    """
    return or_left_out(lambda: installed_file(PACKAGE), "whatever needs an EVM node")

"""What tests of commands share."""

import pytest
from click.testing import Result
from flask import Flask

from tests.commands.results import Command


@pytest.fixture
def command(app: Flask) -> Command:
    """Run a `flask` command in the test's own process, its words given one by one."""

    def run(*words: object) -> Result:
        return app.test_cli_runner().invoke(args=[str(word) for word in words])

    return run

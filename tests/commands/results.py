"""Reading what a command said."""

from collections.abc import Callable

from click.testing import Result

Command = Callable[..., Result]


def shown(result: Result) -> dict[str, str]:
    """The fields that a command showed."""
    assert result.exit_code == 0, result.output
    return dict(line.split(maxsplit=1) for line in result.stdout.splitlines())

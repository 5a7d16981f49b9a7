"""`flask ledger`: the books."""

import click

from models import invariants
from web.commands.operator_command import OperatorGroup


@click.group("ledger", cls=OperatorGroup)
def group() -> None:
    """The books."""


@group.command("check")
def check() -> None:
    """Add everything up from the journal; exit code 1 if anything differs."""
    report = invariants.check_all()
    for difference in report["differences"]:
        click.echo(difference)
    if not report["ok"]:
        raise click.ClickException("The books are wrong.")
    click.echo(f"The books are right: {report['accounts']} accounts, {report['transfers']} transfers.")

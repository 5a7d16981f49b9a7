"""`flask providers`: how the providers do."""

import click

from web.admin.providers import views
from web.commands.operator_command import OperatorGroup
from web.commands.output import show_table


@click.group("providers", cls=OperatorGroup)
def group() -> None:
    """The providers that goods are bought from."""


@group.command("status")
def status() -> None:
    """Show each provider that is configured: whether it serves, our balance there, and its open orders."""
    columns = ("provider", "state", "balance", "currency", "balance_at", "open_orders", "submitted_orders",
               "orders_to_review", "faults_in_a_row", "last_error_at", "last_error")  # fmt: skip
    show_table(views(), columns)

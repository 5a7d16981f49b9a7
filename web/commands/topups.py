"""`flask topups`: what clients asked to pay."""

import click

from models import topups
from web.admin.topups import view
from web.commands.operator_command import Id, OperatorGroup
from web.commands.output import paged, read_position, show, show_page


@click.group("topups", cls=OperatorGroup)
def group() -> None:
    """Top-ups that clients asked for."""


@group.command("list")
@click.option("--account", "account_id", type=Id, help="Of this account alone.")
@paged
def list_topups(account_id: int | None, limit: int, cursor: str | None) -> None:
    """Show top-ups, newest first."""
    columns = ("topup_id", "status", "payment_network", "amount_usdt", "created_at", "account_id", "deposit_id")
    show_page(topups.listed(account_id, read_position(limit, cursor)), view, columns)


@group.command("show")
@click.argument("topup_id")
def show_topup(topup_id: str) -> None:
    """Show one top-up."""
    show(view(topups.get(topup_id)))

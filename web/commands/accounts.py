"""`flask accounts`: clients' accounts."""

import click

from models import accounts
from web.admin.accounts import Credit, credit_account, view
from web.bodies import validate
from web.commands.operator_command import Id, OperatorGroup, actor
from web.commands.output import paged, read_position, show, show_page


@click.group("accounts", cls=OperatorGroup)
def group() -> None:
    """Clients' accounts."""


@group.command("list")
@paged
def list_accounts(limit: int, cursor: str | None) -> None:
    """Show all accounts, newest first."""
    columns = ("id", "balance_usdt", "held_usdt", "total_topup_usdt", "total_spent_usdt", "created_at", "name")
    show_page(accounts.listed(read_position(limit, cursor)), view, columns)


@group.command("show")
@click.argument("account_id", type=Id)
def show_account(account_id: int) -> None:
    """Show one account."""
    show(view(accounts.get(account_id)))


@group.command("credit", context_settings={"ignore_unknown_options": True})  # an amount may begin with a minus
@click.argument("account_id", type=Id)
@click.argument("amount")
@click.option("--reference", required=True, help="What the credit is for; a reference credits once.")
@click.option("--note", default="", help="What the client reads beside it.")
def credit(account_id: int, amount: str, reference: str, note: str) -> None:
    """Put AMOUNT dollars on an account; a negative amount takes away."""
    wanted = validate(Credit, {"amount_usdt": amount, "reference": reference, "note": note})
    account, is_new = credit_account(actor(), account_id, wanted)
    show(view(account))
    if not is_new:
        click.echo("This reference had credited the account before; nothing was changed.", err=True)

"""`flask deposits`: transfers that arrived."""

from typing import Any, get_args

import click

from models import deposit_credits
from models.deposit_credits import DepositStatus
from settings import settings
from web.admin.deposits import CreditBody, DepositsQuery, IgnoreBody, credit_deposit, view
from web.admin.simulation import SimulatedTransfer, transfer
from web.bodies import validate
from web.commands.operator_command import Id, OperatorGroup, actor, given
from web.commands.output import paged, read_position, show, show_page


@click.group("deposits", cls=OperatorGroup)
def group() -> None:
    """Transfers that arrived."""


@group.command("list")
@click.option("--status", type=click.Choice(get_args(DepositStatus)))
@click.option("--network")
@click.option("--tx-hash", help="The hash that a client names.")
@click.option("--account", "account_id", type=Id, help="Those credited to this account.")
@click.option("--min-amount", "min_amount_usdt", help="In USDT; leaves dust out.")
@paged
def list_deposits(limit: int, cursor: str | None, **wanted: Any) -> None:
    """Show deposits, newest first."""
    query = validate(DepositsQuery, given(**wanted))
    columns = ("id", "status", "network", "amount_usdt", "created_at", "account_id", "topup_id", "reason")
    show_page(deposit_credits.listed(query.filter, read_position(limit, cursor)), view, columns)


@group.command("show")
@click.argument("deposit_id", type=Id)
def show_deposit(deposit_id: int) -> None:
    """Show one deposit."""
    show(view(deposit_credits.get(deposit_id)))


@group.command("credit")
@click.argument("deposit_id", type=Id)
@click.option("--account", "account_id", type=Id, help="Credit this account.")
@click.option("--topup", "topup_id", help="Credit this top-up's account, and count the top-up as paid.")
def credit(deposit_id: int, account_id: int | None, topup_id: str | None) -> None:
    """Credit a deposit by hand."""
    if (account_id is None) == (topup_id is None):
        raise click.ClickException("A credit must name either --account or --topup.")
    wanted = validate(CreditBody, given(account_id=account_id, topup_id=topup_id))
    credit_deposit(actor(), deposit_id, wanted)
    show(view(deposit_credits.get(deposit_id)))


@group.command("ignore")
@click.argument("deposit_id", type=Id)
@click.option("--reason", required=True)
def ignore(deposit_id: int, reason: str) -> None:
    """Set a deposit aside."""
    deposit_credits.ignore(actor(), deposit_id, validate(IgnoreBody, {"reason": reason}).reason)
    show(view(deposit_credits.get(deposit_id)))


@group.command("simulate")
@click.argument("network")
@click.argument("amount")
@click.option("--tx-hash")
@click.option("--block-time", type=int, help="Epoch seconds; the present, if left out.")
def simulate(network: str, amount: str, tx_hash: str | None, block_time: int | None) -> None:
    """Let a made-up transfer of AMOUNT USDT arrive (only with ALLOW_SIMULATION)."""
    if not settings.allow_simulation:
        raise click.ClickException("Transfers are not simulated here: ALLOW_SIMULATION is off.")
    made_up = given(network=network, amount_usdt=amount, tx_hash=tx_hash, block_time=block_time)
    show(transfer(validate(SimulatedTransfer, made_up)))

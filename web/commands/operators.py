"""`flask operators`: the operators themselves, and what they did."""

import click

from models import audit, operators
from web.admin import audit as admin_audit
from web.admin.operators import NewOperator, create_operator, view
from web.bodies import validate
from web.commands.operator_command import Id, OperatorCommand, OperatorGroup, actor
from web.commands.output import paged, read_position, show, show_page


@click.group("operators", cls=OperatorGroup)
def group() -> None:
    """Operators."""


@group.command("add")
@click.argument("name")
@click.option("--role", type=click.Choice([role.name.lower() for role in operators.Role]), required=True)
def add(name: str, role: str) -> None:
    """Name an operator. The token is shown this once."""
    show(create_operator(actor(), validate(NewOperator, {"name": name, "role": role})))


@group.command("list")
@paged
def list_operators(limit: int, cursor: str | None) -> None:
    """Show all operators, newest first."""
    columns = ("id", "role", "created_at", "revoked_at", "name")
    show_page(operators.listed(read_position(limit, cursor)), view, columns)


@group.command("revoke")
@click.argument("operator_id", type=Id)
def revoke(operator_id: int) -> None:
    """End an operator's token at once."""
    operators.revoke(actor(), operator_id)
    click.echo(f"The token of operator {operator_id} is revoked.")


@click.command("audit", cls=OperatorCommand)
@paged
def list_actions(limit: int, cursor: str | None) -> None:
    """Show what operators did, newest first."""
    columns = ("id", "created_at", "actor", "action", "subject", "details")
    show_page(audit.listed(read_position(limit, cursor)), admin_audit.view, columns)

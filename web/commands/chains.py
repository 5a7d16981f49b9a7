"""`flask chains`: how far the networks have been read."""

import click

from models import scans
from models.networks import NETWORKS
from web.admin.chains import view
from web.commands.operator_command import OperatorGroup
from web.commands.output import show, show_table


@click.group("chains", cls=OperatorGroup)
def group() -> None:
    """The networks that deposits come in on."""


@group.command("status")
@click.argument("network", required=False, type=click.Choice(list(NETWORKS)))
def status(network: str | None) -> None:
    """Show how each network stands; or one, with its endpoints."""
    views = {scan["network"]: view(scan) for scan in scans.listed()}
    if network is None:
        columns = ("network", "state", "cursor", "head", "lag_seconds", "scanned_at", "last_error")
        show_table(list(views.values()), columns)
        return
    show(views[network])
    endpoints = [dict(endpoint) for endpoint in views[network]["endpoints"]]
    if endpoints:
        show_table(endpoints, ("host", "calls", "faults_in_a_row", "rests_until", "last_error_at", "last_error"))

"""`flask chains`: how far the networks have been read."""

from typing import Any

import click

from models import scans
from models.database import Row
from models.money import dumps
from models.networks import NETWORKS
from models.tables import epoch
from web.commands.operator_command import OperatorGroup
from web.commands.output import show, show_table


@click.group("chains", cls=OperatorGroup)
def group() -> None:
    """The networks that deposits come in on."""


@group.command("status")
@click.argument("network", required=False, type=click.Choice(list(NETWORKS)))
def status(network: str | None) -> None:
    """Show how each network stands; or one, with its endpoints."""
    views = {scan["network"]: _view(scan) for scan in scans.listed()}
    if network is None:
        columns = ("network", "state", "cursor", "head", "lag_seconds", "scanned_at", "last_error")
        show_table(list(views.values()), columns)
        return
    show(views[network])
    endpoints = [dict(endpoint) for endpoint in views[network]["endpoints"]]
    if endpoints:
        show_table(endpoints, ("host", "calls", "faults_in_a_row", "rests_until", "last_error_at", "last_error"))


def _view(scan: Row) -> dict[str, Any]:
    return {
        "network": scan["network"],
        "state": _state(scan),
        "cursor": dumps(scan["cursor"]) if scan["cursor"] else None,
        "head": scan["head"],
        "lag_seconds": scan["lag_seconds"],
        "scanned_at": epoch(scan["scanned_at"]) if scan["scanned_at"] else None,
        "last_error": scan["error"],
        "error_at": epoch(scan["error_at"]) if scan["error_at"] else None,
        "endpoints": scan["endpoints"],
    }


def _state(scan: Row) -> str:
    network = NETWORKS[scan["network"]]
    if not network.is_on:
        return "off"
    if not network.is_read:
        return "simulated"
    if scan["error"] is not None:
        return "failing"
    if scan["scanned_at"] is None:
        return "not read yet"
    return "up to date" if scan["caught_up"] else "catching up"

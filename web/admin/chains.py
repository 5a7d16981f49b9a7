"""How far the networks have been read, and how their endpoints do."""

from flask import Blueprint, Response

from models import scans
from models.database import Row
from models.networks import NETWORKS
from models.operators import Role
from models.tables import epoch
from web.admin import shapes
from web.admin.guard import needs
from web.answers import answer
from web.reference.described import described


def route(admin: Blueprint) -> None:
    """Add this resource's addresses."""
    admin.get("/chains")(list_chains)


@needs(Role.READ)
@described(shapes.Chain, is_page=True)
def list_chains() -> Response:
    """All six networks."""
    return answer({"items": [view(scan) for scan in scans.listed()], "next_cursor": None})


def view(scan: Row) -> shapes.Chain:
    """How a network stands: `lag_seconds` is how far what was read, and is final, lies behind the present."""
    return {
        "network": scan["network"],
        "state": _state(scan),
        "cursor": scan["cursor"],
        "head": scan["head"],
        "lag_seconds": scan["lag_seconds"],
        "scanned_at": epoch(scan["scanned_at"]) if scan["scanned_at"] else None,
        "last_error": scan["error"],
        "error_at": epoch(scan["error_at"]) if scan["error_at"] else None,
        "endpoints": scan["endpoints"],
    }


def _state(scan: Row) -> shapes.ChainState:
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

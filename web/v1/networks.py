"""The networks that a client may pay on."""

from flask import Blueprint, Response

from models import networks
from models.networks import Network
from web.answers import answer
from web.reference.described import described
from web.v1 import shapes


def route(v1: Blueprint) -> None:
    """Add this resource's addresses."""
    v1.get("/networks")(list_networks)


@described(shapes.Networks)
def list_networks() -> Response:
    """The networks that are on."""
    return answer({"items": [_view(network) for network in networks.active()]})


def _view(network: Network) -> shapes.Network:
    return {
        "network": network.code,
        "name": network.name,
        "fee_usdt": network.fee_usdt,
        "time": network.time,
        "recommendation": network.recommendation,
        "finality": network.finality,
    }

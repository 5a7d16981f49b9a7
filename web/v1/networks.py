"""The networks that a client may pay on."""

from typing import Annotated

from flask import Blueprint, Response
from pydantic import Field

from models import networks
from models.networks import NETWORKS, Network
from web.answers import answer
from web.reference.described import described
from web.v1 import shapes

NetworkCode = Annotated[str, Field(max_length=40, json_schema_extra={"enum": [*NETWORKS]})]
"""A network in a body. Whether there is one, and it is on, is `networks.wallet_of`'s to say."""


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

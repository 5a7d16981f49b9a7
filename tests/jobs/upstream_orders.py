"""Orders of the product that the upstream sells, on leases that are in no database."""

from typing import Any

from jobs.providers.base import InProgress
from jobs.providers.upstream import Upstream
from models.leases import Lease
from tests.jobs.provider_orders import lease
from tests.jobs.upstream_server import UpstreamServer


def order(server: UpstreamServer, **fields: Any) -> Lease:
    """An order of three of the product, for 12.345678."""
    product = server.products[0]
    given: dict[str, Any] = {"sku": product["sku"], "quantity": 3, "recipient": None, "ticket": str(product["id"])}
    return lease(**given | fields)


def submitted(server: UpstreamServer, upstream: Upstream, **fields: Any) -> Lease:
    """An order that the upstream has taken."""
    answer = upstream.submit(order(server, **fields))
    assert isinstance(answer, InProgress)
    return order(server, submitted=5, provider_order_id=answer.provider_order_id, **fields)

"""What every provider can do."""

from typing import Protocol

from models.leases import Lease
from models.settlement import Outcome


class Provider(Protocol):
    """Somebody who delivers the goods of an order."""

    def deliver(self, lease: Lease) -> Outcome:
        """Deliver the order, or refuse it for good. Called without a transaction; an exception means: try again."""

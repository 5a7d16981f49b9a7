"""Our own items."""

from models.leases import Lease
from models.settlement import FromStock, Outcome


class Stock:
    """Delivers from the items in the database: they are assigned in the transaction that settles the order."""

    def deliver(self, lease: Lease) -> Outcome:
        """Always leave it to the settlement, which knows how many items are there."""
        return FromStock()

"""What every provider can do, and how it says what became of an order.

A provider answers with `Delivered`, `Refused` (both final) or `InProgress`. Where it cannot, the kind of its exception
decides about money: after `NotAccepted` the order surely is not with the provider, and may be sent again; after
`OutcomeUnknown` it may be, so it is only looked up, unless the provider itself keeps repetitions apart.
"""

from dataclasses import dataclass
from typing import Protocol

from models.leases import Lease
from models.provider_states import Balance
from models.settlement import Delivered, Refused

__all__ = [
    "Balance",
    "Delivered",
    "InProgress",
    "NotAccepted",
    "OutcomeUnknown",
    "Provider",
    "ProviderFault",
    "Refused",
]


@dataclass(frozen=True, slots=True)
class InProgress:
    """The provider has the order, or cannot tell yet; to be looked up again."""

    provider_order_id: str | None
    note: str = "in progress"


Answer = Delivered | Refused | InProgress

# Sentences for clients, the same whoever the provider is.
NOT_SOLD = "The provider does not sell this product."
NO_SUCH_USER = "There is no Telegram user @{} who could be sent this."
ONE_AT_A_TIME = "Premium is sold to a user one at a time."
NOT_TAKEN = "The provider refused the order."
NOT_DELIVERED = "The provider could not deliver the order."


class ProviderFault(Exception):
    """The provider did not serve; the text tells an operator why. `retry_after`: for how many seconds it asked."""

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class NotAccepted(ProviderFault):
    """The request surely did not become an order: out of reach, too many requests, our balance there, our key."""


class OutcomeUnknown(ProviderFault):
    """The request may have become an order: its answer was lost, or makes no sense."""


@dataclass(frozen=True, slots=True)
class Notice:
    """What a provider's webhook says of one of its orders. `verdict` is `delivered` or `failed`; None: look it up."""

    provider_order_id: str
    verdict: str | None
    reason: str = ""


class ForgedNotice(Exception):
    """The webhook's signature does not hold."""


class Provider(Protocol):
    """Somebody who delivers goods for us. Nothing of this is called within a transaction.

    `repeat_seconds`: for how long after an order was first submitted the provider takes a repetition with the same
    reference for the same order; 0 where it has no such promise, and nothing is ever submitted twice.
    """

    repeat_seconds: float

    def check(self, order: Lease) -> str | Refused:
        """Ask whether the order could be delivered; the ticket to submit it with ('' where there is none).

        Raises ProviderFault; nothing has been bought, whatever comes of it.
        """

    def submit(self, order: Lease) -> Answer:
        """Buy, with `order.ticket` and `order.reference`. Raises NotAccepted, OutcomeUnknown."""

    def look_up(self, order: Lease) -> Answer:
        """Ask how an order stands that was submitted before. Raises ProviderFault."""

    def balance(self) -> Balance:
        """What we have there. Raises ProviderFault."""

    def read_notice(self, body: bytes, headers: "Headers") -> Notice | None:
        """What a webhook of the provider says; None for one that says nothing. Raises ForgedNotice."""


class Headers(Protocol):
    """The headers of a request, whatever the case of their names."""

    def get(self, key: str) -> str | None:
        """The header's value, if there is one."""

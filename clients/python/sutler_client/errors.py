"""What can go wrong with a request, and with a message that claims to come from Sutler."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Purchase:
    """A request that buys something, as it was sent: three texts, so that it can be kept and sent again."""

    path: str
    body: str
    idempotency_key: str


class SutlerError(Exception):
    """Everything that this package raises."""


class ApiError(SutlerError):
    """An answer that says no. If it was to a purchase, that has bought nothing.

    `status` is the HTTP status and `code` the error's name, such as insufficient_balance; `facts` has whatever else the
    answer tells, such as missing_usdt. `retry_after` is in seconds, where the answer asks for a pause.
    """

    def __init__(self, status: int, document: Mapping[str, Any], retry_after: int | None = None) -> None:
        self.status = status
        self.code = str(document.get("error", "unknown"))
        self.message = str(document.get("message", ""))
        self.request_id: str | None = document.get("request_id")
        self.facts = {name: fact for name, fact in document.items() if name not in _FORM}
        self.retry_after = retry_after
        super().__init__(f"{self.code}: {self.message}")


class NoAnswer(SutlerError):
    """No answer came that decides, however often it was tried: whether the request was carried out is unknown.

    That is so after a fault of Sutler's (5xx), too. `purchase` is the request, if it was one that buys: give it to
    `reconcile()` to find out, and to get the answer.
    """

    def __init__(self, reason: str, purchase: Purchase | None = None) -> None:
        self.purchase = purchase
        super().__init__(reason)


class StillOpen(SutlerError):
    """The order has not ended within the time that was given to wait for it; it goes on."""

    def __init__(self, order_id: int) -> None:
        self.order_id = order_id
        super().__init__(f"Order {order_id} has not ended yet.")


class InvalidWebhook(SutlerError):
    """The message is not from Sutler, was changed on its way, or is too old. Answer 401 and do nothing."""


_FORM = ("ok", "error", "message", "request_id")

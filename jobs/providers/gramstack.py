"""GramStack: Stars and Premium from Fragment. It cannot tell a repetition from a new order, and has no webhooks.

So nothing is submitted to it twice. An order whose answer is lost has no name that could be asked for: it waits for an
operator, who finds it in GramStack's own list.
"""

import time
from typing import Any

from jobs.providers import gramstack_services
from jobs.providers.api import Api, ApiAnswer, as_amount, as_body, as_name, plain, segment
from jobs.providers.base import (
    NO_SUCH_USER,
    NOT_DELIVERED,
    NOT_SOLD,
    NOT_TAKEN,
    Answer,
    Balance,
    Delivered,
    ForgedNotice,
    Headers,
    InProgress,
    NotAccepted,
    Notice,
    OutcomeUnknown,
    Refused,
)
from jobs.providers.gramstack_services import Services
from models.leases import Lease
from models.telegram_goods import Good, good_of
from settings import settings

GOODS = {Good.STARS: "stars", Good.PREMIUM: "premium"}
OPEN_WORDS = frozenset({"pending", "processing", "retry"})
PRICE_LIST_SECONDS = 300.0  # for how long its names and ids are believed


class GramStack:
    """The API at one address, with one token."""

    repeat_seconds = 0.0

    def __init__(self, url: str, token: str) -> None:
        self._api = Api(url, {"Authorization": f"Bearer {token}"})
        # Until when, and what. It is only ever replaced as a whole, so that threads may share it.
        self._kept: tuple[float, Services] | None = None

    def check(self, order: Lease) -> str | Refused:
        """The service and its quantity; the recipient has been found."""
        good = good_of(order.sku)
        if good not in GOODS or order.recipient is None:
            return Refused(NOT_SOLD)
        ticket = gramstack_services.ticket_for(self._services(), order)
        if isinstance(ticket, Refused):
            return ticket
        answer = self._api.get("/recipients", {"service": GOODS[good], "recipient": f"@{order.recipient}"})
        answer = answer.about(order.recipient)
        found = _data(answer)
        if isinstance(found, dict) and isinstance(found.get("recipient"), str):
            return ticket
        is_nobody = found is None and isinstance(answer.document, dict) and "data" in answer.document
        if (answer.is_success and is_nobody) or (answer.status in (400, 404, 422) and answer.is_refusal):
            return Refused(answer.reason() or NO_SUCH_USER.format(order.recipient))
        raise NotAccepted(answer.told(), answer.retry_after)

    def submit(self, order: Lease) -> Answer:
        """Buy: once, whatever comes of it."""
        if order.submitted_at is not None:
            raise OutcomeUnknown("it was submitted before, and is never submitted twice")
        service_id, _, quantity = order.ticket.partition(" x ")
        body = {"service_id": int(service_id), "recipient": f"@{order.recipient}", "quantity": int(quantity)}
        answer = self._api.post("/orders", as_body(body)).about(order.recipient)
        if answer.is_success:
            return _standing(answer, order)
        if answer.is_refusal:
            return Refused(answer.reason() or NOT_TAKEN)
        raise answer.fault()

    def look_up(self, order: Lease) -> Answer:
        """Ask for the order by its name there; without one, only an operator can tell."""
        if order.provider_order_id is None:
            return InProgress(None, "the answer to the order was lost, and its name with it: look for it at GramStack")
        answer = self._api.get(f"/orders/{segment(order.provider_order_id)}")
        if answer.status == 404 and not answer.is_about_us():
            return InProgress(order.provider_order_id, "GramStack knows no order of this name any more")
        if not answer.is_success:
            raise OutcomeUnknown(answer.told(), answer.retry_after)
        return _standing(answer, order)

    def balance(self) -> Balance:
        """What our wallet there holds."""
        answer = self._api.get("/balance")
        data = _data(answer)
        held = data.get("balance") if isinstance(data, dict) else None
        amount = as_amount(held.get("amount")) if isinstance(held, dict) else None
        if not isinstance(held, dict) or amount is None:
            raise NotAccepted(answer.told(), answer.retry_after)
        return Balance(amount, plain(str(held.get("currency") or "TON"))[:10])

    def read_notice(self, body: bytes, headers: Headers) -> Notice | None:
        """Whatever comes is not from GramStack: it sends none. Raises ForgedNotice."""
        raise ForgedNotice

    def _services(self) -> Services:
        kept = self._kept
        if kept is not None and time.monotonic() < kept[0]:
            return kept[1]
        answer = self._api.get("/prices")
        listed = _data(answer)
        if not isinstance(listed, list):
            raise NotAccepted(f"the price list cannot be read: {answer.told()}", answer.retry_after)
        services = gramstack_services.read(listed)
        self._kept = (time.monotonic() + PRICE_LIST_SECONDS, services)
        return services


def from_settings() -> GramStack:
    """The one that the settings name."""
    assert settings.gramstack_api_token is not None  # noqa: S101 - it is what switches this provider on
    return GramStack(settings.gramstack_api_url, settings.gramstack_api_token)


def _data(answer: ApiAnswer) -> Any:
    """What the envelope of an answer of success holds."""
    return answer.field("data") if answer.is_success else None


def _standing(answer: ApiAnswer, order: Lease) -> Answer:
    """How the order stands, by an answer of success. Raises OutcomeUnknown."""
    data = _data(answer)
    name = as_name(data.get("id")) if isinstance(data, dict) else None
    status = data.get("status") if isinstance(data, dict) else None
    if name is None or name != (order.provider_order_id or name):
        raise OutcomeUnknown("the answer names no order, or another one")
    if status == "completed":
        return Delivered(order.quantity, name)
    if status == "failed":
        return Refused(NOT_DELIVERED, name)
    if isinstance(status, str) and status in OPEN_WORDS:
        return InProgress(name)
    raise OutcomeUnknown("the answer has no status that we know")

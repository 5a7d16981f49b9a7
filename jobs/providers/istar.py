"""iStar: Stars and Premium from Fragment. It keeps orders apart by Idempotency-Key, and tells their end by webhook.

Some of its clients find `GET /orders/{id}` and some don't: both ways to hear of an order's end are open here, and an
order that cannot be asked for waits for the webhook.
"""

import hashlib
import hmac
from typing import Any

from jobs.providers.api import Api, ApiAnswer, as_amount, as_body, as_name, plain, segment
from jobs.providers.base import (
    NO_SUCH_USER,
    NOT_DELIVERED,
    NOT_SOLD,
    NOT_TAKEN,
    ONE_AT_A_TIME,
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
from models.leases import Lease
from models.strict_json import NotStrictJson, parse
from models.telegram_goods import MONTHS_BY_SKU, Good, good_of
from settings import settings

DELIVERED_WORDS = frozenset({"completed", "success", "delivered"})
FAILED_WORDS = frozenset({"failed", "cancelled", "expired"})
VERDICTS = {"order.completed": "delivered", "order.failed": "failed"}
SETTLED_SECONDS = 60.0  # by then, a first request whose answer was lost is an order there, or never will be
REPEAT_SECONDS = 3600.0  # how long it remembers a key is not documented; an hour is safe with any of them
PATHS = {Good.STARS: "star", Good.PREMIUM: "premium", Good.TON: "ton"}
AMOUNT_FIELDS = {Good.STARS: "quantity", Good.PREMIUM: "months", Good.TON: "amount"}


class IStar:
    """The API at one address, with one key."""

    repeat_seconds = REPEAT_SECONDS

    def __init__(self, url: str, key: str, webhook_secret: str | None, goods: frozenset[Good]) -> None:
        self._api = Api(url, {"API-Key": key})
        self._webhook_secret = webhook_secret
        self._goods = goods

    def check(self, order: Lease) -> str | Refused:
        """The recipient's hash."""
        good = good_of(order.sku)
        if good not in self._goods or order.recipient is None:
            return Refused(NOT_SOLD)
        if good is Good.PREMIUM and order.amount != 1:
            return Refused(ONE_AT_A_TIME)
        answer = self._api.get(
            f"/{PATHS[good]}/recipient/search",
            {"username": order.recipient, AMOUNT_FIELDS[good]: _amount(order, good)},
        ).about(order.recipient)
        recipient = answer.field("recipient", "recipient_hash")
        if answer.is_success and isinstance(recipient, str) and recipient and answer.field("success") is not False:
            return recipient
        denied = (answer.is_success and isinstance(answer.document, dict)) or answer.status in (400, 404, 422)
        if denied and not answer.is_about_us():
            return Refused(answer.reason() or NO_SUCH_USER.format(order.recipient))
        raise NotAccepted(answer.told(), answer.retry_after)

    def submit(self, order: Lease) -> Answer:
        """Buy, or be told of what was bought under this reference before."""
        good = good_of(order.sku)
        assert good is not None  # noqa: S101 - the check has refused all else
        body = {
            "username": order.recipient,
            "recipient_hash": order.ticket,
            AMOUNT_FIELDS[good]: _amount(order, good),
            "wallet_type": "TON",
        }
        key = {"Idempotency-Key": order.reference}
        answer = self._api.post(f"/orders/{PATHS[good]}", as_body(body), key).about(order.recipient)
        if answer.is_success:
            return _standing(answer, order)
        if answer.is_refusal and order.submitted_at is not None and order.age_seconds < SETTLED_SECONDS:
            return InProgress(None, "a repetition was refused; the first request may still be under way")
        if answer.is_refusal:
            return Refused(answer.reason() or NOT_TAKEN)
        raise answer.fault()

    def look_up(self, order: Lease) -> Answer:
        """Ask for the order by its name there; without one, only a webhook or an operator can tell."""
        if order.provider_order_id is None:
            return InProgress(None, "the answer to the order was lost, and its name with it")
        answer = self._api.get(f"/orders/{segment(order.provider_order_id)}")
        if answer.status in (404, 405):
            return InProgress(order.provider_order_id, "cannot be asked for; its webhook will tell")
        if not answer.is_success:
            raise OutcomeUnknown(answer.told(), answer.retry_after)
        return _standing(answer, order)

    def balance(self) -> Balance:
        """What our wallet there holds."""
        answer = self._api.get("/wallet/balance")
        amount = as_amount(answer.field("balance"))
        if not answer.is_success or amount is None:
            raise NotAccepted(answer.told(), answer.retry_after)
        return Balance(amount, plain(str(answer.field("currency") or "TON"))[:10])

    def read_notice(self, body: bytes, headers: Headers) -> Notice | None:
        """An order's end. Raises ForgedNotice."""
        given = (headers.get("X-iStar-Signature") or "").strip().lower().removeprefix("sha256=")
        expected = hmac.new((self._webhook_secret or "").encode(), body, hashlib.sha256).hexdigest()
        if not self._webhook_secret or not hmac.compare_digest(expected.encode(), given.encode("utf-8", "replace")):
            raise ForgedNotice
        try:
            document: Any = parse(body)
        except NotStrictJson:
            return None
        if not isinstance(document, dict) or not isinstance(document.get("order"), dict):
            return None
        name = as_name(document["order"].get("id"))
        verdict = VERDICTS.get(str(document.get("event_type")))
        if name is None or verdict is None:
            return None
        return Notice(name, verdict, _told_error(document.get("error")) if verdict == "failed" else "")


def from_settings() -> IStar:
    """The one that the settings name. iStar sells Stars and Premium only."""
    assert settings.istar_api_key is not None  # noqa: S101 - it is what switches this provider on
    return IStar(
        settings.istar_api_url,
        settings.istar_api_key,
        settings.istar_webhook_secret,
        frozenset({Good.STARS, Good.PREMIUM}),
    )


def _amount(order: Lease, good: Good) -> Any:
    return MONTHS_BY_SKU[order.sku] if good is Good.PREMIUM else order.amount


def _standing(answer: ApiAnswer, order: Lease) -> Answer:
    """How the order stands, by an answer of success."""
    name = as_name(answer.field("order_id", "id"))
    status = str(answer.field("status") or "").lower()
    if name is None or not status:
        raise OutcomeUnknown("the answer names no order, or no status")
    if order.provider_order_id not in (None, name):
        raise OutcomeUnknown("the answer is about another order")
    if status in FAILED_WORDS:
        return Refused(_told_error(answer.field("error", "message")), name)
    if status in DELIVERED_WORDS:
        return Delivered(order.quantity, name)
    return InProgress(name)


def _told_error(value: Any) -> str:
    return (plain(value) if isinstance(value, str) else "") or NOT_DELIVERED

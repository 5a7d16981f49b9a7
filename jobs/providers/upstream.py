"""Upstream: another Sutler, whose catalogue we sell on. Goods are matched by their skus, orders by our references.

Its idempotency keys live for a day at least, so for 23 hours the answer to a repetition tells what became of an order;
after that it is asked for by our reference.
"""

import hashlib
import hmac
import time
from collections.abc import Iterator
from typing import Any

from jobs.providers import upstream_answers
from jobs.providers.api import Api, ApiAnswer, as_amount, as_body, as_name, segment
from jobs.providers.base import (
    NOT_SOLD,
    Answer,
    Balance,
    ForgedNotice,
    Headers,
    InProgress,
    NotAccepted,
    Notice,
    OutcomeUnknown,
    Refused,
)
from jobs.providers.upstream_answers import MOST_UNITS, GoodsPage
from models.leases import Lease
from models.money import usd
from models.strict_json import NotStrictJson, parse
from settings import settings

REPEAT_SECONDS = 23 * 3600.0
LONGEST_ANSWER = 64 * 1024 * 1024  # an order comes with all its items
DRIFT_SECONDS = 300  # between two Sutlers' clocks
PAGE_SIZE = 200


class Upstream:
    """The API at one address, with one key; `notices_url` is where it may send its webhooks."""

    repeat_seconds = REPEAT_SECONDS

    def __init__(self, url: str, key: str, secret: str | None, notices_url: str | None) -> None:
        self._api = Api(url, {"X-API-Key": key}, LONGEST_ANSWER)
        self._secret = secret
        # Webhooks to a key without a secret are not signed, and nothing unsigned is believed.
        self._notices_url = notices_url if secret else None

    def check(self, order: Lease) -> str | Refused:
        """The product's id there."""
        if not isinstance(order.amount, int) or order.amount > MOST_UNITS:
            return Refused(f"The provider sells this product in whole units, {MOST_UNITS} at most in one order.")
        product = self._product(order.sku)
        if product is None:
            return Refused(NOT_SOLD)
        if product.get("needs_recipient") is True and order.recipient is None:
            return Refused("The provider needs to know the Telegram username that this product is for.")
        product_id = as_name(product.get("id"))
        if product_id is None or not product_id.isdecimal():
            raise NotAccepted("the product has no id that is a number")
        return product_id

    def submit(self, order: Lease) -> Answer:
        """Buy, or be told of what was bought under this reference before; the end of it is left to a look-up."""
        body = as_body(self._wish(order))
        headers = {"Idempotency-Key": order.reference, **self._signature(body)}
        answer = self._api.post("/orders", body, headers).about(order.recipient)
        if answer.is_success:
            name = as_name(answer.field("order_id"))
            if name is None:
                raise OutcomeUnknown("the answer names no order")
            return InProgress(name)
        if answer.status == 409 and answer.field("error") == "idempotency_key_reused":
            # The first request said something else, such as another address for webhooks: but it made an order.
            return self._find(order)
        refused = upstream_answers.refusal(answer)
        if refused is not None and order.submitted_at is not None and order.age_seconds < DRIFT_SECONDS:
            # The first request may be waiting in a queue there, and become an order after all. By the time that its
            # signature is stale it can't.
            return InProgress(None, "a repetition was refused; the first request may still be under way")
        return refused or upstream_answers.raised(answer)

    def look_up(self, order: Lease) -> Answer:
        """Ask for the order by its name there, or find it by our reference."""
        if order.provider_order_id is None:
            return self._find(order)
        answer = self._api.get(f"/orders/{segment(order.provider_order_id)}")
        if answer.status == 404 and answer.field("error") == "order_not_found":
            return InProgress(order.provider_order_id, "the upstream knows no order of this number: is it another key?")
        if not answer.is_success:
            raise OutcomeUnknown(answer.told(), answer.retry_after)
        return upstream_answers.standing(answer, order)

    def balance(self) -> Balance:
        """What we can spend there."""
        answer = self._api.get("/balance")
        amount = as_amount(answer.field("balance_usdt"))
        if not answer.is_success or amount is None:
            raise NotAccepted(answer.told(), answer.retry_after)
        return Balance(amount, "USDT")

    def read_notice(self, body: bytes, headers: Headers) -> Notice | None:
        """Which order there is news of. Raises ForgedNotice."""
        timestamp, given = headers.get("X-Webhook-Timestamp") or "", headers.get("X-Webhook-Signature") or ""
        if self._secret is None or not timestamp.isascii() or not timestamp.isdigit() or len(timestamp) > 12:
            raise ForgedNotice
        expected = _signed(self._secret, timestamp, body)
        if not hmac.compare_digest(expected.encode(), given.strip().lower().encode("utf-8", "replace")):
            raise ForgedNotice
        if abs(time.time() - int(timestamp)) > DRIFT_SECONDS:
            raise ForgedNotice
        try:
            document: Any = parse(body)
        except NotStrictJson:
            return None
        name = as_name(document.get("order_id")) if isinstance(document, dict) else None
        return Notice(name, None) if name is not None else None

    def goods(self, category: str | None = None) -> Iterator[GoodsPage]:
        """What it has for sale, page by page. Raises ProviderFault."""
        wanted = {"category": category} if category is not None else {}
        number = pages = 1
        while number <= pages:
            page = upstream_answers.goods_page(self._products({"page": number, "page_size": PAGE_SIZE, **wanted}))
            yield page
            number, pages = number + 1, page.pages

    def _product(self, sku: str) -> dict[str, Any] | None:
        items = self._products({"sku": sku}).field("items")
        found = [item for item in items if isinstance(item, dict) and item.get("sku") == sku]
        if len(found) > 1:
            raise NotAccepted(f"the upstream has {len(found)} products with the sku {sku}")
        return found[0] if found else None

    def _products(self, query: dict[str, Any]) -> ApiAnswer:
        answer = self._api.get("/products", query)
        if not answer.is_success or not isinstance(answer.field("items"), list):
            raise NotAccepted(f"the catalogue cannot be read: {answer.told()}", answer.retry_after)
        return answer

    def _wish(self, order: Lease) -> dict[str, Any]:
        """The order as the upstream reads it. A repetition is the same, byte for byte: all of it is on our record."""
        optional = {"recipient": order.recipient, "webhook_url": self._notices_url}
        return {
            "product_id": int(order.ticket),
            "quantity": order.amount,
            "client_reference": order.reference,
            "max_price_usdt": usd(order.price),  # never more than we are paid
        } | {name: value for name, value in optional.items() if value is not None}

    def _signature(self, body: bytes) -> dict[str, str]:
        if self._secret is None:
            return {}
        timestamp = str(int(time.time()))
        return {"X-Timestamp": timestamp, "X-Signature": _signed(self._secret, timestamp, body)}

    def _find(self, order: Lease) -> InProgress:
        """The order that has our reference."""
        answer = self._api.get("/orders", {"client_reference": order.reference})
        items = answer.field("items")
        if not answer.is_success or not isinstance(items, list):
            raise OutcomeUnknown(answer.told(), answer.retry_after)
        ours = [item for item in items if isinstance(item, dict) and item.get("client_reference") == order.reference]
        names = {as_name(item.get("order_id")) for item in ours}
        if not names:
            return InProgress(None, "the upstream has no order with our reference")
        name = names.pop()
        if name is None or names:
            raise OutcomeUnknown("the upstream has several orders with our reference, or one without a number")
        return InProgress(name, "found by our reference")


def from_settings() -> Upstream:
    """The one that the settings name."""
    assert settings.upstream_api_url is not None  # noqa: S101 - it is what switches this provider on
    assert settings.upstream_api_key is not None  # noqa: S101 - settings has refused the one without the other
    notices_url = f"{settings.public_url}/providers/upstream/webhook" if settings.public_url else None
    return Upstream(
        settings.upstream_api_url, settings.upstream_api_key, settings.upstream_api_secret, notices_url
    )  # fmt: skip


def _signed(secret: str, timestamp: str, body: bytes) -> str:
    """The signature of v1's requests and webhooks: the key is the secret's text as it is."""
    return hmac.digest(secret.encode(), timestamp.encode() + b"\n" + body, hashlib.sha256).hex()

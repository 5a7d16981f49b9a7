"""Telling Sutler's webhooks from forged ones, by either form of signature."""

import base64
import binascii
import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sutler_client.connection import sign
from sutler_client.errors import InvalidWebhook

DRIFT_SECONDS = 300


@dataclass(frozen=True)
class Webhook:
    """A message that is genuine. The same `id` may come more than once, and is to be acted upon once."""

    id: str
    document: Any


def verify(secret: str, headers: Mapping[str, str], body: bytes) -> Webhook:
    """Check a message: `body` is its raw bytes, before any parsing. Money in it comes as Decimal or int.

    Takes the X-Webhook-* headers, and without them those of the Standard Webhooks specification. Raises InvalidWebhook.
    """
    given = {name.lower(): value for name, value in headers.items()}
    own = "x-webhook-signature" in given
    prefix = "x-webhook-" if own else "webhook-"
    try:
        id_, sent_at, signature = (given[prefix + name] for name in ("id", "timestamp", "signature"))
    except KeyError as missing:
        raise InvalidWebhook(f"The header {missing} is missing.") from None
    expected = sign(secret, sent_at, body) if own else _standard_signature(secret, id_, sent_at, body)
    # The specification allows several, apart by spaces, while a secret is being replaced.
    if not any(hmac.compare_digest(expected.encode(), each.encode()) for each in signature.split()):
        raise InvalidWebhook("The signature is not that of this message.")
    if not sent_at.isdigit() or abs(time.time() - int(sent_at)) > DRIFT_SECONDS:
        raise InvalidWebhook(f"The message was signed more than {DRIFT_SECONDS} s ago, or by a clock that is off.")
    return Webhook(id_, json.loads(body, parse_float=Decimal))


def _standard_signature(secret: str, webhook_id: str, sent_at: str, body: bytes) -> str:
    """Here the key is what the secret's text stands for in base64, not the text itself."""
    try:
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except binascii.Error:
        raise ValueError("the secret is not base64, so it is none of Sutler's") from None
    signed = f"{webhook_id}.{sent_at}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()

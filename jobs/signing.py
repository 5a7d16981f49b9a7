"""How a receiver can tell that a webhook is ours: two forms of signature, where the client's key has a secret."""

import base64
import hashlib
import hmac


def headers(webhook_id: str, attempt: int, body: bytes, secret: str | None, timestamp: int) -> dict[str, str]:
    """The headers of one attempt, made at `timestamp` (epoch seconds); `secret` is base64 text of 32 bytes."""
    always = {
        "Content-Type": "application/json",
        "User-Agent": "Sutler-Webhooks/1",
        "X-Webhook-Id": webhook_id,
        "X-Webhook-Attempt": str(attempt),
    }
    if secret is None:
        return always
    return always | _own_form(secret, timestamp, body) | _standard_form(secret, webhook_id, timestamp, body)


def _own_form(secret: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The form in which clients sign their requests to us: the key is the secret's text as it is."""
    return {
        "X-Webhook-Timestamp": str(timestamp),
        "X-Webhook-Signature": hmac.digest(secret.encode(), b"%d\n%b" % (timestamp, body), hashlib.sha256).hex(),
        "X-Webhook-Algorithm": "HMAC-SHA256",
    }


def _standard_form(secret: str, webhook_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The form of the Standard Webhooks specification: the key is the 32 bytes that the secret's text stands for."""
    signed = b"%b.%d.%b" % (webhook_id.encode(), timestamp, body)
    digest = hmac.digest(base64.b64decode(secret), signed, hashlib.sha256)
    return {
        "webhook-id": webhook_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }

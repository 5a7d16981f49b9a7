"""The signature of a request: an HMAC over its timestamp and its body, byte for byte."""

import hashlib
import hmac
import time

from flask import request
from werkzeug.exceptions import RequestEntityTooLarge

from models.errors import Refusal
from models.orders import ReplayedRequest

DRIFT_SECONDS = 300


class MissingSignature(Refusal):
    status, code = 401, "missing_signature"


class InvalidSignature(Refusal):
    status, code = 401, "invalid_signature"


class StaleTimestamp(Refusal):
    status, code = 401, "stale_timestamp"


def sign(secret: str, timestamp: str, body: bytes) -> bytes:
    """HMAC-SHA256, keyed with the secret's text, of the timestamp, a line feed and the body."""
    return hmac.digest(secret.encode(), timestamp.encode() + b"\n" + body, hashlib.sha256)


def check(secret: str) -> tuple[bytes | None, Exception | None]:
    """The request's signature if it holds, else the refusal to raise once the request has been counted."""
    timestamp, given = request.headers.get("X-Timestamp"), request.headers.get("X-Signature")
    if not timestamp or not given:
        return None, MissingSignature("This key has a secret: send X-Timestamp and X-Signature with every POST.")
    if not timestamp.isascii() or not timestamp.isdigit() or len(timestamp) > 12:
        return None, InvalidSignature("X-Timestamp must be the time in whole seconds since 1970.")
    try:
        expected = sign(secret, timestamp, request.get_data())
    except RequestEntityTooLarge as too_large:
        return None, too_large
    if not hmac.compare_digest(expected.hex().encode(), given.strip().lower().encode()):
        return None, InvalidSignature(
            "X-Signature must be the hex HMAC-SHA256, keyed with your secret, of timestamp, line feed and raw body."
        )
    if abs(time.time() - int(timestamp)) > DRIFT_SECONDS:
        return None, StaleTimestamp(f"X-Timestamp is more than {DRIFT_SECONDS} s off the server's clock; sign anew.")
    return expected, None


def replayed() -> Refusal:
    """The refusal of a signature that was used before."""
    return ReplayedRequest("This signed request was received before; sign a new one with the present time.")

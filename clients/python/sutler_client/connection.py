"""One request and its answer: signed anew at each attempt, and tried again where that is safe."""

import hashlib
import hmac
import json
import re
import time
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, TypeVar

import requests

from sutler_client.errors import ApiError, NoAnswer, Purchase

ATTEMPTS = 6  # of every request, unless the caller wants another number
FIRST_PAUSE_SECONDS = 1.0  # doubled after each attempt: six take 31 s in all
LONGEST_PAUSE_SECONDS = 120  # that an answer may ask for, when limits count by the minute; beyond, the caller decides
TIMEOUT_SECONDS = 30.0
# The limit was reached, or the service or a router before it is out of order: what is asked again now may be answered.
_BUSY = (429, 502, 503, 504)
# A second purchase with the same body, signed in the same second, has the same signature. It was not carried out.
_SIGNED_TOO_SOON = "replayed_request"
# These say something of this attempt, and nothing of one before it that may have bought.
_OF_THE_ATTEMPT = (401, 403, 408, 429)
T = TypeVar("T")


class Connection:
    """Requests to one surface of the API. `headers` has the key; `secret` signs what is posted, if there is one."""

    def __init__(self, base: str, headers: Mapping[str, str], secret: str | None, attempts: int) -> None:
        self._base = base
        self._headers = dict(headers)
        self._secret = secret
        self._attempts = attempts
        self._session = requests.Session()
        self._session.auth = _as_it_is  # or requests would put what a ~/.netrc has for the host in the key's place

    def get(self, path: str, query: Mapping[str, Any] | None = None) -> Any:
        """GET a document. Raises ApiError and NoAnswer."""
        return self._insist("GET", path, query=query)

    def get_once(self, path: str, query: Mapping[str, Any], timeout: float) -> Any:
        """GET a document in a single attempt, which may take so many seconds. Raises ApiError and NoAnswer."""
        return self._ask("GET", path, None, query, timeout)

    def post(self, purchase: Purchase, read: Callable[[Any], T]) -> T:
        """POST it, again and again under its one Idempotency-Key, so that it is carried out once at most.

        Raises ApiError if it surely was not carried out, and otherwise NoAnswer with the purchase.
        """
        document = self._insist("POST", purchase.path, purchase)
        try:
            return read(document)
        except (TypeError, ValueError, ArithmeticError) as unreadable:
            raise NoAnswer("an answer without the fields of Sutler's", purchase) from unreadable

    def _insist(
        self, method: str, path: str, purchase: Purchase | None = None, query: Mapping[str, Any] | None = None
    ) -> Any:
        pause, is_in_doubt = FIRST_PAUSE_SECONDS, False
        for attempts_left in reversed(range(self._attempts)):
            try:
                return self._ask(method, path, purchase, query, TIMEOUT_SECONDS)
            except (ApiError, NoAnswer) as problem:
                is_in_doubt = is_in_doubt or _leaves_doubt(problem)
                if not attempts_left or not may_pass(problem):
                    if purchase and is_in_doubt and not _decides(problem):
                        raise NoAnswer(str(problem), purchase) from problem
                    raise
                time.sleep(max(pause, asked_pause(problem)))
                pause *= 2
        raise AssertionError("the last attempt returns or raises")

    def _ask(
        self, method: str, path: str, purchase: Purchase | None, query: Mapping[str, Any] | None, timeout: float
    ) -> Any:
        body = purchase.body.encode() if purchase else None
        headers = self._headers | (self._headers_of(purchase) if purchase else {})
        try:
            response = self._session.request(
                method, self._base + path, params=query, data=body, headers=headers, timeout=timeout,
                allow_redirects=False,
            )  # fmt: skip
            document = json.loads(response.content, parse_float=Decimal)
        except requests.RequestException as lost:
            raise NoAnswer(str(lost), purchase) from lost
        except (ValueError, RecursionError):
            document = None
        if not isinstance(document, dict):
            # Whoever said this, it was not Sutler: a router, most likely, that could not reach it.
            raise NoAnswer(f"HTTP {response.status_code}, and no JSON object", purchase)
        # The status alone does not tell: a waiting answer may have begun, with 200, before there was an error.
        if response.status_code >= 300 or "error" in document:
            given = response.headers.get("Retry-After", "")
            raise ApiError(response.status_code, document, int(given) if re.fullmatch("[0-9]{1,9}", given) else None)
        return document

    def _headers_of(self, purchase: Purchase) -> dict[str, str]:
        headers = {"Content-Type": "application/json", "Idempotency-Key": purchase.idempotency_key}
        if self._secret is None:
            return headers
        now = str(int(time.time()))
        return headers | {"X-Timestamp": now, "X-Signature": sign(self._secret, now, purchase.body.encode())}


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def sign(secret: str, timestamp: str, body: bytes) -> str:
    """The hex HMAC-SHA256, keyed with the secret's text, of the timestamp, a line feed and the raw body."""
    return hmac.digest(secret.encode(), timestamp.encode() + b"\n" + body, hashlib.sha256).hex()


def may_pass(problem: ApiError | NoAnswer) -> bool:
    """Whether the same request may be answered better in a moment."""
    if isinstance(problem, NoAnswer):
        return True
    if asked_pause(problem) > LONGEST_PAUSE_SECONDS:
        return False
    return problem.status in _BUSY or problem.code in ("service_unavailable", _SIGNED_TOO_SOON)


def asked_pause(problem: ApiError | NoAnswer) -> float:
    """The seconds that the answer asks to wait; 0 if it asks for nothing."""
    return float(problem.retry_after or 0) if isinstance(problem, ApiError) else 0.0


def _leaves_doubt(problem: ApiError | NoAnswer) -> bool:
    """Whether the attempt may have been carried out: after a fault of ours, the order may be there all the same."""
    return isinstance(problem, NoAnswer) or problem.status == 408 or not 400 <= problem.status < 500


def _decides(problem: ApiError | NoAnswer) -> bool:
    """Whether this answer to a purchase holds for the attempts before it, too: Sutler looks for those first."""
    return not _leaves_doubt(problem) and isinstance(problem, ApiError) and problem.status not in _OF_THE_ATTEMPT

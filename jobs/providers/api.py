"""Calls to a provider's HTTP API: one request, its JSON, and an exact word on whether it can have been received."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

import simplejson

from jobs import outbound
from jobs.outbound import Undeliverable
from jobs.providers.base import NotAccepted, OutcomeUnknown
from models.money import dumps

# Two calls, a check and a submission, must fit into a lease with time to spare: see models.leases.
CALL_SECONDS = 12.0
LONGEST_REST_SECONDS = 600.0
LONGEST_TOLD = 200
ABOUT_US = frozenset({401, 402, 403, 407, 429})
WORDS_ABOUT_US = ("balance", "insufficient funds", "kyc", "session", "api key", "unauthorized")


@dataclass(frozen=True, slots=True)
class ApiAnswer:
    """What came back: a status, and the JSON document (None where there was none)."""

    status: int
    document: Any
    retry_after: float | None

    @property
    def is_success(self) -> bool:
        """Whether the status is one of success."""
        return 200 <= self.status < 300

    def field(self, *names: str) -> Any:
        """The value of the first of these fields of the document, an object, that is there; else None."""
        if not isinstance(self.document, dict):
            return None
        return next((self.document[name] for name in names if self.document.get(name) is not None), None)

    def told(self) -> str:
        """What an error answer says, for an operator to read."""
        said = self.field("message", "error", "detail")
        if isinstance(said, dict):
            said = said.get("message") or said.get("code")
        text = said if isinstance(said, str) else ""
        return f"HTTP {self.status}" + (f": {_plain(text)}" if text else "")

    def is_about_us(self) -> bool:
        """Whether what it refuses is us: our key, our balance there, our rate, its session; not this one order."""
        if self.status in ABOUT_US:
            return True
        said = self.told().lower()
        return self.status >= 400 and any(word in said for word in WORDS_ABOUT_US)

    def reason(self) -> str | None:
        """What a refusal says, for a client to read; None where it says nothing."""
        said = self.field("message", "error", "detail")
        return _plain(said) if isinstance(said, str) and said.strip() else None


class Api:
    """A provider's API: its address, and the headers that every call has."""

    def __init__(self, url: str, headers: dict[str, str]) -> None:
        self._url = url.rstrip("/")
        self._headers = {"Accept": "application/json", "User-Agent": "Sutler/1", **headers}

    def get(self, path: str, params: dict[str, Any] | None = None, headers: dict[str, str] | None = None) -> ApiAnswer:
        """GET. Raises NotAccepted, OutcomeUnknown."""
        query = f"?{urlencode(params)}" if params else ""
        return self._call("GET", path + query, None, headers or {})

    def post(self, path: str, body: bytes, headers: dict[str, str] | None = None) -> ApiAnswer:
        """POST JSON. Raises NotAccepted when it surely was not received, OutcomeUnknown when it may have been."""
        return self._call("POST", path, body, {"Content-Type": "application/json", **(headers or {})})

    def _call(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> ApiAnswer:
        try:
            exchange = outbound.call(
                method, self._url + path, body, self._headers | headers, seconds=CALL_SECONDS
            )  # fmt: skip
        except Undeliverable as error:
            kind = OutcomeUnknown if error.sent else NotAccepted
            raise kind(str(error)) from None
        return ApiAnswer(exchange.status, _parsed(exchange.answer), _seconds(exchange.retry_after))


def as_body(document: dict[str, Any]) -> bytes:
    """A document as JSON; the same one always as the same bytes."""
    return dumps(document).encode()


def segment(text: str) -> str:
    """Text of the provider's as one segment of a path, whatever is in it."""
    return quote(text, safe="")


def _parsed(text: str) -> Any:
    try:
        return simplejson.loads(text, use_decimal=True)
    except (ValueError, RecursionError):
        return None


def _seconds(retry_after: str | None) -> float | None:
    """The rest that is asked for; None for one that is no plain number of seconds."""
    text = (retry_after or "").strip()
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        return None
    return min(float(text), LONGEST_REST_SECONDS)


def _plain(text: str) -> str:
    shown = "".join(character if character.isprintable() else " " for character in text)
    return shown.encode("utf-8", "replace").decode().strip()[:LONGEST_TOLD]

"""Calls to a provider's HTTP API: one request, its JSON, and an exact word on whether it can have been received."""

import re
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import quote, urlencode

from jobs import outbound
from jobs.outbound import Undeliverable
from jobs.providers.base import NotAccepted, OutcomeUnknown, ProviderFault
from models.money import dumps
from models.strict_json import NotStrictJson, parse

# A check and a submission must fit into a lease with time to spare: see models.leases. A submission is given longer:
# where nothing is submitted twice, one that is given up is an operator's work.
ASK_SECONDS = 10.0
SUBMIT_SECONDS = 25.0
LONGEST_REST_SECONDS = 600.0
LONGEST_TOLD = 200
LONGEST_NAME = 200
LARGEST_AMOUNT = Decimal(10**15)
ABOUT_US = frozenset({301, 307, 308, 401, 402, 403, 407, 429})
MAYBE_DONE = frozenset({408, 409, 425})  # statuses of a POST after which it may have become an order all the same
WORDS_ABOUT_US = re.compile(r"\b(balance|insufficient funds|kyc|session|api key|unauthorized)\b")


@dataclass(frozen=True, slots=True)
class ApiAnswer:
    """What came back: a status, and the JSON document (None where there was none)."""

    status: int
    document: Any
    retry_after: float | None
    recipient: str = ""

    def about(self, recipient: str | None) -> "ApiAnswer":
        """The same answer, to a question about this user: his name, which he chose, tells nothing about us."""
        return replace(self, recipient=recipient or "")

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
        if 300 <= self.status < 400:
            return f"HTTP {self.status}, a redirect: is the address in the settings the API's?"
        if self.status < 500 and not isinstance(self.document, dict):
            return f"HTTP {self.status}, and no JSON: is the address in the settings the API's?"
        said = self.field("message", "error", "detail")
        if isinstance(said, dict):
            said = said.get("message") or said.get("code")
        text = said if isinstance(said, str) else ""
        return f"HTTP {self.status}" + (f": {plain(text)}" if text else "")

    def is_about_us(self) -> bool:
        """Whether what it refuses is us: our key, our balance there, our rate, its session; not this one order.

        So is a redirect, or a page where the API should be: the address in our settings is not the API's.
        """
        if self.status in ABOUT_US:
            return True
        is_error = 400 <= self.status < 500
        if not is_error and not self.is_success:
            return False
        said = self.told().lower()
        if self.recipient:
            said = said.replace(self.recipient.lower(), "")
        is_page = is_error and not isinstance(self.document, dict)
        return is_page or bool(WORDS_ABOUT_US.search(said))

    @property
    def is_refusal(self) -> bool:
        """Whether it refuses this one order, for good."""
        return 400 <= self.status < 500 and self.status not in MAYBE_DONE and not self.is_about_us()

    def fault(self) -> ProviderFault:
        """What it means to have been answered so when buying, where that is neither a success nor a refusal."""
        surely_not = self.status not in MAYBE_DONE and self.is_about_us()
        return (NotAccepted if surely_not else OutcomeUnknown)(self.told(), self.retry_after)

    def reason(self) -> str | None:
        """What a refusal says, for a client to read; None where it says nothing."""
        said = self.field("message", "error", "detail")
        return plain(said) if isinstance(said, str) and said.strip() else None


class Api:
    """A provider's API: its address, the headers that every call has, and how many bytes an answer may have."""

    def __init__(self, url: str, headers: dict[str, str], longest_answer: int = outbound.LONGEST_ANSWER) -> None:
        self._longest_answer = longest_answer
        self._url = url.rstrip("/")
        self._headers = {"Accept": "application/json", "User-Agent": "Sutler/1", **headers}

    def get(self, path: str, params: dict[str, Any] | None = None, headers: dict[str, str] | None = None) -> ApiAnswer:
        """GET. Raises NotAccepted, OutcomeUnknown."""
        query = f"?{urlencode(params)}" if params else ""
        return self._call("GET", path + query, None, headers or {}, ASK_SECONDS)

    def post(self, path: str, body: bytes, headers: dict[str, str] | None = None) -> ApiAnswer:
        """POST JSON. Raises NotAccepted when it surely was not received, OutcomeUnknown when it may have been."""
        return self._call("POST", path, body, {"Content-Type": "application/json", **(headers or {})}, SUBMIT_SECONDS)

    def _call(self, method: str, path: str, body: bytes | None, headers: dict[str, str], seconds: float) -> ApiAnswer:
        try:
            exchange = outbound.call(
                method, self._url + path, body, self._headers | headers,
                seconds=seconds, longest_answer=self._longest_answer,
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


def as_name(value: Any) -> str | None:
    """An order's name at the provider, as text: some send numbers. None for what can be no name."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    name = str(value)
    return name if 0 < len(name) <= LONGEST_NAME and name.isprintable() else None


def as_amount(value: Any) -> Decimal | None:
    """An amount of the provider's currency, sent as a number or as text; None for what is no number."""
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        return None
    try:
        amount = Decimal(value)
    except InvalidOperation:
        return None
    return amount if amount.is_finite() and abs(amount) < LARGEST_AMOUNT else None


def plain(text: str) -> str:
    """Text of the provider's that may be shown and stored: one line, and not long."""
    shown = "".join(character if character.isprintable() else " " for character in text)
    return shown.encode("utf-8", "replace").decode().strip()[:LONGEST_TOLD]


def _parsed(text: str) -> Any:
    try:
        return parse(text.encode())
    except NotStrictJson:
        return None


def _seconds(retry_after: str | None) -> float | None:
    """The rest that is asked for; None for one that is no plain number of seconds."""
    text = (retry_after or "").strip()
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        return None
    return min(float(text), LONGEST_REST_SECONDS)

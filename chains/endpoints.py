"""The servers that a network is read from: tried in turn, left alone for a while after a fault, with a health record.

Addresses of endpoints may hold keys, so what is logged or shown names the host only.
"""

import contextlib
import math
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import urlsplit

import requests
import simplejson
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError, ReadTimeoutError

T = TypeVar("T")

CONNECT_SECONDS = 4.0
READ_SECONDS = 8.0
WHOLE_ANSWER_SECONDS = 15.0
LARGEST_ANSWER = 64 * 1024 * 1024
FIRST_REST_SECONDS = 1.0
LONGEST_REST_SECONDS = 15.0  # a fault must not cost much more than itself once it is over
BRIEF_SECONDS = 2.0  # a rest so short is waited for within the call: public endpoints allow one call a second
BRIEF_RESTS = 3
TOO_MANY_REQUESTS = 429
LONGEST_OBEYED_SECONDS = 600.0  # an endpoint that wants a longer rest is asked again all the same
LONGEST_ERROR = 300
_SUSPENDED = re.compile(r"suspended for (\d+) ?s")  # TronGrid says so in words, with a status of 403 or 429


class EndpointFault(Exception):
    """An endpoint did not serve; the text tells an operator why. `retry_after`: for how many seconds it asked."""

    def __init__(self, message: str, *, status: int | None = None, retry_after: float | None = None) -> None:
        super().__init__(message[:LONGEST_ERROR])
        self.status = status
        self.retry_after = retry_after


class Behind(EndpointFault):
    """What the endpoint has is right, but another one may have more."""


class AllResting(Exception):
    """Every endpoint is being left alone after a fault; the text tells of each."""


@dataclass
class Endpoint:
    """One server: its address, and how it has done. Moments are epoch seconds."""

    url: str
    calls: int = 0
    faults_in_a_row: int = 0
    rests_until: float = 0.0
    last_error: str | None = None
    last_error_at: float | None = None
    session: requests.Session = field(default_factory=requests.Session, repr=False)

    @property
    def host(self) -> str:
        """The host, and the port where one is given: what may be shown of the address."""
        parts = urlsplit(self.url)
        return f"{parts.hostname}:{parts.port}" if parts.port else str(parts.hostname)

    def record(self) -> dict[str, Any]:
        """The health record that operators see."""
        return {
            "host": self.host,
            "calls": self.calls,
            "faults_in_a_row": self.faults_in_a_row,
            "rests_until": round(self.rests_until) or None,
            "last_error": self.last_error,
            "last_error_at": round(self.last_error_at) if self.last_error_at else None,
        }

    def get(self, path: str, params: Mapping[str, Any]) -> Any:
        """GET a path below the address; the JSON of the answer. Raises EndpointFault."""
        return self._call("GET", self.url.rstrip("/") + path, params=params)

    def post(self, path: str, document: Any) -> Any:
        """POST JSON to a path below the address; the JSON of the answer. Raises EndpointFault."""
        return self._call("POST", self.url.rstrip("/") + path if path else self.url, json=document)

    def _call(self, method: str, url: str, **content: Any) -> Any:
        for _ in range(BRIEF_RESTS):
            try:
                return self._call_once(method, url, **content)
            except EndpointFault as fault:
                rest = FIRST_REST_SECONDS if fault.retry_after is None else fault.retry_after
                if fault.status != TOO_MANY_REQUESTS or rest > BRIEF_SECONDS:
                    raise
                time.sleep(rest)
        return self._call_once(method, url, **content)

    def _call_once(self, method: str, url: str, **content: Any) -> Any:
        self.calls += 1
        try:
            with self.session.request(
                method, url, timeout=(CONNECT_SECONDS, READ_SECONDS), stream=True, allow_redirects=False, **content
            ) as response:
                body = _whole_body(response)
        except (requests.RequestException, HTTPError) as error:  # urllib3's own come while the body is read
            raise EndpointFault(_reason(error)) from None
        document = _parsed(body)
        if response.status_code != 200:
            told = _told(document)
            suspended = _SUSPENDED.search(told)
            raise EndpointFault(
                f"HTTP {response.status_code}{told}",
                status=response.status_code,
                retry_after=_seconds(suspended[1] if suspended else response.headers.get("Retry-After")),
            )
        if document is None:
            raise EndpointFault("the answer is not JSON", status=200)
        return document


class Endpoints:
    """A network's endpoints, in the operator's order of preference."""

    def __init__(self, urls: Sequence[str], headers: Mapping[str, str] | None = None) -> None:
        self._all = [Endpoint(url) for url in urls]
        for endpoint in self._all:
            endpoint.session.headers.update(headers or {})
            endpoint.session.mount("http://", HTTPAdapter(max_retries=0))
            endpoint.session.mount("https://", HTTPAdapter(max_retries=0))

    def first_to_serve(self, work: Callable[[Endpoint, bool], T]) -> T:
        """Do the work with the first endpoint that can. Raises AllResting when none could.

        The work raises EndpointFault where the endpoint is at fault: the next one is tried then, and this one left
        alone for as long as it asked for, or for longer with each fault in a row. The work's second argument says
        whether an endpoint may be behind, which is asked of none before all have been tried: what a laggard calls final
        is final all the same, and lag costs only time.
        """
        behind = []
        for endpoint in self._all:
            if endpoint.rests_until > time.time():
                continue
            try:
                return _served(endpoint, work, may_be_behind=False)
            except Behind:
                behind.append(endpoint)
            except EndpointFault:
                continue  # on record
        for endpoint in behind:
            endpoint.rests_until = 0.0
            with contextlib.suppress(EndpointFault):  # on record
                return _served(endpoint, work, may_be_behind=True)
        raise AllResting("; ".join(f"{endpoint.host}: {endpoint.last_error}" for endpoint in self._all))

    def records(self) -> list[dict[str, Any]]:
        """The health record of each."""
        return [endpoint.record() for endpoint in self._all]


def _served(endpoint: Endpoint, work: Callable[[Endpoint, bool], T], *, may_be_behind: bool) -> T:
    try:
        done = work(endpoint, may_be_behind)
    except EndpointFault as fault:
        _let_rest(endpoint, fault)
        raise
    endpoint.faults_in_a_row = 0
    return done


def _let_rest(endpoint: Endpoint, fault: EndpointFault) -> None:
    rest = min(FIRST_REST_SECONDS * 2**endpoint.faults_in_a_row, LONGEST_REST_SECONDS)
    if fault.retry_after is not None:
        rest = min(max(fault.retry_after, FIRST_REST_SECONDS), LONGEST_OBEYED_SECONDS)
    endpoint.faults_in_a_row += 1
    endpoint.last_error, endpoint.last_error_at = str(fault), time.time()
    endpoint.rests_until = time.time() + rest


def _whole_body(response: requests.Response) -> bytes:
    """The body, within a time for the whole of it: requests' own limit is for each read, and a drip never meets it."""
    deadline = time.monotonic() + WHOLE_ANSWER_SECONDS
    body = bytearray()
    while piece := response.raw.read1(256 * 1024, decode_content=True):
        body += piece
        if len(body) > LARGEST_ANSWER:
            raise EndpointFault(f"the answer is longer than {LARGEST_ANSWER} bytes")
        if time.monotonic() > deadline:
            raise EndpointFault(f"no whole answer within {WHOLE_ANSWER_SECONDS:g} s")
    return bytes(body)


def _parsed(body: bytes) -> Any:
    try:
        return simplejson.loads(body)
    except (ValueError, RecursionError):
        return None


def _told(document: Any) -> str:
    """A colon and what an error answer says, in the fields that the networks' servers use for it; or nothing."""
    if not isinstance(document, dict):
        return ""
    error = document.get("error") or document.get("Error") or document.get("result") or ""
    told = error.get("message") if isinstance(error, dict) else error
    return f": {told}" if told else ""


def _seconds(retry_after: str | None) -> float | None:
    """The time to wait; None where none is told that could be waited for: our own rest will do then."""
    try:
        seconds = float(retry_after or "nan")
    except ValueError:
        return None  # a date, which none of these servers sends
    return seconds if math.isfinite(seconds) and seconds >= 0 else None


def _reason(error: Exception) -> str:
    """A short reason; never the error's own text, which holds the address with its key."""
    if isinstance(error, requests.Timeout | ReadTimeoutError):
        return "no answer in time"
    if isinstance(error, requests.exceptions.SSLError):
        return "TLS failed"
    return f"connection failed ({type(error).__name__})"

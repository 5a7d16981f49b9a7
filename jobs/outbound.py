"""One request to a stranger's server: to an address that was checked, and over when its time is up.

It is written on the standard library's HTTP connection, since all that a fuller client would bring along has to stay
away: redirects, proxies, cookies, credentials, retries, decompression, connections kept for the next one. The limit is
for the whole exchange. Time-outs of sockets are for one read each, and a receiver that drips bytes outlives them for
hours; so, besides, a timer cuts the connection off.
"""

import contextlib
import functools
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPResponse, RemoteDisconnected

import certifi

from jobs import addresses
from jobs.addresses import Resolved, Target, Unresolvable, UnsafeUrl

WEBHOOK_SECONDS = 10.0  # for a whole attempt
ANSWER_LENGTH = 2048
LONGEST_ANSWER = 4 * 1024 * 1024
_LONGEST_CHARACTER = 4  # bytes of UTF-8


@dataclass(frozen=True, slots=True)
class Exchange:
    """What the receiver answered; `answer` is its body, or the start of it."""

    status: int
    retry_after: str | None
    answer: str
    duration_ms: int


class Undeliverable(Exception):
    """There was no answer; the text says why, for the client to read.

    `permanent`: another try is no use. `sent`: the receiver may have had the request, or a part of it.
    """

    def __init__(
        self, message: str, duration_ms: int, *, permanent: bool = False, timed_out: bool = False, sent: bool = False
    ) -> None:
        super().__init__(message)
        self.duration_ms = duration_ms
        self.permanent = permanent
        self.timed_out = timed_out
        self.sent = sent


class _Clock:
    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.sending = False  # whether the connection stood, and the request may have begun to leave
        self._started = time.monotonic()

    @property
    def remaining(self) -> float:
        return self.seconds - (time.monotonic() - self._started)

    @property
    def is_up(self) -> bool:
        return self.remaining <= 0

    @property
    def milliseconds(self) -> int:
        return round((time.monotonic() - self._started) * 1000)


@dataclass(frozen=True, slots=True)
class _Request:
    method: str
    url: str
    body: bytes | None
    headers: dict[str, str]
    allow_private: bool


def post(
    url: str, body: bytes, headers: dict[str, str], *, allow_private: bool, seconds: float = WEBHOOK_SECONDS
) -> Exchange:
    """POST a body, and read the answer up to its first ANSWER_LENGTH characters. Raises Undeliverable."""
    return _send(_Request("POST", url, body, headers, allow_private), _Clock(seconds), _start_of_body)


def call(
    method: str,
    url: str,
    body: bytes | None,
    headers: dict[str, str],
    *,
    seconds: float,
    longest_answer: int = LONGEST_ANSWER,
) -> Exchange:
    """Call an API that an operator named, wherever it is, and read its whole answer, of so many bytes at most.

    Raises Undeliverable.

    Each call has a connection of its own: of one that was kept alive, it cannot be told whether a request that broke it
    was read.
    """
    read = functools.partial(_whole_body, longest=longest_answer)
    return _send(_Request(method, url, body, headers, allow_private=True), _Clock(seconds), read)


def _send(request: _Request, clock: _Clock, read: "_Reader") -> Exchange:
    try:
        exchange = _exchange(request, addresses.parse(request.url), clock, read)
    except Unresolvable:
        raise Undeliverable("connection error: the host name does not resolve", clock.milliseconds) from None
    except UnsafeUrl as error:
        raise Undeliverable(f"address refused: it {error}", clock.milliseconds, permanent=True) from None
    except (OSError, HTTPException) as error:
        # The timer's cut can surface as nearly any error: once the time is up, it is a time-out whatever it looks like.
        if clock.is_up or isinstance(error, TimeoutError):
            raise _timeout(clock) from None
        raise Undeliverable(f"connection error: {_reason(error)}", clock.milliseconds, sent=clock.sending) from None
    if clock.is_up:
        # A body without a length looks complete when it is cut off.
        raise _timeout(clock)
    return exchange


_Reader = Callable[[HTTPResponse, _Clock], str]


def _exchange(request: _Request, target: Target, clock: _Clock, read: _Reader) -> Exchange:
    lookup_seconds = min(addresses.LOOKUP_SECONDS, clock.remaining)
    resolved = addresses.resolve_public(
        target.host, target.port, allow_private=request.allow_private, seconds=lookup_seconds
    )
    with contextlib.closing(HTTPConnection(target.host, target.port)) as connection:
        connection.sock = _connect(resolved, clock)
        with _cut_off(connection.sock, clock):
            if target.scheme == "https":
                connection.sock = _tls().wrap_socket(connection.sock, server_hostname=target.host.rstrip("."))
            ours = {"Host": target.authority, "Connection": "close", "Accept-Encoding": "identity", "Accept": "*/*"}
            clock.sending = True
            connection.request(request.method, target.path, request.body, ours | request.headers)
            with connection.getresponse() as response:
                answer = read(response, clock)
    return Exchange(response.status, response.getheader("Retry-After"), answer, clock.milliseconds)


def _start_of_body(response: HTTPResponse, clock: _Clock) -> str:
    try:
        start = response.read(ANSWER_LENGTH * _LONGEST_CHARACTER)
    except (OSError, HTTPException) as error:
        if clock.is_up or isinstance(error, TimeoutError):
            raise
        start = b""  # The status has said what matters; the body is only for the log.
    return start.decode(errors="replace").replace("\0", "")[:ANSWER_LENGTH]


def _whole_body(response: HTTPResponse, clock: _Clock, *, longest: int) -> str:
    body = bytearray()
    while piece := response.read(65_536):
        body += piece
        if len(body) > longest:
            raise HTTPException
    if response.length:
        raise HTTPException  # it ended before the length that it told
    return body.decode(errors="replace")


def _connect(resolved: list[Resolved], clock: _Clock) -> socket.socket:
    """Connect to the first of the addresses that lets us; raises the last one's error when none does."""
    for left, (family, address) in zip(range(len(resolved), 0, -1), resolved, strict=True):
        connected = socket.socket(family, socket.SOCK_STREAM)
        try:
            # The time is shared out, so that a dead IPv6 route leaves some for IPv4.
            connected.settimeout(max(clock.remaining, 0.001) / left)
            connected.connect(address)
            connected.settimeout(max(clock.remaining, 0.001))
        except OSError:
            connected.close()
            if left == 1:
                raise
        else:
            connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return connected
    raise AssertionError("unreachable")


@contextlib.contextmanager
def _cut_off(connected: socket.socket, clock: _Clock) -> Iterator[None]:
    """Within the block, the connection lasts no longer than the exchange's time."""
    handle = connected.dup()  # TLS takes the socket's own descriptor over; shutting this one down ends the connection

    def cut() -> None:
        with contextlib.suppress(OSError):  # it may have ended by itself
            handle.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(max(clock.remaining, 0) + 0.01, cut)  # a little late, so that the clock agrees
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()  # so that it cannot shut down whoever gets the descriptor's number next
        handle.close()


@functools.lru_cache(maxsize=1)
def _tls() -> ssl.SSLContext:
    # The certificates come with us: a bare machine has none.
    return ssl.create_default_context(cafile=certifi.where())


def _timeout(clock: _Clock) -> Undeliverable:
    return Undeliverable(
        f"timeout: no whole answer within {clock.seconds:g} s", clock.milliseconds, timed_out=True, sent=clock.sending
    )


def _reason(error: Exception) -> str:
    """A short reason; never the error's full text, which may quote what was sent or where."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the certificate was not accepted ({error.verify_message})"
    if isinstance(error, ssl.SSLError):
        return f"TLS failed ({error.reason or 'unknown'})"
    if isinstance(error, RemoteDisconnected):
        return "closed without an answer"
    if isinstance(error, OSError):
        return (error.strerror or type(error).__name__).lower()
    return f"the answer was not HTTP ({type(error).__name__})"

"""A stranger's server for webhooks: it notes what it gets, and answers as it is told to, well or badly."""

import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

import simplejson

from tests.conformance import look_at_webhook

DRIP_SECONDS = 0.02
GIVE_UP_SECONDS = 30.0


@dataclass(frozen=True)
class Received:
    """One request; header names in lower case."""

    path: str
    headers: dict[str, str]
    body: bytes
    at: float = field(default_factory=time.monotonic)

    @property
    def json(self) -> Any:
        """The body, with exact numbers."""
        return simplejson.loads(self.body, use_decimal=True)


Behaviour = Callable[["Handler"], None]


class Handler(BaseHTTPRequestHandler):
    """Notes a request and behaves as the receiver was told."""

    protocol_version = "HTTP/1.1"
    server: "_Server"

    def do_POST(self) -> None:
        """Take one request."""
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.close_connection = True
        look_at_webhook(headers, body)
        self.server.receiver.take(Received(self.path, headers, body))(self)

    do_GET = do_POST  # noqa: N815 - which is how http.server finds it

    def drip(self, piece: bytes) -> None:
        """Send a piece again and again, for as long as the sender takes it."""
        while not self.server.receiver.released.wait(DRIP_SECONDS):
            self.wfile.write(piece)

    def wait(self) -> None:
        """Do nothing until the receiver lets go."""
        self.server.receiver.released.wait(GIVE_UP_SECONDS)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is http.server's
        """Say nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    receiver: "Receiver"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of senders that went away: many tests make them."""


def answer(status: int = 200, body: bytes = b"", **headers: str) -> Behaviour:
    """Answer at once; header names are given with underscores."""

    def behave(handler: Handler) -> None:
        handler.send_response(status)
        for name, value in {"Content_Length": str(len(body)), **headers}.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(body)

    return behave


def hang(handler: Handler) -> None:
    """Answer only when the receiver lets go."""
    handler.wait()
    answer()(handler)


def close_at_once(handler: Handler) -> None:
    """Close the connection without a word."""


def talk_nonsense(handler: Handler) -> None:
    """Answer in no known protocol."""
    handler.wfile.write(b"220 ready for mail\r\n")


def drip_headers(handler: Handler) -> None:
    """Begin an answer, and never come to the end of its headers."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Long: ")
    handler.drip(b"x")


def drip_body(handler: Handler) -> None:
    """Answer 200 at once, with a body that never ends and comes a byte at a time."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
    handler.drip(b"x")


def flood(handler: Handler) -> None:
    """Answer 200 with as much as the sender will take."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
    while not handler.server.receiver.released.is_set():
        handler.wfile.write(b"x" * 65536)


def break_off_body(handler: Handler) -> None:
    """Answer 200, and break the body off in the middle of a chunk."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n100\r\nshort")


class Receiver:
    """The server, on a free port of this machine, while its context lasts.

    It behaves as `behaviours` say, one for each request in turn, and as the last of them ever after.
    """

    def __init__(self, *behaviours: Behaviour, tls: ssl.SSLContext | None = None) -> None:
        self.behaviours = list(behaviours) or [answer()]
        self.requests: list[Received] = []
        self.released = threading.Event()
        self._changed = threading.Condition()
        self._server = _Server(("127.0.0.1", 0), Handler)
        self._server.receiver = self
        self.port = self._server.server_address[1]
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
        self.url = f"{'http' if tls is None else 'https'}://127.0.0.1:{self.port}/hook"

    def __enter__(self) -> "Receiver":
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.released.set()
        self._server.shutdown()
        self._server.server_close()

    def take(self, received: Received) -> Behaviour:
        """Note a request; returns how to answer it."""
        with self._changed:
            self.requests.append(received)
            self._changed.notify_all()
            return self.behaviours[min(len(self.requests), len(self.behaviours)) - 1]

    def wait_for(self, count: int, seconds: float = 10.0) -> list[Received]:
        """Return the requests when there are so many; fails when they do not come."""
        with self._changed:
            came = self._changed.wait_for(lambda: len(self.requests) >= count, seconds)
            assert came, f"{len(self.requests)} of {count} requests came within {seconds:g} s"
            return list(self.requests)

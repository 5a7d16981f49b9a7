"""A provider's server of our own: what every stand-in shares, and the faults that any of them can have."""

import threading
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

import simplejson

GIVE_UP_SECONDS = 30.0


@dataclass(frozen=True)
class Asked:
    """One request; header names in lower case, the path without the API's own beginning."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes
    at: float = field(default_factory=time.monotonic)

    @property
    def json(self) -> Any:
        """The body, with exact numbers."""
        return simplejson.loads(self.body, use_decimal=True)


@dataclass(frozen=True)
class Reply:
    """A status, JSON or raw bytes, and headers."""

    status: int
    document: Any
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def body(self) -> bytes:
        """What goes over the wire."""
        is_raw = isinstance(self.document, bytes)
        return self.document if is_raw else simplejson.dumps(self.document, use_decimal=True).encode()


Serve = Callable[[], Reply]
Fault = Callable[["Handler", Serve], None]


class Handler(BaseHTTPRequestHandler):
    """Hands a request to the stand-in, or to its fault."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1  # an answer goes out in one piece: in two, each waits 40 ms for the client's kernel
    server: "_Server"

    def do_GET(self) -> None:
        """Answer a question."""
        self._take(b"")

    def do_POST(self) -> None:
        """Take an order."""
        self._take(self.rfile.read(int(self.headers["Content-Length"])))

    def _take(self, body: bytes) -> None:
        self.close_connection = True
        parts = urlsplit(self.path)
        headers = {name.lower(): value for name, value in self.headers.items()}
        path = parts.path.removeprefix(self.server.stand_in.base)
        asked = Asked(self.command, path, dict(parse_qsl(parts.query)), headers, body)
        self.server.stand_in.take(asked)(self, lambda: self.server.stand_in.answer(asked))

    def reply(self, reply: Reply) -> None:
        """Send an answer."""
        self.send_response(reply.status)
        # Said, so that no client keeps the connection for its next request.
        for name, value in {"Content-Length": str(len(reply.body)), "Connection": "close", **reply.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(reply.body)

    def wait(self) -> None:
        """Do nothing until the stand-in lets go."""
        self.server.stand_in.released.wait(GIVE_UP_SECONDS)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is http.server's
        """Say nothing."""


def truth(handler: Handler, serve: Serve) -> None:
    """No fault."""
    handler.reply(serve())


def instead(status: int, document: Any = b"", **headers: str) -> Fault:
    """Do nothing, and answer this; header names are given with underscores."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda handler, serve: handler.reply(Reply(status, document, named))


def after_all(status: int, document: Any = b"") -> Fault:
    """Do what was asked for, and answer this."""

    def behave(handler: Handler, serve: Serve) -> None:
        serve()
        handler.reply(Reply(status, document))

    return behave


def cut(handler: Handler, serve: Serve) -> None:
    """Read the request and close the connection, with nothing done."""


def cut_after_all(handler: Handler, serve: Serve) -> None:
    """Do what was asked for, and close the connection."""
    serve()


def hang(handler: Handler, serve: Serve) -> None:
    """Do nothing, and say nothing either."""
    handler.wait()


def hang_after_all(handler: Handler, serve: Serve) -> None:
    """Do what was asked for, and say nothing."""
    serve()
    handler.wait()


def flood(handler: Handler, serve: Serve) -> None:
    """Do what was asked for, and answer with more than anybody reads."""
    serve()
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
    while not handler.server.stand_in.released.is_set():
        handler.wfile.write(b" " * 1_000_000)


HTML = instead(502, b"<html><body><h1>502 Bad Gateway</h1></body></html>", Content_Type="text/html")


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    stand_in: "StandIn"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that went away: many tests make them."""


class StandIn:
    """The server, at the address that the settings have for the provider, while its context lasts.

    `faults` answer requests whose method and path begin so, such as `POST /orders`, once each, in place of the truth.
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self.base = parts.path
        self.asked: list[Asked] = []
        self.faults: dict[str, list[Fault]] = defaultdict(list)
        self.released = threading.Event()
        self._lock = threading.Lock()
        assert parts.hostname is not None
        assert parts.port is not None
        self._server = _Server((parts.hostname, parts.port), Handler)
        self._server.stand_in = self

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.released.set()
        self._server.shutdown()
        self._server.server_close()

    def take(self, asked: Asked) -> Fault:
        """Note a request; returns how it is dealt with."""
        with self._lock:
            self.asked.append(asked)
            waiting = [
                faults for begin, faults in self.faults.items() if f"{asked.method} {asked.path}".startswith(begin)
            ]
            return next((faults.pop(0) for faults in waiting if faults), truth)

    def calls(self, begin: str) -> list[Asked]:
        """The requests whose method and path begin so."""
        return [asked for asked in self.asked if f"{asked.method} {asked.path}".startswith(begin)]

    def answer(self, asked: Asked) -> Reply:
        """The truth."""
        raise NotImplementedError

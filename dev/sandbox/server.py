"""The sandbox over HTTP: a thread for each connection, and no line for each request."""

import sys
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import simplejson

from dev.ports import LOOPBACK
from dev.sandbox.shop import ARTICLES, BALANCE, Answer, Declined, Shop

API_KEY = "sandbox"
LONGEST_BODY = 65_536
NOT_FOUND = "There is nothing at this address."


class Server(ThreadingHTTPServer):
    """Listens on the loopback interface as soon as it is made."""

    daemon_threads = True
    request_queue_size = 1024

    def __init__(self, port: int, shop: Shop) -> None:
        self.shop = shop
        super().__init__((LOOPBACK, port), _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that go away in the middle."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # an answer goes out in one piece: in two, each waits 40 ms for the client's kernel
    timeout = 60  # seconds that a kept connection may be silent
    server: Server

    def do_GET(self) -> None:
        """Answer a question."""
        self._answer(self._asked)

    def do_POST(self) -> None:
        """Take an order."""
        length = self.headers.get("Content-Length", "")
        if not length.isascii() or not length.isdigit() or int(length) > LONGEST_BODY:
            self.close_connection = True  # the body stays unread
            self._send(Answer(413, {"success": False, "message": "The body's length is missing, or too large."}))
            return
        body = self.rfile.read(int(length))
        self._answer(lambda: self._ordered(body))

    def _answer(self, respond: Callable[[], Answer | None]) -> None:
        try:
            if self.headers.get("API-Key") != API_KEY:
                raise Declined(401, f"The header API-Key must be given; here it is {API_KEY!r}.")
            answer = respond()
        except Declined as declined:
            answer = declined.answer
        if answer is None:
            self.close_connection = True
        else:
            self._send(answer)

    def _asked(self) -> Answer:
        parts = urlsplit(self.path)
        query = dict(parse_qsl(parts.query))
        match parts.path.strip("/").split("/"):
            case [kind, "recipient", "search"] if kind in ARTICLES:
                return self.server.shop.recipient(ARTICLES[kind], query)
            case ["orders", order_id]:
                return self.server.shop.order(unquote(order_id))
            case ["wallet", "balance"]:
                return Answer(200, BALANCE)
            case ["book"]:
                return self.server.shop.sales(query)
        raise Declined(404, NOT_FOUND)

    def _ordered(self, body: bytes) -> Answer | None:
        try:
            document = simplejson.loads(body, use_decimal=True)
        except (ValueError, RecursionError):
            raise Declined(400, "The body must be JSON.") from None
        match urlsplit(self.path).path.strip("/").split("/"):
            case ["orders", kind] if kind in ARTICLES:
                return self.server.shop.sell(ARTICLES[kind], self.headers.get("Idempotency-Key"), document)
        raise Declined(404, NOT_FOUND)

    def _send(self, answer: Answer) -> None:
        body = simplejson.dumps(answer.document, use_decimal=True).encode()
        self.send_response(answer.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is http.server's
        """Say nothing."""

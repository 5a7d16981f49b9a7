"""gunicorn's threaded worker: threads that stay with their connection, connections shared out, refusals as JSON."""

import json
import select
import time
from contextlib import suppress
from http import HTTPStatus
from typing import Any
from uuid import uuid4

import structlog
from gunicorn.http import errors  # type: ignore[import-untyped]
from gunicorn.util import write_nonblock  # type: ignore[import-untyped]
from gunicorn.workers.gthread import ThreadWorker  # type: ignore[import-untyped]

STAY_MILLISECONDS = 100
HESITATION_SECONDS = 0.0001  # for each connection that the process has
LONGEST_HESITATION_SECONDS = 0.001

# What gunicorn refuses before there is a request that the application could answer.
_REFUSALS: dict[type[Exception], tuple[HTTPStatus, str, str]] = {
    errors.LimitRequestLine: (HTTPStatus.REQUEST_URI_TOO_LONG, "uri_too_long", "The address is too long."),
    errors.LimitRequestHeaders: (
        HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "headers_too_large", "A header is too long, or there are too many.",
    ),
    errors.UnsupportedTransferCoding: (
        HTTPStatus.NOT_IMPLEMENTED, "unsupported_transfer_encoding", "Send the body plain or chunked.",
    ),
    errors.ExpectationFailed: (HTTPStatus.EXPECTATION_FAILED, "expectation_failed", "Expect takes 100-continue only."),
    errors.ParseException: (
        HTTPStatus.BAD_REQUEST, "bad_request", "This is not HTTP; look at the request's first line and headers.",
    ),
    Exception: (
        HTTPStatus.INTERNAL_SERVER_ERROR, "internal_error",
        "Something went wrong on our side; it is on record under this request id.",
    ),
}  # fmt: skip
log = structlog.get_logger()


class StayingWorker(ThreadWorker):  # type: ignore[misc]
    """After an answer, the thread itself waits a moment for the next request of a connection that is kept alive.

    gunicorn hands such a connection back to its main thread, which watches the socket and hands it out anew: two
    changes of threads, a future, a pipe and two system calls for epoll with every request. A client that keeps a
    connection alive usually asks again at once, and all of that can be left out: an eighth of an order's Python, 9
    of its 20 changes of threads, 15 of its 26 futex calls.
    """

    def handle(self, conn: Any) -> Any:
        """Serve a connection's requests, for as long as they come in a row. Runs in a thread of the pool."""
        while True:
            # True: the connection is kept alive. Anything else is the main thread's to deal with.
            kept = super().handle(conn)
            if kept is not True or not self._may_stay() or not _next_request_is_there(conn):
                return kept

    def accept(self, listener: Any) -> None:
        """Take a new connection, unless another process was quicker; one that has fewer connections is.

        Connections stay with their process for as long as they live. Left to chance, the busier of two processes had
        50 to 77 % of the work of 16 connections, and at 75 % two thirds of the throughput; like this, 53 to 60 %.
        """
        time.sleep(min(self.nr_conns * HESITATION_SECONDS, LONGEST_HESITATION_SECONDS))
        super().accept(listener)

    def handle_error(self, req: Any, client: Any, addr: Any, exc: Exception) -> None:
        """Answer what the application never saw, or failed to answer, in the form of its own errors."""
        status, code, message = next(told for kind, told in _REFUSALS.items() if isinstance(exc, kind))
        request_id = uuid4().hex
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR and not isinstance(exc, errors.ParseException):
            log.error("request.fault", exc_info=exc, request_id=request_id)
        else:
            # Its kind alone: the text quotes the request, and what is malformed may well be the line with the key.
            log.info("request.malformed", error=type(exc).__name__, address=addr and addr[0], request_id=request_id)
        body = json.dumps({"error": code, "message": message, "request_id": request_id})
        head = (
            f"HTTP/1.1 {status.value} {status.phrase}\r\nConnection: close\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\nX-Request-Id: {request_id}\r\n\r\n"
        )
        with suppress(OSError):  # whoever sent it may be gone
            write_nonblock(client, (head + body).encode())

    def _may_stay(self) -> bool:
        # With no more connections than threads, nobody waits for the thread that stays.
        return bool(self.alive) and self.nr_conns <= self.cfg.threads


def _next_request_is_there(conn: Any) -> bool:
    if conn.parser.unreader.buf.getvalue():
        return True  # the client did not wait for the answer, and the start of its next request was read already
    poller = select.poll()
    poller.register(conn.sock, select.POLLIN)
    return bool(poller.poll(STAY_MILLISECONDS))

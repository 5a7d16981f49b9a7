"""What every request leaves behind: an id in its answer, and one line in the log."""

import secrets
import time

import structlog
from flask import Flask, Response, g, request

log = structlog.get_logger()


def register(app: Flask) -> None:
    """Watch every request of the application."""
    app.before_request(_begin)
    app.after_request(_end)
    app.teardown_request(_forget)


def _begin() -> None:
    g.request_id = secrets.token_hex(16)
    g.began = time.monotonic()
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=g.request_id)


def _end(response: Response) -> Response:
    response.headers["X-Request-Id"] = g.request_id
    rate = g.get("rate")
    if rate is not None:
        response.headers["RateLimit-Limit"] = rate.limit
        response.headers["RateLimit-Remaining"] = rate.remaining
        response.headers["RateLimit-Reset"] = rate.reset_seconds
    log.info(
        "request",
        method=request.method,
        path=request.path,
        status=response.status_code,
        error=g.get("error_code"),
        address=request.remote_addr,
        ms=round((time.monotonic() - g.began) * 1000, 1),
    )
    return response


def _forget(error: BaseException | None) -> None:
    structlog.contextvars.clear_contextvars()  # the thread's next work is no part of this request

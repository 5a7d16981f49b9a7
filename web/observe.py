"""What every request leaves behind: an id in its answer, and one line in the log."""

import secrets
import time
from typing import Any

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
    structlog.contextvars.bind_contextvars(request_id=g.request_id)


def _end(response: Response) -> Response:
    # Added and not set: none of them can be there yet, and to set one is to look through all of them first.
    response.headers.add("X-Request-Id", g.request_id)
    rate = g.get("rate")
    if rate is not None:
        response.headers.add("RateLimit-Limit", rate.limit)
        response.headers.add("RateLimit-Remaining", rate.remaining)
        response.headers.add("RateLimit-Reset", rate.reset_seconds)
    if response.is_streamed:
        _write_line_at_the_end(response)
    else:
        _write_line(_facts(response), g.began)
    return response


def _facts(response: Response) -> dict[str, Any]:
    return {
        "method": request.method, "path": request.path, "status": response.status_code, "error": g.get("error_code"),
        "address": request.remote_addr,
    }  # fmt: skip


def _write_line(facts: dict[str, Any], began: float) -> None:
    log.info("request", **facts, ms=round((time.monotonic() - began) * 1000, 1))


def _write_line_at_the_end(response: Response) -> None:
    """Write it when the last of the answer has been sent, and the request's context is gone."""
    bound = structlog.contextvars.get_contextvars()
    facts, began = bound | _facts(response), g.began
    response.call_on_close(lambda: _write_line(facts, began))


def _forget(error: BaseException | None) -> None:
    structlog.contextvars.clear_contextvars()  # the thread's next work is no part of this request

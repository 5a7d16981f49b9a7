"""Errors as answers: one form a surface, and no stack, SQL or secret in any of them."""

import re
from typing import Any

import redis
import structlog
from flask import Flask, Response, g
from gunicorn.http.errors import ParseException  # type: ignore[import-untyped]
from peewee import DatabaseError
from werkzeug.exceptions import BadRequest, HTTPException

from jobs.redis_calls import redis_client
from models.database import OUTAGES, db, sqlstate
from models.errors import Refusal
from models.orders import TooMuchContention
from web.answers import answer

RETRY_AFTER_SECONDS = 2
log = structlog.get_logger()

_OF_STATUS = {
    400: ("bad_request", "The request could not be understood."),
    404: ("not_found", "There is nothing at this address; see the API's documentation for what there is."),
    405: ("method_not_allowed", "This address does not take this method."),
    413: ("body_too_large", "The body is larger than this endpoint takes."),
    415: ("unsupported_media_type", "Send the body as application/json."),
}


class ServiceUnavailable(Refusal):
    status, code = 503, "service_unavailable"


def register(app: Flask) -> None:
    """Let every error of the application become an answer."""
    app.register_error_handler(Refusal, _refused)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(ParseException, _malformed)
    app.register_error_handler(redis.RedisError, _unavailable)
    app.register_error_handler(TooMuchContention, _unavailable)
    for outage in OUTAGES:
        app.register_error_handler(outage, _unavailable)
    app.register_error_handler(Exception, _fault)


def check_both_servers() -> None:
    """Raise what an outage raises when Redis or the database is down; for requests that would not notice."""
    redis_client().ping()
    db.execute_sql("SELECT 1")


def _refused(refusal: Refusal) -> Response:
    headers = {}
    if "retry_after" in refusal.facts:
        headers["Retry-After"] = str(refusal.facts.pop("retry_after"))
    return _answer(refusal.status, refusal.code, refusal.message, refusal.facts, headers)


def _http_error(error: HTTPException) -> Response:
    if error.code in (404, 405):
        try:
            check_both_servers()
        except (redis.RedisError, *OUTAGES) as outage:
            return _unavailable(outage)
    status = error.code or 500
    code, message = _OF_STATUS.get(status, (_as_code(error.name), f"{error.name}."))
    allow = error.get_response().headers.get("Allow") if status == 405 else None
    return _answer(status, code, message, {}, {"Allow": allow} if allow else {})


def _malformed(error: ParseException) -> Response:
    # gunicorn reads a chunked body as we ask for it, and only then finds that its chunks make no sense.
    return _http_error(BadRequest())


def _unavailable(outage: Exception) -> Response:
    log.warning("request.unavailable", error=type(outage).__name__, reason=str(outage).strip()[:200])
    message = "The service cannot answer at the moment; nothing was lost, try again shortly."
    return _answer(503, ServiceUnavailable.code, message, {}, {"Retry-After": str(RETRY_AFTER_SECONDS)})


def _fault(error: Exception) -> Response:
    # A server that dies between two packets reaches us as a bare DatabaseError: one without a code from the server.
    if isinstance(error, DatabaseError) and sqlstate(error) is None and db.is_closed_by_server():
        return _unavailable(error)
    log.error("request.fault", exc_info=error)
    return _answer(
        500, "internal_error", "Something went wrong on our side; it is on record under this request id.", {}
    )


def _answer(
    status: int, code: str, message: str, facts: dict[str, Any], headers: dict[str, str] | None = None
) -> Response:
    g.error_code = code
    body = {"error": code, "message": message, "request_id": g.get("request_id"), **facts}
    return answer(body, status, headers)


def _as_code(name: str) -> str:
    return re.sub(r"[^a-z]+", "_", name.lower())

"""Errors as answers: one form a surface, JSON or a page, and no stack, SQL or secret in any of them."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import redis
import structlog
from flask import Flask, Response, current_app, g, request
from gunicorn.http.errors import ParseException  # type: ignore[import-untyped]
from peewee import DatabaseError
from werkzeug.exceptions import BadRequest, HTTPException

from jobs.redis_calls import redis_client
from models.database import OUTAGES, db, sqlstate
from models.errors import Refusal
from models.orders import TooMuchContention
from web.answers import answer

RETRY_AFTER_SECONDS = 2
T = TypeVar("T")
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


@dataclass(frozen=True, slots=True)
class Problem:
    """What an error answer says, before it takes the form of its surface."""

    status: int
    code: str
    message: str
    facts: dict[str, Any] = field(default_factory=dict)


Form = Callable[[Problem], tuple[int, dict[str, Any]]]
"""Makes a problem the status and the document of an answer."""
Page = Callable[[Problem], Response]
"""Makes a problem an answer for people; it must need neither server."""

UNAVAILABLE = Problem(
    503, ServiceUnavailable.code, "The service cannot answer at the moment; nothing was lost, try again shortly."
)
FAULT = Problem(500, "internal_error", "Something went wrong on our side; it is on record under this request id.")
_FORMS = "error_forms"
_PAGES = "error_pages"


def register(app: Flask, forms: Mapping[str, Form], pages: Mapping[str, Page]) -> None:
    """Let every error of the application become an answer.

    `forms` names the surfaces, by the start of their paths, that have another form than the common one; `pages` those
    that people look at.
    """
    app.extensions[_FORMS] = forms
    app.extensions[_PAGES] = pages
    app.register_error_handler(Refusal, _refused)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(ParseException, _malformed)
    app.register_error_handler(Exception, _failed)


def check_both_servers() -> None:
    """Raise what an outage raises when Redis or the database is down; for requests that would not notice."""
    redis_client().ping()
    db.execute_sql("SELECT 1")


def told(problem: Problem) -> tuple[int, dict[str, Any]]:
    """The status and the document that tell of a problem on the surface that was asked."""
    form = _of_surface(current_app.extensions[_FORMS]) or common_form
    return form(problem)


def common_form(problem: Problem) -> tuple[int, dict[str, Any]]:
    """The form of every surface that has none of its own."""
    document = {"error": problem.code, "message": problem.message, "request_id": g.get("request_id"), **problem.facts}
    return problem.status, document


def _of_surface(made: Mapping[str, T]) -> T | None:
    """What is made for the surface that was asked, if there is something."""
    for prefix, maker in made.items():
        if request.path == prefix or request.path.startswith(f"{prefix}/"):
            return maker
    return None


def as_problem(error: Exception) -> Problem:
    """What to tell of an error that is no refusal, and the line in the log about it."""
    if _is_outage(error):
        log.warning("request.unavailable", error=type(error).__name__, reason=str(error).strip()[:200])
        return UNAVAILABLE
    log.error("request.fault", exc_info=error)
    return FAULT


def _is_outage(error: Exception) -> bool:
    if isinstance(error, (redis.RedisError, TooMuchContention, *OUTAGES)):
        return True
    # A server that dies between two packets reaches us as a bare DatabaseError: one without a code from the server.
    return isinstance(error, DatabaseError) and sqlstate(error) is None and db.is_closed_by_server()


def _refused(refusal: Refusal) -> Response:
    headers = {}
    if "retry_after" in refusal.facts:
        headers["Retry-After"] = str(refusal.facts.pop("retry_after"))
    return _answer(Problem(refusal.status, refusal.code, refusal.message, refusal.facts), headers)


def _http_error(error: HTTPException) -> Response:
    if error.code in (404, 405):
        try:
            check_both_servers()
        except (redis.RedisError, *OUTAGES) as outage:
            return _failed(outage)
    status = error.code or 500
    code, message = _OF_STATUS.get(status, (_as_code(error.name), f"{error.name}."))
    allow = error.get_response().headers.get("Allow") if status == 405 else None
    return _answer(Problem(status, code, message), {"Allow": allow} if allow else {})


def _malformed(error: ParseException) -> Response:
    # gunicorn reads a chunked body as we ask for it, and only then finds that its chunks make no sense.
    return _http_error(BadRequest())


def _failed(error: Exception) -> Response:
    problem = as_problem(error)
    return _answer(problem, {"Retry-After": str(RETRY_AFTER_SECONDS)} if problem is UNAVAILABLE else {})


def _answer(problem: Problem, headers: dict[str, str]) -> Response:
    page: Page | None = _of_surface(current_app.extensions[_PAGES])
    if page is not None:
        g.error_code = problem.code
        response = page(problem)
        response.headers.update(headers)
        return response
    status, document = told(problem)
    g.error_code = document["error"]
    return answer(document, status, headers)


def _as_code(name: str) -> str:
    return re.sub(r"[^a-z]+", "_", name.lower())

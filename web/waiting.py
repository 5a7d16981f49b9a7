"""Answers that wait for an order's end: silently, or behind routers that allow no silence, with white space first."""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Annotated, Any

import structlog
from flask import Response
from pydantic import Field

from jobs.waiting import waiters
from models import orders
from models.database import Row, release_connection
from models.money import dumps
from settings import settings
from web import errors
from web.answers import answer
from web.bodies import LARGEST_ID, QueryInt, QueryModel, YesOrNo

Tell = Callable[[Row], tuple[int, Mapping[str, Any]]]
"""Makes an order, as it is when the wait is over, the status and document of the answer; it may use no request."""
WHITE_SPACE = b" "


class WaitQuery(QueryModel):
    """Whether to wait for the end of an order, and how many seconds at most."""

    wait: YesOrNo = False
    timeout: Annotated[QueryInt, Field(ge=0, le=LARGEST_ID)] = settings.wait_timeout_seconds

    @property
    def seconds(self) -> int:
        """How long to wait."""
        return min(self.timeout, settings.wait_timeout_seconds)


def answer_at_the_end(order_id: int, seconds: int, tell: Tell, headers: Mapping[str, str] | None = None) -> Response:
    """Wait for the order's end, so many seconds at most, and answer what `tell` makes of it.

    With a keepalive, an answer that takes longer than that begins with status 200 and white space.
    """
    silence = min(seconds, settings.wait_keepalive_seconds or seconds)
    if waiters.wait(order_id, silence) or silence == seconds:
        status, document = tell(orders.get(order_id))
        return answer(document, status, dict(headers or {}))
    pieces = _pieces(order_id, seconds - silence, tell, _failure(order_id))
    return Response(pieces, headers=dict(headers or {}), mimetype="application/json")


def _pieces(order_id: int, seconds: int, tell: Tell, failure: Callable[[Exception], dict[str, Any]]) -> Iterator[bytes]:
    """The rest of the wait. It runs when the request's context is gone, and holds no connection between two pieces."""
    ends_at = time.monotonic() + seconds
    yield WHITE_SPACE
    document: Mapping[str, Any]
    try:
        while (left := ends_at - time.monotonic()) > 0:
            if waiters.wait(order_id, min(left, settings.wait_keepalive_seconds)):
                break
            yield WHITE_SPACE
        _, document = tell(orders.get(order_id))
    except Exception as error:  # noqa: BLE001 - whatever it is, the answer has begun and must end as JSON
        document = failure(error)
    finally:
        release_connection()
    yield dumps(document).encode()


def _failure(order_id: int) -> Callable[[Exception], dict[str, Any]]:
    """What to tell instead when the order cannot be read at the end: made now, in the form of the request's surface."""

    def told(problem: errors.Problem) -> dict[str, Any]:
        return errors.told(replace(problem, facts={"order_id": order_id}))[1]

    documents = {problem.code: told(problem) for problem in (errors.UNAVAILABLE, errors.FAULT)}
    bound = structlog.contextvars.get_contextvars()  # the request's, for the line in the log

    def document_of(error: Exception) -> dict[str, Any]:
        with structlog.contextvars.bound_contextvars(**bound):
            return documents[errors.as_problem(error).code]

    return document_of

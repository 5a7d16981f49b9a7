"""The form of v2's errors, and its words where they differ from ours."""

from typing import Any

from flask import request

from models.errors import Refusal
from web.errors import FAULT, Problem, common_form


class InvalidRequest(Refusal):
    """A request whose fault is told by a text of its own, which stands where other refusals have their code."""

    status = 400

    def __init__(self, error: str, message: str) -> None:
        super().__init__(message)
        self.code = error


def form(problem: Problem) -> tuple[int, dict[str, Any]]:
    """An error as v2 tells it; every POST of v2 is a purchase."""
    if problem.status == 422:
        return form(_as_bad_request(problem))
    if problem.code == FAULT.code and request.method == "POST" and "order_id" not in problem.facts:
        return form(_as_failed_order(problem))
    status, document = common_form(problem)
    return status, {"ok": False, **document}


def _as_bad_request(problem: Problem) -> Problem:
    first = problem.facts["fields"][0]
    return Problem(400, f"{first['field']} {first['message']}", problem.message)


def _as_failed_order(problem: Problem) -> Problem:
    advice = "Look at GET /api/v2/activity before you order again, or repeat the request with the same Idempotency-Key."
    return Problem(problem.status, "order_creation_failed", f"{problem.message} {advice}")

"""Who is operating: a Bearer token, and the role that goes with it."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

import structlog
from flask import Response, g, request

from models import operators
from models.database import release_connection
from models.errors import Refusal
from models.operators import Identity, Role
from web.errors import check_both_servers

P = ParamSpec("P")
View = Callable[P, Response]


class MissingToken(Refusal):
    status, code = 401, "missing_token"


class InvalidToken(Refusal):
    status, code = 401, "invalid_token"


class Forbidden(Refusal):
    status, code = 403, "forbidden"


def enter() -> None:
    """Let the request's operator in: sets `g.operator`, an Identity. Raises MissingToken, InvalidToken."""
    check_both_servers()
    given = request.authorization
    if given is None or given.type != "bearer" or not given.token:
        raise MissingToken("Send your operator's token in the header Authorization: Bearer <token>.")
    operator = operators.identify(given.token)
    if operator is None:
        raise InvalidToken("The token is unknown or was revoked.")
    release_connection()  # the body may take its time to come
    structlog.contextvars.bind_contextvars(operator=operator.name)
    g.operator = operator


def needs(role: Role) -> Callable[[View[P]], View[P]]:
    """Keep a view for operators of this role and of those above it; it raises Forbidden for the others."""

    def guard(view: View[P]) -> View[P]:
        @wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> Response:
            _check_role(g.operator, role)
            return view(*args, **kwargs)

        guarded.needed_role = role  # type: ignore[attr-defined]  # the reference tells it
        return guarded

    return guard


def _check_role(operator: Identity, needed: Role) -> None:
    if operator.role < needed:
        raise Forbidden(
            f"This takes the role {needed.name.lower()}; your token has the role {operator.role.name.lower()}.",
            required_role=needed.name.lower(),
        )

"""The operators themselves. A token is in the answer that makes it, and in no other."""

from typing import Any, Literal

from flask import Blueprint, Response, g

from models import operators
from models.operators import Role
from models.tables import Operator, epoch
from web.admin.fields import Name
from web.admin.guard import needs
from web.admin.lists import ListQuery, page_answer
from web.answers import answer
from web.bodies import StrictModel, read_body, read_query


class NewOperator(StrictModel):
    """An operator to name."""

    name: Name
    role: Literal["read", "operate", "administer"]


def route(admin: Blueprint) -> None:
    """Add this resource's addresses."""
    admin.get("/operators")(list_operators)
    admin.post("/operators")(add_operator)
    admin.post("/operators/<int:operator_id>/revoke")(revoke_operator)


@needs(Role.READ)
def list_operators() -> Response:
    """All operators, revoked ones too."""
    return page_answer(operators.listed(read_query(ListQuery).position), view)


@needs(Role.ADMINISTER)
def add_operator() -> Response:
    """Name an operator, and give out his token."""
    return answer(create_operator(g.operator.name, read_body(NewOperator)), 201)


@needs(Role.ADMINISTER)
def revoke_operator(operator_id: int) -> Response:
    """End an operator's token at once."""
    operators.revoke(g.operator.name, operator_id)
    return answer(view(operators.get(operator_id)))


def create_operator(actor: str, wanted: NewOperator) -> dict[str, Any]:
    """Do what the body asks for; the new operator's view has the token. Raises OperatorNameTaken."""
    operator_id, token = operators.create(actor, wanted.name, Role[wanted.role.upper()])
    return {**view(operators.get(operator_id)), "token": token}


def view(operator: Operator) -> dict[str, Any]:
    """An operator, without the token."""
    return {
        "id": operator.id,
        "name": operator.name,
        "role": operator.role,
        "created_at": epoch(operator.created_at),
        "revoked_at": epoch(operator.revoked_at) if operator.revoked_at else None,
    }

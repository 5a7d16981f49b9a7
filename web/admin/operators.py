"""The operators themselves. A token is in the answer that makes it, and in no other."""

from typing import cast

from flask import Blueprint, Response, g

from models import operators
from models.operators import OperatorNameTaken, OperatorNotFound, Role
from models.tables import Operator, epoch
from web.admin import shapes
from web.admin.fields import Name
from web.admin.guard import needs
from web.admin.lists import ListQuery, page_answer
from web.answers import answer
from web.bodies import StrictModel, read_body, read_query
from web.reference.described import described


class NewOperator(StrictModel):
    """An operator to name."""

    name: Name
    role: shapes.RoleName


def route(admin: Blueprint) -> None:
    """Add this resource's addresses."""
    admin.get("/operators")(list_operators)
    admin.post("/operators")(add_operator)
    admin.post("/operators/<int:operator_id>/revoke")(revoke_operator)


@needs(Role.READ)
@described(shapes.Operator, is_page=True, query=ListQuery)
def list_operators() -> Response:
    """All operators, revoked ones too."""
    return page_answer(operators.listed(read_query(ListQuery).position), view)


@needs(Role.ADMINISTER)
@described(
    shapes.NamedOperator,
    status=201,
    body=NewOperator,
    refusals=(OperatorNameTaken,),
    body_example={"name": "Ada", "role": "operate"},
)
def add_operator() -> Response:
    """Name an operator, and give out his token."""
    return answer(create_operator(g.operator.name, read_body(NewOperator)), 201)


@needs(Role.ADMINISTER)
@described(shapes.Operator, refusals=(OperatorNotFound,))
def revoke_operator(operator_id: int) -> Response:
    """End an operator's token at once."""
    operators.revoke(g.operator.name, operator_id)
    return answer(view(operators.get(operator_id)))


def create_operator(actor: str, wanted: NewOperator) -> shapes.NamedOperator:
    """Do what the body asks for; the new operator's view has the token. Raises OperatorNameTaken."""
    operator_id, token = operators.create(actor, wanted.name, Role[wanted.role.upper()])
    return {**view(operators.get(operator_id)), "token": token}


def view(operator: Operator) -> shapes.Operator:
    """An operator, without the token."""
    return {
        "id": operator.id,
        "name": operator.name,
        "role": cast(shapes.RoleName, operator.role),
        "created_at": epoch(operator.created_at),
        "revoked_at": epoch(operator.revoked_at) if operator.revoked_at else None,
    }

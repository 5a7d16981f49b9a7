"""The top-ups that clients asked for."""

from typing import Annotated

from flask import Blueprint, Response
from pydantic import Field

from models import topups
from models.database import Row
from models.operators import Role
from models.topups import TopupNotFound
from web.admin import shapes
from web.admin.guard import needs
from web.admin.lists import ListQuery, page_answer
from web.answers import answer
from web.bodies import LARGEST_ID, QueryInt, read_query
from web.reference.described import described
from web.v1 import topups as client_topups


class TopupsQuery(ListQuery):
    """Which top-ups."""

    account_id: Annotated[QueryInt, Field(ge=1, le=LARGEST_ID)] | None = None


def route(admin: Blueprint) -> None:
    """Add this resource's addresses."""
    admin.get("/topups")(list_topups)
    admin.get("/topups/<topup_id>")(show_topup)


@needs(Role.READ)
@described(shapes.Topup, is_page=True, query=TopupsQuery)
def list_topups() -> Response:
    """The top-ups, newest first."""
    query = read_query(TopupsQuery)
    return page_answer(topups.listed(query.account_id, query.position), view)


@needs(Role.READ)
@described(shapes.Topup, refusals=(TopupNotFound,))
def show_topup(topup_id: str) -> Response:
    """One top-up."""
    return answer(view(topups.get(topup_id)))


def view(topup: Row) -> shapes.Topup:
    """A top-up as its client sees it, and whose it is."""
    return {**client_topups.view(topup), "account_id": topup["account_id"], "deposit_id": topup["deposit_id"]}

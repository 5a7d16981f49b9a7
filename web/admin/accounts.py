"""Clients' accounts, and money put on them by hand."""

from typing import Annotated, Any

from flask import Blueprint, Response, g
from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from models import accounts, manual_credits
from models.database import Row
from models.money import LARGEST, usd
from models.operators import Role
from models.tables import epoch
from web.admin.fields import Name
from web.admin.guard import needs
from web.admin.lists import ListQuery, page_answer
from web.answers import answer
from web.bodies import StrictModel, Usd, plain_text, read_body, read_query


def _not_zero(amount: int) -> int:
    if amount == 0:
        raise PydanticCustomError("zero", "must not be zero")
    return amount


class Credit(StrictModel):
    """Money for an account, in micro-dollars; a negative amount takes away. A reference stands for one credit."""

    amount_usdt: Annotated[Usd, Field(ge=-LARGEST, le=LARGEST), AfterValidator(_not_zero)]
    reference: Name
    note: Annotated[str, Field(max_length=500), AfterValidator(plain_text)] = ""


def route(admin: Blueprint) -> None:
    """Add this resource's addresses."""
    admin.get("/accounts")(list_accounts)
    admin.get("/accounts/<int:account_id>")(show_account)
    admin.post("/accounts/<int:account_id>/credit")(credit)


@needs(Role.READ)
def list_accounts() -> Response:
    """All accounts."""
    return page_answer(accounts.listed(read_query(ListQuery).position), view)


@needs(Role.READ)
def show_account(account_id: int) -> Response:
    """One account."""
    return answer(view(accounts.get(account_id)))


@needs(Role.OPERATE)
def credit(account_id: int) -> Response:
    """Credit an account, once for each reference; `credited` says whether this request did it."""
    account, is_new = credit_account(g.operator.name, account_id, read_body(Credit))
    return answer({**view(account), "credited": is_new})


def credit_account(actor: str, account_id: int, wanted: Credit) -> tuple[Row, bool]:
    """Do what the body asks for. Raises AccountNotFound, BalanceTooLow, ReferenceReused."""
    return manual_credits.credit(actor, account_id, wanted.amount_usdt, wanted.reference, wanted.note)


def view(account: Row) -> dict[str, Any]:
    """An account as operators see it."""
    return {
        "id": account["id"],
        "account_id": account["id"],
        "name": account["name"],
        "balance_usdt": usd(account["available"]),
        "held_usdt": usd(account["held"]),
        "total_topup_usdt": usd(account["topped_up"]),
        "total_spent_usdt": usd(account["topped_up"] - account["available"]),
        "total_refunded_usdt": usd(account["refunded"]),
        "created_at": epoch(account["created_at"]),
    }

"""Clients' accounts, and money put on them by hand."""

from typing import Annotated

from flask import Blueprint, Response, g
from pydantic import Field
from pydantic_core import PydanticCustomError

from models import accounts, manual_credits
from models.database import Row
from models.ledger import AccountNotFound, BalanceTooLow, ReferenceReused
from models.money import LARGEST, usd
from models.operators import Role
from models.tables import epoch
from web.admin import shapes
from web.admin.fields import Name
from web.admin.guard import needs
from web.admin.lists import ListQuery, page_answer
from web.answers import answer
from web.bodies import PLAIN, StrictModel, Usd, read_body, read_query
from web.field_rules import Checked
from web.reference.described import described

_NOT_ZERO = {"not": {"anyOf": [{"const": 0}, {"type": "string", "pattern": r"^-?0+(\.0+)?$"}]}}


def _not_zero(amount: int) -> int:
    if amount == 0:
        raise PydanticCustomError("zero", "must not be zero")
    return amount


class Credit(StrictModel):
    """Money for an account; a negative amount takes away. A reference stands for one credit."""

    amount_usdt: Annotated[Usd, Field(ge=-LARGEST, le=LARGEST), Checked(_not_zero, rule=_NOT_ZERO)]
    reference: Name
    note: Annotated[str, Field(max_length=500), PLAIN] = ""


def route(admin: Blueprint) -> None:
    """Add this resource's addresses."""
    admin.get("/accounts")(list_accounts)
    admin.get("/accounts/<int:account_id>")(show_account)
    admin.post("/accounts/<int:account_id>/credit")(credit)


@needs(Role.READ)
@described(shapes.Account, is_page=True, query=ListQuery)
def list_accounts() -> Response:
    """All accounts."""
    return page_answer(accounts.listed(read_query(ListQuery).position), view)


@needs(Role.READ)
@described(shapes.Account, refusals=(AccountNotFound,))
def show_account(account_id: int) -> Response:
    """One account."""
    return answer(view(accounts.get(account_id)))


@needs(Role.OPERATE)
@described(
    shapes.CreditedAccount,
    body=Credit,
    refusals=(AccountNotFound, BalanceTooLow, ReferenceReused),
    body_example={"amount_usdt": "250.00", "reference": "invoice-1001", "note": "Paid by bank transfer"},
)
def credit(account_id: int) -> Response:
    """Credit an account, once for each reference; `credited` says whether this request did it."""
    account, is_new = credit_account(g.operator.name, account_id, read_body(Credit))
    return answer({**view(account), "credited": is_new})


def credit_account(actor: str, account_id: int, wanted: Credit) -> tuple[Row, bool]:
    """Do what the body asks for. Raises AccountNotFound, BalanceTooLow, ReferenceReused."""
    return manual_credits.credit(actor, account_id, wanted.amount_usdt, wanted.reference, wanted.note)


def view(account: Row) -> shapes.Account:
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

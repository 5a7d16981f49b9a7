"""Transfers that arrived, and what to do with those that fit no top-up."""

from typing import Annotated, Any

from flask import Blueprint, Response, g
from pydantic import ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from jobs import enqueue
from models import deposit_credits
from models.database import Row
from models.deposit_credits import AlreadyCredited, DepositFilter, DepositNotFound, DepositStatus
from models.ledger import AccountNotFound
from models.money import usd
from models.operators import Role
from models.tables import epoch
from models.topups import TopupNotFound
from web.admin import shapes
from web.admin.fields import Name
from web.admin.guard import needs
from web.admin.lists import ListQuery, page_answer
from web.answers import answer
from web.bodies import LARGEST_ID, Id, QueryInt, StrictModel, Usd, read_body, read_query
from web.reference.described import described


class DepositsQuery(ListQuery):
    """Which deposits."""

    status: DepositStatus | None = None
    network: str | None = Field(None, max_length=40)
    tx_hash: str | None = Field(None, max_length=200)
    account_id: Annotated[QueryInt, Field(ge=1, le=LARGEST_ID)] | None = None
    min_amount_usdt: Annotated[Usd, Field(ge=0)] | None = None

    @property
    def filter(self) -> DepositFilter:
        """What the deposits must be."""
        return DepositFilter(self.status, self.network, self.tx_hash, self.account_id, self.min_amount_usdt)


def _named(field: str, kind: str) -> dict[str, Any]:
    return {"required": [field], "properties": {field: {"type": kind}}}


class CreditBody(StrictModel):
    """Whom to credit: an account, or the account of a top-up, which then counts as paid."""

    model_config = ConfigDict(
        json_schema_extra={"oneOf": [_named("account_id", "integer"), _named("topup_id", "string")]}
    )

    account_id: Id | None = None
    topup_id: Annotated[str, Field(max_length=40)] | None = None

    @model_validator(mode="after")
    def _names_one(self) -> "CreditBody":
        if (self.account_id is None) == (self.topup_id is None):
            raise PydanticCustomError("one_of", "must name either account_id or topup_id")
        return self


class IgnoreBody(StrictModel):
    """Why a deposit is set aside."""

    reason: Annotated[Name, Field(max_length=500)]


def route(admin: Blueprint) -> None:
    """Add this resource's addresses."""
    admin.get("/deposits")(list_deposits)
    admin.get("/deposits/<int:deposit_id>")(show_deposit)
    admin.post("/deposits/<int:deposit_id>/credit")(credit_by_hand)
    admin.post("/deposits/<int:deposit_id>/ignore")(ignore)


@needs(Role.READ)
@described(shapes.Deposit, is_page=True, query=DepositsQuery)
def list_deposits() -> Response:
    """The deposits, newest first."""
    query = read_query(DepositsQuery)
    return page_answer(deposit_credits.listed(query.filter, query.position), view)


@needs(Role.READ)
@described(shapes.Deposit, refusals=(DepositNotFound,))
def show_deposit(deposit_id: int) -> Response:
    """One deposit."""
    return answer(view(deposit_credits.get(deposit_id)))


@needs(Role.OPERATE)
@described(
    shapes.Deposit,
    body=CreditBody,
    refusals=(DepositNotFound, AccountNotFound, TopupNotFound, AlreadyCredited),
    body_example={"account_id": 1},
)
def credit_by_hand(deposit_id: int) -> Response:
    """Credit a deposit by hand."""
    credit_deposit(g.operator.name, deposit_id, read_body(CreditBody))
    return answer(view(deposit_credits.get(deposit_id)))


@needs(Role.OPERATE)
@described(
    shapes.Deposit,
    body=IgnoreBody,
    refusals=(DepositNotFound, AlreadyCredited),
    body_example={"reason": "Sent by ourselves, to try the wallet"},
)
def ignore(deposit_id: int) -> Response:
    """Set a deposit aside."""
    deposit_credits.ignore(g.operator.name, deposit_id, read_body(IgnoreBody).reason)
    return answer(view(deposit_credits.get(deposit_id)))


def credit_deposit(actor: str, deposit_id: int, wanted: CreditBody) -> None:
    """Do what the body asks for. Raises DepositNotFound, AccountNotFound, TopupNotFound, AlreadyCredited."""
    if wanted.account_id is not None:
        deposit_credits.credit_account(actor, deposit_id, wanted.account_id)
        return
    delivery_id = deposit_credits.credit_topup(actor, deposit_id, str(wanted.topup_id))
    if delivery_id is not None:
        enqueue.deliver(delivery_id)


def view(deposit: Row) -> shapes.Deposit:
    """A deposit as operators see it; `reason` says why it fits no top-up, or why it is ignored."""
    return {
        "id": deposit["id"],
        "network": deposit["network"],
        "tx_hash": deposit["tx_hash"],
        "index": deposit["tx_index"],
        "from": deposit["sender"],
        "amount_usdt": usd(deposit["amount"]),
        "block_time": epoch(deposit["mined_at"]),
        "age_seconds": deposit["age_seconds"],
        "status": deposit["status"],
        "reason": deposit["reason"],
        "topup_id": deposit["topup_id"],
        "order_id": deposit["order_id"],
        "account_id": deposit["account_id"],
        "created_at": epoch(deposit["created_at"]),
    }

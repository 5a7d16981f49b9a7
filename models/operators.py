"""Operators: named tokens with a role, each stored as a SHA-256 only."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from enum import IntEnum

from peewee import IntegrityError

from models import audit
from models.database import db, row, rows, violated_constraint
from models.errors import Refusal
from models.paging import Cursor, Page, page_of
from models.tables import Operator
from settings import settings


class Role(IntEnum):
    """What an operator may do; each role includes those before it."""

    READ = 1
    OPERATE = 2
    ADMINISTER = 3


class OperatorNotFound(Refusal):
    status, code = 404, "operator_not_found"


class OperatorNameTaken(Refusal):
    status, code = 409, "operator_name_taken"


@dataclass(frozen=True, slots=True)
class Identity:
    """Who acts: the name that audit rows carry, and the role."""

    name: str
    role: Role


def identify(token: str) -> Identity | None:
    """The operator behind a token in clear, or None."""
    if settings.admin_token and hmac.compare_digest(token.encode(), settings.admin_token.encode()):
        return Identity("bootstrap", Role.ADMINISTER)
    found = row(
        "SELECT name, role FROM operators WHERE token_hash = %(hash)s AND revoked_at IS NULL", {"hash": _hash(token)}
    )
    return Identity(f"operator:{found['name']}", Role[found["role"].upper()]) if found else None


def create(actor: str, name: str, role: Role) -> tuple[int, str]:
    """Name an operator; returns his id and his token, in clear this once. Raises OperatorNameTaken."""
    token = secrets.token_urlsafe(32)
    try:
        with db.atomic():
            [made] = rows(
                "INSERT INTO operators (name, role, token_hash) VALUES (%(name)s, %(role)s, %(hash)s) RETURNING id",
                {"name": name, "role": role.name.lower(), "hash": _hash(token)},
            )
            audit.record(actor, "operator.create", f"operator:{name}", role=role.name.lower())
    except IntegrityError as error:
        if violated_constraint(error) != "operators_name_once":
            raise
        raise OperatorNameTaken(f"There is an operator named {name!r} already; revoke that one first.") from None
    return int(made["id"]), token


def get(operator_id: int) -> Operator:
    """One operator. Raises OperatorNotFound."""
    found: Operator | None = Operator.get_or_none(Operator.id == operator_id)
    if found is None:
        raise OperatorNotFound(f"There is no operator {operator_id}.")
    return found


def listed(cursor: Cursor) -> Page[Operator]:
    """All operators, newest first."""
    return page_of(Operator.select(), Operator.id, cursor)


def revoke(actor: str, operator_id: int) -> None:
    """End an operator's token at once; ending it again changes nothing. Raises OperatorNotFound."""
    with db.atomic():
        found = row(
            "UPDATE operators SET revoked_at = coalesce(revoked_at, now()) WHERE id = %(id)s RETURNING name",
            {"id": operator_id},
        )
        if found is None:
            raise OperatorNotFound(f"There is no operator {operator_id}.")
        audit.record(actor, "operator.revoke", f"operator:{found['name']}")


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()

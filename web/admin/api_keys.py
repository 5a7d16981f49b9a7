"""Clients' keys. Key and secret are in the answer that makes them, and in no other."""

import re
from typing import Annotated, cast

from flask import Blueprint, Response, g
from pydantic import Field

from models import keys
from models.accounts import AccountIsOurs
from models.keys import KeyNotFound, Kind
from models.ledger import AccountNotFound
from models.operators import Role
from models.tables import ApiKey, epoch
from web.admin import shapes
from web.admin.fields import Name
from web.admin.guard import needs
from web.admin.lists import ListQuery, page_answer
from web.answers import answer
from web.bodies import Id, StrictModel, read_body, read_query
from web.ip_ranges import Ranges
from web.reference.described import described

LARGEST_RATE = 1_000_000
_FINGERPRINT = re.compile(rf"[0-9a-f]{{{keys.FINGERPRINT_LENGTH}}}")


class NewKey(StrictModel):
    """A key to mint; without an account it opens one. `rate_limit` is a minute's requests for v1, a second's for v2."""

    name: Name
    kind: Kind
    with_secret: bool = False
    account_id: Id | None = None
    ip_whitelist: Ranges = Field(default_factory=list)
    rate_limit: Annotated[int, Field(ge=1, le=LARGEST_RATE)] | None = None


class IpWhitelist(StrictModel):
    """From where a key may be used; from anywhere if empty."""

    ips: Ranges


def route(admin: Blueprint) -> None:
    """Add this resource's addresses."""
    admin.post("/api-keys")(mint)
    admin.get("/api-keys")(list_keys)
    admin.get("/api-keys/<fingerprint>")(show_key)
    admin.post("/api-keys/<fingerprint>/revoke")(revoke_key)
    admin.post("/api-keys/<fingerprint>/rotate-secret")(rotate_secret)
    admin.put("/api-keys/<fingerprint>/ip-whitelist")(set_ip_whitelist)


@needs(Role.ADMINISTER)
@described(
    shapes.MintedKey,
    status=201,
    body=NewKey,
    refusals=(AccountNotFound, AccountIsOurs),
    body_example={"name": "Example Ltd", "kind": "v1", "with_secret": True},
)
def mint() -> Response:
    """Make a key."""
    minted = mint_key(g.operator.name, read_body(NewKey))
    return answer(minted_view(minted), 201)


@needs(Role.READ)
@described(shapes.Key, is_page=True, query=ListQuery)
def list_keys() -> Response:
    """All keys, revoked ones too."""
    return page_answer(keys.listed(read_query(ListQuery).position), view)


@needs(Role.READ)
@described(shapes.Key, refusals=(KeyNotFound,))
def show_key(fingerprint: str) -> Response:
    """One key."""
    return answer(view(keys.get(_read(fingerprint))))


@needs(Role.ADMINISTER)
@described(shapes.Key, refusals=(KeyNotFound,))
def revoke_key(fingerprint: str) -> Response:
    """End a key at once."""
    keys.revoke(g.operator.name, _read(fingerprint))
    return answer(view(keys.get(fingerprint)))


@needs(Role.ADMINISTER)
@described(shapes.NewSecret, refusals=(KeyNotFound,))
def rotate_secret(fingerprint: str) -> Response:
    """Give a key a new secret, or its first one; an old one ends at once."""
    secret = keys.rotate_secret(g.operator.name, _read(fingerprint))
    return answer({"fingerprint": fingerprint, "secret": secret})


@needs(Role.ADMINISTER)
@described(shapes.Key, body=IpWhitelist, refusals=(KeyNotFound,), body_example={"ips": ["192.0.2.0/24", "2001:db8::7"]})
def set_ip_whitelist(fingerprint: str) -> Response:
    """Say from where a key may be used."""
    body = read_body(IpWhitelist)
    keys.set_ip_allowlist(g.operator.name, _read(fingerprint), body.ips)
    return answer(view(keys.get(fingerprint)))


def mint_key(actor: str, wanted: NewKey) -> keys.Minted:
    """Make the key that the body asks for. Raises AccountNotFound."""
    return keys.mint(
        actor,
        wanted.name,
        wanted.kind,
        with_secret=wanted.with_secret,
        account_id=wanted.account_id,
        ip_allowlist=wanted.ip_whitelist,
        rate_limit=wanted.rate_limit,
    )


def minted_view(minted: keys.Minted) -> shapes.MintedKey:
    """A new key in clear, for whoever made it."""
    return {
        "fingerprint": minted.fingerprint,
        "api_key": minted.api_key,
        "secret": minted.secret,
        "account_id": minted.account_id,
    }


def view(key: ApiKey) -> shapes.Key:
    """A key as operators see it: all but what it is made of."""
    return {
        "fingerprint": key.fingerprint,
        "name": key.name,
        "kind": cast(Kind, key.kind),
        "account_id": key.account_id,
        "has_secret": key.secret_ciphertext is not None,
        "ip_whitelist": key.ip_allowlist,
        "rate_limit": key.rate_limit,
        "request_count": key.request_count,
        "first_used_at": epoch(key.first_used_at) if key.first_used_at else None,
        "last_used_at": epoch(key.last_used_at) if key.last_used_at else None,
        "last_endpoint": key.last_endpoint,
        "created_at": epoch(key.created_at),
        "revoked_at": epoch(key.revoked_at) if key.revoked_at else None,
    }


def _read(fingerprint: str) -> str:
    # From the address of the request, where anything may stand, such as a NUL, which PostgreSQL takes in no text.
    if not _FINGERPRINT.fullmatch(fingerprint):
        raise KeyNotFound("There is no such key; a fingerprint is 16 hex digits.")
    return fingerprint

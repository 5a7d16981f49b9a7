"""Client keys: stored as a SHA-256 only, with an encrypted secret for signing where the client has one."""

import base64
import hashlib
import ipaddress
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from models import accounts, audit, vault
from models.database import changed, db, row, rows
from models.errors import Refusal
from models.paging import Cursor, Page, page_of
from models.statements import Statement
from models.tables import ApiKey

Kind = Literal["v1", "v2"]
DEFAULT_RATE_LIMITS: dict[Kind, int] = {"v1": 60, "v2": 10}  # a minute, a second
FINGERPRINT_LENGTH = 16


_listeners: list[Callable[[str], None]] = []


class KeyNotFound(Refusal):
    status, code = 404, "api_key_not_found"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who a request comes from, as far as its key tells."""

    key_id: int
    fingerprint: str
    account_id: int
    secret_ciphertext: str | None
    ip_allowlist: tuple[str, ...]
    rate_limit: int

    @property
    def secret(self) -> str | None:
        """The signing secret in clear; base64 text."""
        return _decrypted(self.secret_ciphertext) if self.secret_ciphertext else None


@dataclass(frozen=True, slots=True)
class Minted:
    """A new key, in clear this once."""

    fingerprint: str
    api_key: str
    secret: str | None
    account_id: int


# The gate asks at every signed request. The token in the database changes with the secret, so a hit is never stale.
_decrypted = lru_cache(maxsize=1024)(vault.decrypt)


_IDENTIFY = Statement(
    "identify_key",
    """
    SELECT id, fingerprint, account_id, secret_ciphertext, ip_allowlist, rate_limit FROM api_keys
    WHERE key_hash = %(hash)s AND kind = %(kind)s AND revoked_at IS NULL
    """,
    hash="bytea",
    kind="text",
)


def fingerprint_of(api_key: str) -> str:
    """What a key is called wherever the key itself must not be seen."""
    return _hash(api_key).hex()[:FINGERPRINT_LENGTH]


def identify(api_key: str, kind: Kind) -> Caller | None:
    """The caller behind a key in clear; None if there is none or it was revoked."""
    found = _IDENTIFY.rows({"hash": _hash(api_key), "kind": kind})
    if not found:
        return None
    key = found[0]
    return Caller(
        key_id=key["id"], fingerprint=key["fingerprint"], account_id=key["account_id"],
        secret_ciphertext=key["secret_ciphertext"], ip_allowlist=tuple(key["ip_allowlist"]),
        rate_limit=key["rate_limit"],
    )  # fmt: skip


def mint(
    actor: str,
    name: str,
    kind: Kind,
    *,
    with_secret: bool = False,
    account_id: int | None = None,
    ip_allowlist: list[str] | None = None,
    rate_limit: int | None = None,
) -> Minted:
    """Make a key, on a new account unless one is named. Raises AccountNotFound, AccountIsOurs."""
    api_key = ("sk-" if kind == "v2" else "") + secrets.token_urlsafe(32)
    secret = _new_secret() if with_secret else None
    fingerprint = fingerprint_of(api_key)
    with db.atomic():
        account_id = accounts.create(name) if account_id is None else accounts.of_client(account_id)
        ApiKey.insert(
            fingerprint=fingerprint,
            key_hash=_hash(api_key),
            name=name,
            kind=kind,
            account_id=account_id,
            secret_ciphertext=vault.encrypt(secret) if secret else None,
            ip_allowlist=ip_allowlist or [],
            rate_limit=rate_limit or DEFAULT_RATE_LIMITS[kind],
        ).execute()
        audit.record(actor, "api_key.mint", f"api_key:{fingerprint}", name=name, kind=kind, account_id=account_id)
    return Minted(fingerprint, api_key, secret, account_id)


def replace(actor: str, fingerprint: str) -> Minted:
    """Give a key's holder a new one with the same limits, and end the old one at once. Raises KeyNotFound."""
    with db.atomic():
        old = row("SELECT * FROM api_keys WHERE fingerprint = %(f)s AND revoked_at IS NULL FOR UPDATE",
                  {"f": fingerprint})  # fmt: skip
        if old is None:
            raise KeyNotFound(f"There is no key with the fingerprint {fingerprint} that could be replaced.")
        minted = mint(
            actor, old["name"], old["kind"], with_secret=old["secret_ciphertext"] is not None,
            account_id=old["account_id"], ip_allowlist=old["ip_allowlist"], rate_limit=old["rate_limit"],
        )  # fmt: skip
        revoke(actor, fingerprint)
    return minted


def active_of(account_id: int) -> list[ApiKey]:
    """The account's keys that are not revoked, newest first."""
    found = ApiKey.select().where((ApiKey.account_id == account_id) & ApiKey.revoked_at.is_null())
    return list(found.order_by(ApiKey.id.desc()))


def on_change(listener: Callable[[str], None]) -> None:
    """Call the listener with a key's fingerprint after each commit that changes it; it must not raise."""
    _listeners.append(listener)


def listed(cursor: Cursor) -> Page[ApiKey]:
    """All keys, newest first."""
    return page_of(ApiKey.select(), ApiKey.id, cursor)


def get(fingerprint: str) -> ApiKey:
    """One key. Raises KeyNotFound."""
    found: ApiKey | None = ApiKey.get_or_none(ApiKey.fingerprint == fingerprint)
    if found is None:
        raise KeyNotFound(f"There is no key with the fingerprint {fingerprint}.")
    return found


def revoke(actor: str, fingerprint: str) -> None:
    """End a key at once; ending it again changes nothing. Raises KeyNotFound."""
    with db.atomic():
        _change(fingerprint, "revoked_at = coalesce(revoked_at, now())", {})
        audit.record(actor, "api_key.revoke", f"api_key:{fingerprint}")


def rotate_secret(actor: str, fingerprint: str, kept_session: bytes | None = None) -> str:
    """Give the key a new secret; returns it in clear. The old one ends at once, and so do the key's sessions.

    Whoever has the old secret could otherwise ask for the next one, too. `kept_session` is the hash of the token of the
    session that asks, which goes on. Raises KeyNotFound.
    """
    secret = _new_secret()
    with db.atomic():
        _change(fingerprint, "secret_ciphertext = %(token)s", {"token": vault.encrypt(secret)})
        changed(
            "DELETE FROM dashboard_sessions WHERE token_hash IS DISTINCT FROM %(kept)s"
            " AND key_id = (SELECT id FROM api_keys WHERE fingerprint = %(fingerprint)s)",
            {"kept": kept_session, "fingerprint": fingerprint},
        )
        audit.record(actor, "api_key.rotate_secret", f"api_key:{fingerprint}")
    return secret


def set_ip_allowlist(actor: str, fingerprint: str, ips: list[str]) -> None:
    """Let the key be used from these addresses and ranges only; from anywhere when empty. Raises KeyNotFound."""
    with db.atomic():
        _change(fingerprint, "ip_allowlist = to_jsonb(%(ips)s::text[])", {"ips": ips})
        audit.record(actor, "api_key.ip_allowlist", f"api_key:{fingerprint}", ips=ips)


def allows(allowlist: tuple[str, ...], address: str) -> bool:
    """Whether a caller at `address` may use the key. An IPv4 address that arrives mapped into IPv6 counts as IPv4."""
    if not allowlist:
        return True
    try:
        caller = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(caller, ipaddress.IPv6Address) and caller.ipv4_mapped is not None:
        caller = caller.ipv4_mapped
    return any(caller in ipaddress.ip_network(entry) for entry in allowlist)


def secret_of(key_id: int | None) -> str | None:
    """The present secret of a key, in clear, for signing what we send to its holder."""
    found = rows("SELECT secret_ciphertext AS token FROM api_keys WHERE id = %(id)s", {"id": key_id})
    return _decrypted(found[0]["token"]) if found and found[0]["token"] else None


def _change(fingerprint: str, assignment: str, params: dict[str, Any]) -> None:
    sql = f"UPDATE api_keys SET {assignment} WHERE fingerprint = %(fingerprint)s RETURNING id"  # noqa: S608 - literals
    if row(sql, {"fingerprint": fingerprint, **params}) is None:
        raise KeyNotFound(f"There is no key with the fingerprint {fingerprint}.")
    db.after_commit(lambda: [listener(fingerprint) for listener in _listeners])


def _hash(api_key: str) -> bytes:
    # A key has 256 random bits: a fast hash is as good as a slow one, and the gate needs it at every request.
    return hashlib.sha256(api_key.encode()).digest()


def _new_secret() -> str:
    # Base64 text of 32 bytes: the form that Standard Webhooks libraries take.
    return base64.b64encode(secrets.token_bytes(32)).decode()

"""Demo data: three clients with money, and a catalogue with stock, for an empty database."""

from typing import Any

from models import catalogue, keys, ledger, stock
from models.database import db, row, rows
from models.demo_goods import GOODS, Good
from models.keys import Kind, Minted
from models.money import PER_USD, parse_usd

OPENING_BALANCE = 1_000_000 * PER_USD
ITEMS_AT_ONCE = 1000
DEMO_LOCK = 7203  # the advisory lock that keeps two starts from loading at once

# How each client is called in the document of keys, its kind of key, and whether that has a secret. In this order the
# accounts are 1, 2 and 3.
_CLIENTS: tuple[tuple[str, str, Kind, bool], ...] = (
    ("v1", "demo v1", "v1", True),
    ("v1_unsigned", "demo v1 unsigned", "v1", False),
    ("v2", "demo v2", "v2", False),
)

Keys = dict[str, dict[str, Any]]
"""For each client: `api_key`, `account_id`, and `secret` if it has one."""


def load(actor: str) -> Keys | None:
    """Load everything, in one transaction, and return the clients' keys; None if the database has data already."""
    with db.atomic():
        rows("SELECT pg_advisory_xact_lock(%(lock)s)", {"lock": DEMO_LOCK})
        if row("SELECT 1 FROM accounts UNION ALL SELECT 1 FROM products LIMIT 1"):
            return None
        # A load that was cut short has used up ids all the same.
        rows("ALTER SEQUENCE accounts_id_seq RESTART; ALTER SEQUENCE products_id_seq RESTART")
        made = {client: _open_account(actor, name, kind, secret) for client, name, kind, secret in _CLIENTS}
        for good in GOODS:
            _put_on_sale(actor, good)
    return made


def mint_again(actor: str) -> Keys | None:
    """New keys for the demo clients, since what is stored gives no key back; None if there are no such clients.

    A demo account is known by the reference of its opening credit.
    """
    found = rows(
        "SELECT account_id FROM transfers WHERE kind = 'credit' AND reference = 'demo:' || account_id"
        " ORDER BY account_id"
    )
    if len(found) != len(_CLIENTS):
        return None
    with db.atomic():
        return {
            client: _as_document(keys.mint(actor, name, kind, with_secret=secret, account_id=account["account_id"]))
            for (client, name, kind, secret), account in zip(_CLIENTS, found, strict=True)
        }


def are_valid(known: Keys) -> bool:
    """Whether these are keys of this database, every one of them in force."""
    return all(_is_valid(kind, known.get(client)) for client, _, kind, _ in _CLIENTS)


def _is_valid(kind: Kind, known: Any) -> bool:
    if not isinstance(known, dict) or not isinstance(known.get("api_key"), str):
        return False
    caller = keys.identify(known["api_key"], kind)
    return caller is not None and (caller.account_id, caller.secret) == (known.get("account_id"), known.get("secret"))


def _open_account(actor: str, name: str, kind: Kind, with_secret: bool) -> dict[str, Any]:
    minted = keys.mint(actor, name, kind, with_secret=with_secret)
    ledger.credit(actor, minted.account_id, OPENING_BALANCE, f"demo:{minted.account_id}", "opening balance")
    return _as_document(minted)


def _as_document(minted: Minted) -> dict[str, Any]:
    secret = {"secret": minted.secret} if minted.secret else {}
    return {"api_key": minted.api_key, **secret, "account_id": minted.account_id}


def _put_on_sale(actor: str, good: Good) -> None:
    product = catalogue.create(actor, {
        "sku": good.sku, "category": good.category, "name": good.name, "description": good.description,
        "price": parse_usd(good.price), "min_quantity": good.min_quantity,
    })  # fmt: skip
    items = [good.make_item() for _ in range(good.count)]
    for start in range(0, good.count, ITEMS_AT_ONCE):
        stock.add(product.id, items[start : start + ITEMS_AT_ONCE])

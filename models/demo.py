"""Demo data: three clients with money, and a catalogue with stock, for an empty database."""

from typing import Any

from models import catalogue, keys, ledger, stock
from models.database import db, row, rows
from models.demo_goods import GOODS, TELEGRAM_PRODUCTS, Good, TelegramProduct
from models.keys import Kind, Minted
from models.money import PER_USD, parse_usd
from settings import settings

OPENING_BALANCE = 1_000_000 * PER_USD
ITEMS_AT_ONCE = 1000
SANDBOX = "sandbox"  # the provider of the Telegram goods: they are left out where it is not configured
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
    """Load everything, in one transaction, and return the clients' keys; None if the database has data already.

    Demo data of an earlier version gets the Telegram goods that it lacks.
    """
    with db.atomic():
        rows("SELECT pg_advisory_xact_lock(%(lock)s)", {"lock": DEMO_LOCK})
        if row("SELECT 1 FROM accounts UNION ALL SELECT 1 FROM products LIMIT 1"):
            if _demo_accounts():
                _sell_telegram_goods(actor)
            return None
        # A load that was cut short has used up ids all the same.
        rows("ALTER SEQUENCE accounts_id_seq RESTART; ALTER SEQUENCE products_id_seq RESTART")
        made = {client: _open_account(actor, name, kind, secret) for client, name, kind, secret in _CLIENTS}
        for good in GOODS:
            _put_on_sale(actor, good)
        _sell_telegram_goods(actor)
    return made


def mint_again(actor: str) -> Keys | None:
    """New keys for the demo clients, since what is stored gives no key back; None if there are no such clients."""
    found = _demo_accounts()
    if not found:
        return None
    with db.atomic():
        return {
            client: _as_document(keys.mint(actor, name, kind, with_secret=secret, account_id=account_id))
            for (client, name, kind, secret), account_id in zip(_CLIENTS, found, strict=True)
        }


def are_valid(known: Keys) -> bool:
    """Whether these are keys of this database, every one of them in force."""
    return all(_is_valid(kind, known.get(client)) for client, _, kind, _ in _CLIENTS)


def _is_valid(kind: Kind, known: Any) -> bool:
    if not isinstance(known, dict) or not isinstance(known.get("api_key"), str):
        return False
    caller = keys.identify(known["api_key"], kind)
    return caller is not None and (caller.account_id, caller.secret) == (known.get("account_id"), known.get("secret"))


def _demo_accounts() -> list[int]:
    """The demo clients' accounts, each known by the reference of its opening credit; empty without all of them."""
    found = rows(
        "SELECT account_id FROM transfers WHERE kind = 'credit' AND reference = 'demo:' || account_id"
        " ORDER BY account_id"
    )
    return [transfer["account_id"] for transfer in found] if len(found) == len(_CLIENTS) else []


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


def _sell_telegram_goods(actor: str) -> None:
    """Put those on sale that are not in the catalogue."""
    if SANDBOX not in settings.providers:
        return
    known = {product["sku"] for product in rows("SELECT sku FROM products")}
    for product in TELEGRAM_PRODUCTS:
        if product.sku not in known:
            _make_to_order(actor, product)


def _make_to_order(actor: str, product: TelegramProduct) -> None:
    catalogue.create(actor, {
        "sku": product.sku, "category": "Telegram", "name": product.name, "description": product.description,
        "price": parse_usd(product.price), "min_quantity": product.min_quantity, "max_quantity": product.max_quantity,
        "provider": SANDBOX, "needs_recipient": True,
    })  # fmt: skip

"""Clients and goods for tests, as plain functions."""

import itertools
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import simplejson
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from jobs import enqueue
from models import catalogue, keys, leases, ledger, settlement, stock
from models.database import db
from models.money import parse_usd
from models.settlement import Outcome
from models.tables import Product
from web.signatures import sign

_numbers = itertools.count(1)
PATIENCE_SECONDS = 15.0


@dataclass
class Shop:
    """A wholesale client: its key, and requests made with it, signed where the key has a secret."""

    client: FlaskClient
    api_key: str
    secret: str | None
    account_id: int
    fingerprint: str

    def get(self, path: str, **kwargs: Any) -> TestResponse:
        """GET an address of v1."""
        return self.client.get(
            f"/api/v1{path}", headers={"X-API-Key": self.api_key, **kwargs.pop("headers", {})}, **kwargs
        )

    def post(self, path: str, document: Any = None, *, raw: bytes | None = None, **headers: str | None) -> TestResponse:
        """POST JSON to an address of v1; header names are given with underscores, and None leaves one out."""
        body = raw if raw is not None else json.dumps(document if document is not None else {}).encode()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        sent = {"X-API-Key": self.api_key, "Content-Type": "application/json"} | self.signature(body) | named
        return self.client.post(
            f"/api/v1{path}", data=body, headers={name: value for name, value in sent.items() if value is not None}
        )

    def signature(self, body: bytes, seconds_off: int = 0) -> dict[str, str]:
        """The headers that sign a body, by a clock that is so many seconds off; none for a key without a secret."""
        if self.secret is None:
            return {}
        timestamp = str(int(time.time()) + seconds_off)
        return {"X-Timestamp": timestamp, "X-Signature": sign(self.secret, timestamp, body).hex()}

    def order(self, product: Product, quantity: int = 1, **fields: Any) -> TestResponse:
        """Order a product."""
        return self.post("/orders", {"product_id": product.id, "quantity": quantity, **fields})

    def transactions(self, limit: int = 200) -> list[Any]:
        """The whole statement, page by page, with exact amounts."""
        items: list[Any] = []
        query: dict[str, Any] = {"limit": limit}
        while True:
            page = exact(self.get("/balance/transactions", query_string=query))
            assert len(page["items"]) <= limit
            items += page["items"]
            if page["next_cursor"] is None:
                return items
            query["cursor"] = page["next_cursor"]

    def balance(self) -> Any:
        """The account's balance document."""
        return self.get("/balance").json


def make_shop(
    client: FlaskClient,
    balance: str = "1000",
    *,
    signed: bool = False,
    rate_limit: int = 100_000,
    account_id: int | None = None,
    ip_allowlist: list[str] | None = None,
) -> Shop:
    """A client with a new key, and so many dollars on a new account; or a second key of an account that is named."""
    with db.connection_context():
        minted = keys.mint(
            "test",
            f"shop {next(_numbers)}",
            "v1",
            with_secret=signed,
            account_id=account_id,
            ip_allowlist=ip_allowlist,
            rate_limit=rate_limit,
        )
        if balance != "0" and account_id is None:
            ledger.credit("test", minted.account_id, parse_usd(balance), f"opening:{minted.account_id}", "")
    return Shop(client, minted.api_key, minted.secret, minted.account_id, minted.fingerprint)


@dataclass
class TelegramShop:
    """A client of the Telegram goods API: its key, and requests made with it."""

    client: FlaskClient
    api_key: str
    account_id: int
    fingerprint: str

    def get(self, path: str, **kwargs: Any) -> TestResponse:
        """GET an address of v2."""
        return self.client.get(f"/api/v2{path}", headers={"Authorization": f"Bearer {self.api_key}"}, **kwargs)

    def post(self, path: str, document: Any = None, *, raw: bytes | None = None, **headers: str | None) -> TestResponse:
        """POST JSON to an address of v2; header names are given with underscores, and None leaves one out."""
        body = raw if raw is not None else json.dumps(document if document is not None else {}).encode()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        sent = {"Authorization": f"Bearer {self.api_key}", "Content-Type": "application/json"} | named
        return self.client.post(
            f"/api/v2{path}", data=body, headers={name: value for name, value in sent.items() if value is not None}
        )

    def balance(self) -> Any:
        """The account's balance document, with exact amounts."""
        return exact(self.get("/balance"))


def make_v2_shop(
    client: FlaskClient,
    balance: str = "1000",
    *,
    rate_limit: int | None = 100_000,
    account_id: int | None = None,
    with_secret: bool = False,
    ip_allowlist: list[str] | None = None,
) -> TelegramShop:
    """A client with a new key, and so many dollars on a new account; `rate_limit` None is what every key has."""
    with db.connection_context():
        minted = keys.mint(
            "test",
            f"Telegram shop {next(_numbers)}",
            "v2",
            with_secret=with_secret,
            account_id=account_id,
            ip_allowlist=ip_allowlist,
            rate_limit=rate_limit,
        )
        if balance != "0" and account_id is None:
            ledger.credit("test", minted.account_id, parse_usd(balance), f"opening:{minted.account_id}", "")
    return TelegramShop(client, minted.api_key, minted.account_id, minted.fingerprint)


# The Telegram goods at their demo prices, with the least and the most that one order may have.
TELEGRAM_GOODS = {
    "tg-star": ("0.012", 50, 1_000_000),
    "tg-premium-3": ("12", 1, 1),
    "tg-premium-6": ("16", 1, 1),
    "tg-premium-12": ("29", 1, 1),
    "tg-ton": ("3.50", 1, 10_000),
}


def make_telegram_goods() -> dict[str, Product]:
    """The five products that Telegram goods are sold as, by sku."""
    with db.connection_context():
        return {
            sku: catalogue.create("test", {
                "sku": sku, "category": "Telegram", "name": sku, "price": parse_usd(price), "min_quantity": least,
                "max_quantity": most, "provider": "sandbox", "needs_recipient": True,
            })
            for sku, (price, least, most) in TELEGRAM_GOODS.items()
        }  # fmt: skip


def settle_purchase(order_id: int, outcome: Outcome) -> None:
    """End an order as a worker would whose provider gives this answer, and wake who waits for it."""
    with db.connection_context():
        lease = leases.claim(order_id, from_stock=False)
        assert lease is not None
        ended = settlement.settle(lease, outcome)
        assert ended is not None
    enqueue.announce(ended)


def credit(shop: Shop | TelegramShop, amount: str, reference: str, note: str = "") -> None:
    """Credit the client's account, as an operator would."""
    with db.connection_context():
        ledger.credit("test", shop.account_id, parse_usd(amount), reference, note)


def make_product(price: str = "8.90", in_stock: int = 10, **fields: Any) -> Product:
    """A product with so many items in stock."""
    number = next(_numbers)
    with db.connection_context():
        product = catalogue.create(
            "test",
            {
                "sku": f"sku-{number}",
                "category": "keys",
                "name": f"Product {number}",
                "price": parse_usd(price),
                **fields,
            },
        )
        add_stock(product, in_stock)
        return catalogue.get(product.id)


def add_stock(product: Product, count: int) -> None:
    """Put so many new items into a product's stock."""
    with db.atomic():
        stock.add(product.id, [{"login": f"user{next(_numbers)}", "password": "s3cret"} for _ in range(count)])


def exact(response: TestResponse) -> Any:
    """The answer's document, with every number as it is spelled."""
    return simplejson.loads(response.get_data(), use_decimal=True)


def eventually(condition: Callable[[], Any], what: str = "the condition") -> Any:
    """Wait until the condition gives something true, and return that."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        found = condition()
        if found:
            return found
        time.sleep(0.01)
    raise AssertionError(f"{what} did not come true within {PATIENCE_SECONDS:g} s")

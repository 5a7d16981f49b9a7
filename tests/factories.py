"""Clients and goods for tests, as plain functions."""

import itertools
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from models import catalogue, keys, ledger, stock
from models.database import db
from models.money import parse_usd
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
        return self.client.get(f"/api/v1{path}", headers={"X-API-Key": self.api_key, **kwargs.pop("headers", {})}, **kwargs)

    def post(self, path: str, document: Any = None, *, raw: bytes | None = None, **headers: str) -> TestResponse:
        """POST JSON to an address of v1; header names are given with underscores."""
        body = raw if raw is not None else json.dumps(document if document is not None else {}).encode()
        sent = {"X-API-Key": self.api_key, "Content-Type": "application/json"}
        if self.secret:
            timestamp = str(int(time.time()))
            sent |= {"X-Timestamp": timestamp, "X-Signature": sign(self.secret, timestamp, body).hex()}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.post(f"/api/v1{path}", data=body, headers=sent)

    def order(self, product: Product, quantity: int = 1, **fields: Any) -> TestResponse:
        """Order a product."""
        return self.post("/orders", {"product_id": product.id, "quantity": quantity, **fields})

    def balance(self) -> Any:
        """The account's balance document."""
        return self.get("/balance").json


def make_shop(client: FlaskClient, balance: str = "1000", *, signed: bool = False, rate_limit: int = 100_000) -> Shop:
    """A client with a new account and key, and so many dollars on it."""
    with db.connection_context():
        minted = keys.mint("test", f"shop {next(_numbers)}", "v1", with_secret=signed, rate_limit=rate_limit)
        if balance != "0":
            ledger.credit("test", minted.account_id, parse_usd(balance), f"opening:{minted.account_id}", "")
    return Shop(client, minted.api_key, minted.secret, minted.account_id, minted.fingerprint)


def make_product(price: str = "8.90", in_stock: int = 10, **fields: Any) -> Product:
    """A product with so many items in stock."""
    number = next(_numbers)
    with db.connection_context():
        product = catalogue.create(
            "test",
            {"sku": f"sku-{number}", "category": "keys", "name": f"Product {number}", "price": parse_usd(price), **fields},
        )
        add_stock(product, in_stock)
        return catalogue.find(product.id)


def add_stock(product: Product, count: int) -> None:
    """Put so many new items into a product's stock."""
    with db.atomic():
        stock.add(product.id, [{"login": f"user{next(_numbers)}", "password": "s3cret"} for _ in range(count)])


def eventually(condition: Callable[[], Any], what: str = "the condition") -> Any:
    """Wait until the condition gives something true, and return that."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        found = condition()
        if found:
            return found
        time.sleep(0.01)
    raise AssertionError(f"{what} did not come true within {PATIENCE_SECONDS:g} s")

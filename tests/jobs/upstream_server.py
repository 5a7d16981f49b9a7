"""Another Sutler of our own: the calls of v1 that its adapter makes, in v1's shapes."""

import itertools
import time
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import simplejson

from settings import settings
from tests.jobs.stand_in import Asked, Reply, StandIn
from web.signatures import sign


@dataclass(frozen=True)
class Recorded:
    """What an idempotency key stands for."""

    body: bytes
    order_id: int


class UpstreamServer(StandIn):
    """`products` are v1's views of what it sells; `orders` its views of orders, which `finish` brings to their end."""

    def __init__(self) -> None:
        assert settings.upstream_api_url is not None
        super().__init__(settings.upstream_api_url)
        self.products: list[dict[str, Any]] = []
        self.orders: dict[int, dict[str, Any]] = {}
        self.recorded: dict[str, Recorded] = {}
        self.signatures: set[str] = set()
        self.balance = Decimal("412.345678")
        self._numbers = itertools.count(501)

    def sell(self, sku: str, price: str = "8.90", in_stock: int | None = 10, **fields: Any) -> dict[str, Any]:
        """Put a product on sale."""
        product = {
            "id": next(self._numbers), "sku": sku, "category": "Licence keys", "name": f"The {sku}",
            "description": "One seat.", "price_usdt": Decimal(price), "min_quantity": 1, "max_quantity": 10_000,
            "in_stock": in_stock, "delivery": "stock", "needs_recipient": False, "created_at": 1_760_000_000,
            "updated_at": 1_760_000_000, **fields,
        }  # fmt: skip
        self.products.append(product)
        return product

    def finish(self, order_id: int, status: str = "completed", **fields: Any) -> None:
        """Bring an order to its end; one that is completed has its items, unless they are given."""
        order = self.orders[order_id]
        delivered = order["quantity"] if status == "completed" else 0
        items = [{"licence_key": f"K-{order_id}-{number}"} for number in range(delivered)]
        order |= {"status": status, "delivered_quantity": delivered, "items": items} | fields

    def notice(self, order_id: int, *, age: float = 0) -> tuple[bytes, dict[str, str]]:
        """The webhook that tells of an order, sent so many seconds ago: its body and headers."""
        body = simplejson.dumps(self.orders[order_id] | {"fired_at": 1_760_000_000}, use_decimal=True).encode()
        return body, webhook_headers(body, age)

    def answer(self, asked: Asked) -> Reply:
        """What v1 would answer."""
        if asked.headers.get("x-api-key") != settings.upstream_api_key:
            return refusal(401, "invalid_api_key")
        if asked.method == "POST":
            return self._place(asked)
        if asked.path == "/products":
            return self._list(asked.query)
        if asked.path == "/balance":
            return Reply(200, {"balance_usdt": self.balance, "total_topup_usdt": 1000, "held_usdt": 0})
        if asked.path == "/orders":
            wanted = asked.query["client_reference"]
            found = [_without_items(order) for order in self.orders.values() if order["client_reference"] == wanted]
            return Reply(200, {"items": found, "next_cursor": None})
        order = self.orders.get(int(asked.path.removeprefix("/orders/")))
        return Reply(200, order) if order else refusal(404, "order_not_found")

    def _list(self, query: dict[str, str]) -> Reply:
        fitting = [
            product for product in self.products
            if product["sku"] == query.get("sku", product["sku"])
            and product["category"] == query.get("category", product["category"])
        ]  # fmt: skip
        page, size = int(query.get("page", 1)), int(query.get("page_size", 50))
        return Reply(200, {
            "items": fitting[(page - 1) * size : page * size], "page": page, "page_size": size,
            "total": len(fitting), "pages": -(-len(fitting) // size),
        })  # fmt: skip

    def _place(self, asked: Asked) -> Reply:
        timestamp, signature = asked.headers.get("x-timestamp", ""), asked.headers.get("x-signature", "")
        if asked.path != "/orders" or signature != _secret_sign(timestamp, asked.body):
            return refusal(401, "invalid_signature")
        first = self.recorded.get(asked.headers["idempotency-key"])
        if first is not None and first.body != asked.body:
            return refusal(409, "idempotency_key_reused")
        if first is not None:
            return Reply(200, _as_accepted(self.orders[first.order_id]), {"Idempotent-Replayed": "true"})
        if signature in self.signatures:
            return refusal(401, "replayed_request")
        self.signatures.add(signature)
        return self._new_order(asked)

    def _new_order(self, asked: Asked) -> Reply:
        wish = asked.json
        product = next((product for product in self.products if product["id"] == wish["product_id"]), None)
        if product is None:
            return refusal(404, "product_not_found")
        price = product["price_usdt"] * wish["quantity"]
        if product["in_stock"] is not None and wish["quantity"] > product["in_stock"]:
            return refusal(409, "insufficient_stock", in_stock=product["in_stock"])
        if price > wish["max_price_usdt"]:
            return refusal(409, "price_changed", price_usdt=price)
        order_id = next(self._numbers)
        self.orders[order_id] = {
            "order_id": order_id, "status": "processing", "product_id": product["id"], "quantity": wish["quantity"],
            "delivered_quantity": 0, "price_usdt": price, "refunded": False, "refunded_usdt": 0, "error_message": None,
            "client_reference": wish["client_reference"], "raw_data": {"dp_hits": 0}, "created_at": 1_760_000_000,
            "updated_at": 1_760_000_000,
        }  # fmt: skip
        self.recorded[asked.headers["idempotency-key"]] = Recorded(asked.body, order_id)
        return Reply(200, _as_accepted(self.orders[order_id]))


def refusal(status: int, code: str, **facts: Any) -> Reply:
    """An error as v1 answers it; its message has what must not reach our own clients."""
    return Reply(status, {"error": code, "message": f"SECRET {code}", "request_id": "r-1", **facts})


def webhook_headers(body: bytes, age: float = 0) -> dict[str, str]:
    """The headers that sign a webhook, sent so many seconds ago."""
    timestamp = str(int(time.time() - age))
    return {"X-Webhook-Timestamp": timestamp, "X-Webhook-Signature": _secret_sign(timestamp, body)}


def _as_accepted(order: dict[str, Any]) -> dict[str, Any]:
    return _without_items(order) | {"status": "processing", "delivered_quantity": 0}


def _without_items(order: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in order.items() if name != "items"}


def _secret_sign(timestamp: str, body: bytes) -> str:
    assert settings.upstream_api_secret is not None
    return sign(settings.upstream_api_secret, timestamp, body).hex()

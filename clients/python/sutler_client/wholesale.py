"""The wholesale API, v1: goods, orders, the balance and its top-ups."""

import json
import uuid
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from sutler_client.connection import ATTEMPTS, Connection
from sutler_client.documents import Balance, Movement, Order, Product, Topup
from sutler_client.errors import Purchase
from sutler_client.waiting import wait_for

_ORDERS = "/orders"


class SutlerClient:
    """A wholesale client. Every method raises ApiError and NoAnswer.

    `base_url` is Sutler's address without a path; `secret` is the key's, if it has one. Each thread needs its own.
    """

    def __init__(self, base_url: str, api_key: str, secret: str | None = None, *, attempts: int = ATTEMPTS) -> None:
        self._connection = Connection(f"{base_url.rstrip('/')}/api/v1", {"X-API-Key": api_key}, secret, attempts)

    def products(self, **filters: Any) -> Iterator[Product]:
        """All products that the filters leave, page by page: products(category="Keys", min_qty=10, sort="price")."""
        page: Any = {"pages": 1}
        number = 1
        while number <= page["pages"]:
            page = self._connection.get("/products", {"page_size": 200, **filters, "page": number})
            yield from map(Product.read, page["items"])
            number += 1

    def balance(self) -> Balance:
        """What can be spent, and how it came about."""
        return Balance.read(self._connection.get("/balance"))

    def statement(self) -> Iterator[Movement]:
        """Every movement on the account, newest first; their amounts add up to the balance."""
        cursor = None
        while True:
            page = self._connection.get("/balance/transactions", {"limit": 200, "cursor": cursor})
            yield from map(Movement.read, page["items"])
            cursor = page["next_cursor"]
            if cursor is None:
                return

    def topup(
        self, amount_usdt: Decimal | int, network: str, *, idempotency_key: str | None = None,
        webhook_url: str | None = None,
    ) -> Topup:  # fmt: skip
        """Ask where to send money. After NoAnswer, call it again with the key in `error.purchase.idempotency_key`."""
        fields = {"amount_usdt": _text(amount_usdt), "network": network, "webhook_url": webhook_url}
        return self._connection.post(purchase("/balance/topup", fields, idempotency_key), Topup.read)

    def topup_state(self, topup_id: str) -> Topup:
        """How a top-up stands."""
        return Topup.read(self._connection.get(f"/balance/topup/{topup_id}"))

    def order(
        self, product_id: int, quantity: int = 1, *, idempotency_key: str | None = None,
        webhook_url: str | None = None, client_reference: str | None = None,
        max_price_usdt: Decimal | int | None = None, recipient: str | None = None,
    ) -> Order:  # fmt: skip
        """Place an order; what comes back is processing yet, so go on with `wait_for()`.

        Name an `idempotency_key` that is stored with your own record of the purchase, and even a crash between sending
        and the answer buys nothing twice; without one, it is made up here, and lost with this process.
        """
        fields = {
            "product_id": product_id, "quantity": quantity, "webhook_url": webhook_url,
            "client_reference": client_reference, "recipient": recipient,
            "max_price_usdt": None if max_price_usdt is None else _text(max_price_usdt),
        }  # fmt: skip
        return self.reconcile(purchase(_ORDERS, fields, idempotency_key))

    def reconcile(self, lost: Purchase) -> Order:
        """Send an order whose answer was lost (`NoAnswer.purchase`) once more: the same body, under the same key.

        If it had arrived, its first answer comes back; if not, it is placed now.
        """
        if lost.path != _ORDERS:
            raise ValueError(f"{lost.path} is not where orders are placed")
        return self._connection.post(lost, Order.read)

    def show(self, order_id: int) -> Order:
        """An order as it stands."""
        return Order.read(self._connection.get(f"{_ORDERS}/{order_id}"))

    def wait_for(self, order_id: int, timeout: float | None = None) -> Order:
        """The order at its end, whichever it is: look at `status`. Raises StillOpen after `timeout` seconds."""
        return wait_for(self._connection, f"{_ORDERS}/{order_id}", order_id, Order.read, timeout)


def purchase(path: str, fields: dict[str, Any], idempotency_key: str | None) -> Purchase:
    """A request that buys: with the fields that are given, and a key of its own if none is."""
    given = {name: value for name, value in fields.items() if value is not None}
    return Purchase(path, json.dumps(given), idempotency_key or str(uuid.uuid4()))


def _text(amount: Decimal | int) -> str:
    """Digits without an exponent, as the API takes amounts; a float would have lost its exact value by now."""
    if isinstance(amount, float):
        raise TypeError("amounts are Decimal or int, not float")
    return format(Decimal(amount), "f")

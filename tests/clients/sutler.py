"""A whole Sutler for clients: what it sells, and what becomes of their orders."""

import itertools
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests
from flask.testing import FlaskClient

from models.database import changed, db
from models.tables import Product
from settings import settings
from tests.factories import Shop, TelegramShop, eventually, make_product, make_shop, make_telegram_goods, make_v2_shop
from tests.faults.processes import SCHEDULER, Processes, get, worker_command
from tests.sandbox import Sandbox

FIRST_PRICE = 1000  # cents; the others cost a little more each, since orders of one total raise the price


class Sutler:
    """Its processes, from start() to end(). `base` is where its web answers."""

    def __init__(self, client: FlaskClient, book: Path) -> None:
        self.sandbox = Sandbox(book)
        self._client = client
        self._processes = Processes()
        self._prices = itertools.count(FIRST_PRICE)
        self.base = ""

    def start(self) -> None:
        """Start everything, with Telegram goods and one product that does not run out."""
        self.first = self.sell(1000)
        make_telegram_goods()
        self.sandbox.start()
        self.base = self._processes.serve()
        self._fulfilment = self._processes.start(worker_command("fulfilment"))
        for queue in ("providers", "webhooks", "upkeep"):
            self._processes.start(worker_command(queue))
        self._processes.start(SCHEDULER)

    def end(self) -> None:
        """End what runs."""
        self._processes.end()
        self.sandbox.kill()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """It takes orders and delivers none from stock within the block."""
        os.killpg(self._fulfilment.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.killpg(self._fulfilment.pid, signal.SIGCONT)

    def sell(self, in_stock: int, missing: int = 0) -> Product:
        """A new product, of whose stock so many items are missing: whoever orders all of it gets a part."""
        product = make_product(f"{next(self._prices) / 100:.2f}", in_stock)
        with db.connection_context():
            changed(
                "DELETE FROM stock_items WHERE id IN"
                " (SELECT id FROM stock_items WHERE product_id = %(id)s ORDER BY id DESC LIMIT %(n)s)",
                {"id": product.id, "n": missing},
            )
        return product

    def shop(self, *, signed: bool, balance: str = "1000", rate_limit: int = 100_000) -> Shop:
        """A new client."""
        return make_shop(self._client, balance, signed=signed, rate_limit=rate_limit)

    def telegram_shop(self, rate_limit: int = 100_000) -> TelegramShop:
        """A new client of Telegram goods."""
        return make_v2_shop(self._client, rate_limit=rate_limit)

    def orders(self, shop: Shop) -> list[Any]:
        """The client's orders, newest first, each with its items."""
        listed = get(self.base, shop, "/orders")["items"]
        return [get(self.base, shop, f"/orders/{order['order_id']}") for order in listed]

    def only_order(self, shop: Shop) -> Any:
        """The client's order, if it is the only one."""
        [order] = self.orders(shop)
        return order

    def refund(self, order_id: int) -> None:
        """Return the money of a delivered order, as an operator does."""
        self._operate(f"/orders/{order_id}/refund")

    def cancel(self, order_id: int) -> None:
        """Cancel an order, as an operator does."""
        self._operate(f"/orders/{order_id}/cancel")

    def delivered_webhook(self, shop: Shop, order_id: int) -> Any:
        """The order's webhook as its log has it, once the receiver has taken it."""

        def delivered() -> Any:
            log = get(self.base, shop, f"/orders/{order_id}/webhooks")["items"]
            return next((event for event in log if event["status"] == "delivered"), None)

        return eventually(delivered, "the delivery of the webhook")

    def _operate(self, path: str) -> None:
        answer = requests.post(
            f"{self.base}/api/admin{path}", headers={"Authorization": f"Bearer {settings.admin_token}"}, timeout=30
        )
        assert answer.ok, answer.text

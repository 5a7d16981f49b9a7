"""The Sutler of the test's own database, that sells another one's goods on: real processes that know of the other."""

import sys
from decimal import Decimal
from subprocess import Popen
from typing import Any

import requests
from flask.testing import FlaskClient

from models import catalogue
from models.database import changed, db, rows
from models.money import parse_usd
from settings import settings
from tests.factories import eventually, make_shop
from tests.faults.processes import SCHEDULER, WEB, Processes, answers, free_port, worker_command
from tests.faults.upper_sutler import Goods, V1Client
from tests.jobs.provider_orders import order_row

CREDIT = Decimal(1000)


class LowerSutler:
    """Its processes, and a client with CREDIT dollars. Its web is there from the start, its workers if it `works`."""

    def __init__(self, client: FlaskClient, upper_url: str, account: V1Client, *, works: bool) -> None:
        port = free_port()
        self.base = f"http://127.0.0.1:{port}"
        self._processes = Processes(
            UPSTREAM_API_URL=f"{upper_url}/api/v1", UPSTREAM_API_KEY=account.api_key,
            UPSTREAM_API_SECRET=account.secret or "", PUBLIC_URL=self.base,
            PORT=str(port), BIND_HOST="127.0.0.1", WEB_CONCURRENCY="1",
        )  # fmt: skip
        shop = make_shop(client, str(CREDIT))
        self.client = V1Client(f"{self.base}/api/v1", shop.api_key, None, shop.account_id)
        self._processes.start(WEB)
        if works:
            self.start("providers")
            self.start_sweeps()

    def end(self) -> None:
        """End all its processes."""
        self._processes.end()

    def start(self, queue: str) -> Popen[bytes]:
        """Start the worker of a queue."""
        return self._processes.start(worker_command(queue))

    def start_sweeps(self) -> None:
        """Start what takes up orders that are due: without, they are looked at only when something comes in."""
        self.start("upkeep")
        self._processes.start(SCHEDULER)

    def wait_until_it_answers(self) -> None:
        """Return once the web is there."""
        eventually(lambda: answers(self.base), "the lower Sutler's first answer")

    def pull(self) -> None:
        """Take over the upper one's goods, as an operator does, with 20 % on their prices."""
        command = [sys.executable, "-m", "flask", "--app", "wsgi", "catalogue", "pull", "--markup", "20"]
        assert self._processes.start(command).wait(30) == 0

    def sell(self, goods: Goods) -> None:
        """Sell these goods on, as if they had been pulled."""
        with db.connection_context():
            catalogue.create("test", {
                "sku": goods.sku, "category": "Licences", "name": goods.sku, "price": parse_usd(goods.marked_up),
                "provider": "upstream", "in_stock": len(goods.items),
            })  # fmt: skip

    def place(self, sku: str, quantity: int, **fields: str) -> int:
        """Order a product; returns the order's id."""
        self.wait_until_it_answers()
        [product] = self.client.get("/products", sku=sku)["items"]
        placed = self.client.post("/orders", {"product_id": product["id"], "quantity": quantity, **fields})
        assert placed["status"] == "processing"
        return int(placed["order_id"])

    def at_the_end(self, order_id: int) -> Any:
        """The order as its client sees it, once it is final; or as it is after a while."""
        return self.client.get(f"/orders/{order_id}", wait="true", timeout="25")

    def wait_until_taken(self, order_id: int) -> None:
        """Return once the upper Sutler has answered that it has the order."""
        eventually(lambda: order_row(order_id)["provider_order_id"], "the order's name at the upper Sutler")

    def fault_of(self, order_id: int) -> dict[str, Any]:
        """The provider as operators see it, once it was at fault and the order is free again."""
        eventually(lambda: attempts_failed(order_id), "the end of the first attempt")
        answer = requests.get(
            f"{self.base}/api/admin/providers", headers={"Authorization": f"Bearer {settings.admin_token}"}, timeout=10
        )
        [upstream] = [state for state in answer.json()["items"] if state["provider"] == "upstream"]
        return dict(upstream)


def attempts_failed(order_id: int) -> int:
    """How many attempts ended without an end of the order."""
    with db.connection_context():
        return len(
            rows(
                "SELECT 1 FROM fulfilment_attempts WHERE order_id = %(id)s AND finished_at IS NOT NULL",
                {"id": order_id},
            )
        )


def movements(order_id: int) -> list[str]:
    """The kinds of the movements of money that ended the order."""
    with db.connection_context():
        found = rows(
            "SELECT kind FROM transfers WHERE order_id = %(id)s AND kind <> 'hold' ORDER BY kind", {"id": order_id}
        )
    return [movement["kind"] for movement in found]


def let_the_lease_end(order_id: int) -> None:
    """Let the time pass after which a dead worker's order is taken up again."""
    with db.connection_context():
        changed(
            "UPDATE orders SET lease_until = now() - interval '1 s', wake_at = now() WHERE id = %(id)s",
            {"id": order_id},
        )

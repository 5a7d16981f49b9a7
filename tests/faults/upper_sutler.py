"""A second Sutler, whose goods the first one sells on: real processes, on a database and a Redis number of its own."""

import itertools
import json
import os
import secrets
import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from decimal import Decimal
from subprocess import Popen
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg2
import redis
import requests
from cryptography.fernet import Fernet

from settings import settings
from tests.factories import eventually
from tests.faults.processes import SCHEDULER, WEB, Processes, answers, free_port, worker_command
from web.signatures import sign

DATABASE = "sutler_upper"
REDIS_NUMBER = 1
PATIENCE_SECONDS = 30

# What the test's own environment says of other Sutlers and providers is not for this one: empty is not set.
NOT_SET = dict.fromkeys((
    "BROKER_REDIS_URL", "SANDBOX_API_URL", "ISTAR_API_KEY", "GRAMSTACK_API_TOKEN", "UPSTREAM_API_URL",
    "UPSTREAM_API_KEY", "UPSTREAM_API_SECRET",
), "")  # fmt: skip


@dataclass(frozen=True)
class V1Client:
    """A client of some Sutler's v1, over HTTP and with exact numbers."""

    base: str
    api_key: str
    secret: str | None
    account_id: int

    def get(self, path: str, **query: str) -> Any:
        """GET an address of v1; the parsed answer."""
        return self._ask("GET", path, params=query)

    def post(self, path: str, document: Any) -> Any:
        """POST JSON to an address of v1, signed if the key has a secret; the parsed answer."""
        body, headers = json.dumps(document).encode(), {"Content-Type": "application/json"}
        if self.secret is not None:
            timestamp = str(int(time.time()))
            headers |= {"X-Timestamp": timestamp, "X-Signature": sign(self.secret, timestamp, body).hex()}
        return self._ask("POST", path, data=body, headers=headers)

    def orders(self) -> list[Any]:
        """The orders of the account, the newest first."""
        found: list[Any] = self.get("/orders", limit="200")["items"]
        return found

    def balance(self) -> tuple[Decimal | int, Decimal | int]:
        """What can be spent, and what is held."""
        told = self.get("/balance")
        return told["balance_usdt"], told["held_usdt"]

    def _ask(self, method: str, path: str, headers: Mapping[str, str] | None = None, **sent: Any) -> Any:
        headers = {"X-API-Key": self.api_key, **(headers or {})}
        answer = requests.request(method, self.base + path, headers=headers, timeout=PATIENCE_SECONDS, **sent)
        assert answer.ok, answer.text
        return answer.json(parse_float=Decimal)


@dataclass(frozen=True)
class Goods:
    """A product of the upper Sutler's, and its items in the order in which they are delivered."""

    id: int
    sku: str
    price: Decimal
    items: list[dict[str, str]]

    @property
    def marked_up(self) -> Decimal:
        """The price with 20 % on it, in whole micro-dollars."""
        return (self.price * Decimal("1.2")).quantize(Decimal("0.000001"), "ROUND_CEILING")


class UpperSutler:
    """Its processes, and what an operator does with it: all through its HTTP API, except where something is broken."""

    def __init__(self) -> None:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self._token = secrets.token_urlsafe()
        self._numbers = itertools.count(1)
        self._database_url = urlunsplit(urlsplit(settings.database_url)._replace(path=f"/{DATABASE}"))
        self._redis_url = urlunsplit(urlsplit(settings.redis_url)._replace(path=f"/{REDIS_NUMBER}"))
        self._environ = NOT_SET | {
            "DATABASE_URL": self._database_url, "REDIS_URL": self._redis_url, "PORT": str(port),
            "BIND_HOST": "127.0.0.1", "PUBLIC_URL": self.url, "ADMIN_TOKEN": self._token, "WEB_CONCURRENCY": "1",
            "SECRET_KEYS": Fernet.generate_key().decode(), "WEBHOOK_ALLOW_PRIVATE": "1", "ALLOW_SIMULATION": "0",
        }  # fmt: skip
        self._processes = Processes(**self._environ)
        self._fulfilment: Popen[bytes] | None = None

    @contextmanager
    def servers(self) -> Iterator[None]:
        """Its database, migrated, and its Redis number, within the block; nothing is left of them, nor of it."""
        server = psycopg2.connect(settings.database_url)
        server.autocommit = True
        try:
            with server.cursor() as cursor:
                cursor.execute(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
                cursor.execute(f"CREATE DATABASE {DATABASE}")
            self._redis().flushdb()
            assert Processes(**self._environ).start(["pwmigrate", "up"]).wait(PATIENCE_SECONDS) == 0
            yield
        finally:
            self.kill()
            self._redis().flushdb()
            with server.cursor() as cursor:
                cursor.execute(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
            server.close()

    def start(self) -> None:
        """Start all its processes; returns once the web answers."""
        self._processes = Processes(**self._environ)
        self._processes.start(WEB)
        self._fulfilment = self._processes.start(worker_command("fulfilment"))
        for queue in ("webhooks", "upkeep"):
            self._processes.start(worker_command(queue))
        self._processes.start(SCHEDULER)
        eventually(lambda: answers(self.url), "the upper Sutler's first answer")

    def kill(self) -> None:
        """kill -9, for all of them."""
        self._processes.end()

    @contextmanager
    def fulfilment_paused(self) -> Iterator[None]:
        """It takes orders and delivers none within the block."""
        assert self._fulfilment is not None
        os.killpg(self._fulfilment.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            with suppress(ProcessLookupError):  # it was killed meanwhile
                os.killpg(self._fulfilment.pid, signal.SIGCONT)

    def make_client(self, credit: str = "500", *, rate_limit: int | None = 100_000) -> V1Client:
        """A client with a secret, so much money, and the usual rate limit if it is None."""
        wish = {"name": "reseller", "kind": "v1", "with_secret": True}
        minted = self._operate("POST", "/api-keys", wish | ({} if rate_limit is None else {"rate_limit": rate_limit}))
        client = V1Client(f"{self.url}/api/v1", minted["api_key"], minted["secret"], minted["account_id"])
        self.credit(client, credit)
        return client

    def credit(self, client: V1Client, amount: str) -> None:
        """Put money on the client's account."""
        document = {"amount_usdt": amount, "reference": f"credit {next(self._numbers)}"}
        assert self._operate("POST", f"/accounts/{client.account_id}/credit", document)["credited"]

    def sell(self, in_stock: int) -> Goods:
        """A new product with so many items. Each has a price of its own: no other test's orders make it dearer."""
        number = next(self._numbers)
        sku, price = f"licence-{number}", Decimal("4.123457") + Decimal(number) / 1000
        fields = {"sku": sku, "category": "Licences", "name": f"Licence {number}", "price_usdt": str(price)}
        product = self._operate("POST", "/products", fields)["id"]
        items = [{"licence_key": f"{sku}-{place}-{secrets.token_hex(4)}"} for place in range(in_stock)]
        assert self._operate("POST", f"/products/{product}/stock", {"items": items})["added"] == in_stock
        return Goods(product, sku, price, items)

    def lose_an_item(self, goods: Goods) -> None:
        """Have an item gone that is counted as being in stock, which no operator could do."""
        self._execute(
            "DELETE FROM stock_items WHERE id = (SELECT max(id) FROM stock_items WHERE product_id = %s)", goods.id
        )

    def let_leases_end(self) -> None:
        """Let the time pass after which a dead worker's orders are taken up again."""
        self._execute("UPDATE orders SET lease_until = '-infinity', wake_at = now() WHERE status = 'processing'")

    def let_a_minute_pass(self) -> None:
        """Forget how many requests each key has made within the last minute."""
        its_redis = self._redis()
        for name in its_redis.scan_iter("rate:*"):
            its_redis.delete(name)

    def check_books(self) -> None:
        """Its accounts add up."""
        report = self._operate("GET", "/ledger/check")
        assert report["differences"] == []
        assert report["ok"] is True

    def _operate(self, method: str, path: str, document: Any = None) -> Any:
        """Call its admin API; the parsed answer."""
        headers = {"Authorization": f"Bearer {self._token}"}
        answer = requests.request(
            method, f"{self.url}/api/admin{path}", json=document, headers=headers, timeout=PATIENCE_SECONDS
        )
        assert answer.ok, answer.text
        return answer.json(parse_float=Decimal)

    def _execute(self, sql: str, *parameters: object) -> None:
        with closing(psycopg2.connect(self._database_url)) as connection, connection, connection.cursor() as cursor:
            cursor.execute(sql, parameters)

    def _redis(self) -> redis.Redis:
        """Its Redis."""
        return redis.Redis.from_url(self._redis_url)

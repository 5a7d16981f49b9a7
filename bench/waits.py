"""Requests that wait, on one web process: `python -m bench.waits [HOW_MANY]` (1,000).

So many clients buy Stars with `?wait=true` while nothing fulfils the orders. Read are: what a wait costs in memory, how
soon others are answered meanwhile, and, as the orders are then ended one by one at a steady rate, how long it takes
from the commit that ends an order to the answer in its client's hands.
"""

import asyncio
import json
import resource
import sys
import time
from dataclasses import dataclass
from subprocess import Popen
from typing import Any

from bench.servers import free_port, gunicorn, resident_megabytes
from jobs import enqueue
from models import catalogue, keys, leases, ledger, settlement
from models.database import db, rows
from models.money import PER_USD
from models.settlement import Delivered
from models.telegram_goods import STARS_SKU

WAITS = 1000
BALANCE_READS = 300
PLACED_PER_SECOND = 400
ENDED_PER_SECOND = 100
PATIENCE_SECONDS = 60
DESCRIPTORS_BESIDE = 500


@dataclass
class Answered:
    """An answer: the order it is about, its status there, and when it was read (epoch seconds)."""

    order_id: int
    status: str
    at: float


def main() -> None:
    """Measure and print."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else WAITS
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, 2 * count + DESCRIPTORS_BESIDE), most))
    api_key = _prepare()
    port = free_port()
    with gunicorn("wsgi:app", port, "--workers", "1") as web:
        asyncio.run(_measure(web, port, api_key, count))


async def _measure(web: "Popen[bytes]", port: int, api_key: str, count: int) -> None:
    await _read_balances(port, api_key, BALANCE_READS)
    alone = await _read_balances(port, api_key, BALANCE_READS)
    [before] = resident_megabytes(web)
    waits = []
    for number in range(count):
        waits.append(asyncio.create_task(_buy(port, api_key, number)))
        await asyncio.sleep(1 / PLACED_PER_SECOND)
    order_ids = await asyncio.to_thread(_await_orders, count)
    [during] = resident_megabytes(web)
    print(f"{count} waits: {before} MB before, {during} MB with them, {(during - before) * 1000 / count:.0f} KB a wait")
    meanwhile = await _read_balances(port, api_key, BALANCE_READS)
    print(f"GET /balance p95: {_at(alone, 0.95):.1f} ms alone, {_at(meanwhile, 0.95):.1f} ms while they wait")
    ended = await asyncio.to_thread(_end_all, order_ids)
    answers = await asyncio.wait_for(asyncio.gather(*waits), PATIENCE_SECONDS)
    delays = sorted((answer.at - ended[answer.order_id]) * 1000 for answer in answers)
    completed = sum(answer.status == "completed" for answer in answers)
    print(f"answered: {completed} of {count} with `completed`")
    print(f"from commit to answer at {ENDED_PER_SECOND}/s: p50 {_at(delays, 0.5):.1f}, p95 {_at(delays, 0.95):.1f} ms")


def _prepare() -> str:
    stamp = time.time_ns()
    with db.connection_context():
        minted = keys.mint("bench", "waiting", "v2", rate_limit=1_000_000)
        ledger.credit("bench", minted.account_id, 1_000_000 * PER_USD, f"bench:{stamp}", "")
        if not rows("SELECT 1 FROM products WHERE sku = %(sku)s", {"sku": STARS_SKU}):
            stars = {"sku": STARS_SKU, "category": "bench", "name": "Stars", "price": 12_000, "provider": "sandbox"}
            catalogue.create("bench", {**stars, "max_quantity": 1_000_000})
    return minted.api_key


async def _buy(port: int, api_key: str, number: int) -> Answered:
    body = json.dumps({"username": f"buyer_{number}", "amount": 50}).encode()
    answer = await _request(port, "POST", "/api/v2/stars?wait=true", api_key, body)
    if "order_id" not in answer:
        sys.exit(f"an order was refused: {answer}")
    return Answered(answer["order_id"], str(answer.get("status")), time.time())


async def _read_balances(port: int, api_key: str, count: int) -> list[float]:
    """So many reads, one after the other: milliseconds each, sorted."""
    taken = []
    for _ in range(count):
        began = time.monotonic()
        await _request(port, "GET", "/api/v2/balance", api_key)
        taken.append((time.monotonic() - began) * 1000)
    return sorted(taken)


async def _request(port: int, method: str, path: str, api_key: str, body: bytes = b"") -> dict[str, Any]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    head = (
        f"{method} {path} HTTP/1.1\r\nHost: bench\r\nConnection: close\r\nAuthorization: Bearer {api_key}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    writer.write(head.encode() + body)
    raw = await reader.read()
    writer.close()
    document: dict[str, Any] = json.loads(raw.partition(b"\r\n\r\n")[2])
    return document


def _await_orders(count: int) -> list[int]:
    deadline = time.monotonic() + PATIENCE_SECONDS
    with db.connection_context():
        while time.monotonic() < deadline:
            found = rows("SELECT id FROM orders WHERE status = 'processing' ORDER BY id")
            if len(found) >= count:
                time.sleep(1)  # the last of them are placed, and on their way to waiting
                return [order["id"] for order in found]
            time.sleep(0.1)
    sys.exit(f"fewer than {count} orders were placed")


def _end_all(order_ids: list[int]) -> dict[int, float]:
    """End the orders at a steady rate, as a worker would; for each, when it was committed (epoch seconds)."""
    committed = {}
    began = time.monotonic()
    with db.connection_context():
        for place, order_id in enumerate(order_ids):
            time.sleep(max(0.0, began + place / ENDED_PER_SECOND - time.monotonic()))
            lease = leases.claim(order_id, from_stock=False)
            ended = settlement.settle(lease, Delivered(lease.quantity, f"bench-{order_id}")) if lease else None
            if ended is None:
                sys.exit(f"order {order_id} could not be ended")
            committed[order_id] = time.time()
            enqueue.announce(ended)
    return committed


def _at(ordered: list[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


if __name__ == "__main__":
    main()

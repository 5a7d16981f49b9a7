"""From POST to completed, at a steady rate, with all processes running: `python -m bench.fulfil`.

Orders are sent at fixed times, whether or not the ones before are done; each one's latency runs from its POST to the
moment at which the database says it was completed. Then orders are poured in until each process has served thousands,
and the resident memory is read.
"""

import sys
import time

import requests

from bench import load
from bench.servers import free_port, gunicorn, resident_megabytes, running
from bench.shop import Bench, order_request, prepare
from models.database import db, rows

RATE = 20
SECONDS = 30
POURED = 10_000
CONNECTIONS = 8
PATIENCE_SECONDS = 300


def main() -> None:
    """Measure and print."""
    bench = prepare(items=RATE * SECONDS + POURED + 1000)
    port = free_port()
    workers = {queue: [sys.executable, "-m", "jobs", queue] for queue in ("fulfilment", "webhooks", "upkeep")}
    with (
        gunicorn("wsgi:app", port) as web,
        running(workers["fulfilment"]) as fulfilment,
        running(workers["webhooks"]),
        running(workers["upkeep"]),
        running([sys.executable, "scheduler.py"]),
    ):
        _steadily(bench, port, seconds=3)
        latencies = _steadily(bench, port, SECONDS)
        p50, p99 = _at(latencies, 0.5), _at(latencies, 0.99)
        print(f"POST to completed at {RATE} orders/s: p50 {p50:.0f} ms, p99 {p99:.0f} ms, {len(latencies)} orders")
        _pour(bench, port)
        ours, theirs = resident_megabytes(web), resident_megabytes(fulfilment)
        print(f"resident after {POURED} orders: web {ours} MB, fulfilment worker {theirs} MB")


def _steadily(bench: Bench, port: int, seconds: int) -> list[float]:
    """Latencies in milliseconds, sorted."""
    session = requests.Session()
    order_ids = []
    began = time.monotonic()
    for n in range(RATE * seconds):
        time.sleep(max(0.0, began + n / RATE - time.monotonic()))
        headers, body = order_request(bench.signed, bench.product_id, f"steady-{began}-{n}")
        answer = session.post(f"http://127.0.0.1:{port}/api/v1/orders", data=body, headers=headers, timeout=10)
        order_ids.append(answer.json()["order_id"])
    _await_end(order_ids)
    with db.connection_context():
        found = rows(
            "SELECT extract(epoch FROM updated_at - created_at) * 1000 AS ms FROM orders WHERE id = ANY(%(ids)s)",
            {"ids": order_ids},
        )
    return sorted(float(order["ms"]) for order in found)


def _pour(bench: Bench, port: int) -> None:
    made = (order_request(bench.unsigned, bench.product_id, f"pour-{n}") for n in range(POURED))
    began = time.monotonic()
    measured = load.run(
        port, [load.request("POST", "/api/v1/orders", headers, body) for headers, body in made], CONNECTIONS
    )
    if measured.bad:
        sys.exit(f"{measured.bad} of {POURED} orders were refused")
    _await_end(None)
    print(f"{POURED} orders accepted and completed in {time.monotonic() - began:.0f} s")


def _await_end(order_ids: list[int] | None) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    with db.connection_context():
        while time.monotonic() < deadline:
            [found] = rows(
                "SELECT count(*) AS n FROM orders WHERE status = 'processing'"
                " AND (%(ids)s::bigint[] IS NULL OR id = ANY(%(ids)s::bigint[]))",
                {"ids": order_ids},
            )
            if found["n"] == 0:
                return
            time.sleep(0.1)
    sys.exit("orders are still open")


def _at(ordered: list[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


if __name__ == "__main__":
    main()

"""How many orders a second are accepted, as a share of the floor's: `python -m bench.accept`.

Both are served by gunicorn with two processes, one after the other in each round, under the same
load.
No worker runs: accepting is measured, not fulfilling.
"""

import statistics
import sys
from collections.abc import Callable

import psycopg2

from bench import load
from bench.servers import free_port, gunicorn, resident_megabytes
from bench.shop import Bench, order_request, prepare
from models.keys import Minted
from settings import settings

ROUNDS = 5
ORDERS = 2500
CONNECTIONS = 16


def main(rounds: int = ROUNDS) -> None:
    """Measure and print."""
    from bench.floor import SCHEMA

    with psycopg2.connect(settings.database_url) as connection, connection.cursor() as cursor:
        cursor.execute(SCHEMA)
    bench = prepare(items=2 * rounds * (ORDERS + 200) + 1000)
    rates: dict[str, list[float]] = {"floor": [], "unsigned": [], "signed": []}
    floor_port, our_port = free_port(), free_port()
    plain = ("--config", "/dev/null", "--workers", "2", "--worker-class", "gthread", "--threads", "16",
             "--no-control-socket")  # fmt: skip
    with gunicorn("bench.floor:app", floor_port, *plain), gunicorn("wsgi:app", our_port) as ours:
        for round_number in range(rounds):
            for name, requests in _candidates(bench, round_number).items():
                port = floor_port if name == "floor" else our_port
                load.run(port, requests(200, "warm"), CONNECTIONS)
                measured = load.run(port, requests(ORDERS, "run"), CONNECTIONS)
                if measured.bad:
                    sys.exit(f"{name}: {measured.bad} of {ORDERS} orders were refused")
                rates[name].append(measured.rate)
        memory = resident_megabytes(ours)
    _report(rates, memory)


def _candidates(bench: Bench, round_number: int) -> dict[str, Callable[[int, str], list[bytes]]]:
    def ours(minted: Minted) -> Callable[[int, str], list[bytes]]:
        def requests(count: int, phase: str) -> list[bytes]:
            made = (order_request(minted, bench.product_id, f"{phase}-{round_number}-{n}") for n in range(count))
            return [load.request("POST", "/api/v1/orders", headers, body) for headers, body in made]

        return requests

    def floor(count: int, phase: str) -> list[bytes]:
        body = b'{"product_id": 1, "quantity": 1}'
        return [load.request("POST", "/orders", {"Content-Type": "application/json"}, body)] * count

    return {"floor": floor, "unsigned": ours(bench.unsigned), "signed": ours(bench.signed)}


def _report(rates: dict[str, list[float]], memory: list[float]) -> None:
    floor = statistics.median(rates["floor"])
    for name, each in rates.items():
        rate = statistics.median(each)
        spread = f"{min(each):.0f} to {max(each):.0f}"
        print(f"{name:9} {rate:7.0f} orders/s (median of {len(each)}, {spread})  {rate / floor:.2f} of the floor")
    print(f"web processes: {memory} MB resident")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS)

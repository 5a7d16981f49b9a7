"""How many transfers a second are credited, after a few intents and after a million: `python -m bench.match`.

Both pasts are in databases of their own on the server of DATABASE_URL, made at the start and dropped at the end. They
take turns, so that what else the machine does hits both alike.
"""

import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from typing import Any, ClassVar
from urllib.parse import urlsplit, urlunsplit

import psycopg2
from playhouse.migrations import Runner

from bench import intents_past
from models import invariants, scans
from models.connections import TimedCursor, patience
from models.database import db, rows
from models.deposits import Arrival
from models.networks import NETWORKS
from models.scans import Progress
from settings import settings

PASTS = (1_000, 1_000_000)
ROUNDS = 12
BATCH = 500
UNMATCHED_SHARE = 0.1
LEAST_RATE = 500
MOST_GROWTH = 1.3
BUILD_SECONDS = 1800.0

# What arrives in a batch: the webhook that the top-ups have, and the share of transfers that fit none.
KINDS: dict[str, tuple[str | None, float]] = {
    "all credited": (None, 0.0),
    "all credited, with webhooks": ("https://client.example/hook", 0.0),
    f"{UNMATCHED_SHARE:.0%} unmatched": (None, UNMATCHED_SHARE),
}


Spent = dict[str, float]
"""Seconds, by the beginning of the statement."""


class _ProfiledCursor(TimedCursor):
    """Adds up how long each statement takes, by its beginning."""

    is_on: ClassVar[bool] = False
    seconds: ClassVar[Spent] = defaultdict(float)
    latest: ClassVar[dict[str, str]] = {}

    def execute(self, query: Any, params: Any = None) -> None:
        """Run a statement, and take its time."""
        began = time.perf_counter()
        super().execute(query, params)
        if self.is_on:
            head = " ".join(query.split())[:70]
            self.seconds[head] += time.perf_counter() - began
            self.latest[head] = (self.query or b"").decode()


def main(most: int = PASTS[-1]) -> None:
    """Measure and print."""
    pasts = (PASTS[0], most)
    networks = list(NETWORKS)
    rates: dict[tuple[str, int], list[float]] = {(kind, past): [] for kind in KINDS for past in pasts}
    spent: dict[int, Spent] = {past: defaultdict(float) for past in pasts}
    with _databases(pasts) as urls:
        for past in pasts:
            _build(urls[past], past)
        for round_number in range(ROUNDS + 1):
            for past in pasts:
                _use(urls[past])
                _ProfiledCursor.seconds = spent[past] if round_number else defaultdict(float)
                for position, kind in enumerate(KINDS):
                    number = round_number * len(KINDS) + position
                    rate = _batch(kind, networks[number % len(networks)], first=BATCH * (number // len(networks)))
                    if round_number:  # the first one warms up
                        rates[kind, past].append(rate)
        for past in pasts:
            _use(urls[past])
            _check_books()
        missed = _report(rates, pasts)
        _report_statements(spent, pasts)
        if missed:
            _explain(spent[pasts[-1]])
            sys.exit("missed: " + ", ".join(missed))


@contextmanager
def _databases(pasts: tuple[int, ...]) -> Iterator[dict[int, str]]:
    """The address of a new database for each past; all are dropped at the end."""
    names = {past: f"bench_match_{past}" for past in pasts}
    server = psycopg2.connect(settings.database_url)
    server.autocommit = True
    try:
        with server.cursor() as cursor:
            for name in names.values():
                cursor.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
                cursor.execute(f"CREATE DATABASE {name}")
        yield {
            past: urlunsplit(urlsplit(settings.database_url)._replace(path=f"/{name}")) for past, name in names.items()
        }
    finally:
        db.close_all()
        with server.cursor() as cursor:
            for name in names.values():
                cursor.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        server.close()


def _use(url: str) -> None:
    """Have the models work on this database."""
    db.close_all()
    db.init(url, cursor_factory=_ProfiledCursor)
    db.connect()


def _build(url: str, past: int) -> None:
    _use(url)
    began = time.monotonic()
    Runner(db, "models/migrations").up()
    with patience(BUILD_SECONDS):
        intents_past.make_past(past)
        db.execute_sql("VACUUM ANALYZE")
        db.execute_sql("CHECKPOINT")
    print(f"{past:,} past intents made in {time.monotonic() - began:.0f} s", flush=True)


def _check_books() -> None:
    report = invariants.check_all()
    if not report["ok"]:
        sys.exit("\n".join(report["differences"][:10]))


def _batch(kind: str, network: str, first: int) -> float:
    """Open the intents, let the transfers for them arrive, and return how many of these were recorded a second."""
    webhook_url, unmatched_share = KINDS[kind]
    amounts = intents_past.make_open(network, BATCH, first=first, webhook_url=webhook_url)
    unmatched = int(BATCH * unmatched_share)
    # Halfway between two windows that are 0.03 USDT apart, an amount fits neither.
    amounts = [amount + 15_000 if n < unmatched else amount for n, amount in enumerate(amounts)]
    mined_at = time.time() - 60
    hashes = [sha256(f"{first}-{n}".encode()).hexdigest() for n in range(BATCH)]
    arrivals = [
        Arrival(tx_hash, 0, "sender", amount, mined_at) for tx_hash, amount in zip(hashes, amounts, strict=True)
    ]
    _ProfiledCursor.is_on = True
    began = time.perf_counter()
    lease = scans.claim(network)
    if lease is None:
        sys.exit(f"{network} is being read by somebody else")
    scans.finish(lease, arrivals, Progress({"block": first}, first, int(mined_at), caught_up=True), [])
    seconds = time.perf_counter() - began
    _ProfiledCursor.is_on = False
    [credited] = rows(
        "SELECT count(*) FROM deposits WHERE network = %(network)s AND tx_hash = ANY(%(hashes)s)"
        " AND status = 'credited_auto'",
        {"network": network, "hashes": hashes},
    )
    if credited["count"] != BATCH - unmatched:
        sys.exit(f"{kind}: {credited['count']} of {BATCH} transfers were credited")
    return BATCH / seconds


def _report(rates: dict[tuple[str, int], list[float]], pasts: tuple[int, ...]) -> list[str]:
    """Print the rates; returns which of them miss their mark."""
    missed = []
    for kind in KINDS:
        for past in pasts:
            each = rates[kind, past]
            spread = f"median of {ROUNDS}, {min(each):.0f} to {max(each):.0f}"
            print(f"{kind:30} {past:9,} past intents  {statistics.median(each):6.0f} transfers/s ({spread})")
        few, many = (rates[kind, past] for past in pasts)
        # Round by round, because those two came one after the other: the machine's mood changes from round to round.
        growth = statistics.median(before / after for before, after in zip(few, many, strict=True))
        print(f"{kind:30} time per transfer grows {growth:.2f}-fold (median of the rounds)")
        if statistics.median(many) < LEAST_RATE or growth >= MOST_GROWTH:
            missed.append(kind)
    return missed


def _report_statements(spent: dict[int, Spent], pasts: tuple[int, ...]) -> None:
    print("ms of a batch, by statement:" + "".join(f"{past:>12,}" for past in pasts))
    batches = ROUNDS * len(KINDS)
    for head in _slowest(spent[pasts[-1]], 12):
        print("".join(f"{1000 * spent[past][head] / batches:9.2f}" for past in pasts), head)


def _slowest(spent: Spent, count: int) -> list[str]:
    return sorted(spent, key=spent.__getitem__, reverse=True)[:count]


def _explain(spent: Spent) -> None:
    """Print the plans of the statements that took the most time; what they would change is rolled back."""
    for head in _slowest(spent, 3):
        with db.atomic() as transaction:
            plan = rows(f"EXPLAIN (ANALYZE, BUFFERS) {_ProfiledCursor.latest[head]}")
            transaction.rollback()
        print(head, *(line["QUERY PLAN"] for line in plan), sep="\n    ")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else PASTS[-1])

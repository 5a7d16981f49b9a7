"""How fast an EVM network is caught up with: `python -m bench.catch_up`.

A node is filled with 10,000 transfers to us over 50,000 blocks; then they are read from block 0 and recorded, scan
after scan, as a worker does it. No top-up fits them, which is the dearer case: each is told why. Give it a migrated
database that nothing else uses.
"""

import sys
import time

from dev.anvil import anvil_program
from jobs.deposits import arrivals_of, progress_of
from models import scans
from models.database import changed
from tests.chains.evm_node import WALLET, Node, Token, reader

BLOCKS = 50_000
TRANSFERS = 10_000
NETWORK = "usdt_bep_20"
IN_A_TRANSACTION = 10
TRANSACTIONS = TRANSFERS // IN_A_TRANSACTION


def main() -> None:
    """Measure and print."""
    anvil = anvil_program()
    if anvil is None:
        sys.exit(1)
    with Node(anvil) as node:
        token = Token(node)
        began = time.monotonic()
        _fill(node, token)
        print(f"filled in {time.monotonic() - began:.0f} s: {TRANSFERS} transfers in {node.height} blocks")
        _read(node, token)


def _fill(node: Node, token: Token) -> None:
    for n in range(TRANSACTIONS):
        token.does("transferEach", [WALLET] * IN_A_TRANSACTION, 1_000_000 + n)
        node.mine(BLOCKS // TRANSACTIONS - 1)
    node.make_final()


def _read(node: Node, token: Token) -> None:
    chain = reader(token.address, node.url)
    changed("INSERT INTO network_scans (network, cursor) VALUES (%(network)s, '{\"block\": 0}')", {"network": NETWORK})
    reading, recording, recorded = [], [], 0
    is_caught_up = False
    while not is_caught_up:
        lease = scans.claim(NETWORK)
        if lease is None:
            sys.exit(f"{NETWORK} is being read by somebody else")
        began = time.monotonic()
        batch = chain.scan(lease.cursor)
        read = time.monotonic()
        recorded += scans.finish(lease, arrivals_of(batch), progress_of(batch), chain.endpoints.records()).new
        reading.append(read - began)
        recording.append(time.monotonic() - read)
        is_caught_up = batch.caught_up
    [record] = chain.endpoints.records()
    longest = max(map(sum, zip(reading, recording, strict=True)))
    print(
        f"{recorded} transfers in {len(reading)} scans and {record['calls']} calls: read in {sum(reading):.2f} s,"
        f" recorded in {sum(recording):.2f} s, the longest scan {longest:.2f} s"
    )
    if recorded != TRANSFERS:
        sys.exit(f"{TRANSFERS - recorded} transfers were not found")


if __name__ == "__main__":
    main()

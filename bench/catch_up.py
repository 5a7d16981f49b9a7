"""How fast an EVM network is caught up with: `python -m bench.catch_up`.

A node is filled with 10,000 transfers to us over 50,000 blocks; then they are read from block 0, scan after scan.
"""

import sys
import time

from chains.base import Cursor
from dev.anvil import anvil_program
from tests.chains.evm_node import WALLET, Node, Token, reader

BLOCKS = 50_000
TRANSFERS = 10_000
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
    found: set[tuple[str, int]] = set()
    cursor: Cursor | None = {"block": 0}
    seconds = []
    is_caught_up = False
    while not is_caught_up:
        began = time.monotonic()
        batch = chain.scan(cursor)
        seconds.append(time.monotonic() - began)
        found |= {(transfer.tx_hash, transfer.index) for transfer in batch.transfers}
        cursor, is_caught_up = batch.cursor, batch.caught_up
    [record] = chain.endpoints.records()
    print(
        f"read in {sum(seconds):.2f} s: {len(found)} transfers, {len(seconds)} scans of at most {max(seconds):.2f} s, "
        f"{record['calls']} calls"
    )
    if len(found) != TRANSFERS:
        sys.exit(f"{TRANSFERS - len(found)} transfers were not found")


if __name__ == "__main__":
    main()

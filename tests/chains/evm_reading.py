"""Payments on a test's node, and all that a reader makes of them."""

from chains.evm import EvmChain
from tests.chains.evm_node import WALLET, Node, Token


def read_all(chain: EvmChain, block: int = 0) -> list[int]:
    """The amounts of all transfers after that block, sorted, without what came twice."""
    found: dict[tuple[str, int], int] = {}
    for _ in range(100):
        batch = chain.scan({"block": block})
        found |= {(transfer.tx_hash, transfer.index): transfer.amount for transfer in batch.transfers}
        block = batch.cursor["block"]
        if batch.caught_up:
            return sorted(found.values())
    raise AssertionError("100 scans did not catch up")


def pay(node: Node, token: Token, times: int, blocks: int = 20) -> list[int]:
    """Transfers spread over so many blocks; returns their amounts."""
    amounts = [1_000_000 + n for n in range(times)]
    for amount in amounts:
        token.does("transfer", WALLET, amount)
        node.mine(blocks // times)
    node.make_final()
    return amounts


def last_errors(chain: EvmChain) -> list[str]:
    return [str(record["last_error"]) for record in chain.endpoints.records()]

"""A reader of one wallet, deposits to it, and scans until all is read."""

import json

from chains.base import Batch, Cursor
from chains.endpoints import Endpoints
from chains.solana import SolanaChain, associated_account
from tests.chains.solana_rpc import SolanaRpc
from tests.chains.solana_transactions import USDT, TokenAccount, Transaction, transfer

WALLET = "7VHUFJHWu2CuExkJcJrzhQPJ2oygupTWkL2A2For4BmE"
ACCOUNT = associated_account(WALLET, USDT)


def reader(*servers: SolanaRpc) -> SolanaChain:
    """A reader of the first of these servers that serves."""
    return SolanaChain(Endpoints([server.url for server in servers]), WALLET, USDT)


def deposit(rpc: SolanaRpc, slots_ago: int = 10, *, to: str = ACCOUNT) -> Transaction:
    """A deposit of one dollar, so many slots before the head, in one of our accounts."""
    sender, ours = TokenAccount(), TokenAccount(WALLET, to)
    instruction = transfer(sender, ours, 1_000_000)
    mined_at = rpc.head_time - int(slots_ago * 0.4)
    made = Transaction(rpc.head_slot - slots_ago, mined_at, [sender, ours], [instruction])
    rpc.transactions.append(made)
    return made


def later(rpc: SolanaRpc, cursor: Cursor, seconds: int) -> Cursor:
    """The cursor as it would be had its scan been so long ago."""
    slots = {account: slot - int(seconds / 0.4) for account, slot in cursor["accounts"].items()}
    return {"since": cursor["since"] - seconds, "accounts": slots}


def catch_up(chain: SolanaChain, cursor: Cursor, scans: int = 50) -> tuple[list[Batch], list[str]]:
    """Scan until all is read, with each cursor stored as JSON; the batches, and the hashes in the order they came."""
    batches: list[Batch] = []
    hashes: dict[str, None] = {}
    for _ in range(scans):
        batches.append(chain.scan(json.loads(json.dumps(cursor))))
        cursor = batches[-1].cursor
        hashes |= dict.fromkeys(found.tx_hash for found in batches[-1].transfers)
        if batches[-1].caught_up:
            return batches, list(hashes)
    raise AssertionError(f"not caught up in {scans} scans")

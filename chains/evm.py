"""Reads USDT transfers off EVM networks: BSC, Polygon, Arbitrum. They differ by constants alone.

An idle scan costs two calls: the final head, and the contract's Transfer events to our wallet around the last scan's.
"""

import math
import time
from dataclasses import dataclass

from chains import addresses
from chains.base import Batch, Cursor, HistoryGone, ScanFailed, Transfer, to_micros
from chains.endpoints import AllResting, Behind, Endpoint, EndpointFault, Endpoints
from chains.evm_rpc import Block, CallRefused, Log
from chains.evm_server import EvmServer, HistoryLost

TRANSFER_EVENT = (
    "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"  # Transfer(address,address,uint256)
)
WORD_LENGTH = 66  # 0x and 32 bytes
MOST_MICROS = 2**63

LAG_SECONDS = 120
MOST_AHEAD_SECONDS = 30 * 86_400  # more than a test network's clock is moved on; milliseconds are far beyond
FIRST_LOOK_BACK_SECONDS = 120
SCAN_SECONDS = 5.0  # after which no further range is asked for: a fault in one costs what the scan read before it
MOST_TRANSFERS = 2000
SURELY_KEPT_BLOCKS = 256  # so near the head, no node has dropped anything


@dataclass(frozen=True, slots=True)
class EvmFacts:
    """What tells one EVM network from another.

    `finality_seconds`: how old the final head usually is at most. `block_seconds`: the least between two blocks.
    `overlap_blocks`: how many blocks are read again at each scan, because an endpoint can be several machines, and the
    one that gave the events can be a few blocks behind the one that gave the head.
    """

    decimals: int
    finality_seconds: int
    block_seconds: float
    overlap_blocks: int


BSC = EvmFacts(decimals=18, finality_seconds=10, block_seconds=0.45, overlap_blocks=60)
POLYGON = EvmFacts(decimals=6, finality_seconds=20, block_seconds=1, overlap_blocks=20)
ARBITRUM = EvmFacts(decimals=6, finality_seconds=19 * 60, block_seconds=0.25, overlap_blocks=40)
FACTS = {"usdt_bep_20": BSC, "usdt_polygon": POLYGON, "usdt_arbitrum": ARBITRUM}


class EvmChain:
    """The reader of one EVM network. Its cursor is {"block": the last block that was wholly read}."""

    def __init__(self, endpoints: Endpoints, wallet: str, contract: str, facts: EvmFacts) -> None:
        self.endpoints = endpoints
        self._contract = contract.lower()
        self._our_topic = "0x" + wallet[2:].lower().rjust(64, "0")
        self._topics = (TRANSFER_EVENT, None, self._our_topic)
        self._facts = facts
        self._servers: dict[int, EvmServer] = {}
        # A first scan begins here however often it fails: who pays meanwhile pays us.
        self._began_at = int(time.time())

    def scan(self, cursor: Cursor | None) -> Batch:
        """The next batch of final transfers. Raises ScanFailed, and HistoryGone when no endpoint has the next block."""
        try:
            return self.endpoints.first_to_serve(
                lambda endpoint, may_lag: self._read(endpoint, cursor, may_lag=may_lag)
            )
        except AllResting as error:
            known = self._servers.values()
            if len(known) == len(self.endpoints.records()) and all(server.lacks_history for server in known):
                raise HistoryGone(str(error)) from None
            raise ScanFailed(str(error)) from None

    def _read(self, endpoint: Endpoint, cursor: Cursor | None, may_lag: bool) -> Batch:
        """One scan of one endpoint. Raises Behind for one that lags and may not."""
        server = self._server(endpoint)
        head = server.rpc.block("finalized")
        if head is None:
            raise EndpointFault("does not know its final head")
        if head.timestamp > time.time() + MOST_AHEAD_SECONDS:
            raise EndpointFault("its latest final block has a time that is none in seconds")
        age = time.time() - head.timestamp
        if age > self._facts.finality_seconds + LAG_SECONDS and not may_lag:
            raise Behind(f"its latest final block is {age / 60:.0f} minutes old")
        done = self._present(head) if cursor is None else int(cursor["block"])
        if head.number < done - self._facts.overlap_blocks:
            raise EndpointFault(f"its final head is block {head.number}, behind block {done}, which was read before")
        try:
            batch = self._read_from(server, done, head)
        except HistoryLost:
            server.lacks_history = True
            raise
        server.lacks_history = False
        return batch

    def _server(self, endpoint: Endpoint) -> EvmServer:
        if id(endpoint) not in self._servers:
            self._servers[id(endpoint)] = EvmServer(endpoint)
        return self._servers[id(endpoint)]

    def _present(self, head: Block) -> int:
        """The block after which a first scan begins: the final head, or an earlier one if that is too new."""
        too_new = head.timestamp - (self._began_at - FIRST_LOOK_BACK_SECONDS)
        return max(head.number - math.ceil(max(too_new, 0) / self._facts.block_seconds), 0)

    def _read_from(self, server: EvmServer, done: int, head: Block) -> Batch:
        """The transfers after block `done` (and a few before it), up to the head or to what one scan may hold."""
        # An endpoint that serves a few blocks a call must not spend the scan on those that were read before.
        overlap = min(self._facts.overlap_blocks, server.span.blocks)
        first = max(done + 1 - overlap, 0)
        if _is_far_behind(first, head):
            server.check_history(first)
        logs, until = self._read_ranges(server, first, done, head)
        logs, until = _cut(logs, until, done, MOST_TRANSFERS)
        untimed = sorted({log.block for log in logs if _told_time(log, head) is None and log.block > done})
        if len(untimed) > server.most_times:
            until = untimed[server.most_times - 1]
            logs = [log for log in logs if log.block <= until]
        is_caught_up = until >= head.number
        times = _times(server, logs, until, head)
        return Batch(
            transfers=tuple(self._transfers(logs, times)),
            cursor={"block": max(until, done)},
            # What is mined from now on is not final: a node whose clock is ahead must not expire what waits for it.
            final_at=min(head.timestamp if is_caught_up else times[until], int(time.time())),
            head=head.number,
            caught_up=is_caught_up,
        )

    def _read_ranges(self, server: EvmServer, first: int, done: int, head: Block) -> tuple[list[Log], int]:
        """The events of transfers to us in order, and the last block read, which is beyond `done` if the head is."""
        deadline = time.monotonic() + SCAN_SECONDS
        logs: list[Log] = []
        until = first - 1
        while until < head.number:
            found, until = self._read_range(server, until + 1, head)
            logs += sorted((log for log in found if self._is_ours(log)), key=lambda log: (log.block, log.index))
            if until > done and (len(logs) >= MOST_TRANSFERS or time.monotonic() > deadline):
                break
        return logs, until

    def _read_range(self, server: EvmServer, first: int, head: Block) -> tuple[list[Log], int]:
        try:
            return server.logs_from(self._contract, self._topics, first, head.number)
        except CallRefused as refusal:
            # Whatever its words: an endpoint that serves the head and refuses an old block has dropped it.
            if _is_far_behind(first, head) and server.serves_logs(self._contract, self._topics, head.number):
                raise HistoryLost(f"no longer serves block {first}, which is to be read next: {refusal}") from None
            raise

    def _is_ours(self, log: Log) -> bool:
        """Whether this is a transfer of the real token to our wallet: the question that was asked proves nothing."""
        # Tokens with a fourth topic are collectibles, whose Transfer has the same signature.
        if log.removed or log.address != self._contract or len(log.topics) != 3:
            return False
        return log.topics[0] == TRANSFER_EVENT and log.topics[2] == self._our_topic

    def _transfers(self, logs: list[Log], times: dict[int, int]) -> list[Transfer]:
        transfers = []
        for log in logs:
            if len(log.data) != WORD_LENGTH:
                raise EndpointFault(f"gave a transfer without an amount ({log.tx_hash})")
            amount = to_micros(int(log.data, 16), self._facts.decimals)
            if amount >= MOST_MICROS:
                raise EndpointFault(f"gave a transfer of more than there is ({log.tx_hash})")
            if amount > 0:
                sender = addresses.evm(f"0x{log.topics[1][-40:]}")
                transfers.append(Transfer(log.tx_hash, log.index, sender, amount, times[log.block]))
        return transfers


def _is_far_behind(number: int, head: Block) -> bool:
    return number < head.number - SURELY_KEPT_BLOCKS


def _cut(logs: list[Log], until: int, done: int, most: int) -> tuple[list[Log], int]:
    """The events of whole blocks, about `most` beyond block `done`, and the last of these blocks."""
    new = [log for log in logs if log.block > done]
    if len(new) > most:
        until = new[most - 1].block
    return [log for log in logs if log.block <= until], until


def _told_time(log: Log, head: Block) -> int | None:
    """The time of the block, where the node tells it with the event: some say 0, and none can be after the head's."""
    is_possible = log.timestamp is not None and 0 < log.timestamp <= head.timestamp
    return log.timestamp if is_possible else None


def _times(server: EvmServer, logs: list[Log], until: int, head: Block) -> dict[int, int]:
    """The times of the events' blocks, most of which nodes tell with the event, and of block `until`."""
    told = ((log.block, _told_time(log, head)) for log in logs)
    times = {block: mined_at for block, mined_at in told if mined_at is not None} | {head.number: head.timestamp}
    wanted = {log.block for log in logs} | {min(until, head.number)}
    return times | server.times(sorted(wanted - times.keys()))

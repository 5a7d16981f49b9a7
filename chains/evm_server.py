"""One endpoint of an EVM network and what was learned of its limits, which is forgotten when the process ends."""

from collections.abc import Sequence

from chains.endpoints import Endpoint, EndpointFault
from chains.evm_rpc import CallRefused, EvmRpc, Log, times_of

MOST_BLOCKS = 10_000
SUCCESSES_TO_GROW = 4
SURELY_SHORT = 100  # a range beyond this may have been what made an endpoint time out or break down
BLOCKS_IN_A_BATCH = 100
BLOCKS_TO_PROBE = 10  # on these networks the first of them has transactions, and proves what the endpoint keeps
MOST_TIMES = 1000  # with batches, ten calls
MOST_TIMES_SINGLY = 20


class HistoryLost(EndpointFault):
    """The endpoint works, and no longer has the blocks that are to be read."""


class Span:
    """The number of blocks for the next call to an endpoint: halved when it fails, doubled after some successes."""

    def __init__(self) -> None:
        self.blocks = MOST_BLOCKS
        self._successes = 0

    def worked(self, asked: int) -> None:
        """Note that so many blocks were served; fewer than `blocks` prove nothing."""
        if asked < self.blocks:
            return
        self._successes += 1
        # Not at each success: an endpoint with a fixed limit would refuse every other call.
        if self._successes >= SUCCESSES_TO_GROW:
            self.blocks, self._successes = min(self.blocks * 2, MOST_BLOCKS), 0

    def failed(self, asked: int, at_least: int) -> None:
        """Note that so many blocks were not served."""
        self.blocks, self._successes = min(self.blocks, max(asked // 2, at_least)), 0


class EvmServer:
    """An endpoint that is asked within its limits. Every method raises EndpointFault."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.rpc = EvmRpc(endpoint)
        self.span = Span()
        self.lacks_history = False
        self._takes_batches = True

    @property
    def most_times(self) -> int:
        """How many blocks' times may be asked for in one scan."""
        return MOST_TIMES if self._takes_batches else MOST_TIMES_SINGLY

    def logs_from(self, contract: str, topics: Sequence[str | None], first: int, last: int) -> tuple[list[Log], int]:
        """The events from `first` on, and the last block that they cover: at most `last`, sooner at a range limit."""
        while True:
            until = min(last, first + self.span.blocks - 1)
            asked = until - first + 1
            try:
                logs = self.rpc.logs(contract, topics, first, until)
            except EndpointFault as fault:
                # Codes and wordings of a range that is too long differ without end (-32602, -32614, -32600, -32000,
                # -32005, HTTP 413 ...): any refusal may mean that, and a shorter one is worth a call at once.
                is_refused = isinstance(fault, CallRefused)
                self.span.failed(asked, at_least=1 if is_refused else SURELY_SHORT)
                if asked == 1 or not is_refused:
                    raise
            else:
                self.span.worked(asked)
                return logs, until

    def check_history(self, first: int) -> None:
        """Raise HistoryLost when the endpoint lacks this block: it may then answer with no events, and no error."""
        for number in range(first, first + BLOCKS_TO_PROBE):
            block = self.rpc.block(number)
            # Nodes that prune keep the headers, and drop the receipts that events are read from.
            if block is None or (block.transactions and not self.rpc.has_receipts(number)):
                raise HistoryLost(f"no longer has block {number}, which is to be read next")
            if block.transactions:
                return

    def serves_logs(self, contract: str, topics: Sequence[str | None], number: int) -> bool:
        """Whether the endpoint gives this one block's events, rather than refuse."""
        try:
            self.rpc.logs(contract, topics, number, number)
        except CallRefused:
            return False
        return True

    def times(self, numbers: Sequence[int]) -> dict[int, int]:
        """The times of these blocks: in batches of calls, or one by one where the endpoint takes no batches."""
        times: dict[int, int] = {}
        if self._takes_batches and len(numbers) > 1:
            try:
                for begin in range(0, len(numbers), BLOCKS_IN_A_BATCH):
                    times |= self.rpc.timestamps(numbers[begin : begin + BLOCKS_IN_A_BATCH])
            except CallRefused as refusal:
                self._takes_batches = False
                if len(numbers) > MOST_TIMES_SINGLY:
                    raise EndpointFault(f"takes no batches of calls ({refusal}): it will be asked for less") from None
        missing = [number for number in numbers if number not in times]
        return times | times_of(missing, [self.rpc.block(number) for number in missing])

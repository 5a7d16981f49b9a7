"""What every network's reader gives: batches of final transfers to our wallet, and where the next batch begins."""

import time
from dataclasses import dataclass
from typing import Any, Protocol

from chains.endpoints import Endpoints

Cursor = dict[str, Any]
"""Where a scan goes on: JSON that only the network's own reader understands. None before the first scan."""

MICROS_PER_USDT = 1_000_000
AHEAD_SECONDS = 600  # how far servers' clocks and ours may be apart


class ScanFailed(Exception):
    """The network could not be read now; the text tells an operator why. Nothing is lost: the cursor stays."""


class HistoryGone(ScanFailed):
    """No endpoint has the blocks any more that are to be read next: an operator must name one that does."""


@dataclass(frozen=True, slots=True)
class Transfer:
    """A final transfer of the real token to our wallet, known by its transaction and its index in there.

    `amount` is in micro-dollars, cut off and above zero; `mined_at` is the block's time in epoch seconds; hash and
    sender are written as the network's explorers write them.
    """

    tx_hash: str
    index: int
    sender: str
    amount: int
    mined_at: int


@dataclass(frozen=True, slots=True)
class Batch:
    """What one scan found; `cursor` is where the next one begins once these transfers are on record.

    A scan looks back a little, so transfers come again that an earlier one gave. `final_at` (epoch seconds): every
    transfer mined before it is in this batch or an earlier one. `head` says how far the network is, in its own measure,
    for operators. `caught_up` is false when there is more to read at once.
    """

    transfers: tuple[Transfer, ...]
    cursor: Cursor
    final_at: int
    head: int
    caught_up: bool


class Chain(Protocol):
    """The reader of one network; used by one thread at a time."""

    endpoints: Endpoints

    def scan(self, cursor: Cursor | None) -> Batch:
        """The next batch of final transfers. Raises ScanFailed.

        The first scan begins at the present (a little before it): what was paid earlier was not paid to us.
        """


def to_micros(amount: int, decimals: int) -> int:
    """A token's amount in micro-dollars; what is below one is cut off."""
    one_token: int = 10**decimals
    return amount * MICROS_PER_USDT // one_token


def is_in_future(moment: float) -> bool:
    """Whether a block's time (epoch seconds) is wrong: it would carry the cursor past transfers to come."""
    return moment > time.time() + AHEAD_SECONDS

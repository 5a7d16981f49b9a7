"""Token accounts of ours besides the associated one: anyone can open one in our name and pay to it."""

import time
from collections.abc import Iterable

from chains.endpoints import EndpointFault
from chains.solana_rpc import Node
from chains.solana_transactions import TOKEN_PROGRAM, Ours

SWEEP_SECONDS = 600.0
ACCOUNTS_A_SCAN = 5  # anyone can open many: they must not crowd the calls out that matter


class Sweep:
    """Says which other accounts are to be read now: all that there are, one after another, each time round."""

    def __init__(self, ours: Ours) -> None:
        self._ours = ours
        self._next_at = 0.0  # on the monotonic clock: the first scan of a process sweeps
        self._due: dict[str, None] = {}

    def due(self, node: Node, known: Iterable[str]) -> list[str]:
        """The accounts that this scan should read, each until `done`; `known` are those that were read before."""
        if time.monotonic() >= self._next_at:
            self._next_at = time.monotonic() + SWEEP_SECONDS
            self._due |= dict.fromkeys([*known, *self._owned(node)])
            self._due.pop(self._ours.account, None)
        return list(self._due)[:ACCOUNTS_A_SCAN]

    def done(self, account: str) -> None:
        """The account was read to its end."""
        self._due.pop(account, None)

    def _owned(self, node: Node) -> list[str]:
        try:
            accounts = node.token_accounts(self._ours.wallet, self._ours.mint)
        except EndpointFault as fault:
            # Many public servers refuse this costly call: deposits to the associated account must not wait for it.
            node.note(fault)
            return []
        return [
            found.pubkey
            for found in accounts
            if found.account.owner == TOKEN_PROGRAM
            and found.account.data.parsed.info.mint == self._ours.mint
            and found.account.data.parsed.info.owner == self._ours.wallet
        ]

"""Whether a transfer has arrived: the row of the sender's wallet says only that it was sent.

The row's transaction, on the sender's jetton wallet, sends one message to ours. The transaction that this very message
set off on our wallet is the proof; messages are told apart by their hashes, so that no two rows share a proof.
"""

import time
from collections import Counter
from enum import Enum, auto

from chains.endpoints import Endpoint, EndpointFault
from chains.ton_answers import (
    JettonWallets,
    Row,
    Trace,
    Traces,
    Transaction,
    Transactions,
    parsed,
)

SECONDS_A_ROUND = 12.0
VERDICTS_REMEMBERED = 20_000
FAULTS_OF_A_TRACE = 3
NOT_FOUND = 404
REFUSALS = (401, 403, 429)  # these are about us, not about what was asked for


class Verdict(Enum):
    """What is known of a row: UNASKED is for the next scan, OPEN for when the network has moved on."""

    ARRIVED = auto()
    FAILED = auto()
    OPEN = auto()
    UNASKED = auto()


class Proofs:
    """What is remembered between scans: our jetton wallet, and the verdicts that no longer change."""

    def __init__(self, owner: str, contract: str) -> None:
        self.owner = owner
        self.contract = contract
        self._wallet: str | None = None
        self._verdicts: dict[str, Verdict] = {}
        self.faults: Counter[str] = Counter()
        # How many rows of one trace and source have been taken for arrived by number; bounded by what is remembered.
        self.granted: Counter[tuple[str, str]] = Counter()

    def known(self, row: Row) -> Verdict | None:
        """The verdict on a row, if there is one."""
        return self._verdicts.get(row.transaction_hash)

    def remember(self, row: Row, verdict: Verdict) -> None:
        """Keep a verdict, so that looking back costs no calls; the oldest one gives way."""
        self._verdicts[row.transaction_hash] = verdict
        if len(self._verdicts) > VERDICTS_REMEMBERED:
            del self._verdicts[next(iter(self._verdicts))]

    def wallet(self, endpoint: Endpoint) -> str | None:
        """Our jetton wallet; None while nobody has ever paid us, as the first transfer creates it."""
        if self._wallet is None:
            query = {"owner_address": self.owner, "jetton_address": self.contract}
            found = parsed(JettonWallets, endpoint.get("/api/v3/jetton/wallets", query))
            ours = [one for one in found.jetton_wallets if (one.owner, one.jetton) == (self.owner, self.contract)]
            self._wallet = ours[0].address if ours else None
        return self._wallet


class Round:
    """The proofs of one scan, with one endpoint: each trace is asked for once, and not for longer than is its due."""

    def __init__(self, endpoint: Endpoint, proofs: Proofs) -> None:
        self._endpoint = endpoint
        self._proofs = proofs
        self._traces: dict[str, Trace | None] = {}
        self._ends = time.monotonic() + SECONDS_A_ROUND
        self._asked = False

    def verdict(self, row: Row) -> Verdict:
        """What is known of a row by now. Raises EndpointFault."""
        verdict = self._proofs.known(row)
        if verdict is not None:
            return verdict
        # Something is asked in every round, or slow endpoints would never get us on.
        if self._asked and time.monotonic() > self._ends and _trace_key(row) not in self._traces:
            return Verdict.UNASKED
        self._asked = True
        verdict = self._judged(row)
        if verdict is not Verdict.OPEN:
            self._proofs.remember(row, verdict)
        return verdict

    def _judged(self, row: Row) -> Verdict:
        trace = self._trace(row)
        unreadable = self._proofs.faults[_trace_key(row)] >= FAULTS_OF_A_TRACE
        if unreadable or (trace is not None and trace.is_withheld):
            return self._of_children(row, self._children(row), finished=False)
        if trace is None or trace.is_incomplete:
            return Verdict.OPEN
        transactions = list((trace.transactions or {}).values())
        sent = next((one for one in transactions if one.hash == row.transaction_hash), None)
        messages = {one.hash for one in (sent.out_msgs if sent else None) or [] if one.hash}
        if not messages:
            return self._of_arrivals(row, transactions)
        children = [one for one in transactions if one.in_msg is not None and one.in_msg.hash in messages]
        return self._of_children(row, children, finished=trace.is_finished)

    def _of_arrivals(self, row: Row, transactions: list[Transaction]) -> Verdict:
        """The verdict where the trace does not say which message is the row's: it needs an arrival of its own.

        Of several rows from one wallet in one trace, as many have arrived as there are arrivals; the first ones, for
        want of a sign which.
        """
        wallet = self._proofs.wallet(self._endpoint)
        arrivals = [
            one for one in transactions
            if one.brings_jettons and one.succeeded and one.account.upper() == wallet
            and _source(one) == row.source_wallet
        ]  # fmt: skip
        granted = self._proofs.granted[_trace_key(row), row.source_wallet]
        if granted >= len(arrivals):
            return Verdict.OPEN
        self._proofs.granted[_trace_key(row), row.source_wallet] += 1
        return Verdict.ARRIVED

    def _of_children(self, row: Row, children: list[Transaction], *, finished: bool) -> Verdict:
        """The verdict by the transactions that the row's own has set off; `finished`: there will be no others."""
        deliveries = [one for one in children if one.brings_jettons]
        if not deliveries:
            return Verdict.FAILED if finished else Verdict.OPEN
        good = [one for one in deliveries if one.succeeded and _source(one) == row.source_wallet]
        if not good:
            return Verdict.FAILED
        wallet = self._proofs.wallet(self._endpoint)
        if wallet is None:  # paid for the first time, and not indexed yet
            return Verdict.OPEN
        return Verdict.ARRIVED if any(one.account.upper() == wallet for one in good) else Verdict.FAILED

    def _trace(self, row: Row) -> Trace | None:
        """The row's trace; None when it is not there yet, or cannot be read however often we ask."""
        key = _trace_key(row)
        if key not in self._traces:
            try:
                self._traces[key] = self._asked_for(row)
            except EndpointFault as fault:
                # One trace that no endpoint can give (too large to query in time) must not hold up all others.
                if fault.status in REFUSALS:
                    raise
                self._proofs.faults[key] += 1
                if self._proofs.faults[key] < FAULTS_OF_A_TRACE:
                    raise
                self._traces[key] = None
            else:
                del self._proofs.faults[key]
        return self._traces[key]

    def _asked_for(self, row: Row) -> Trace | None:
        query = {"trace_id": row.trace_id} if row.trace_id else {"tx_hash": row.transaction_hash}
        try:
            found = parsed(Traces, self._endpoint.get("/api/v3/traces", query)).traces
        except EndpointFault as fault:
            if fault.status == NOT_FOUND:
                return None
            raise
        return found[0] if found else None

    def _children(self, row: Row) -> list[Transaction]:
        """What the row's transaction has set off, asked for without the trace."""
        query = {"hash": row.transaction_hash, "direction": "out"}
        try:
            return parsed(Transactions, self._endpoint.get("/api/v3/adjacentTransactions", query)).transactions
        except EndpointFault as fault:
            if fault.status in REFUSALS:
                raise
            if fault.status != NOT_FOUND:  # which says that there are none; all else is this row's fault again
                complain(self._endpoint, str(fault))
            return []


def complain(endpoint: Endpoint, complaint: str) -> None:
    """Let operators see what is wrong at an endpoint that is read from all the same."""
    endpoint.last_error, endpoint.last_error_at = complaint, time.time()


def _trace_key(row: Row) -> str:
    return row.trace_id or row.transaction_hash


def _source(transaction: Transaction) -> str | None:
    source = transaction.in_msg.source if transaction.in_msg else None
    return source.upper() if source else None

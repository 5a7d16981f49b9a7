"""What deposits should come to, in plain Python and as slow as it likes: nothing here is taken from the models.

Times are those of the model's own clock. Money is in micro-dollars.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

CENT = 10_000
DOLLAR = 1_000_000
TOLERANCE = CENT
GRACE = timedelta(seconds=60)

Key = tuple[str, str, int]


@dataclass(frozen=True)
class Transfer:
    """What the chain says."""

    network: str
    tx_hash: str
    index: int
    amount: int
    mined_at: datetime

    @property
    def key(self) -> Key:
        """What it is known by."""
        return self.network, self.tx_hash, self.index


@dataclass
class Intent:
    """What was asked for; `order_status` is None for a top-up."""

    id: int
    network: str
    account_id: int
    amount: int
    created_at: datetime
    expires_at: datetime
    owned_until: datetime
    order_id: int | None = None
    order_status: str | None = None
    credited_how: str | None = None

    def fits(self, transfer: Transfer) -> bool:
        """Whether the transfer is for this intent: by network, amount and the time of the block, nothing else."""
        return (
            transfer.network == self.network
            and abs(transfer.amount - self.amount) <= TOLERANCE
            and self.created_at - GRACE <= transfer.mined_at < self.expires_at
        )

    @property
    def is_open(self) -> bool:
        """Whether a transfer may still pay it."""
        return self.credited_how is None and self.order_status in (None, "awaiting_payment")


@dataclass
class Deposit:
    """What became of a transfer."""

    transfer: Transfer
    status: str = "unmatched"
    account_id: int | None = None
    intent_id: int | None = None
    reason: str | None = None


@dataclass
class Books:
    """All that is known. Where two transfers would pay one intent, the earlier one of the first batch does."""

    intents: list[Intent] = field(default_factory=list)
    deposits: dict[Key, Deposit] = field(default_factory=dict)
    available: Counter[int] = field(default_factory=Counter)
    held: Counter[int] = field(default_factory=Counter)
    final_at: dict[str, datetime] = field(default_factory=dict)

    def free_amount(self, network: str, wanted: int, now: datetime) -> int | None:
        """The amount that an intent made now should get; None when there is none near enough."""
        taken = [intent.amount for intent in self.intents if intent.network == network and intent.owned_until > now]
        amount = -(-wanted // CENT) * CENT
        while any(abs(amount - other) <= 2 * TOLERANCE for other in taken):
            amount += CENT
        return amount if amount <= wanted + max(wanted // 100, DOLLAR) else None

    def record(self, batch: Sequence[Transfer]) -> int:
        """Take in what a scan found; returns how many transfers were new."""
        new = {transfer.key: transfer for transfer in batch if transfer.key not in self.deposits}
        for transfer in sorted(
            new.values(), key=lambda transfer: (transfer.mined_at, transfer.tx_hash, transfer.index)
        ):
            deposit = self.deposits[transfer.key] = Deposit(transfer)
            fitting = [intent for intent in self.intents if intent.fits(transfer)]
            assert len(fitting) <= 1, "a transfer fits two clients"
            for intent in fitting:
                if intent.is_open:
                    self._credit(deposit, "credited_auto", intent.account_id, intent)
        return len(new)

    def read_to(self, network: str, final_at: datetime) -> None:
        """Note that nothing that was mined before can be found on the network any more."""
        self.final_at[network] = max(final_at, self.final_at.get(network, final_at))

    def credit_by_hand(self, deposit: Deposit, account_id: int, intent: Intent | None = None) -> bool:
        """What an operator does; whether he may."""
        if deposit.account_id is not None or (intent is not None and intent.credited_how is not None):
            return False
        self._credit(deposit, "credited_manual", account_id, intent)
        return True

    def ignore(self, deposit: Deposit, reason: str) -> bool:
        """The same."""
        if deposit.account_id is not None:
            return False
        deposit.status, deposit.reason = "ignored", reason
        return True

    def cancel(self, order: Intent) -> bool:
        """An operator ends a website order: what was paid for it stays on its account. Whether he may."""
        if order.order_status not in ("awaiting_payment", "processing"):
            return False
        if order.order_status == "processing":
            [paid] = [deposit for deposit in self.deposits.values() if deposit.intent_id == order.id]
            self.held[order.account_id] -= paid.transfer.amount
            self.available[order.account_id] += paid.transfer.amount
        order.order_status = "cancelled"
        return True

    def unpaid(self, network: str) -> list[Intent]:
        """The website orders that can't be paid in time any more."""
        return [
            intent
            for intent in self.intents
            if intent.network == network
            and intent.order_status == "awaiting_payment"
            and self._status(intent) == "expired"
        ]

    def statuses(self) -> dict[int, str]:
        """Each intent's status, as clients are told it."""
        return {intent.id: self._status(intent) for intent in self.intents}

    def _status(self, intent: Intent) -> str:
        if intent.credited_how is not None:
            return f"credited_{intent.credited_how}"
        final_at = self.final_at.get(intent.network)
        return "expired" if final_at is not None and intent.expires_at <= final_at else "pending"

    def _credit(self, deposit: Deposit, status: str, account_id: int, intent: Intent | None) -> None:
        deposit.status, deposit.account_id = status, account_id
        if intent is not None:
            deposit.intent_id = intent.id
            intent.credited_how = status.removeprefix("credited_")
        if intent is not None and intent.order_status is not None:
            intent.order_status = "processing"
            self.held[account_id] += deposit.transfer.amount
        else:
            self.available[account_id] += deposit.transfer.amount

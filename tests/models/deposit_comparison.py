"""The models and the model of deposits side by side: what a step needs, and what must be so after each."""

import random
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta

from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant

from models import accounts, deposit_credits, invariants, scans
from models.database import changed, db, rows
from models.deposits import Arrival
from models.intents import STATUS
from models.scans import LeaseLost, Progress, ScanLease
from tests.conftest import _EMPTY
from tests.factories import make_product
from tests.models.deposit_model import Books, Deposit, Intent, Transfer
from tests.models.mortal_sessions import Killed, dying_at

NETWORKS = ("usdt_trc_20", "usdt_polygon", "usdt_ton")
CLIENTS = 3
LOOK_BACK = 4  # a scan reads so many transfers again that it has read before


class Comparison(RuleBasedStateMachine):
    """Compares the two after each step; the steps are a subclass's."""

    @initialize()
    def begin(self) -> None:
        """Nothing is there but clients and a product."""
        db.execute_sql(_EMPTY)
        self.books = Books()
        self.clients = [accounts.create(f"client {n}") for n in range(CLIENTS)]
        self.product_id = make_product("10", in_stock=1000).id
        db.connect(reuse_if_open=True)  # the factory closed it
        self.mined: dict[str, list[Transfer]] = {network: [] for network in NETWORKS}
        self.stalled: dict[str, ScanLease] = {}
        self.passed = timedelta(0)  # how far the model's clock is ahead of the database's
        self.tokens: Counter[str] = Counter()  # the last lease given, for each network

    # --- what must be so after each step ---

    @invariant()
    def balances_are_right(self) -> None:
        """Nobody has more or less than the model says."""
        found = rows("SELECT id, available, held FROM accounts WHERE available + held > 0 ORDER BY id")
        ids = sorted((+self.books.available + self.books.held).keys())
        assert [(a["id"], a["available"], a["held"]) for a in found] == [
            (account_id, self.books.available[account_id], self.books.held[account_id]) for account_id in ids
        ]

    @invariant()
    def intents_are_right(self) -> None:
        """Each intent has its status, and was paid by nothing but what the model says."""
        found = rows(f"SELECT i.id, {STATUS} AS status FROM payment_intents i")  # noqa: S608 - a literal
        assert {intent["id"]: intent["status"] for intent in found} == self.books.statuses()
        orders = rows("SELECT i.id, o.status FROM orders o JOIN payment_intents i ON i.order_id = o.id")
        assert {order["id"]: order["status"] for order in orders} == {
            intent.id: intent.order_status for intent in self.books.intents if intent.order_id is not None
        }

    @invariant()
    def deposits_are_right(self) -> None:
        """Each transfer that was found is on record once, for whom the model says; those left over say why."""
        found = rows("SELECT * FROM deposits ORDER BY id")
        assert len(found) == len(self.books.deposits)
        for deposit in found:
            expected = self.books.deposits[deposit["network"], deposit["tx_hash"], deposit["tx_index"]]
            assert (deposit["amount"], deposit["status"]) == (expected.transfer.amount, expected.status)
            assert (deposit["account_id"], deposit["intent_id"]) == (expected.account_id, expected.intent_id)
            if expected.status == "unmatched":
                assert deposit["reason"]
            if expected.status == "ignored":
                assert deposit["reason"] == expected.reason

    def teardown(self) -> None:
        """In the end every chain is read to its end, and nothing that was mined is missing."""
        for network, chain in self.mined.items():
            self.finish(self.claim(network), 0, len(chain), 0, None, 0)
        self.deposits_are_right()
        self.balances_are_right()
        assert set(self.books.deposits) == {transfer.key for chain in self.mined.values() for transfer in chain}
        told = rows("SELECT intent_id, event FROM webhook_deliveries WHERE intent_id IS NOT NULL")
        assert sorted((of["intent_id"], of["event"]) for of in told) == sorted(
            (intent.id, f"credited_{intent.credited_how}")
            for intent in self.books.intents
            if intent.credited_how is not None and intent.order_id is None
        )
        assert invariants.check_all()["differences"] == []

    # --- what steps are made of ---

    def grow_older(self, by: timedelta) -> None:
        """Let time go by: for the database, all that happened becomes so much older."""
        self.passed += by
        # One by one, the oldest first: at no moment may two that follow each other meet.
        for intent in self.books.intents:
            changed(
                "UPDATE payment_intents SET created_at = created_at - %(by)s, expires_at = expires_at - %(by)s,"
                " owned_until = owned_until - %(by)s WHERE id = %(id)s",
                {"by": by, "id": intent.id},
            )
        changed("UPDATE network_scans SET final_at = final_at - %(by)s, lease_until = lease_until - %(by)s", {"by": by})

    def now(self) -> datetime:
        """The time by the model's clock."""
        [clock] = rows("SELECT now() AS now")
        now: datetime = clock["now"]
        return now + self.passed

    def add_intent(self, intent_id: int, requested: int) -> None:
        """Enter an intent that was made just now into the books."""
        [made] = rows(
            "SELECT i.*, o.status FROM payment_intents i LEFT JOIN orders o ON o.id = i.order_id WHERE i.id = %(id)s",
            {"id": intent_id},
        )
        created_at = made["created_at"] + self.passed
        assert made["amount"] == self.books.free_amount(made["network"], requested, created_at)
        self.books.intents.append(
            Intent(
                made["id"], made["network"], made["account_id"], made["amount"], created_at,
                created_at.replace(microsecond=0) + timedelta(hours=1), created_at + timedelta(hours=24),
                made["order_id"], made["status"],
            )
        )  # fmt: skip

    def claim(self, network: str) -> ScanLease:
        """Take a network."""
        lease = scans.claim(network)
        if lease is None:  # its holder was killed, or is stalled: it is waited for
            self.grow_older(timedelta(seconds=61))
            lease = scans.claim(network)
        assert lease is not None
        self.tokens[network] = lease.token
        return lease

    def finish(self, lease: ScanLease, begin: int, end: int, final: int, dies_at: str | None, seed: int) -> None:
        """End a scan that read the transfers from `begin` to `end`; the books change if its session lives."""
        shuffled = random.Random(seed)
        found = self.mined[lease.network][max(0, begin - LOOK_BACK) : end]
        batch = shuffled.sample(found, len(found)) + shuffled.choices(found, k=2 if found else 0)
        # The network may be final up to the very end of an intent, which is then over, or up to some other time.
        ends = [intent.expires_at for intent in self.books.intents if intent.network == lease.network]
        final_at = ends[final % len(ends)] - timedelta(seconds=final % 2) if ends else self.now()
        final_at = final_at.replace(microsecond=0)
        position = min(end, len(self.mined[lease.network]))
        final_second = int((final_at - self.passed).timestamp())
        progress = Progress({"position": position}, position, final_second, caught_up=True)
        try:
            with dying_at(dies_at):
                recorded = scans.finish(lease, [self._arrival(transfer) for transfer in batch], progress, [])
        except Killed:
            return
        except LeaseLost:
            assert self._is_overtaken(lease)
            return
        assert not self._is_overtaken(lease)
        assert recorded.new == self.books.record(batch)
        self.books.read_to(lease.network, final_at)

    def _is_overtaken(self, lease: ScanLease) -> bool:
        return lease.token != self.tokens[lease.network]

    def either(
        self, dies_at: str | None, action: Callable[[], object], refusal: type[Exception], expected: Callable[[], bool]
    ) -> None:
        """The action is refused where the model refuses it, and done where it does it, unless its session dies."""
        try:
            with dying_at(dies_at):
                action()
        except Killed:
            return
        except refusal:
            assert not expected()
        else:
            assert expected()

    def picked(self, intents: list[Intent], number: int) -> Intent | None:
        """One of the intents, counted from the newest, if there are any."""
        return intents[-1 - number % len(intents)] if intents else None

    def picked_deposit(self, number: int) -> tuple[Deposit, int]:
        """One of the deposits, counted from the newest, and its id."""
        key = list(self.books.deposits)[-1 - number % len(self.books.deposits)]
        return self.books.deposits[key], deposit_credits.of_transaction(*key)["id"]

    def _arrival(self, transfer: Transfer) -> Arrival:
        mined_at = (transfer.mined_at - self.passed).timestamp()
        return Arrival(transfer.tx_hash, transfer.index, "sender", transfer.amount, mined_at)

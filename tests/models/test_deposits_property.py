"""Whatever happens, in whatever order, deposits come to what a small model in plain Python says they do.

For a longer run: `bin/test tests/models/test_deposits_property.py --hypothesis-profile long`.
"""

from datetime import timedelta

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule, run_state_machine_as_test

from models import deposit_credits, interventions, scans, settlement, topups, website_orders
from models.database import db, rows
from models.deposit_credits import AlreadyCredited
from models.intents import NoFreeAmount, Wanted
from models.interventions import NotCancellable
from tests.models.deposit_comparison import CLIENTS, NETWORKS, Comparison
from tests.models.deposit_model import CENT, DOLLAR, Transfer
from tests.models.mortal_sessions import TABLES, Killed, dying_at, mortality

EXAMPLES = 60  # of 50 steps each

networks = st.sampled_from(NETWORKS)
strays = st.sampled_from([None] * 12 + list(NETWORKS))
numbers = st.integers(0, 1000)  # picks one of what there is, counted from the newest
# Most sessions live: the others die where they write to a table.
deaths = st.sampled_from([None] * 20 + list(TABLES))
# So few that clients ask for the same; a website order of the product below costs 10.00 too.
asked_amounts = st.sampled_from([10 * DOLLAR, 10 * DOLLAR + CENT, 10 * DOLLAR + 3 * CENT, 1 * DOLLAR, 250 * DOLLAR])
differences = st.sampled_from([0, 0, 0, 0, CENT, -CENT, CENT + 1, -CENT - 1, 2 * CENT, -2 * CENT, 5 * DOLLAR])
# When a block is mined: so many seconds from the intent's start, or from its end.
from_start = st.sampled_from([0.0, 1800.0, -60.0, -60.000001, -59.0, -3600.0]).map(lambda seconds: (True, seconds))
from_end = st.sampled_from([0.0, -0.000001, -1.0, 1.0, 7200.0, 86400.0]).map(lambda seconds: (False, seconds))
payments = st.tuples(st.integers(0, 5), differences, from_start | from_end, strays)


class Deposits(Comparison):
    """All that can happen to deposits, in any order."""

    # --- what clients and operators do ---

    @rule(network=networks, client=st.integers(0, CLIENTS - 1), amount=asked_amounts, dies_at=deaths)
    def ask(self, network: str, client: int, amount: int, dies_at: str | None) -> None:
        """A client asks for a top-up."""
        wanted = Wanted(network, "wallet", amount, self.clients[client], webhook_url="https://client.example/hook")
        before = self.now()
        try:
            with dying_at(dies_at), db.atomic():
                made = topups.request(wanted)
        except Killed:
            return
        except NoFreeAmount:
            assert self.books.free_amount(network, amount, before) is None
            return
        self.add_intent(made["id"], amount)

    @rule(network=networks, dies_at=deaths)
    def order(self, network: str, dies_at: str | None) -> None:
        """A storefront places a website order."""
        before = self.now()
        try:
            with dying_at(dies_at):
                order_id = website_orders.place("op", self.product_id, 1, network, webhook_url=None, recipient=None)
        except Killed:
            return
        except NoFreeAmount:
            prices = [10 * DOLLAR * (100 + hits) // 100 for hits in range(11)]
            assert None in [self.books.free_amount(network, price, before) for price in prices]
            return
        _, intent = website_orders.get(order_id)
        self.add_intent(intent["id"], intent["requested"])

    @precondition(lambda self: self.books.intents)
    @rule(number=numbers, dies_at=deaths)
    def cancel(self, number: int, dies_at: str | None) -> None:
        """An operator cancels a website order."""
        order = self.picked([intent for intent in self.books.intents if intent.order_id is not None], number)
        if order is None or order.order_id is None:
            return
        order_id = order.order_id
        self.either(
            dies_at,
            lambda: interventions.cancel("op", order_id),
            refusal=NotCancellable,
            expected=lambda: self.books.cancel(order),
        )

    @precondition(lambda self: self.books.deposits)
    @rule(number=numbers, client=st.integers(0, CLIENTS - 1), dies_at=deaths)
    def credit_account(self, number: int, client: int, dies_at: str | None) -> None:
        """An operator credits a deposit to a client."""
        deposit, deposit_id = self.picked_deposit(number)
        account_id = self.clients[client]
        self.either(
            dies_at,
            lambda: deposit_credits.credit_account("op", deposit_id, account_id),
            refusal=AlreadyCredited,
            expected=lambda: self.books.credit_by_hand(deposit, account_id),
        )

    @precondition(lambda self: self.books.deposits)
    @rule(number=numbers, intent_number=numbers, dies_at=deaths)
    def credit_topup(self, number: int, intent_number: int, dies_at: str | None) -> None:
        """An operator credits a deposit to a top-up."""
        deposit, deposit_id = self.picked_deposit(number)
        intent = self.picked([intent for intent in self.books.intents if intent.order_id is None], intent_number)
        if intent is None:
            return
        [found] = rows("SELECT public_id::text FROM payment_intents WHERE id = %(id)s", {"id": intent.id})
        self.either(
            dies_at,
            lambda: deposit_credits.credit_topup("op", deposit_id, found["public_id"]),
            refusal=AlreadyCredited,
            expected=lambda: self.books.credit_by_hand(deposit, intent.account_id, intent),
        )

    @precondition(lambda self: self.books.deposits)
    @rule(number=numbers, dies_at=deaths)
    def ignore(self, number: int, dies_at: str | None) -> None:
        """An operator sets a deposit aside."""
        deposit, deposit_id = self.picked_deposit(number)
        self.either(
            dies_at,
            lambda: deposit_credits.ignore("op", deposit_id, "dust"),
            refusal=AlreadyCredited,
            expected=lambda: self.books.ignore(deposit, "dust"),
        )

    # --- what happens on the chains ---

    @precondition(lambda self: self.books.intents)
    @rule(payments=st.lists(payments, min_size=1, max_size=8))
    def pay(self, payments: list[tuple[int, int, tuple[bool, float], str | None]]) -> None:
        """Some pay for intents: more or less, too early or too late, on another network."""
        for number, difference, (is_from_start, seconds), astray in payments:
            intent = self.books.intents[-1 - number % len(self.books.intents)]
            mined_at = (intent.created_at if is_from_start else intent.expires_at) + timedelta(seconds=seconds)
            network = astray or intent.network
            chain = self.mined[network]
            # Two transfers to a transaction; and hashes repeat on other networks.
            chain.append(
                Transfer(network, f"tx{len(chain) // 2}", len(chain) % 2, intent.amount + difference, mined_at)
            )

    @rule(seconds=st.sampled_from([1, 59, 61, 3540, 3600, 86_399, 86_401]))
    def wait(self, seconds: int) -> None:
        """Time goes by."""
        self.grow_older(timedelta(seconds=seconds))

    # --- what scanners do ---

    @rule(network=networks, count=st.integers(0, 20), final=numbers, dies_at=deaths, seed=numbers)
    def scan(self, network: str, count: int, final: int, dies_at: str | None, seed: int) -> None:
        """A scanner reads on, in any order, with some of what was read before, some of it twice."""
        lease = self.claim(network)
        begin = (lease.cursor or {"position": 0})["position"]
        self.finish(lease, begin, begin + count, final, dies_at, seed)

    @rule(network=networks)
    def stall(self, network: str) -> None:
        """A scanner takes a network and is heard of no more, for a while."""
        self.stalled[network] = self.claim(network)

    @precondition(lambda self: self.stalled)
    @rule(network=networks, count=st.integers(0, 20), final=numbers, seed=numbers)
    def wake(self, network: str, count: int, final: int, seed: int) -> None:
        """It comes back, with what it read then."""
        lease = self.stalled.pop(network, None)
        if lease is not None:
            begin = (lease.cursor or {"position": 0})["position"]
            self.finish(lease, begin, begin + count, final, None, seed)

    @rule(network=networks)
    def fail(self, network: str) -> None:
        """A scan finds no server."""
        scans.fail(self.claim(network), "no server answers", [])

    @rule(network=networks)
    def sweep(self, network: str) -> None:
        """Website orders that can't be paid in time any more are ended."""
        unpaid = self.books.unpaid(network)
        assert website_orders.unpaid(network, 1000) == [order.order_id for order in unpaid]
        for order in unpaid:
            assert order.order_id is not None
            settlement.expire_unpaid(order.order_id)
            order.order_status = "expired"


def test_deposits_come_to_what_the_model_says() -> None:
    examples = settings.default.max_examples if settings.get_current_profile_name() == "long" else EXAMPLES
    chosen = settings(
        max_examples=examples, deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
    )
    db.connect()
    with mortality():
        run_state_machine_as_test(Deposits, settings=chosen)

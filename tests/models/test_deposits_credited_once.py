"""The rule on deposits notices when a credit is missing, doubled, or another's."""

from collections.abc import Iterator

import pytest

from models import accounts, deposits, invariants, topups
from models.database import db
from models.intents import Wanted
from tests.payers import NETWORK, arrival


@pytest.fixture(autouse=True)
def paid() -> Iterator[None]:
    """One top-up that deposit 1 has paid, one that waits, deposit 2 that nobody was credited with, and two accounts."""
    with db.connection_context():
        first, second = accounts.create("a payer"), accounts.create("another")
        with db.atomic():
            topups.request(Wanted(NETWORK, "x", 100_000_000, first))
            topups.request(Wanted(NETWORK, "x", 200_000_000, second))
            deposits.record(NETWORK, [arrival("100", tx="a"), arrival("7", tx="b")])
        yield


BREAKAGES = {
    "a deposit without its credit": (
        "UPDATE deposits SET status = 'credited_manual', account_id = 1 WHERE id = 2",
        "Deposit 2 (credited_manual): its credit does not fit its status.",
    ),
    "a credit of another amount": (
        "UPDATE deposits SET amount = amount + 1 WHERE id = 1",
        "Deposit 1 (credited_auto): its credit does not fit its status.",
    ),
    "a credit of another account": (
        "UPDATE deposits SET account_id = 2 WHERE id = 1",
        "Deposit 1 (credited_auto): its credit does not fit its status.",
    ),
    "a credit that its deposit knows nothing of": (
        "UPDATE deposits SET status = 'ignored', account_id = NULL WHERE id = 1",
        "Deposit 1 (ignored): its credit does not fit its status.",
    ),
    "a credit of no deposit": (
        (
            "INSERT INTO transfers (kind, source, target, account_id, amount, reference)"
            " VALUES ('topup', 'deposits', 'available', 1, 5, 'x')"
        ),
        "credits a deposit that is not there.",
    ),
    "an intent that its deposit does not name": (
        "UPDATE deposits SET intent_id = NULL WHERE id = 1",
        "Payment intent 1 and its deposit do not name each other.",
    ),
    "a deposit that its intent does not name": (
        "UPDATE deposits SET intent_id = 2 WHERE id = 2",
        "Payment intent 2 and its deposit do not name each other.",
    ),
    "an intent that was paid in another way than its deposit says": (
        "UPDATE payment_intents SET credited_how = 'manual' WHERE id = 1",
        "Payment intent 1 and its deposit do not name each other.",
    ),
}


@pytest.mark.parametrize("breakage", BREAKAGES)
def test_a_broken_rule_is_noticed(breakage: str) -> None:
    statement, sentence = BREAKAGES[breakage]
    assert invariants.check_all()["ok"]

    with db.atomic() as transaction:
        db.execute_sql(statement)
        differences = [difference for rule in invariants.RULES for difference in rule()]
        transaction.rollback()

    assert any(sentence in difference for difference in differences), differences

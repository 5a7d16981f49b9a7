"""The journal: every movement of money is one row between two accounts, and the same statement moves the balances.

A reference is unique for each kind of movement, so doing one twice is refused by the database, as is a balance below
zero. Holds are the one movement made elsewhere: `orders.place` writes its hold in the statement that makes the order.
"""

from collections.abc import Collection, Sequence
from typing import Literal

from peewee import IntegrityError

from models import audit
from models.database import Row, changed, db, row, violated_constraint
from models.errors import Refusal
from models.money import Micros, usd

Kind = Literal["hold", "capture", "release", "refund", "credit", "referral", "referral_reversal"]

_MOVE = """
WITH journal AS (
    INSERT INTO transfers (kind, source, target, account_id, amount, reference, order_id, note)
    VALUES (%(kind)s, %(source)s, %(target)s, %(account_id)s, %(amount)s, %(reference)s, %(order_id)s, %(note)s)
)
UPDATE accounts SET available = available + %(available)s, held = held + %(held)s,
    topped_up = topped_up + %(topped_up)s, refunded = refunded + %(refunded)s
WHERE id = %(account_id)s
RETURNING *
"""


# The accounts are locked in one order first: two batches that share some would otherwise wait for each other.
_TOP_UP = """
SELECT 1 FROM accounts WHERE id = ANY(%(account_ids)s) ORDER BY id FOR NO KEY UPDATE;
WITH arrived AS (
    SELECT * FROM unnest(%(account_ids)s::bigint[], %(deposit_ids)s::bigint[], %(amounts)s::bigint[])
        AS a (account_id, deposit_id, amount)
), journal AS (
    INSERT INTO transfers (kind, source, target, account_id, amount, reference, deposit_id)
    SELECT 'topup', 'deposits', 'available', account_id, amount, 'deposit:' || deposit_id, deposit_id FROM arrived
)
UPDATE accounts SET available = available + total.amount, topped_up = topped_up + total.amount
FROM (SELECT account_id, sum(amount)::bigint AS amount FROM arrived GROUP BY account_id) AS total
WHERE accounts.id = total.account_id
"""


class AccountNotFound(Refusal):
    status, code = 404, "account_not_found"


class ReferenceReused(Refusal):
    status, code = 409, "reference_reused"


class BalanceTooLow(Refusal):
    status, code = 409, "balance_too_low"


def top_up(arrived: Sequence[tuple[int, int, Micros]]) -> None:
    """Credit accounts with deposits: (account, deposit, amount). Call in the transaction that marks them credited."""
    if arrived:
        account_ids, deposit_ids, amounts = (list(column) for column in zip(*arrived, strict=True))
        changed(_TOP_UP, {"account_ids": account_ids, "deposit_ids": deposit_ids, "amounts": amounts})


def hold(account_id: int, order_id: int, amount: Micros) -> None:
    """Set an order's price aside. Call inside the transaction that opens the order."""
    _move(
        "hold", "available", "held", account_id, amount, f"order:{order_id}", order_id, available=-amount, held=amount
    )


def capture(account_id: int, order_id: int, amount: Micros) -> None:
    """Take a held price as revenue. Call inside the transaction that delivers the order."""
    _move("capture", "held", "revenue", account_id, amount, f"order:{order_id}", order_id, held=-amount)


def release(account_id: int, order_id: int, amount: Micros) -> None:
    """Give held money back. Call inside the transaction that ends the order."""
    _move(
        "release", "held", "available", account_id, amount, f"order:{order_id}", order_id,
        held=-amount, available=amount, refunded=amount,
    )  # fmt: skip


def refund(account_id: int, order_id: int, amount: Micros, note: str) -> None:
    """Return captured money to the client. Call inside the transaction that marks the order refunded."""
    _move(
        "refund", "revenue", "available", account_id, amount, f"order:{order_id}", order_id, note,
        available=amount, refunded=amount,
    )  # fmt: skip


def lock(account_ids: Collection[int]) -> None:
    """Lock accounts until the transaction ends, in the order in which everybody does."""
    changed("SELECT 1 FROM accounts WHERE id = ANY(%(ids)s) ORDER BY id FOR NO KEY UPDATE", {"ids": list(account_ids)})


def reward(referrer_id: int, friend_id: int, amount: Micros) -> None:
    """Pay the reward for a friend, once. Call inside the transaction that marks the referral rewarded."""
    _move(
        "referral", "referrals", "available", referrer_id, amount, f"referral:{friend_id}",
        available=amount, topped_up=amount,
    )  # fmt: skip


def take_reward_back(referrer_id: int, friend_id: int, amount: Micros) -> None:
    """Undo the reward for a friend. Call inside the transaction that marks the referral refused."""
    _move(
        "referral_reversal", "available", "referrals", referrer_id, amount, f"referral:{friend_id}",
        available=-amount, topped_up=-amount,
    )  # fmt: skip


def credit(actor: str, account_id: int, amount: Micros, reference: str, note: str) -> tuple[Row, bool]:
    """Credit an account by hand, or take away when the amount is negative; a reference does so once.

    Returns the account and whether this call moved the money: repeating a call is no error, it changes nothing.
    Raises AccountNotFound, BalanceTooLow, and ReferenceReused when the reference stands for another movement.
    """
    if row("SELECT 1 FROM accounts WHERE id = %(id)s", {"id": account_id}) is None:
        raise AccountNotFound(f"There is no account {account_id}.")
    source, target = ("adjustments", "available") if amount > 0 else ("available", "adjustments")
    try:
        with db.atomic():
            account = _move(
                "credit", source, target, account_id, abs(amount), reference, None, note,
                available=amount, topped_up=amount,
            )  # fmt: skip
            audit.record(actor, "account.credit", f"account:{account_id}", amount_usdt=usd(amount), reference=reference)
        return account, True
    except IntegrityError as error:
        refused_by = violated_constraint(error)
        if refused_by not in ("accounts_available_not_negative", "transfers_reference_once_per_kind"):
            raise
    # A debit that is repeated may be refused for the balance first: what counts is whether it was done before.
    repeated = _account_already_credited(account_id, amount, reference)
    if repeated is None:
        raise BalanceTooLow("The account has less than that available; a balance never goes below zero.")
    return repeated, False


def _account_already_credited(account_id: int, amount: Micros, reference: str) -> Row | None:
    found = row(
        """
        SELECT a.*, t.account_id = %(account_id)s AND t.amount = %(amount)s AND t.target = %(target)s AS same
        FROM transfers t JOIN accounts a ON a.id = t.account_id WHERE t.kind = 'credit' AND t.reference = %(reference)s
        """,
        {
            "account_id": account_id,
            "amount": abs(amount),
            "target": "available" if amount > 0 else "adjustments",
            "reference": reference,
        },
    )
    if found is not None and not found["same"]:
        raise ReferenceReused(f"The reference {reference!r} was used for another credit; choose a new one.")
    return found


def _move(
    kind: Kind, source: str, target: str, account_id: int, amount: Micros, reference: str,
    order_id: int | None = None, note: str | None = None,
    *, available: Micros = 0, held: Micros = 0, topped_up: Micros = 0, refunded: Micros = 0,
) -> Row:  # fmt: skip
    moved = row(
        _MOVE,
        {
            "kind": kind, "source": source, "target": target, "account_id": account_id, "amount": amount,
            "reference": reference, "order_id": order_id, "note": note,
            "available": available, "held": held, "topped_up": topped_up, "refunded": refunded,
        },
    )  # fmt: skip
    if moved is None:
        raise AccountNotFound(f"There is no account {account_id}.")
    return moved

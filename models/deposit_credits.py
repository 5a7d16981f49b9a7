"""What operators do with deposits that fit no intent: credit them by hand, or ignore them for a reason."""

from dataclasses import asdict, dataclass
from typing import Literal

from models import audit, ledger, referrals, telegram_notices, topups, webhooks
from models.database import Row, changed, db, retrying, row, rows
from models.errors import Refusal
from models.ledger import AccountNotFound
from models.money import Micros, usd
from models.paging import Cursor, Page

DepositStatus = Literal["unmatched", "credited_auto", "credited_manual", "ignored"]

_SHOWN = """
SELECT d.*, CASE WHEN i.order_id IS NULL THEN i.public_id::text END AS topup_id, i.order_id,
    extract(epoch FROM now() - d.mined_at)::bigint AS age_seconds
FROM deposits d LEFT JOIN payment_intents i ON i.id = d.intent_id
"""


class DepositNotFound(Refusal):
    status, code = 404, "deposit_not_found"


class AlreadyCredited(Refusal):
    status, code = 409, "already_credited"


@dataclass(frozen=True, slots=True)
class DepositFilter:
    """Which deposits to list; `min_amount` in micro-dollars. What is None does not matter."""

    status: DepositStatus | None = None
    network: str | None = None
    tx_hash: str | None = None
    account_id: int | None = None
    min_amount: Micros | None = None


def listed(wanted: DepositFilter, cursor: Cursor) -> Page[Row]:
    """Deposits, newest first."""
    found = rows(
        f"""{_SHOWN} WHERE (%(status)s IS NULL OR d.status = %(status)s)
            AND (%(network)s IS NULL OR d.network = %(network)s) AND (%(tx_hash)s IS NULL OR d.tx_hash = %(tx_hash)s)
            AND (%(account_id)s IS NULL OR d.account_id = %(account_id)s)
            AND (%(min_amount)s IS NULL OR d.amount >= %(min_amount)s) AND (%(below)s IS NULL OR d.id < %(below)s)
        ORDER BY d.id DESC LIMIT %(limit)s""",
        {**asdict(wanted), "below": cursor.below, "limit": cursor.limit + 1},
    )
    return Page.cut(found, cursor.limit)


def get(deposit_id: int) -> Row:
    """One deposit, with its `topup_id` or `order_id` and `age_seconds`. Raises DepositNotFound."""
    found = row(f"{_SHOWN} WHERE d.id = %(id)s", {"id": deposit_id})
    if found is None:
        raise DepositNotFound(f"There is no deposit {deposit_id}.")
    return found


def of_transaction(network: str, tx_hash: str, index: int) -> Row:
    """The same, found by its transfer. Raises DepositNotFound."""
    found = row(
        f"{_SHOWN} WHERE (d.network, d.tx_hash, d.tx_index) = (%(network)s, %(tx_hash)s, %(index)s)",
        {"network": network, "tx_hash": tx_hash, "index": index},
    )
    if found is None:
        raise DepositNotFound("There is no such deposit.")
    return found


def credit_account(actor: str, deposit_id: int, account_id: int) -> None:
    """Credit a deposit to an account. Raises DepositNotFound, AccountNotFound, AlreadyCredited."""

    def transaction() -> None:
        with db.atomic():
            deposit = _lock_uncredited(deposit_id)
            if row("SELECT 1 FROM accounts WHERE id = %(id)s", {"id": account_id}) is None:
                raise AccountNotFound(f"There is no account {account_id}.")
            _credit(actor, deposit, account_id, f"account:{account_id}", intent_id=None)

    retrying(transaction)


def credit_topup(actor: str, deposit_id: int, topup_id: str) -> int | None:
    """Credit a deposit to a top-up, an expired one too; returns the webhook to send, if the client wants one.

    Raises DepositNotFound, TopupNotFound, and AlreadyCredited for either of the two.
    """

    def transaction() -> int | None:
        with db.atomic():
            deposit = _lock_uncredited(deposit_id)
            topup = topups.get(topup_id)
            taken = changed(
                "UPDATE payment_intents SET deposit_id = %(deposit_id)s, credited_how = 'manual'"
                " WHERE id = %(id)s AND deposit_id IS NULL",
                {"id": topup["id"], "deposit_id": deposit_id},
            )
            if not taken:
                raise AlreadyCredited(f"Top-up {topup_id} is already credited.")
            _credit(actor, deposit, topup["account_id"], f"topup:{topup['public_id']}", intent_id=topup["id"])
            return webhooks.record_topup(topup["id"]) if topup["webhook_url"] else None

    return retrying(transaction)


def ignore(actor: str, deposit_id: int, reason: str) -> None:
    """Set a deposit aside. Raises DepositNotFound, AlreadyCredited."""
    with db.atomic():
        _lock_uncredited(deposit_id)
        changed(
            "UPDATE deposits SET status = 'ignored', reason = %(reason)s WHERE id = %(id)s",
            {"id": deposit_id, "reason": reason},
        )
        audit.record(actor, "deposit.ignore", f"deposit:{deposit_id}", reason=reason)


def _lock_uncredited(deposit_id: int) -> Row:
    deposit = row("SELECT * FROM deposits WHERE id = %(id)s FOR UPDATE", {"id": deposit_id})
    if deposit is None:
        raise DepositNotFound(f"There is no deposit {deposit_id}.")
    if deposit["account_id"] is not None:
        raise AlreadyCredited(f"Deposit {deposit_id} is already credited, to account {deposit['account_id']}.")
    return deposit


def _credit(actor: str, deposit: Row, account_id: int, subject: str, *, intent_id: int | None) -> None:
    changed(
        "UPDATE deposits SET status = 'credited_manual', account_id = %(account_id)s, intent_id = %(intent_id)s"
        " WHERE id = %(id)s",
        {"id": deposit["id"], "account_id": account_id, "intent_id": intent_id},
    )
    referrals.lock_with_referrers([account_id])
    ledger.top_up([(account_id, deposit["id"], deposit["amount"])])
    referrals.decide([account_id])
    telegram_notices.tell("deposit_credited", [(account_id, deposit["id"])])
    audit.record(
        actor, "deposit.credit", subject, deposit_id=deposit["id"], account_id=account_id,
        amount_usdt=usd(deposit["amount"]), network=deposit["network"], tx_hash=deposit["tx_hash"],
    )  # fmt: skip

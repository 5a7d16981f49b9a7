"""Money that an operator puts on an account, or takes away, and what follows from it."""

from models import ledger, referrals
from models.database import Row, db, retrying
from models.money import Micros


def credit(actor: str, account_id: int, amount: Micros, reference: str, note: str) -> tuple[Row, bool]:
    """Credit an account, once for each reference; a negative amount takes away, and may take a reward with it.

    Returns the account and whether this call moved the money.
    Raises AccountNotFound, BalanceTooLow, ReferenceReused.
    """

    def transaction() -> tuple[Row, bool]:
        with db.atomic():
            account, moved = ledger.credit(actor, account_id, amount, reference, note)
            if moved and amount < 0:
                referrals.take_back(actor, account_id)
            return account, moved

    return retrying(transaction)

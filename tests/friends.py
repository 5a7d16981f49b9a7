"""Friends that clients bring: accounts, links between them, and top-ups that are paid from somewhere."""

import itertools
from decimal import Decimal

from models import accounts, deposits, networks, referrals, topups
from models.database import db, row
from models.deposits import Arrival
from models.intents import Wanted
from tests.payers import NETWORK, arrival

_transfers = itertools.count(1)


def account(name: str = "somebody") -> int:
    """A new account."""
    with db.connection_context():
        return accounts.create(name)


def code_of(account_id: int) -> str:
    """The code of the account's link."""
    with db.connection_context():
        return str(accounts.get(account_id)["referral_code"])


def connect(friend_id: int, referrer_id: int) -> bool:
    """Let the friend come by the referrer's link."""
    with db.connection_context():
        return referrals.connect(friend_id, code_of(referrer_id))


def top_up(account_id: int, amount: str, sender: str | None = None) -> None:
    """Let the account top up with so many dollars; from an address of its own, unless one is named."""
    with db.connection_context(), db.atomic():
        deposits.record(NETWORK, [transfer_for(account_id, amount, sender)])


def transfer_for(account_id: int, amount: str, sender: str | None = None) -> Arrival:
    """A transfer that will pay a top-up of the account. Call inside a transaction."""
    micros = int(Decimal(amount) * 1_000_000)
    topup = topups.request(Wanted(NETWORK, networks.wallet_of(NETWORK), micros, account_id))
    paid = Decimal(topup["amount"]) / 1_000_000
    return arrival(paid, tx=f"tx{next(_transfers)}", sender=sender or f"payer of {account_id}")


def referral(friend_id: int) -> tuple[str, int]:
    """How the referral of a friend stands: state and reward in micro-dollars; ("none", 0) if nobody brought him."""
    with db.connection_context():
        found = row("SELECT state, reward FROM referrals WHERE friend_id = %(id)s", {"id": friend_id})
    return (found["state"], found["reward"]) if found else ("none", 0)


def available(account_id: int) -> int:
    """What the account can spend, in micro-dollars."""
    with db.connection_context():
        return int(accounts.get(account_id)["available"])

"""Client accounts and their statements."""

from collections.abc import Iterator

from models.database import Row, db, row, rows
from models.errors import Refusal
from models.ledger import AccountNotFound
from models.paging import Cursor, Page, page_of
from models.tables import Account

STATEMENT_BATCH = 1000

# A capture moves held money to revenue: it leaves what can be spent as it is, so a statement does not show it.
_STATEMENT = """
SELECT t.id, t.created_at, t.kind, CASE WHEN t.target = 'available' THEN t.amount ELSE -t.amount END AS amount,
    t.order_id, t.note, i.public_id::text AS topup_id
FROM transfers t LEFT JOIN payment_intents i ON i.deposit_id = t.deposit_id AND i.order_id IS NULL
WHERE t.account_id = %(account_id)s AND 'available' IN (t.source, t.target)
    AND (%(below)s IS NULL OR t.id < %(below)s)
ORDER BY t.id DESC LIMIT %(limit)s
"""


class AccountIsOurs(Refusal):
    status, code = 409, "account_is_ours"


def create(name: str) -> int:
    """Open an account with nothing on it; returns its id."""
    [made] = rows("INSERT INTO accounts (name) VALUES (%(name)s) RETURNING id", {"name": name})
    return int(made["id"])


def get(account_id: int) -> Row:
    """The account's row. Raises AccountNotFound."""
    found = row("SELECT * FROM accounts WHERE id = %(id)s", {"id": account_id})
    if found is None:
        raise AccountNotFound(f"There is no account {account_id}.")
    return found


def lock(account_id: int) -> None:
    """Let nobody else change the account, or what hangs on this lock, until the transaction ends."""
    rows("SELECT 1 FROM accounts WHERE id = %(id)s FOR NO KEY UPDATE", {"id": account_id})


def of_client(account_id: int) -> int:
    """The id, if it is a client's account. Raises AccountNotFound, AccountIsOurs."""
    if get(account_id)["website"]:
        raise AccountIsOurs("This account holds what buyers paid for website orders; no client may have a key to it.")
    return account_id


def listed(cursor: Cursor) -> Page[Row]:
    """All accounts, newest first."""
    return page_of(Account.select().dicts(), Account.id, cursor)


def statement(account_id: int, cursor: Cursor) -> Page[Row]:
    """The account's movements, newest first; `amount` is the signed effect on what can be spent, in micro-dollars."""
    found = rows(_STATEMENT, {"account_id": account_id, "below": cursor.below, "limit": cursor.limit + 1})
    return Page.cut(found, cursor.limit)


def whole_statement(account_id: int) -> Iterator[Row]:
    """All movements, newest first, read in batches: constant memory, and no connection kept between two batches."""
    below = None
    while True:
        batch = rows(_STATEMENT, {"account_id": account_id, "below": below, "limit": STATEMENT_BATCH})
        db.close()  # the reader may be slow
        yield from batch
        if len(batch) < STATEMENT_BATCH:
            return
        below = batch[-1]["id"]

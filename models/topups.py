"""Top-ups: a client asks to pay, is told which amount to send where, and is credited with what arrives."""

from uuid import UUID

from models import intents
from models.database import Row, row, rows
from models.errors import Refusal
from models.intents import STATUS, Wanted
from models.money import PER_USD
from models.paging import Cursor, Page

LEAST, MOST = 1 * PER_USD, 100_000 * PER_USD  # that can be asked for
MOST_PENDING_BY_HAND = 20  # of one account

_SHOWN = f"""
SELECT i.*, {STATUS} AS status, d.amount AS credited, d.tx_hash
FROM payment_intents i LEFT JOIN deposits d ON d.id = i.deposit_id
"""  # noqa: S608 - a literal


class TopupNotFound(Refusal):
    status, code = 404, "topup_not_found"


class TooManyPending(Refusal):
    status, code = 409, "too_many_pending"


def request(wanted: Wanted) -> Row:
    """Write down that a client will pay; returns the intent. Call inside a transaction. Raises NoFreeAmount."""
    return intents.create(wanted, intents.free_amount(wanted.network, wanted.amount))


def request_by_hand(wanted: Wanted) -> Row:
    """The same for a person, who uses no key: so many at a time, since each top-up takes an amount from all others.

    Call inside a transaction. Raises NoFreeAmount, TooManyPending.
    """
    made = request(wanted)
    # Counted with the account's row locked (and, to see what its last holder wrote, in a statement after that one):
    # two requests at once, on two networks, would each overlook the other.
    [pending] = rows(
        """
        SELECT 1 FROM accounts WHERE id = %(account_id)s FOR NO KEY UPDATE;
        SELECT count(*) AS n FROM payment_intents
        WHERE account_id = %(account_id)s AND order_id IS NULL AND key_id IS NULL AND credited_how IS NULL
            AND expires_at > now()
        """,
        {"account_id": wanted.account_id},
    )
    if pending["n"] > MOST_PENDING_BY_HAND:
        raise TooManyPending(f"{MOST_PENDING_BY_HAND} top-ups of yours are unpaid; pay one, or wait until one expires.")
    return made


def get(topup_id: str, account_id: int | None = None) -> Row:
    """The top-up with its `status`, `credited` (micro-dollars or None) and `tx_hash`, if it is the account's.

    Raises TopupNotFound, for a text that is no id too.
    """
    not_found = TopupNotFound(f"There is no top-up {topup_id[:40]}.")
    try:
        public_id = str(UUID(topup_id))
    except ValueError:
        raise not_found from None
    found = row(
        f"""{_SHOWN}
        WHERE i.public_id = %(id)s AND i.order_id IS NULL AND (%(account_id)s IS NULL OR i.account_id = %(account_id)s)
        """,
        {"id": public_id, "account_id": account_id},
    )
    if found is None:
        raise not_found
    return found


def of_intent(intent_id: int) -> Row:
    """The same, by its number inside. Raises TopupNotFound."""
    found = row(f"{_SHOWN} WHERE i.id = %(id)s", {"id": intent_id})
    if found is None:
        raise TopupNotFound(f"There is no top-up {intent_id}.")
    return found


def listed(account_id: int | None, cursor: Cursor) -> Page[Row]:
    """Top-ups, newest first, of one account if one is named; each as `get` has it."""
    found = rows(
        f"{_SHOWN} WHERE i.order_id IS NULL AND (%(account_id)s IS NULL OR i.account_id = %(account_id)s)"
        " AND (%(below)s IS NULL OR i.id < %(below)s) ORDER BY i.id DESC LIMIT %(limit)s",
        {"account_id": account_id, "below": cursor.below, "limit": cursor.limit + 1},
    )
    return Page.cut(found, cursor.limit)

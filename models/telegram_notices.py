"""What customers of the bot are told without asking: an order's end, money that arrived, a friend's first steps.

A notice is written in the transaction that makes it true, as the name of what it tells of; its words are found when it
is sent, in the language that the customer has by then. An account without a chat is told nothing.
"""

from collections.abc import Collection
from typing import Literal

from models.database import Row, changed

Kind = Literal["order_ended", "deposit_credited", "referral_joined", "referral_rewarded", "friend_rewarded"]


def tell(kind: Kind, told: Collection[tuple[int, int]]) -> None:
    """Tell accounts of what happened: (account, subject), where the subject is the id of an order or a deposit.

    The subject of the kinds of referrals is the friend's account.
    """
    if told:
        accounts, subjects = (list(column) for column in zip(*told, strict=True))
        changed(
            "INSERT INTO telegram_messages (chat_id, kind, subject)"
            " SELECT u.id, %(kind)s, told.subject FROM unnest(%(accounts)s::bigint[], %(subjects)s::bigint[])"
            " WITH ORDINALITY AS told (account_id, subject, place) JOIN telegram_users u USING (account_id)"
            " ORDER BY told.place",
            {"kind": kind, "accounts": accounts, "subjects": subjects},
        )


def tell_of_order(order: Row) -> None:
    """Tell of an order that its account placed without a key: in the bot, or on the dashboard."""
    if order["key_id"] is None and order["surface"] != "website":
        tell("order_ended", [(order["account_id"], order["id"])])

"""The answers and bodies of v2, field by field.

Bodies are read by `bodies`, since each fault has a text of its own: the models here are made of the same checks, and
only the reference uses them.
"""

from typing import Annotated, Literal, NotRequired

from pydantic import Field
from typing_extensions import TypedDict  # pydantic takes that of `typing` from Python 3.12 on

from models.telegram_goods import LEAST_STARS, LEAST_TON, MOST_STARS, MOST_TON, PREMIUM_SKUS
from web.bodies import PLAIN, StrictModel
from web.field_rules import ReadBy
from web.reference.described import Dollars, Epoch, Number
from web.telegram_names import PATTERN
from web.v2 import bodies
from web.webhook_urls import WebhookUrl

OrderStatus = Literal["pending", "processing", "completed", "failed", "cancelled", "expired"]
MoveType = Literal["order", "topup", "refund", "referral"]


class OrderFacts(TypedDict):
    """What every order of Telegram goods has."""

    ok: Literal[True]
    order_id: int
    username: str
    price_usd: Dollars
    status: OrderStatus
    error_message: str | None
    provider_order_id: str | None
    client_reference: str | None
    created_at: Epoch
    updated_at: Epoch
    message: NotRequired[str]


class TelegramOrder(OrderFacts):
    """An order of stars or TON. `ok` says that the request was good, also where the order has failed."""

    amount: Number


class PremiumOrder(OrderFacts):
    """An order of Premium. `ok` says that the request was good, also where the order has failed."""

    duration_months: Literal[3, 6, 12]


class TelegramBalance(TypedDict):
    """What the account has: `balance_usd` is `available_usd`, which can be spent, and `locked_usd` for open orders."""

    ok: Literal[True]
    balance_usd: Dollars
    locked_usd: Dollars
    available_usd: Dollars


class Stats(TypedDict):
    """The account's figures since it was opened."""

    ok: Literal[True]
    available_usd: Dollars
    locked_usd: Dollars
    total_topup_usd: Dollars
    total_spent_usd: Dollars
    total_orders: int
    completed_orders: int
    stars_bought: Number
    premium_bought: Number
    ton_bought: Number
    referrals: int
    referral_earned_usd: Dollars
    referral_link: str | None


class Move(TypedDict):
    """Something that happened on the account; `id` is the order's, the top-up's or the movement's."""

    type: MoveType
    id: int | str
    title: str
    amount_usd: Dollars
    status: OrderStatus
    created_at: Epoch


class Activity(TypedDict):
    """A page of what happened, newest first."""

    ok: Literal[True]
    items: list[Move]
    next_cursor: str | None


class _Purchase(StrictModel):
    username: Annotated[str, ReadBy(bodies.username, rule={"pattern": PATTERN, "examples": ["target"]})]
    webhook_url: WebhookUrl | None = None
    client_reference: Annotated[str, Field(max_length=bodies.LONGEST_REFERENCE), PLAIN] | None = None


class StarsBody(_Purchase):
    """Stars for a Telegram user."""

    amount: Annotated[
        int, ReadBy(bodies.stars, rule={"minimum": LEAST_STARS, "maximum": MOST_STARS, "examples": [100]})
    ]


class PremiumBody(_Purchase):
    """Premium for a Telegram user, for so many months."""

    duration: Annotated[int, ReadBy(bodies.months, rule={"enum": list(PREMIUM_SKUS)})]


# Without `multipleOf`, see web.field_rules: most validators would refuse right amounts by it.
_TON = {
    "type": "number", "minimum": LEAST_TON, "maximum": MOST_TON,
    "description": f"How many TON, with at most {bodies.TON_DECIMALS} decimals.",
}  # fmt: skip


class TonBody(_Purchase):
    """TON for the balance of a Telegram user."""

    amount: Annotated[int, ReadBy(bodies.hundredths_of_ton, rule={**_TON, "examples": [2.5]})]

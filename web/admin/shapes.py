"""The answers of the operators' API about clients and their money, field by field.

Those about goods and orders stand in `order_shapes`.
"""

from typing import Any, Literal

from typing_extensions import TypedDict  # pydantic takes that of `typing` from Python 3.12 on

from models.deposit_credits import DepositStatus
from models.keys import Kind
from web.reference.described import Dollars, Epoch
from web.v1 import shapes as v1_shapes

RoleName = Literal["read", "operate", "administer"]
ChainState = Literal["off", "simulated", "failing", "not read yet", "up to date", "catching up"]
ReferralState = Literal["pending", "rewarded", "held", "refused"]


class Account(TypedDict):
    """A client's account; `id` and `account_id` are the same."""

    id: int
    account_id: int
    name: str
    balance_usdt: Dollars
    held_usdt: Dollars
    total_topup_usdt: Dollars
    total_spent_usdt: Dollars
    total_refunded_usdt: Dollars
    created_at: Epoch


class CreditedAccount(Account):
    """The account after a credit; `credited` is false when the reference had done it before."""

    credited: bool


class Key(TypedDict):
    """A client's key: all but what it is made of."""

    fingerprint: str
    name: str
    kind: Kind
    account_id: int
    has_secret: bool
    ip_whitelist: list[str]
    rate_limit: int
    request_count: int
    first_used_at: Epoch | None
    last_used_at: Epoch | None
    last_endpoint: str | None
    created_at: Epoch
    revoked_at: Epoch | None


class MintedKey(TypedDict):
    """A new key in clear, this once; `secret` is null for a key without one."""

    fingerprint: str
    api_key: str
    secret: str | None
    account_id: int


class NewSecret(TypedDict):
    """A key's new secret in clear, this once."""

    fingerprint: str
    secret: str


class Operator(TypedDict):
    """An operator, without the token."""

    id: int
    name: str
    role: RoleName
    created_at: Epoch
    revoked_at: Epoch | None


class NamedOperator(Operator):
    """A new operator, with the token in clear, this once."""

    token: str


class Action(TypedDict):
    """What somebody did to something."""

    id: int
    created_at: Epoch
    actor: str
    action: str
    subject: str
    details: dict[str, Any]


class Topup(v1_shapes.Topup):
    """A top-up as its client sees it, whose it is, and what paid it."""

    account_id: int
    deposit_id: int | None


_Sent = TypedDict("_Sent", {"from": str})  # a class can have no field of this name


class Deposit(_Sent):
    """A transfer to our wallet; `reason` says why it fits no top-up, or why it is ignored."""

    id: int
    network: str
    tx_hash: str
    index: int
    amount_usdt: Dollars
    block_time: Epoch
    age_seconds: int
    status: DepositStatus
    reason: str | None
    topup_id: str | None
    order_id: int | None
    account_id: int | None
    created_at: Epoch


class Endpoint(TypedDict):
    """A server that a network is read from, and how it does."""

    host: str
    calls: int
    faults_in_a_row: int
    rests_until: Epoch | None
    last_error: str | None
    last_error_at: Epoch | None


class Chain(TypedDict):
    """How far a network has been read; what was read, and is final, lies `lag_seconds` behind the present."""

    network: str
    state: ChainState
    cursor: dict[str, Any] | None
    head: int | None
    lag_seconds: int | None
    scanned_at: Epoch | None
    last_error: str | None
    error_at: Epoch | None
    endpoints: list[Endpoint]


class Referral(TypedDict):
    """A friend that a client has brought; both ids are accounts."""

    friend_id: int
    referrer_id: int
    state: ReferralState
    reason: str | None
    reward_usd: Dollars
    created_at: Epoch
    decided_at: Epoch | None


class LedgerReport(TypedDict):
    """Whether the books are right, with a sentence for each place where they are not."""

    ok: bool
    accounts: int
    transfers: int
    differences: list[str]

"""One Solana server: its JSON-RPC calls, each answer checked for its shape, and a pace for servers that throttle.

Whatever a server does wrong comes out as EndpointFault.
"""

import time
from collections import deque
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from pydantic.alias_generators import to_camel

from chains.endpoints import TOO_MANY_REQUESTS, Endpoint, EndpointFault

T = TypeVar("T")

FINAL_AFTER_SECONDS = 14
LAG_SECONDS = FINAL_AFTER_SECONDS + 120  # a server whose head is older than this lags
LOOK_BACK_SLOTS = 750  # some 5 minutes: signatures have shown up late, and not on every server behind one address
SIGNATURES_A_PAGE = 1_000
NO_SUCH_METHOD = -32601
NO_SUCH_PATH = (404, 405, 501)
UNSUPPORTED_VERSION = -32015
ANY_VERSION = 255
THROTTLED_CODES = (429, -32429)  # some providers put it into an answer of HTTP 200
PACED_CALLS = 35  # public servers allow 40 calls of a method in 10 s
PACED_SECONDS = 10.0

# What we store or show is held to plain letters: a stranger's server could send anything.
Name = Annotated[str, Field(pattern=r"^[0-9A-Za-z_-]{1,128}$")]
Digits = Annotated[str, Field(pattern=r"^[0-9]{1,20}$")]
Slot = Annotated[int, Field(ge=0)]


class Shape(BaseModel):
    """Base of what servers answer: the fields that we read, of exactly the type they should have."""

    model_config = ConfigDict(strict=True, frozen=True, alias_generator=to_camel)


class SignatureRow(Shape):
    """A transaction that touched an account; `block_time` in epoch seconds."""

    signature: Name
    slot: Slot
    err: Any
    block_time: int | None = None
    confirmation_status: str | None = None

    @property
    def is_final(self) -> bool:
        """Whether the row may be taken: old servers do not send the status, but answer for final ones only."""
        return self.confirmation_status in (None, "finalized")


class _TokenInfo(Shape):
    mint: Name
    owner: Name


class _ParsedToken(Shape):
    info: _TokenInfo


class _TokenData(Shape):
    parsed: _ParsedToken


class _HeldAccount(Shape):
    owner: Name  # the program that the account belongs to
    data: _TokenData


class TokenAccount(Shape):
    """A token account as getTokenAccountsByOwner tells of it."""

    pubkey: Name
    account: _HeldAccount


class _TokenAccounts(Shape):
    value: list[TokenAccount]


_ROWS = TypeAdapter(list[SignatureRow])
_TOKEN_ACCOUNTS = TypeAdapter(_TokenAccounts)
_SLOT = TypeAdapter(Slot)


class RpcError(EndpointFault):
    """The server answered with a JSON-RPC error of this code."""

    def __init__(self, method: str, code: int, message: str) -> None:
        super().__init__(f"{method}: {message} ({code})")
        self.code = code


@dataclass(frozen=True, slots=True)
class Head:
    """The newest final block: its slot and its time (epoch seconds); None where the server does not offer the call.

    `final_at`: up to when all is final that the server lists after it told this head.
    """

    slot: int | None
    mined_at: int | None
    final_at: int


class Node:
    """The calls to one server. It lives as long as the process, so that it remembers whether the server throttles."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        self._throttles = False
        self._asked_at: deque[float] = deque(maxlen=PACED_CALLS)

    def head(self) -> Head:
        """The newest final block."""
        slot = self._if_offered("getSlot", [{"commitment": "finalized"}])
        slot = None if slot is None else shaped(_SLOT, slot, "getSlot")
        mined_at = None if slot is None else self._if_offered("getBlockTime", [slot])
        if mined_at is None:
            return Head(slot, None, int(time.time()) - LAG_SECONDS)
        mined_at = shaped(_SLOT, mined_at, "getBlockTime")
        return Head(slot, mined_at, mined_at)

    def signatures(self, account: str, before: str | None, head: Head) -> list[SignatureRow]:
        """A page of an account's transactions, newest first, of those before the given one.

        One address may stand for many servers: one that is far behind the head that another told refuses to answer.
        """
        options: dict[str, Any] = {"limit": SIGNATURES_A_PAGE, "commitment": "finalized"}
        if before is not None:
            options["before"] = before
        if head.slot is not None:
            options["minContextSlot"] = max(0, head.slot - LOOK_BACK_SLOTS)
        return shaped(_ROWS, self._call("getSignaturesForAddress", [account, options]), "getSignaturesForAddress")

    def transaction(self, signature: str) -> Any:
        """A transaction, unchecked; None where the server has not got it yet. Waits for `seconds_to_wait` first."""
        time.sleep(self.seconds_to_wait())
        self._asked_at.append(time.monotonic())
        options = {"encoding": "jsonParsed", "commitment": "finalized", "maxSupportedTransactionVersion": 0}
        try:
            return self._call("getTransaction", [signature, options])
        except RpcError as error:
            if error.code != UNSUPPORTED_VERSION:
                raise
        # Anyone can send us a transaction of a later version: that must not stop the reader for good.
        options["maxSupportedTransactionVersion"] = ANY_VERSION
        return self._call("getTransaction", [signature, options])

    def seconds_to_wait(self) -> float:
        """How long the next call for a transaction has to wait, at a server that has ever said it is too much."""
        if not self._throttles or len(self._asked_at) < PACED_CALLS:
            return 0.0
        return max(0.0, self._asked_at[0] + PACED_SECONDS - time.monotonic())

    def token_accounts(self, owner: str, mint: str) -> list[TokenAccount]:
        """The token accounts that the server says are of this owner and mint."""
        options = {"encoding": "jsonParsed", "commitment": "finalized"}
        answer = self._call("getTokenAccountsByOwner", [owner, {"mint": mint}, options])
        return shaped(_TOKEN_ACCOUNTS, answer, "getTokenAccountsByOwner").value

    def first_slot(self) -> int | None:
        """The oldest block that the server still has; None where it does not offer the call."""
        slot = self._if_offered("getFirstAvailableBlock", [])
        return None if slot is None else shaped(_SLOT, slot, "getFirstAvailableBlock")

    def note(self, fault: EndpointFault) -> None:
        """Show operators a fault that the scan does without: the server need not rest for it."""
        self.endpoint.last_error, self.endpoint.last_error_at = str(fault), time.time()

    def _if_offered(self, method: str, params: list[Any]) -> Any:
        """The result, which must not be null; None where the server does not offer the method."""
        try:
            result = self._call(method, params)
        except RpcError as error:
            if error.code == NO_SUCH_METHOD:
                return None
            raise
        except EndpointFault as fault:
            if fault.status in NO_SUCH_PATH:
                return None
            raise
        if result is None:
            raise EndpointFault(f"{method}: no answer yet (null)")
        return result

    def _call(self, method: str, params: list[Any]) -> Any:
        request = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        try:
            answer = self.endpoint.post("", request)
        except EndpointFault as fault:
            self._throttles = self._throttles or fault.status == TOO_MANY_REQUESTS
            raise
        if not isinstance(answer, dict):
            raise EndpointFault(f"{method}: the answer is no JSON-RPC")
        error = answer.get("error")
        if error is not None:
            code = error.get("code") if isinstance(error, dict) else None
            if not isinstance(code, int):
                raise EndpointFault(f"{method}: an error of an unknown shape")
            self._throttles = self._throttles or code in THROTTLED_CODES
            raise RpcError(method, code, str(error.get("message", "")))
        if "result" not in answer:
            raise EndpointFault(f"{method}: neither a result nor an error")
        return answer["result"]


def shaped(shape: TypeAdapter[T], answer: Any, method: str) -> T:
    """The answer in its shape. Raises EndpointFault, naming the field that is wrong."""
    try:
        return shape.validate_python(answer)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the answer"
        raise EndpointFault(f"{method}: wrong shape: {where}: {first['msg']}") from None

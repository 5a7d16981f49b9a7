"""The calls of an EVM node that the reader makes, and the checks of what comes back.

web3 sees to the JSON-RPC. Its formatters are left out: they take the shape of an answer on trust, and an endpoint that
answers wrongly must be that endpoint's fault rather than a crash.
"""

import sys
from collections.abc import Callable, Sequence
from typing import Annotated, Any, TypeVar, cast

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, StringConstraints, TypeAdapter, ValidationError
from web3 import Web3
from web3.exceptions import Web3Exception, Web3RPCError
from web3.providers.base import JSONBaseProvider
from web3.types import RPCEndpoint, RPCResponse

from chains.endpoints import Endpoint, EndpointFault

T = TypeVar("T")

# web3 loads py_ecc, which raises Python's limit to 100,000: nested so deep, an answer overflows the C stack, and
# the process ends. This is Python's own limit again, at which the parser refuses such an answer.
sys.setrecursionlimit(1000)

# How HTTP servers say that they understood a call and will not do it; 401, 403 and 429 are about us, not the call.
REFUSING_STATUSES = frozenset({400, 404, 405, 413, 422})
# These mean us as well. A rate limit in other words is taken for a refusal, which costs a few calls.
RATE_LIMIT_WORDS = ("rate limit", "too many requests", "per second", "quota")
LONGEST_QUANTITY = 18  # 0x and 64 bits


class CallRefused(EndpointFault):
    """The endpoint is there and answered this one call with an error."""


def _quantity(value: Any) -> Any:
    """JSON-RPC writes numbers as 0x…; some nodes write the later fields, as blockTimestamp, as plain numbers."""
    if isinstance(value, str) and value.startswith("0x") and len(value) <= LONGEST_QUANTITY:
        return int(value, 16)
    return value


Quantity = Annotated[int, Field(strict=True, ge=0), BeforeValidator(_quantity)]
Address = Annotated[str, StringConstraints(pattern=r"^0x[0-9a-fA-F]{40}$"), AfterValidator(str.lower)]
Word = Annotated[str, StringConstraints(pattern=r"^0x[0-9a-fA-F]{64}$"), AfterValidator(str.lower)]
HexData = Annotated[str, StringConstraints(pattern=r"^0x([0-9a-fA-F]{2})*$"), AfterValidator(str.lower)]


class Block(BaseModel):
    """A block's header, and what it tells of its transactions; `timestamp` in epoch seconds."""

    number: Quantity
    timestamp: Quantity
    transactions: list[Any] = []


class Log(BaseModel):
    """An event that a contract emitted; `index` is its place in the block."""

    address: Address
    topics: list[Word]
    data: HexData
    block: Quantity = Field(alias="blockNumber")
    tx_hash: Word = Field(alias="transactionHash")
    index: Quantity = Field(alias="logIndex")
    removed: bool = False
    timestamp: Quantity | None = Field(None, alias="blockTimestamp")


_BLOCK: TypeAdapter[Block | None] = TypeAdapter(Block | None)
_LOGS: TypeAdapter[list[Log]] = TypeAdapter(list[Log])
_RECEIPTS: TypeAdapter[list[Any] | None] = TypeAdapter(list[Any] | None)


class EndpointProvider(JSONBaseProvider):
    """web3's way to an Endpoint, whose limits of time and size and whose record of health then hold.

    web3's own HTTP provider would try calls again behind our back.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        super().__init__()
        self._endpoint = endpoint

    def make_request(self, method: RPCEndpoint, params: Any) -> RPCResponse:
        """One call. Raises EndpointFault."""
        answer = self._endpoint.post("", self._request(method, params))
        if not isinstance(answer, dict):
            raise EndpointFault(f"{method}: the answer is no JSON-RPC")
        return cast(RPCResponse, answer)

    def make_batch_request(self, requests: list[tuple[RPCEndpoint, Any]]) -> list[RPCResponse]:
        """Several calls at once, answered in their order. Raises EndpointFault; CallRefused where batches are."""
        documents = [self._request(method, params) for method, params in requests]
        answers = self._endpoint.post("", documents)
        if isinstance(answers, dict):  # a single error, for the batch as a whole
            raise CallRefused("refuses batches of calls")
        by_id = {answer.get("id"): answer for answer in _list(answers) if isinstance(answer, dict)}
        if not all(document["id"] in by_id for document in documents):
            raise EndpointFault("did not answer every call of a batch")
        return [cast(RPCResponse, by_id[document["id"]]) for document in documents]

    def _request(self, method: RPCEndpoint, params: Any) -> dict[str, Any]:
        return {"jsonrpc": "2.0", "id": next(self.request_counter), "method": method, "params": params}


class EvmRpc:
    """One endpoint's calls. Each raises EndpointFault, and CallRefused when this one call is answered with an error."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._provider = EndpointProvider(endpoint)
        self._manager = Web3(self._provider, middleware=[]).manager

    def block(self, which: int | str) -> Block | None:
        """A block by its number or tag; None where the endpoint does not have it."""
        block = self._call("eth_getBlockByNumber", [_place(which), False], _BLOCK)
        if block is not None and isinstance(which, int) and block.number != which:
            raise EndpointFault(f"gave block {block.number} for block {which}")
        return block

    def timestamps(self, numbers: Sequence[int]) -> dict[int, int]:
        """The times of blocks, asked for in a single HTTP request."""
        method = "eth_getBlockByNumber"
        requests: list[tuple[RPCEndpoint, Any]] = [(RPCEndpoint(method), [_place(number), False]) for number in numbers]
        answers = _answered(method, self._provider.make_batch_request, requests)
        results = [_answered(method, self._manager.formatted_response, answer, []) for answer in answers]
        blocks = [_checked(method, result, _BLOCK) for result in results]
        return times_of(numbers, blocks)

    def logs(self, contract: str, topics: Sequence[str | None], first: int, last: int) -> list[Log]:
        """The contract's events of these blocks, both ends included."""
        query = {"address": contract, "topics": topics, "fromBlock": hex(first), "toBlock": hex(last)}
        logs = self._call("eth_getLogs", [query], _LOGS)
        if any(not first <= log.block <= last for log in logs):
            raise EndpointFault("eth_getLogs: the answer holds blocks that were not asked for")
        return logs

    def has_receipts(self, number: int) -> bool:
        """Whether the endpoint keeps the receipts of a block, where events are; true when it cannot tell."""
        try:
            return bool(self._call("eth_getBlockReceipts", [hex(number)], _RECEIPTS))
        except CallRefused:
            return True

    def _call(self, method: str, params: list[Any], shape: TypeAdapter[T]) -> T:
        result = _answered(method, self._manager.request_blocking, RPCEndpoint(method), params)
        return _checked(method, result, shape)


def times_of(numbers: Sequence[int], blocks: Sequence[Block | None]) -> dict[int, int]:
    """The times of blocks that were asked for by number. Raises EndpointFault when one is missing or another."""
    times = {block.number: block.timestamp for block in blocks if block is not None}
    if missing := set(numbers) - times.keys():
        raise EndpointFault(f"does not have block {min(missing)}")
    return times


def _answered(method: str, call: Callable[..., T], *arguments: Any) -> T:
    """The result of a call, with every error that is the endpoint's as EndpointFault."""
    try:
        return call(*arguments)
    except EndpointFault as fault:
        if fault.status in REFUSING_STATUSES:
            raise _refusal(str(fault)) from None
        raise
    except Web3RPCError as error:
        told = (error.rpc_response or {}).get("error")
        code, message = (told.get("code"), told.get("message")) if isinstance(told, dict) else (None, told)
        raise _refusal(f"{method}: {code} {message}") from None
    except Web3Exception:
        raise EndpointFault(f"{method}: the answer is no JSON-RPC") from None


def _refusal(told: str) -> EndpointFault:
    is_for_our_rate = any(words in told.lower() for words in RATE_LIMIT_WORDS)
    return EndpointFault(told) if is_for_our_rate else CallRefused(told)


def _checked(method: str, result: Any, shape: TypeAdapter[T]) -> T:
    try:
        return shape.validate_python(result)
    except ValidationError as error:
        where = ".".join(str(part) for part in error.errors(include_input=False, include_url=False)[0]["loc"])
        raise EndpointFault(f"{method}: the answer is of a wrong shape ({where or 'as a whole'})") from None


def _list(answer: Any) -> list[Any]:
    return answer if isinstance(answer, list) else []


def _place(which: int | str) -> str:
    return hex(which) if isinstance(which, int) else which

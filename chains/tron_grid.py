"""TronGrid's calls that we depend on: the latest final block, the list of an account's transfers, receipts.

Whatever comes in a wrong shape is the endpoint's fault, never an error of ours.
"""

import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, Field, ValidationError

from chains.endpoints import Endpoint, EndpointFault

PAGE_ROWS = 200  # more is answered with an empty 400
CALLS_A_SECOND = 12  # TronGrid suspends a key that makes more than 15
PARTIAL_PAGES = 3
NOT_OFFERED = (404, 405, 501)

Milliseconds = Annotated[int, Field(ge=0, le=10**13)]  # to the year 2286: what is beyond would not fit on record
Shape = TypeVar("Shape", bound=BaseModel)


class _BlockHeader(BaseModel):
    number: int = Field(ge=0, lt=2**63)
    timestamp: Milliseconds


class _SignedHeader(BaseModel):
    raw_data: _BlockHeader


class _Block(BaseModel):
    block_header: _SignedHeader


class Row(BaseModel):
    """A row of the list. It claims; only a receipt proves. What strangers choose, their tokens' data, is not read."""

    tx_hash: str = Field(alias="transaction_id", min_length=1)
    at_ms: Milliseconds = Field(alias="block_timestamp")
    kind: Any = Field(alias="type", default=None)
    recipient: Any = Field(alias="to", default=None)
    value: Any = None
    token: Any = Field(alias="token_info", default=None)


class _Meta(BaseModel):
    page_size: int
    fingerprint: str | None = None


class _Page(BaseModel):
    data: list[Row]
    meta: _Meta

    @property
    def breaks_off(self) -> bool:
        """True when the page is full and yet tells of no next one."""
        return self.meta.fingerprint is None and max(self.meta.page_size, len(self.data)) >= PAGE_ROWS


class Log(BaseModel):
    """An event of a transaction; all its fields are hex without 0x, the address without the 41 of TRON."""

    address: str
    topics: list[str] = []
    data: str = ""


class _Outcome(BaseModel):
    result: str


class Receipt(BaseModel):
    """What became of a transaction that is in a final block."""

    id: str | None = None
    at_ms: Milliseconds | None = Field(None, alias="blockTimeStamp")
    receipt: _Outcome
    log: list[Log] = []


class Pace:
    """Lets no more than CALLS_A_SECOND calls pass in any second."""

    def __init__(self) -> None:
        self._passed: deque[float] = deque(maxlen=CALLS_A_SECOND)

    def wait(self) -> None:
        """Wait until one more call may be made."""
        if len(self._passed) == self._passed.maxlen:
            time.sleep(max(0.0, self._passed[0] + 1.0 - time.monotonic()))
        self._passed.append(time.monotonic())


class TronGrid:
    """One endpoint, spoken to in TronGrid's way. Every call raises EndpointFault."""

    def __init__(self, endpoint: Endpoint, pace: Pace) -> None:
        self._endpoint = endpoint
        self._pace = pace

    def final_block(self) -> tuple[int, int] | None:
        """Number and time (milliseconds) of the latest final block; None where the server does not offer the call."""
        try:
            answer = self._call(lambda: self._endpoint.post("/walletsolidity/getnowblock", {}))
        except EndpointFault as fault:
            if fault.status in NOT_OFFERED:
                return None
            raise
        if answer == {}:
            return None  # what nodes say to a question that they have no answer to
        header = _shaped(_Block, answer, "latest block").block_header.raw_data
        return header.number, header.timestamp

    def rows(self, wallet: str, contract: str, from_ms: int) -> Iterator[Row]:
        """The list of the token's transfers to a wallet, oldest first, from a time on (milliseconds, inclusive)."""
        fingerprint: str | None = None
        reached_ms = from_ms
        while True:
            page = self._whole_page(wallet, contract, from_ms, fingerprint)
            for row in page.data:
                if row.at_ms < reached_ms:
                    raise EndpointFault("its list of transfers is out of order")
                reached_ms = row.at_ms
                yield row
            if page.breaks_off:
                # It may also be the list's true end, if that fills the page: the time of its last row goes on safely.
                if reached_ms == from_ms:
                    raise EndpointFault("its list of transfers breaks off")
                from_ms, fingerprint = reached_ms, None
                continue
            if page.meta.fingerprint is None or not page.data:
                return
            if page.meta.fingerprint == fingerprint:
                raise EndpointFault("its list of transfers gives the same page again")
            fingerprint = page.meta.fingerprint

    def receipt(self, tx_hash: str) -> Receipt | None:
        """The receipt of a transaction; None when it is not there yet."""
        answer = self._call(
            lambda: self._endpoint.post("/walletsolidity/gettransactioninfobyid", {"value": tx_hash}),
        )
        if answer == {}:
            return None
        receipt = _shaped(Receipt, answer, "receipt")
        if receipt.id is not None and receipt.id.lower() != tx_hash:
            raise EndpointFault("it gave the receipt of another transaction")
        return receipt

    def _whole_page(self, wallet: str, contract: str, from_ms: int, fingerprint: str | None) -> _Page:
        page = self._page(wallet, contract, from_ms, fingerprint)
        for _ in range(PARTIAL_PAGES - 1):
            if not page.breaks_off:
                break
            page = self._page(wallet, contract, from_ms, fingerprint)
        return page

    def _page(self, wallet: str, contract: str, from_ms: int, fingerprint: str | None) -> _Page:
        # The address of the next page in the answer (links.next) would lose the key; the fingerprint does not.
        params = {
            "only_to": "true",
            "only_confirmed": "true",
            "contract_address": contract,
            "limit": PAGE_ROWS,
            "min_timestamp": from_ms,
            "order_by": "block_timestamp,asc",
        } | ({"fingerprint": fingerprint} if fingerprint else {})
        answer = self._call(lambda: self._endpoint.get(f"/v1/accounts/{wallet}/transactions/trc20", params))
        if not isinstance(answer, dict) or answer.get("success") is not True:
            raise EndpointFault(f"it did not list the transfers{_told(answer)}")
        return _shaped(_Page, answer, "list of transfers")

    def _call(self, call: Callable[[], Any]) -> Any:
        self._pace.wait()
        return call()


def _shaped(shape: type[Shape], answer: Any, name: str) -> Shape:
    try:
        return shape.model_validate(answer)
    except ValidationError as error:
        wrong = ".".join(str(part) for part in error.errors()[0]["loc"])
        raise EndpointFault(f"its {name} has a wrong shape ({wrong or 'as a whole'}){_told(answer)}") from None


def _told(answer: Any) -> str:
    """What an answer says of an error: TRON's nodes tell of theirs with a status of 200."""
    told = (answer.get("Error") or answer.get("error")) if isinstance(answer, dict) else None
    return f": {told}" if told else ""

"""The parts of toncenter's answers (v3) that we use, and how TON's hashes and addresses are written."""

import base64
import binascii
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, Field, ValidationError

from chains.base import Transfer, to_micros
from chains.endpoints import EndpointFault

DECIMALS = 6
HASH_BYTES = 32
NOT_BOUNCEABLE = 0x51
INTERNAL_TRANSFER = "0x178d4519"
LATEST_SECOND = 2**32
LARGEST_LT = 2**63 - 1
LARGEST_AMOUNT = 2**120 - 1


def _of_a_hash(text: str) -> str:
    if len(base64.b64decode(text, validate=True)) != HASH_BYTES:
        raise ValueError("is no hash")
    return text


Hash = Annotated[str, AfterValidator(_of_a_hash)]
RawAddress = Annotated[str, Field(pattern=r"^(0|-1):[0-9a-fA-F]{64}$"), AfterValidator(str.upper)]
Second = Annotated[int, Field(ge=0, le=LATEST_SECOND)]
Lt = Annotated[int, Field(ge=0, le=LARGEST_LT)]


class Row(BaseModel):
    """A row of jetton/transfers: what a sender's jetton wallet was told to do, which is no proof of arrival."""

    transaction_hash: Hash
    transaction_lt: Lt
    transaction_now: Second
    transaction_aborted: bool
    trace_id: Annotated[str, Field(max_length=100)] | None = None
    source: RawAddress
    source_wallet: RawAddress
    destination: RawAddress
    jetton_master: RawAddress
    amount: Annotated[int, Field(ge=0, le=LARGEST_AMOUNT)]

    def transfer(self) -> Transfer:
        """The transfer that the row tells of, once it is proven."""
        return Transfer(
            tx_hash=base64.b64decode(self.transaction_hash).hex(),
            index=0,
            sender=friendly(self.source),
            amount=to_micros(self.amount, DECIMALS),
            mined_at=self.transaction_now,
        )


class Rows(BaseModel):
    """The answer of jetton/transfers."""

    jetton_transfers: list[Row]


class JettonWallet(BaseModel):
    """The contract that keeps one owner's balance of one jetton."""

    address: RawAddress
    owner: RawAddress
    jetton: RawAddress


class JettonWallets(BaseModel):
    """The answer of jetton/wallets."""

    jetton_wallets: list[JettonWallet]


class Block(BaseModel):
    """A block of the masterchain."""

    seqno: Annotated[int, Field(ge=0, le=LATEST_SECOND)]
    gen_utime: Second


class MasterchainInfo(BaseModel):
    """The answer of masterchainInfo."""

    last: Block


# A trace holds strangers' transactions of every kind: what is compared only is not checked for its form.
class Message(BaseModel):
    """A message between contracts; it bears one hash where it leaves and where it comes in."""

    hash: str | None = None
    source: str | None = None
    opcode: str | None = None


class ComputePhase(BaseModel):
    """How the contract's code ended; `success` is absent where it was not run."""

    success: bool | None = None


class Description(BaseModel):
    """How a transaction went."""

    aborted: bool | None = None
    compute_ph: ComputePhase | None = None


class Transaction(BaseModel):
    """A transaction in a trace."""

    hash: str
    account: str
    description: Description
    in_msg: Message | None = None
    out_msgs: list[Message] | None = None

    @property
    def brings_jettons(self) -> bool:
        """Whether it was set off by an internal transfer, well or badly."""
        return self.in_msg is not None and self.in_msg.opcode == INTERNAL_TRANSFER

    @property
    def succeeded(self) -> bool:
        """Whether it took effect."""
        ran = self.description.compute_ph
        return self.description.aborted is False and ran is not None and ran.success is True


class Transactions(BaseModel):
    """The answer of adjacentTransactions."""

    transactions: list[Transaction]


class TraceInfo(BaseModel):
    """How far a trace has come: "complete", "pending" while messages are under way, or "broken"."""

    trace_state: str


class Trace(BaseModel):
    """Everything that one message from outside has set off."""

    is_incomplete: bool
    trace_info: TraceInfo | None = None
    transactions: dict[str, Transaction] | None = None

    @property
    def is_finished(self) -> bool:
        """Whether nothing is under way any more. `is_incomplete` does not tell: it is false of a pending trace too."""
        return self.trace_info is None or self.trace_info.trace_state == "complete"

    @property
    def is_withheld(self) -> bool:
        """Whether the server keeps it back for good: it does so with traces of more than some 4,000 transactions."""
        return self.is_incomplete and not self.transactions and self.trace_info is not None and self.is_finished


class Traces(BaseModel):
    """The answer of traces."""

    traces: list[Trace]


Shape = TypeVar("Shape", bound=BaseModel)


def parsed(shape: type[Shape], document: Any) -> Shape:
    """An answer in its shape. Raises EndpointFault where it has another."""
    try:
        return shape.model_validate(document)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        place = ".".join(str(step) for step in first["loc"]) or "as a whole"
        raise EndpointFault(f"an answer of another shape ({place}): {first['msg']}", status=200) from None


def friendly(raw: str) -> str:
    """A raw address in the form that wallets show: user-friendly, not bounceable (UQ…)."""
    workchain, digits = raw.split(":")
    body = bytes([NOT_BOUNCEABLE]) + int(workchain).to_bytes(1, "big", signed=True) + bytes.fromhex(digits)
    checksum = binascii.crc_hqx(body, 0).to_bytes(2, "big")
    return base64.urlsafe_b64encode(body + checksum).decode()

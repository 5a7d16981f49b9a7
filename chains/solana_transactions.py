"""Reads the transfers to us out of one Solana transaction, and proves them by the balances that it left."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter

from chains.base import Transfer, to_micros
from chains.endpoints import EndpointFault
from chains.solana_rpc import Digits, Name, Shape, Slot, shaped

TOKEN_PROGRAM = "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA"  # noqa: S105 - an address; Token-2022 is another program
DECIMALS = 6
WHOLE_TRANSACTION = 0  # the index of a transfer that no single instruction accounts for


@dataclass(frozen=True, slots=True)
class Ours:
    """What makes a token account ours: its owner and its mint; `account` is the one that senders pay to."""

    wallet: str
    mint: str
    account: str


class _Amount(Shape):
    amount: Digits


class _Balance(Shape):
    account_index: Slot
    mint: Name
    owner: Name | None = None
    program_id: Name | None = None
    ui_token_amount: _Amount


class _Key(Shape):
    pubkey: Name


class _Instruction(Shape):
    program_id: Name
    parsed: Any = None


class _Inner(Shape):
    index: Slot
    instructions: list[_Instruction]


class _Meta(Shape):
    err: Any
    # All three are always there, if empty, on servers that record them: without them nothing is proven. But a failed
    # transaction whose instructions were never run has no inner ones anywhere.
    inner_instructions: list[_Inner] | None = None
    pre_token_balances: list[_Balance]
    post_token_balances: list[_Balance]


class _Message(Shape):
    account_keys: list[_Key]
    instructions: list[_Instruction]


class _Signed(Shape):
    message: _Message
    signatures: list[str] | None = None


class _Transaction(Shape):
    block_time: int | None = None
    meta: _Meta | None
    transaction: _Signed


class _TransferInfo(Shape):
    source: Name
    destination: Name
    amount: Digits | None = None
    token_amount: _Amount | None = None
    mint: Name | None = None
    authority: Name | None = None
    multisig_authority: Name | None = None


_TRANSACTION = TypeAdapter(_Transaction)
_TRANSFER_INFO = TypeAdapter(_TransferInfo)


@dataclass(frozen=True, slots=True)
class _Move:
    """A transfer instruction of the token program, from or to an account of ours."""

    index: int
    info: _TransferInfo
    amount: int


@dataclass(slots=True)
class _Holding:
    """A token account in the transaction: whose it is, and what it held before and after."""

    is_ours: bool
    owner: str | None
    change: int


def transfers_to_us(document: Any, signature: str, block_time: int | None, ours: Ours) -> tuple[Transfer, ...] | None:
    """The transfers to us in a transaction as getTransaction answers it; None when they cannot be proven yet.

    `block_time` is the one that its signature was listed with. Raises EndpointFault for a wrong shape.
    """
    transaction = None if document is None else shaped(_TRANSACTION, document, "getTransaction")
    if transaction is None or transaction.meta is None:
        return None
    if signature not in (transaction.transaction.signatures or [signature]):
        raise EndpointFault("getTransaction: the answer is another transaction")
    if transaction.meta.err is not None:
        return ()
    inner = transaction.meta.inner_instructions
    if inner is None:  # without them a transfer would have another index than elsewhere, and be taken for another one
        raise EndpointFault("getTransaction: no inner instructions are recorded")
    mined_at = transaction.block_time if block_time is None else block_time
    if mined_at is None:
        return None
    found = _Reading(transaction.transaction.message, transaction.meta, inner, ours).found()
    transfers = (
        Transfer(tx_hash=signature, index=index, sender=sender, amount=to_micros(amount, DECIMALS), mined_at=mined_at)
        for index, sender, amount in found
    )
    return tuple(transfer for transfer in transfers if transfer.amount > 0)


class _Reading:
    def __init__(self, message: _Message, meta: _Meta, inner: list[_Inner], ours: Ours) -> None:
        self._keys = [key.pubkey for key in message.account_keys]
        self._message, self._meta, self._inner, self._ours = message, meta, inner, ours
        self._holdings = self._read_holdings()

    def found(self) -> list[tuple[int, str, int]]:
        """Index, sender and amount of what came to us.

        Transfers are taken when, less those that left us, they make up the change of our balances to the unit.
        Otherwise something moved tokens that we cannot read (a mint, or an instruction that the server does not
        parse): then the change alone is certain, and is given as one transfer of the fee payer.
        """
        moves = list(self._moves())
        received = [move for move in moves if self._is_ours(move.info.destination)]
        sent = sum(move.amount for move in moves if self._is_ours(move.info.source))
        change = sum(holding.change for holding in self._holdings.values() if holding.is_ours)
        if sum(move.amount for move in received) - sent == change:
            return [(move.index, self._sender(move.info), move.amount) for move in received]
        return [(WHOLE_TRANSACTION, self._key(0), change)] if change > 0 else []

    def _moves(self) -> Iterator[_Move]:
        """Transfers between an account of ours and a stranger's; those among our own are no deposits."""
        for index, instruction in self._instructions():
            parsed = instruction.parsed
            # The server calls Token-2022 "spl-token" too: only the program's address tells them apart.
            if instruction.program_id != TOKEN_PROGRAM or not isinstance(parsed, dict):
                continue
            if parsed.get("type") not in ("transfer", "transferChecked"):
                continue
            info = shaped(_TRANSFER_INFO, parsed.get("info"), "getTransaction: a transfer")
            amount = info.amount if info.token_amount is None else info.token_amount.amount
            if amount is None:
                raise EndpointFault("getTransaction: a transfer without an amount")
            # A plain transfer names no mint: an account of ours holds our mint only, so its end tells enough.
            if self._is_ours(info.source) != self._is_ours(info.destination) and info.mint in (None, self._ours.mint):
                yield _Move(index, info, int(amount))

    def _instructions(self) -> Iterator[tuple[int, _Instruction]]:
        """Each instruction with its index: the outer one's place in the upper bits, 0 or the inner place + 1 below."""
        for place, instruction in enumerate(self._message.instructions):
            yield place << 16, instruction
        for group in self._inner:
            for inner, instruction in enumerate(group.instructions):
                yield (group.index << 16) | (inner + 1), instruction

    def _read_holdings(self) -> dict[str, _Holding]:
        holdings: dict[str, _Holding] = {}
        for sign, balances in ((-1, self._meta.pre_token_balances), (1, self._meta.post_token_balances)):
            for balance in balances:
                account = self._key(balance.account_index)
                is_ours = self._owns(account, balance)
                holding = holdings.setdefault(account, _Holding(is_ours, balance.owner, 0))
                # An account that changed hands is not ours: what is in it was not sent to us.
                holding.is_ours = holding.is_ours and is_ours
                holding.change += sign * int(balance.ui_token_amount.amount)
        return holdings

    def _owns(self, account: str, balance: _Balance) -> bool:
        # Old records name neither owner nor program; our associated account is known by its address alone.
        owner = self._ours.wallet if balance.owner is None and account == self._ours.account else balance.owner
        program = TOKEN_PROGRAM if balance.program_id is None else balance.program_id
        return balance.mint == self._ours.mint and owner == self._ours.wallet and program == TOKEN_PROGRAM

    def _is_ours(self, account: str) -> bool:
        return account in self._holdings and self._holdings[account].is_ours

    def _sender(self, info: _TransferInfo) -> str:
        source = self._holdings.get(info.source)
        owner = source.owner if source else None
        return owner or info.authority or info.multisig_authority or info.source

    def _key(self, index: int) -> str:
        if index >= len(self._keys):
            raise EndpointFault("getTransaction: wrong shape: an account that is not listed")
        return self._keys[index]

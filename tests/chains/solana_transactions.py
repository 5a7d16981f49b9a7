"""Solana transactions that tests make up, in the shapes that servers tell of them."""

import hashlib
import itertools
from dataclasses import dataclass, field
from typing import Any

import base58

TOKEN_PROGRAM = "TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA"
TOKEN_2022 = "TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb"
USDT = "Es9vMFrzaCERmJfrF4H2FYD4KCoNkY11McCe8BenwNYB"
_numbers = itertools.count(1)

Json = dict[str, Any]


def new_address() -> str:
    """An address that nothing else has."""
    return base58.b58encode(hashlib.sha256(b"address %d" % next(_numbers)).digest()).decode()


def new_signature() -> str:
    """A signature that nothing else has."""
    return base58.b58encode(hashlib.sha512(b"signature %d" % next(_numbers)).digest()).decode()


@dataclass
class TokenAccount:
    """A token account, and what it holds before and after a transaction."""

    owner: str | None = field(default_factory=new_address)
    address: str = field(default_factory=new_address)
    mint: str = USDT
    program: str = TOKEN_PROGRAM
    before: int = 10**12
    after: int = 10**12


def transfer(source: TokenAccount, to: TokenAccount, amount: int, program: str = TOKEN_PROGRAM) -> Json:
    """A plain transfer, which names no mint; moves the amount between the accounts."""
    info = {
        "amount": str(amount), "authority": source.owner, "destination": to.address, "source": source.address,
    }  # fmt: skip
    source.after, to.after = source.after - amount, to.after + amount
    return _instruction("transfer", info, program)


def transfer_checked(source: TokenAccount, to: TokenAccount, amount: int, program: str = TOKEN_PROGRAM) -> Json:
    """A transfer that names its mint; moves the amount between the accounts."""
    info = {
        "authority": source.owner, "destination": to.address, "mint": to.mint, "source": source.address,
        "tokenAmount": ui_amount(amount),
    }  # fmt: skip
    source.after, to.after = source.after - amount, to.after + amount
    return _instruction("transferChecked", info, program)


def unparsed(program: str) -> Json:
    """An instruction that the server cannot read."""
    return {"accounts": [new_address()], "data": "3Bxs4h24hBtQy9rw", "programId": program, "stackHeight": None}


def memo(text: str) -> Json:
    """A memo, whose parsed form is a mere string."""
    program = "MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr"
    return {"parsed": text, "program": "spl-memo", "programId": program, "stackHeight": None}


def _instruction(kind: str, info: Json, program: str) -> Json:
    parsed = {"info": info, "type": kind}
    return {"parsed": parsed, "program": "spl-token", "programId": program, "stackHeight": None}


def ui_amount(amount: int) -> Json:
    """An amount of USDT in all the ways in which a server writes it."""
    return {
        "amount": str(amount), "decimals": 6, "uiAmount": amount / 10**6, "uiAmountString": f"{amount / 10**6:g}",
    }  # fmt: skip


@dataclass
class Transaction:
    """A transaction on the chain; `inner` is by the place of the outer instruction."""

    slot: int
    block_time: int | None
    accounts: list[TokenAccount]
    instructions: list[Json]
    inner: dict[int, list[Json]] = field(default_factory=dict)
    err: Any = None
    signature: str = field(default_factory=new_signature)
    payer: str = field(default_factory=new_address)
    status: str = "finalized"
    row_time: bool = True

    def row(self) -> Json:
        """As getSignaturesForAddress tells of it."""
        return {
            "blockTime": self.block_time if self.row_time else None, "confirmationStatus": self.status,
            "err": self.err, "memo": None, "signature": self.signature, "slot": self.slot,
        }  # fmt: skip

    def document(self) -> Json:
        """As getTransaction tells of it."""
        addresses = [self.payer, *(account.address for account in self.accounts)]
        keys = [
            {"pubkey": key, "signer": key == self.payer, "source": "transaction", "writable": True} for key in addresses
        ]
        meta = {
            "computeUnitsConsumed": 4644, "err": self.err, "fee": 5000, "logMessages": [], "rewards": [],
            "innerInstructions": [{"index": place, "instructions": done} for place, done in self.inner.items()],
            "preBalances": [10**9] * len(keys), "postBalances": [10**9] * len(keys),
            "preTokenBalances": self._balances("before"), "postTokenBalances": self._balances("after"),
            "status": {"Ok": None} if self.err is None else {"Err": self.err},
        }  # fmt: skip
        message = {"accountKeys": keys, "instructions": self.instructions, "recentBlockhash": new_address()}
        return {
            "blockTime": self.block_time, "meta": meta, "slot": self.slot, "version": "legacy",
            "transaction": {"message": message, "signatures": [self.signature]},
        }  # fmt: skip

    def _balances(self, moment: str) -> list[Json]:
        balances = []
        for index, account in enumerate(self.accounts, start=1):
            balance = {
                "accountIndex": index, "mint": account.mint, "programId": account.program,
                "uiTokenAmount": ui_amount(getattr(account, moment)),
            }  # fmt: skip
            balances.append(balance if account.owner is None else balance | {"owner": account.owner})
        return balances

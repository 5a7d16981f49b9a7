"""Proof of TRON transfers: the logs of a transaction's receipt, each asked for once."""

from collections import OrderedDict

import base58

from chains.base import Transfer, to_micros
from chains.endpoints import EndpointFault
from chains.tron_grid import Log, Receipt, TronGrid

DECIMALS = 6
REMEMBERED = 20_000  # many times what a wallet gets within a look-back
TRANSFER = "ddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"
TRON_PREFIX = b"\x41"
LARGEST_AMOUNT = 2**63 - 1  # far above all USDT there is
_TRANSFER_TOPICS = 3
_WORD_DIGITS = 64
_ADDRESS_DIGITS = 40


class Receipts:
    """The transfers to our wallet in transactions; what is proven is final, so it is remembered for all endpoints."""

    def __init__(self, wallet: str, contract: str) -> None:
        self._wallet = _hex_address(wallet)
        self._contract = _hex_address(contract)
        self._proven: OrderedDict[str, tuple[Transfer, ...]] = OrderedDict()

    def known(self, tx_hash: str) -> tuple[Transfer, ...] | None:
        """The transfers of a transaction that was proven before; None of any other."""
        transfers = self._proven.get(tx_hash)
        if transfers is not None:
            self._proven.move_to_end(tx_hash)
        return transfers

    def ask(self, grid: TronGrid, tx_hash: str, listed_at_ms: int) -> tuple[Transfer, ...] | None:
        """The transfers of a transaction, asked for; none for one that failed; None when there is no proof yet.

        `listed_at_ms` is its time by the list, for a receipt that tells none. Raises EndpointFault.
        """
        receipt = grid.receipt(tx_hash)
        if receipt is None:
            return None
        succeeded = receipt.receipt.result == "SUCCESS"
        if succeeded and not receipt.log:
            return None  # it is in the list because of a log: a receipt without any is incomplete
        transfers = self._transfers(receipt, tx_hash, listed_at_ms) if succeeded else ()
        self._proven[tx_hash] = transfers
        while len(self._proven) > REMEMBERED:
            self._proven.popitem(last=False)
        return transfers

    def _transfers(self, receipt: Receipt, tx_hash: str, listed_at_ms: int) -> tuple[Transfer, ...]:
        mined_at = (listed_at_ms if receipt.at_ms is None else receipt.at_ms) // 1000
        transfers = []
        for index, log in enumerate(receipt.log):
            if not self._is_to_us(log):
                continue
            amount = to_micros(_number(log.data), DECIMALS)
            if amount > 0:
                sender = _base58_address(log.topics[1])
                transfers.append(Transfer(tx_hash, index, sender, amount, mined_at))
        return tuple(transfers)

    def _is_to_us(self, log: Log) -> bool:
        return (
            log.address.lower() == self._contract
            and len(log.topics) == _TRANSFER_TOPICS
            and log.topics[0].lower() == TRANSFER
            and log.topics[2].lower()[-_ADDRESS_DIGITS:] == self._wallet
        )


def _hex_address(address: str) -> str:
    """An address as logs write it: 40 hex digits, without the 41."""
    return base58.b58decode_check(address)[1:].hex()


def _base58_address(topic: str) -> str:
    try:
        raw = bytes.fromhex(topic)
    except ValueError:
        raw = b""
    if len(raw) * 2 != _WORD_DIGITS:
        raise EndpointFault("its receipt has a sender of a wrong shape")
    return base58.b58encode_check(TRON_PREFIX + raw[-_ADDRESS_DIGITS // 2 :]).decode()


def _number(data: str) -> int:
    try:
        raw = bytes.fromhex(data)
    except ValueError:
        raw = b""
    number = int.from_bytes(raw, "big")
    if len(raw) * 2 != _WORD_DIGITS or number > LARGEST_AMOUNT:
        raise EndpointFault("its receipt has an amount of a wrong shape")
    return number

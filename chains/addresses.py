"""Checks of the networks' addresses: each form carries a checksum or a length that tells a mistyped one.

Each check returns the address as we show it, and raises ValueError, whose text never repeats the address.
"""

import base64
import binascii
import re

import base58
from Crypto.Hash import keccak

TRON_PREFIX = 0x41
TRON_BYTES = 21
SOLANA_BYTES = 32
TON_BYTES = 36  # flags, workchain, 32 bytes of hash, 2 of checksum
TON_TEST_ONLY = 0x80
_EVM = re.compile(r"0x[0-9a-fA-F]{40}")
_TON_RAW = re.compile(r"(?:0|-1):[0-9a-fA-F]{64}")


def tron(address: str) -> str:
    """A TRON address in base58check."""
    try:
        decoded = base58.b58decode_check(address)
    except ValueError:
        raise ValueError("is no TRON address: its checksum does not hold") from None
    if len(decoded) != TRON_BYTES or decoded[0] != TRON_PREFIX:
        raise ValueError("is no TRON address: those begin with T")
    return address


def evm(address: str) -> str:
    """An EVM address, with the capitals of EIP-55; one in a single case has no checksum, and is taken as it is."""
    if not _EVM.fullmatch(address):
        raise ValueError("is no EVM address: 0x and 40 hexadecimal digits")
    digits = address[2:].lower()
    digest = keccak.new(digest_bits=256, data=digits.encode()).hexdigest()
    spelled = "".join(
        digit.upper() if int(nibble, 16) >= 8 else digit for digit, nibble in zip(digits, digest, strict=False)
    )
    if address[2:] not in (spelled, digits, digits.upper()):
        raise ValueError("is no EVM address: its capitals do not fit (EIP-55)")
    return f"0x{spelled}"


def ton(address: str) -> str:
    """A TON address in its user-friendly form (48 characters), which has a checksum; the raw form has none."""
    if _TON_RAW.fullmatch(address):
        raise ValueError("is a TON address without a checksum: write its user-friendly form")
    ton_raw(address)
    return address


def ton_raw(address: str) -> str:
    """A TON address of either form as WORKCHAIN:HEX in capitals, as toncenter spells it."""
    if _TON_RAW.fullmatch(address):
        return address.upper()
    try:
        decoded = base64.urlsafe_b64decode(address.replace("+", "-").replace("/", "_"))
    except (ValueError, binascii.Error):
        decoded = b""
    if len(decoded) != TON_BYTES:
        raise ValueError("is no TON address: 48 characters of base64")
    # The checksum is CRC-16/XMODEM, which the standard library calls crc_hqx.
    if binascii.crc_hqx(decoded[:34], 0) != int.from_bytes(decoded[34:], "big"):
        raise ValueError("is no TON address: its checksum does not hold")
    if decoded[0] & TON_TEST_ONLY:
        raise ValueError("is a TON address of the test network")
    workchain = int.from_bytes(decoded[1:2], "big", signed=True)
    return f"{workchain}:{decoded[2:34].hex().upper()}"


def solana(address: str) -> str:
    """A Solana address: 32 bytes in base58, which has no checksum."""
    try:
        decoded = base58.b58decode(address)
    except ValueError:
        decoded = b""
    if len(decoded) != SOLANA_BYTES:
        raise ValueError("is no Solana address: 32 bytes in base58")
    return address

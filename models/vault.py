"""Encryption at rest: secrets and items are Fernet tokens, and the first of `SECRET_KEYS` makes the new ones."""

import hashlib
import hmac
import secrets
from collections.abc import Iterator
from functools import lru_cache

from cryptography.fernet import Fernet, MultiFernet

from models.database import db, rows
from settings import settings

_fernet = MultiFernet([Fernet(key) for key in settings.secret_keys])

REENCRYPT_BATCH = 500
ENCRYPTED_COLUMNS = (
    ("vault", "name", "ciphertext"),
    ("api_keys", "id", "secret_ciphertext"),
    ("stock_items", "id", "ciphertext"),
)


def encrypt(text: str) -> str:
    """A token that only a holder of `SECRET_KEYS` can read."""
    return _fernet.encrypt(text.encode()).decode()


def decrypt(token: str) -> str:
    """The text behind a token. Raises cryptography.fernet.InvalidToken when no key of ours made it."""
    return _fernet.decrypt(token.encode()).decode()


def digest(text: str) -> bytes:
    """A keyed hash that tells equal items without reading them.

    Keyed, because a plain hash beside the ciphertext would give short voucher codes away to whoever tries them all.
    """
    return hmac.digest(_pepper(), text.encode(), hashlib.sha256)


@lru_cache(maxsize=1)
def _pepper() -> bytes:
    """The hash's key: made once for each database, and kept encrypted in it, so that it outlives key rotation."""
    db.execute_sql(
        "INSERT INTO vault (name, ciphertext) VALUES ('item_pepper', %(token)s) ON CONFLICT DO NOTHING",
        {"token": encrypt(secrets.token_hex(32))},
    )
    [stored] = rows("SELECT ciphertext FROM vault WHERE name = 'item_pepper'")
    return bytes.fromhex(decrypt(stored["ciphertext"]))


def reencrypt() -> Iterator[int]:
    """Encrypt everything anew under the first key, batch by batch; yields how many tokens each batch renewed.

    Safe to interrupt and to run again, and while orders go on: a row is rewritten only if it did not change meanwhile.
    """
    for table, key, column in ENCRYPTED_COLUMNS:
        after = None
        while batch := _next_batch(table, key, column, after):
            for token in batch:
                db.execute_sql(
                    f"UPDATE {table} SET {column} = %(new)s WHERE {key} = %(key)s AND {column} = %(old)s",  # noqa: S608
                    {"new": _fernet.rotate(token["token"].encode()).decode(), "key": token["key"], "old": token["token"]},
                )
            after = batch[-1]["key"]
            yield len(batch)


def count_encrypted() -> int:
    """How many tokens `reencrypt` will go over."""
    counts = [
        rows(f"SELECT count({column}) AS n FROM {table}")[0]["n"]  # noqa: S608 - names from the literal table above
        for table, _, column in ENCRYPTED_COLUMNS
    ]
    return sum(counts)


def _next_batch(table: str, key: str, column: str, after: object) -> list[dict[str, str]]:
    return rows(
        f"SELECT {key} AS key, {column} AS token FROM {table}"  # noqa: S608 - names from the literal table above
        f" WHERE {column} IS NOT NULL AND (%(after)s IS NULL OR {key} > %(after)s) ORDER BY {key} LIMIT %(limit)s",
        {"after": after, "limit": REENCRYPT_BATCH},
    )

"""Encryption at rest: secrets and items are Fernet tokens, and the first of `SECRET_KEYS` makes the new ones."""

import hashlib
import hmac
import secrets
from collections.abc import Iterator
from contextlib import closing
from functools import lru_cache

import psycopg2
from cryptography.fernet import Fernet, MultiFernet

from models.database import CONNECT_SECONDS, rows
from settings import settings

_fernet = MultiFernet([Fernet(key) for key in settings.secret_keys])

REENCRYPT_BATCH = 500
ENCRYPTED_COLUMNS = (  # table, primary key, its type, column
    ("vault", "name", "text", "ciphertext"),
    ("api_keys", "id", "bigint", "secret_ciphertext"),
    ("stock_items", "id", "bigint", "ciphertext"),
    ("webhook_attempts", "id", "bigint", "answer_ciphertext"),
    ("telegram_messages", "id", "bigint", "ciphertext"),
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
    stored = rows("SELECT ciphertext FROM vault WHERE name = 'item_pepper'")
    if not stored:
        _make_pepper()
        stored = rows("SELECT ciphertext FROM vault WHERE name = 'item_pepper'")
    return bytes.fromhex(decrypt(stored[0]["ciphertext"]))


def _make_pepper() -> None:
    """Store a new one, unless somebody else is faster.

    On a connection of its own: if it were made in the caller's transaction and that were rolled back, this process
    would go on with a pepper that no other knows, and take in duplicates.
    """
    with (
        closing(psycopg2.connect(settings.database_url, connect_timeout=CONNECT_SECONDS)) as connection,
        connection,
        connection.cursor() as cursor,
    ):
        cursor.execute(
            "INSERT INTO vault (name, ciphertext) VALUES ('item_pepper', %s) ON CONFLICT DO NOTHING",
            (encrypt(secrets.token_hex(32)),),
        )


def reencrypt() -> Iterator[int]:
    """Encrypt everything anew under the first key, batch by batch; yields how many tokens each batch had.

    Raises cryptography.fernet.InvalidToken when a token needs a key that `SECRET_KEYS` no longer holds.
    Safe to interrupt and to run again, and while orders go on: a row is rewritten only if it did not change meanwhile.
    """
    for table, key, key_type, column in ENCRYPTED_COLUMNS:
        after = None
        while batch := _next_batch(table, key, column, after):
            rows(
                f"""
                UPDATE {table} SET {column} = renewed.token
                FROM unnest(%(keys)s::{key_type}[], %(old)s::text[], %(new)s::text[]) AS renewed (key, old, token)
                WHERE {key} = renewed.key AND {column} = renewed.old
                """,  # noqa: S608 - names from the literal table above
                {
                    "keys": [stored["key"] for stored in batch],
                    "old": [stored["token"] for stored in batch],
                    "new": [_fernet.rotate(stored["token"].encode()).decode() for stored in batch],
                },
            )
            after = batch[-1]["key"]
            yield len(batch)


def count_encrypted() -> int:
    """How many tokens `reencrypt` will go over."""
    counts = [
        rows(f"SELECT count({column}) AS n FROM {table}")[0]["n"]  # noqa: S608 - names from the literal table above
        for table, _, _, column in ENCRYPTED_COLUMNS
    ]
    return sum(counts)


def _next_batch(table: str, key: str, column: str, after: object) -> list[dict[str, str]]:
    return rows(
        f"SELECT {key} AS key, {column} AS token FROM {table}"  # noqa: S608 - names from the literal table above
        f" WHERE {column} IS NOT NULL AND (%(after)s IS NULL OR {key} > %(after)s) ORDER BY {key} LIMIT %(limit)s",
        {"after": after, "limit": REENCRYPT_BATCH},
    )

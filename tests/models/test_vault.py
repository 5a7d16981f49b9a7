"""Encryption at rest, and changing its keys while the system works."""

import threading
from collections.abc import Iterator

import psycopg2
import pytest
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from flask.testing import FlaskClient

from models import keys, leases, settlement, stock, vault
from models.database import db, rows
from models.tables import Product
from settings import settings
from tests.factories import add_stock, eventually, make_product, make_shop

WAITING = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


@pytest.fixture
def connected() -> Iterator[None]:
    """Models are used directly."""
    with db.connection_context():
        yield


@pytest.fixture
def product() -> Product:
    """A product with two batches of items."""
    return make_product(in_stock=vault.REENCRYPT_BATCH + 3)


@pytest.fixture
def new_key(monkeypatch: pytest.MonkeyPatch) -> str:
    """A key that an operator has put in front of the others."""
    key = Fernet.generate_key().decode()
    monkeypatch.setattr(vault, "_fernet", MultiFernet([Fernet(name) for name in (key, *settings.secret_keys)]))
    return key


def tokens() -> list[str]:
    """Everything that is stored encrypted."""
    selects = [f"SELECT {column} AS token FROM {table}" for table, _, _, column in vault.ENCRYPTED_COLUMNS]  # noqa: S608
    return [found["token"] for found in rows(" UNION ALL ".join(selects)) if found["token"]]


@pytest.mark.usefixtures("connected")
def test_everything_is_readable_with_the_new_key_alone(product: Product, new_key: str) -> None:
    keys.mint("test", "signed", "v1", with_secret=True)
    before = [vault.decrypt(token) for token in tokens()]

    assert sum(vault.reencrypt()) == vault.count_encrypted() == len(before)

    alone = Fernet(new_key)
    assert sorted(alone.decrypt(token.encode()).decode() for token in tokens()) == sorted(before)


@pytest.mark.usefixtures("connected")
def test_duplicates_are_known_after_the_keys_have_changed(product: Product, new_key: str) -> None:
    stock.add(product.id, [{"code": "known"}])
    list(vault.reencrypt())
    vault._pepper.cache_clear()

    assert stock.add(product.id, [{"code": "known"}]) == [0]


@pytest.mark.usefixtures("connected")
def test_a_token_of_an_unknown_key_ends_the_work_and_harms_nothing(product: Product, new_key: str) -> None:
    stranger = Fernet(Fernet.generate_key()).encrypt(b"?").decode()
    db.execute_sql(
        "UPDATE stock_items SET ciphertext = %(token)s WHERE id = (SELECT max(id) FROM stock_items)",
        {"token": stranger},
    )

    with pytest.raises(InvalidToken):
        list(vault.reencrypt())

    assert stranger in tokens()
    assert all(vault.decrypt(token) for token in tokens() if token != stranger)


def test_an_order_gets_its_items_although_they_are_just_being_re_encrypted(client: FlaskClient) -> None:
    product, shop = make_product(in_stock=2), make_shop(client)
    order_id = shop.order(product, 2).get_json()["order_id"]
    other = psycopg2.connect(settings.database_url)
    with other.cursor() as cursor:
        cursor.execute("UPDATE stock_items SET ciphertext = ciphertext")
    ended: list[settlement.Ended | None] = []

    def deliver() -> None:
        with db.connection_context():
            lease = leases.claim(order_id)
            assert lease is not None
            ended.append(settlement.settle(lease, settlement.FromStock()))

    worker = threading.Thread(target=deliver)
    worker.start()
    with db.connection_context():
        eventually(lambda: rows(WAITING), "the wait for the items")
    other.commit()
    other.close()
    worker.join()

    assert [end.status for end in ended if end] == ["completed"]


@pytest.mark.usefixtures("connected")
def test_a_pepper_outlives_the_transaction_that_first_needed_it() -> None:
    product = make_product(in_stock=0)
    with db.atomic() as transaction:
        before = vault.digest("item")
        add_stock(product, 1)
        transaction.rollback()
    vault._pepper.cache_clear()

    assert vault.digest("item") == before

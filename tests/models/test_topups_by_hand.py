"""Top-ups that people ask for without a key: each has some pending at a time, and no more."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from flask.testing import FlaskClient

from models import topups
from models.database import db, retrying, rows
from models.intents import Wanted
from models.money import PER_USD
from models.topups import MOST_PENDING_BY_HAND, TooManyPending
from tests.factories import make_shop
from tests.payers import NETWORK, ask


def request_by_hand(account_id: int, amount: int, network: str = NETWORK) -> None:
    def transaction() -> None:
        with db.atomic():
            topups.request_by_hand(Wanted(network, "address", amount * PER_USD, account_id))

    with db.connection_context():
        retrying(transaction)


def pending_of(account_id: int) -> int:
    with db.connection_context():
        return len(rows("SELECT 1 FROM payment_intents WHERE account_id = %(id)s", {"id": account_id}))


def test_twenty_may_be_pending_and_the_next_is_refused_and_leaves_nothing(client: FlaskClient) -> None:
    shop = make_shop(client, "0")
    for n in range(MOST_PENDING_BY_HAND):
        request_by_hand(shop.account_id, 10 + n)

    with pytest.raises(TooManyPending):
        request_by_hand(shop.account_id, 500)

    assert pending_of(shop.account_id) == MOST_PENDING_BY_HAND
    request_by_hand(make_shop(client, "0").account_id, 500)  # another's are counted apart


def test_top_ups_of_the_api_are_not_counted(client: FlaskClient) -> None:
    shop = make_shop(client, "0")
    for n in range(MOST_PENDING_BY_HAND):
        ask(shop, 10 + n)

    request_by_hand(shop.account_id, 500)


def test_an_expired_one_makes_room(client: FlaskClient) -> None:
    shop = make_shop(client, "0")
    for n in range(MOST_PENDING_BY_HAND):
        request_by_hand(shop.account_id, 10 + n)
    with db.connection_context():
        db.execute_sql("UPDATE payment_intents SET expires_at = now() WHERE amount = 10000000")

    request_by_hand(shop.account_id, 500)


def test_those_asked_for_at_once_on_two_networks_are_counted_together(client: FlaskClient) -> None:
    shop = make_shop(client, "0")
    for n in range(MOST_PENDING_BY_HAND - 1):
        request_by_hand(shop.account_id, 10 + n)

    def refused(network: str) -> bool:
        try:
            request_by_hand(shop.account_id, 500, network)
        except TooManyPending:
            return True
        return False

    with ThreadPoolExecutor(4) as pool:
        outcomes = list(pool.map(refused, ("usdt_trc_20", "usdt_ton", "usdt_polygon", "usdt_solana")))

    assert sorted(outcomes) == [False, True, True, True]

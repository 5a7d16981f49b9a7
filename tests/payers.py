"""Those who pay: top-ups that clients ask for, made-up transfers that arrive, and clocks that are moved on for both."""

import time
from datetime import timedelta
from decimal import Decimal
from typing import Any

from flask.testing import FlaskClient

from jobs import deposits as scanning
from models import deposits
from models.database import changed, db, row
from models.deposits import Arrival, Recorded
from models.operators import Role
from tests.desk import Desk, make_desk
from tests.factories import Shop, exact

NETWORK = "usdt_trc_20"
NETWORKS = ("usdt_trc_20", "usdt_bep_20", "usdt_polygon", "usdt_arbitrum", "usdt_ton", "usdt_solana")


def ask(shop: Shop, amount: object = "100", network: str = NETWORK, **fields: Any) -> Any:
    """A new top-up, as its client is told of it."""
    asked = shop.post("/balance/topup", {"amount_usdt": amount, "network": network, **fields})
    assert asked.status_code == 200, asked.get_data(as_text=True)
    return exact(asked)


def shown(shop: Shop, topup: Any) -> Any:
    """The top-up as it stands."""
    return exact(shop.get(f"/balance/topup/{topup['topup_id']}"))


def make_till(client: FlaskClient) -> Desk:
    """An operator who makes transfers up."""
    return make_desk(client, Role.OPERATE)


def pay(till: Desk, amount: object, network: str = NETWORK, **fields: Any) -> Any:
    """Let a transfer arrive; the deposit as operators are told of it."""
    answer = till.post("/simulate/transfer", {"network": network, "amount_usdt": str(amount), **fields})
    assert answer.status_code == 201, answer.get_data(as_text=True)
    return exact(answer)


def arrive(amount: Decimal | int | str, *, network: str = NETWORK, tx: str = "tx", index: int = 0) -> Recorded:
    """Record a transfer that was mined just now, as a scan would; dollars."""
    with db.connection_context(), db.atomic():
        return deposits.record(network, [arrival(amount, tx=tx, index=index)])


def arrival(
    amount: Decimal | int | str, *, tx: str = "tx", index: int = 0, seconds_ago: float = 0, sender: str = "sender"
) -> Arrival:
    """A final transfer of so many dollars."""
    return Arrival(tx, index, sender, int(Decimal(amount) * 1_000_000), time.time() - seconds_ago)


def grow_older(by: timedelta) -> None:
    """Let every intent have been made so much earlier."""
    with db.connection_context():
        changed(
            "UPDATE payment_intents SET created_at = created_at - %(by)s, expires_at = expires_at - %(by)s,"
            " owned_until = owned_until - %(by)s",
            {"by": by},
        )


def read_up_to_now(network: str = NETWORK) -> None:
    """Have the network be read: everything that was mined on it until now has been seen."""
    scanning.scan.fn(time.time(), network)


def deposit_of(tx: str) -> Any:
    """The deposit's row."""
    with db.connection_context():
        found = row("SELECT * FROM deposits WHERE tx_hash = %(tx)s", {"tx": tx})
    assert found is not None
    return found

"""Deposits on the running system: real processes, a real EVM node, and servers that speak the other networks' formats."""

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import pytest
from flask.testing import FlaskClient

from chains import addresses
from chains.endpoints import READ_SECONDS
from chains.ton_answers import friendly
from jobs.redis_calls import redis_client
from models.database import changed, db, row
from settings import settings
from tests.chains import trongrid
from tests.chains.evm_node import Node, Token, started_node
from tests.chains.solana_desk import WALLET as SOLANA_WALLET
from tests.chains.solana_desk import deposit as deposit_on_solana
from tests.chains.solana_rpc import SolanaRpc
from tests.chains.toncenter import Toncenter
from tests.chains.toncenter_shapes import address_of
from tests.factories import Shop, eventually, exact, make_shop
from tests.faults.processes import SCHEDULER, Processes, kill_group, worker_command

SCAN_SECONDS = 0.5
TON_OWNER = address_of("our owner")


@dataclass
class Networks:
    """A server for each kind of network, and the settings that lead there."""

    node: Node
    token: Token
    tron: trongrid.TronGrid
    ton: Toncenter
    solana: SolanaRpc

    @property
    def environ(self) -> dict[str, str]:
        """What the processes are started with."""
        return {
            "SCAN_INTERVAL_SECONDS": str(SCAN_SECONDS),
            "BSC_RPC_URLS": self.node.url,
            "USDT_BEP_20_CONTRACT": self.token.address,
            "TRONGRID_URL": self.tron.url,
            "WALLET_TRON": trongrid.WALLET,
            "TONCENTER_URL": self.ton.url,
            "WALLET_TON": friendly(TON_OWNER),
            "SOLANA_RPC_URLS": self.solana.url,
            "WALLET_SOLANA": SOLANA_WALLET,
        }

    def pay_on_bsc(self, dollars: int) -> None:
        """A transfer of so many dollars that is final at once."""
        self.token.does("transfer", settings.wallet_evm, dollars * 10**18)
        self.node.make_final()


@pytest.fixture
def networks() -> Iterator[Networks]:
    with ExitStack() as stack:
        node = stack.enter_context(started_node())
        ton = Toncenter(TON_OWNER, addresses.ton_raw(settings.usdt_ton_contract))
        stack.callback(ton.close)
        tron, solana = stack.enter_context(trongrid.TronGrid()), stack.enter_context(SolanaRpc())
        yield Networks(node, Token(node, 18), tron, ton, solana)


def start_reading(processes: Processes, environ: dict[str, str], *codes: str) -> Any:
    """Start the clock and a worker, and wait until these networks have been read; the worker."""
    worker = processes.start(worker_command("deposits"), **environ)
    processes.start(SCHEDULER, **environ)
    for code in codes:
        eventually(was_read(code), f"a scan of {code}")
    return worker


def was_read(network: str) -> Callable[[], bool]:
    def found() -> bool:
        with db.connection_context():
            sql = "SELECT 1 FROM network_scans WHERE network = %(network)s AND scanned_at IS NOT NULL"
            return row(sql, {"network": network}) is not None

    return found


def ask(shop: Shop, network: str, dollars: int) -> str:
    asked = shop.post("/balance/topup", {"amount_usdt": dollars, "network": network})
    return str(exact(asked)["topup_id"])


def is_credited(shop: Shop, topup_id: str) -> Callable[[], bool]:
    return lambda: exact(shop.get(f"/balance/topup/{topup_id}"))["status"] == "credited_auto"


def test_a_final_transfer_on_each_kind_of_network_is_credited(
    client: FlaskClient, processes: Processes, networks: Networks
) -> None:
    shop = make_shop(client, "0")
    codes = ("usdt_trc_20", "usdt_bep_20", "usdt_ton", "usdt_solana")
    start_reading(processes, networks.environ, *codes)
    asked = {code: ask(shop, code, dollars) for code, dollars in zip(codes, (11, 12, 13, 1), strict=True)}

    networks.tron.pay(11_000_000, age=58)
    networks.pay_on_bsc(12)
    networks.ton.pay(13_000_000)
    deposit_on_solana(networks.solana)

    for code, topup_id in asked.items():
        eventually(is_credited(shop, topup_id), f"the credit on {code}")
    assert shop.balance()["balance_usdt"] == 11 + 12 + 13 + 1


def test_a_network_whose_server_hangs_delays_no_other(
    client: FlaskClient, processes: Processes, networks: Networks
) -> None:
    shop = make_shop(client, "0")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        hanging = f"http://127.0.0.1:{silent.getsockname()[1]}"
        start_reading(
            processes, networks.environ | {"POLYGON_RPC_URLS": hanging, "TONCENTER_URL": hanging}, "usdt_bep_20"
        )
        topup_id = ask(shop, "usdt_bep_20", 20)
        networks.pay_on_bsc(20)
        final = time.monotonic()

        eventually(is_credited(shop, topup_id), "the credit")

        assert time.monotonic() - final < READ_SECONDS, "the credit came when the silent server's caller had given up"


def test_killed_workers_and_a_flushed_redis_credit_each_transfer_once(
    client: FlaskClient, processes: Processes, networks: Networks
) -> None:
    shop = make_shop(client, "0")
    worker = start_reading(processes, networks.environ, "usdt_bep_20")
    asked = [ask(shop, "usdt_bep_20", dollars) for dollars in range(30, 36)]
    for dollars in range(30, 36):
        networks.pay_on_bsc(dollars)
        kill_group(worker)
        redis_client().flushdb()
        end_lease("usdt_bep_20")
        worker = processes.start(worker_command("deposits"), **networks.environ)

    for topup_id in asked:
        eventually(is_credited(shop, topup_id), "the credit")
    assert shop.balance()["balance_usdt"] == sum(range(30, 36))


def end_lease(network: str) -> None:
    """What a minute does to the lease of a worker that was killed."""
    with db.connection_context():
        db.execute_sql("UPDATE network_scans SET lease_until = '-infinity' WHERE network = %s", (network,))


def test_a_database_that_is_down_for_a_while_costs_no_transfer(
    client: FlaskClient, processes: Processes, networks: Networks, proxied: Any, urls: tuple[str, str]
) -> None:
    shop = make_shop(client, "0")
    proxy, database_url = proxied(urls[0])
    start_reading(processes, networks.environ | {"DATABASE_URL": database_url}, "usdt_bep_20")
    topup_id = ask(shop, "usdt_bep_20", 40)

    proxy.fail("refuse")
    networks.pay_on_bsc(40)
    networks.node.mine(500)
    proxy.heal()
    with db.connection_context():
        # A scan that the outage cut off could not give its lease back: let the time of that be over.
        changed("UPDATE network_scans SET lease_until = '-infinity'")

    eventually(is_credited(shop, topup_id), "the credit")

"""The six networks as clients and operators see them: their facts, whose wallet is paid, and which of them are on."""

from collections.abc import Callable
from dataclasses import dataclass

from models.errors import Refusal
from settings import settings


class NetworkOff(Refusal):
    status, code = 422, "invalid_body"


@dataclass(frozen=True, slots=True)
class Network:
    """One network. Fees are the sender's, in USDT; `time` and `finality` are what a client may expect."""

    code: str
    name: str
    fee_usdt: str
    time: str
    recommendation: str
    finality: str
    wallet: Callable[[], str | None]
    servers: Callable[[], bool]

    @property
    def is_read(self) -> bool:
        """Whether there are a wallet and a server to read the network from."""
        return self.wallet() is not None and self.servers()

    @property
    def is_on(self) -> bool:
        """Whether clients may pay on it: it is read, or transfers on it are simulated."""
        return self.is_read or settings.allow_simulation


NETWORKS = {
    network.code: network
    for network in (
        Network(
            "usdt_trc_20", "TRON (TRC-20)", "0.5-1", "1-3 min", "Default", "about 1 min: 19 blocks",
            lambda: settings.wallet_tron, lambda: settings.trongrid_url is not None,
        ),
        Network(
            "usdt_bep_20", "BNB Smart Chain (BEP-20)", "0.2-0.5", "30 sec - 2 min", "Cheap + fast",
            "a few seconds: finalized blocks",
            lambda: settings.wallet_evm, lambda: bool(settings.bsc_rpc_urls),
        ),
        Network(
            "usdt_polygon", "Polygon PoS", "0.01-0.05", "1-3 min", "Cheapest", "a few seconds: milestones",
            lambda: settings.wallet_evm, lambda: bool(settings.polygon_rpc_urls),
        ),
        Network(
            "usdt_arbitrum", "Arbitrum One", "0.1-0.3", "30 sec", "If on Arbi",
            "13-19 min: when Ethereum has finalized it",
            lambda: settings.wallet_evm, lambda: bool(settings.arbitrum_rpc_urls),
        ),
        Network(
            "usdt_ton", "TON", "0.05-0.1", "5-15 sec", "Fast", "a few seconds: masterchain blocks",
            lambda: settings.wallet_ton, lambda: settings.toncenter_url is not None,
        ),
        Network(
            "usdt_solana", "Solana (SPL)", "0.01-0.02", "5-30 sec", "Cheap + fast", "about 14 s: finalized slots",
            lambda: settings.wallet_solana, lambda: bool(settings.solana_rpc_urls),
        ),
    )
}  # fmt: skip


def active() -> list[Network]:
    """The networks that are on."""
    return [network for network in NETWORKS.values() if network.is_on]


def wallet_of(code: str) -> str:
    """The address that clients pay to on a network. Raises NetworkOff when it is none that is on."""
    network = NETWORKS.get(code)
    wallet = network.wallet() if network is not None and network.is_on else None
    if wallet is None:
        on = ", ".join(network.code for network in active()) or "none at present"
        message = f"must be a network that is on: {on}"
        raise NetworkOff(f"network {message}.", fields=[{"field": "network", "message": message}])
    return wallet

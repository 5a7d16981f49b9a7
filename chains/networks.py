"""Which reader reads which network: the one table, and the one place in `chains` that reads settings.

Modules of networks are loaded when a network is first read: web3 alone takes as much memory as the rest of a worker.
"""

import functools
from collections.abc import Callable, Sequence

from chains.base import Chain
from chains.endpoints import Endpoints
from chains.simulated import SimulatedChain
from settings import settings


@functools.cache  # a reader remembers what it knows of its endpoints
def reader(network: str) -> Chain:
    """The reader of a network; where transfers are simulated, a simulated one if there is no server to read it from."""
    chain = _READERS[network]()
    if chain is None and not settings.allow_simulation:
        raise ValueError(f"{network} has no wallet, or no server to read it from")
    return chain or SimulatedChain()


def _evm(network: str, urls: Sequence[str], contract: str) -> Chain | None:
    if not urls or settings.wallet_evm is None:
        return None
    from chains.evm import FACTS, EvmChain

    return EvmChain(Endpoints(urls), settings.wallet_evm, contract, FACTS[network])


def _tron() -> Chain | None:
    if settings.trongrid_url is None or settings.wallet_tron is None:
        return None
    from chains.tron import TronChain

    headers = {"TRON-PRO-API-KEY": settings.trongrid_api_key} if settings.trongrid_api_key else {}
    return TronChain(Endpoints([settings.trongrid_url], headers), settings.wallet_tron, settings.usdt_trc_20_contract)


def _ton() -> Chain | None:
    if settings.toncenter_url is None or settings.wallet_ton is None:
        return None
    from chains.ton import TonChain

    headers = {"X-API-Key": settings.toncenter_api_key} if settings.toncenter_api_key else {}
    return TonChain(Endpoints([settings.toncenter_url], headers), settings.wallet_ton, settings.usdt_ton_contract)


def _solana() -> Chain | None:
    if not settings.solana_rpc_urls or settings.wallet_solana is None:
        return None
    from chains.solana import SolanaChain

    return SolanaChain(Endpoints(settings.solana_rpc_urls), settings.wallet_solana, settings.usdt_solana_contract)


_READERS: dict[str, Callable[[], Chain | None]] = {
    "usdt_trc_20": _tron,
    "usdt_bep_20": lambda: _evm("usdt_bep_20", settings.bsc_rpc_urls, settings.usdt_bep_20_contract),
    "usdt_polygon": lambda: _evm("usdt_polygon", settings.polygon_rpc_urls, settings.usdt_polygon_contract),
    "usdt_arbitrum": lambda: _evm("usdt_arbitrum", settings.arbitrum_rpc_urls, settings.usdt_arbitrum_contract),
    "usdt_ton": _ton,
    "usdt_solana": _solana,
}

"""The times of EVM blocks: most nodes tell them with the events, some do not, and some tell wrong ones."""

import pytest

from tests.chains import evm_proxy
from tests.chains.evm_node import WALLET, Node, Token, reader
from tests.chains.evm_proxy import Proxy


@pytest.mark.parametrize("takes_batches", [True, False])
def test_block_times_are_asked_for_where_the_events_lack_them(node: Node, token: Token, takes_batches: bool) -> None:
    receipts = [token.does("transfer", WALLET, 1_000_000) for _ in range(4)]
    node.make_final()

    def strips_times(request: object, pass_on: evm_proxy.PassOn) -> object:
        if isinstance(request, list) and not takes_batches:
            return {"jsonrpc": "2.0", "id": None, "error": {"code": -32600, "message": "no batches"}}
        answer = pass_on(request)
        if evm_proxy.is_for_logs(request):
            for log in answer["result"]:
                del log["blockTimestamp"]
        return answer[::-1] if isinstance(answer, list) else answer  # a batch may be answered in any order

    with Proxy(node.url, strips_times) as proxy:
        transfers = reader(token.address, proxy.url).scan({"block": 0}).transfers
        assert proxy.methods.count("batch") == 1
    assert [transfer.mined_at for transfer in transfers] == [node.time_of(mined["blockNumber"]) for mined in receipts]


@pytest.mark.parametrize("told", ["0x0", 0, "0x7fffffff", "0x19a00000000"])
def test_block_times_are_asked_for_where_the_events_tell_impossible_ones(
    node: Node, token: Token, told: str | int
) -> None:
    receipts = [token.does("transfer", WALLET, 1_000_000) for _ in range(2)]
    node.make_final()
    wrong = evm_proxy.rewrites("eth_getLogs", lambda params, logs: [log | {"blockTimestamp": told} for log in logs])
    with Proxy(node.url, wrong) as proxy:
        transfers = reader(token.address, proxy.url).scan({"block": 0}).transfers
    assert [transfer.mined_at for transfer in transfers] == [node.time_of(mined["blockNumber"]) for mined in receipts]


def test_block_times_may_be_plain_numbers(node: Node, token: Token) -> None:
    mined = token.does("transfer", WALLET, 1_000_000)
    node.make_final()
    plain = evm_proxy.rewrites(
        "eth_getLogs",
        lambda params, logs: [log | {"blockTimestamp": int(log["blockTimestamp"], 16)} for log in logs],
    )
    with Proxy(node.url, plain) as proxy:
        [transfer] = reader(token.address, proxy.url).scan({"block": 0}).transfers
    assert transfer.mined_at == node.time_of(mined["blockNumber"])

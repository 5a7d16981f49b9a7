"""The EVM reader before endpoints that limit ranges and forget old blocks: it costs time, never a transfer."""

from typing import Any

import pytest

from chains.base import HistoryGone, ScanFailed
from tests.chains import evm_proxy
from tests.chains.evm_node import Node, Token, reader
from tests.chains.evm_proxy import Proxy, Reply
from tests.chains.evm_reading import last_errors, pay, read_all

RANGE_ERRORS = [
    (200, -32602, "range 10000 exceeds limit"),
    (413, -32614, "eth_getLogs is limited to a 10,000 range"),
    (200, -32600, "You can make eth_getLogs requests with up to a 500 block range"),
    (400, -32600, "You can make eth_getLogs requests with up to a 500 block range"),
    (200, -32000, "exceed maximum block range: 5000"),
    (200, -32005, "query returned more than 10000 results"),
    (200, -32005, "limit exceeded"),
    (200, 35, "ranges over 10000 blocks are not supported on this plan"),
]
FAR = 320  # blocks: further from the head than any node is trusted to remember


@pytest.mark.parametrize(("status", "code", "message"), RANGE_ERRORS)
@pytest.mark.parametrize("most", [100, 7])
def test_a_limited_range_is_halved_whatever_the_refusal_says(
    node: Node, token: Token, proxies: list[Proxy], status: int, code: int, message: str, most: int
) -> None:
    amounts = pay(node, token, 5, blocks=150)
    proxies[0].behaviour = evm_proxy.limits_ranges(most, code, message, status)
    chain = reader(token.address, proxies[0].url)
    assert read_all(chain) == amounts
    assert last_errors(chain) == ["None"]


def test_a_range_as_short_as_one_block_is_served_and_grows_again(
    node: Node, token: Token, proxies: list[Proxy]
) -> None:
    amounts = pay(node, token, 5, blocks=150)
    proxies[0].behaviour = evm_proxy.limits_ranges(1, -32005, "limit exceeded")
    chain = reader(token.address, proxies[0].url)
    chain.scan({"block": node.height - 20})
    assert min(proxies[0].ranges) == 1
    proxies[0].behaviour = evm_proxy.pass_on
    proxies[0].requests.clear()
    assert read_all(chain) == amounts
    assert max(proxies[0].ranges) > 20


def test_the_limit_of_an_endpoint_is_remembered(node: Node, token: Token, proxies: list[Proxy]) -> None:
    node.mine(150)
    proxies[0].behaviour = evm_proxy.limits_ranges(7, -32000, "exceed maximum block range")
    chain = reader(token.address, proxies[0].url)
    read_all(chain)
    proxies[0].requests.clear()
    read_all(chain)
    refused = sum(length > 7 for length in proxies[0].ranges)
    assert refused <= len(proxies[0].ranges) // 3


def test_an_endpoint_that_refuses_even_one_block_is_at_fault(node: Node, token: Token, proxies: list[Proxy]) -> None:
    amounts = pay(node, token, 2)
    proxies[0].behaviour = evm_proxy.limits_ranges(0, -32005, "limit exceeded")
    chain = reader(token.address, proxies[0].url, proxies[1].url)
    assert read_all(chain, 10) == amounts[1:]
    assert last_errors(chain) == ["eth_getLogs: -32005 limit exceeded", "None"]


def test_a_rate_limit_is_not_taken_for_a_range_limit(node: Node, token: Token, proxies: list[Proxy]) -> None:
    node.mine(10)
    proxies[0].behaviour = evm_proxy.limits_ranges(0, -32005, "rate limit exceeded, upgrade your plan")
    chain = reader(token.address, *(proxy.url for proxy in proxies))
    chain.scan({"block": 5})
    assert len(proxies[0].ranges) == 1


FORGETFUL = {
    "without a word": evm_proxy.forgets(200, keeps_headers=False),
    "but for the headers": evm_proxy.forgets(200, keeps_headers=True),
    "and refuses to look": evm_proxy.forgets(200, keeps_headers=True, refuses=True),
}


@pytest.mark.parametrize("how", FORGETFUL)
def test_an_endpoint_that_dropped_the_blocks_is_left_for_one_that_has_them(
    node: Node, token: Token, proxies: list[Proxy], how: str
) -> None:
    amounts = pay(node, token, 5, blocks=FAR)
    proxies[0].behaviour = FORGETFUL[how]
    chain = reader(token.address, *(proxy.url for proxy in proxies))
    assert read_all(chain) == amounts
    assert "no longer" in last_errors(chain)[0]


@pytest.mark.parametrize("how", FORGETFUL)
def test_history_that_no_endpoint_has_is_an_alarm_and_never_a_skip(
    node: Node, token: Token, proxies: list[Proxy], how: str
) -> None:
    amounts = pay(node, token, 5, blocks=FAR)
    for proxy in proxies:
        proxy.behaviour = FORGETFUL[how]
    chain = reader(token.address, *(proxy.url for proxy in proxies))
    with pytest.raises(HistoryGone, match="no longer"):
        chain.scan({"block": 0})
    for proxy in proxies:
        proxy.behaviour = evm_proxy.pass_on
    assert read_all(reader(token.address, proxies[0].url)) == amounts


def test_an_endpoint_without_the_call_for_receipts_is_believed(node: Node, token: Token, proxies: list[Proxy]) -> None:
    amounts = pay(node, token, 5, blocks=FAR)

    def knows_no_receipts(request: Any, node: evm_proxy.PassOn) -> Any:
        if request["method"] == "eth_getBlockReceipts":
            return Reply(evm_proxy.error(request, -32601, "the method does not exist"))
        return node(request)

    proxies[0].behaviour = knows_no_receipts
    assert read_all(reader(token.address, proxies[0].url)) == amounts


@pytest.mark.parametrize("told", [{}, {"blockTimestamp": "0x0"}])
def test_an_endpoint_without_batches_is_asked_for_fewer_block_times(
    node: Node, token: Token, proxies: list[Proxy], monkeypatch: pytest.MonkeyPatch, told: dict[str, str]
) -> None:
    monkeypatch.setattr("chains.evm_server.MOST_TIMES_SINGLY", 2)
    amounts = pay(node, token, 5)

    def takes_no_batches(request: Any, node: evm_proxy.PassOn) -> Any:
        if isinstance(request, list):
            return Reply({"error": "batches are not for you"}, 400)
        answer = node(request)
        if evm_proxy.is_for_logs(request):
            for log in answer["result"]:
                del log["blockTimestamp"]
                log.update(told)
        return answer

    proxies[0].behaviour = takes_no_batches
    with pytest.raises(ScanFailed, match="takes no batches of calls"):
        reader(token.address, proxies[0].url).scan({"block": 0})
    chain = reader(token.address, proxies[0].url)
    assert len(chain.scan({"block": node.height - 8}).transfers) == 2  # few enough to be asked for singly at once
    bounded = chain.scan({"block": 0})
    assert [len(bounded.transfers), bounded.caught_up] == [2, False]
    assert read_all(chain) == amounts

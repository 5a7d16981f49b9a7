"""The EVM reader before endpoints that break, lag and lie: the next one is tried, and the fault can be seen."""

import time
from collections.abc import Callable
from typing import Any

import pytest

from chains.base import HistoryGone, ScanFailed
from tests.chains import evm_proxy
from tests.chains.evm_node import WALLET, Node, Token, reader
from tests.chains.evm_proxy import Behaviour, Proxy
from tests.chains.evm_reading import last_errors, pay, read_all


@pytest.mark.parametrize(
    ("behaviour", "told"),
    [
        (evm_proxy.says({"error": "slow down"}, 429, Retry_After="60"), "HTTP 429: slow down"),
        (evm_proxy.says({"error": "no"}, 403), "HTTP 403: no"),
        (evm_proxy.says(b"<html>Bad gateway</html>", 502), "HTTP 502"),
        (evm_proxy.says(b"<html>Welcome</html>"), "the answer is not JSON"),
        (evm_proxy.says(b"[" * 200_000), "the answer is not JSON"),
        (evm_proxy.says([]), "the answer is no JSON-RPC"),
        (evm_proxy.says({"jsonrpc": "2.0", "id": 1}), "the answer is no JSON-RPC"),
        (evm_proxy.says({"jsonrpc": "2.0", "id": 1, "error": "no"}), "the answer is no JSON-RPC"),
        (evm_proxy.says({"jsonrpc": "2.0", "id": 1, "result": None}), "does not know its final head"),
        (evm_proxy.says({"jsonrpc": "2.0", "id": 1, "result": {"number": "0x1"}}), "wrong shape (timestamp)"),
        (evm_proxy.says({"jsonrpc": "2.0", "id": 1, "result": "0x1"}), "wrong shape (as a whole)"),
        (evm_proxy.hangs_up, "connection failed"),
    ],
)
def test_the_next_endpoint_takes_over_from_a_broken_one(
    node: Node, token: Token, proxies: list[Proxy], behaviour: Behaviour, told: str
) -> None:
    amounts = pay(node, token, 2)
    proxies[0].behaviour = behaviour
    chain = reader(token.address, *(proxy.url for proxy in proxies))
    assert read_all(chain) == amounts
    assert told in last_errors(chain)[0]
    assert last_errors(chain)[1] == "None"


def test_an_endpoint_that_falls_silent_is_given_up(
    node: Node, token: Token, proxies: list[Proxy], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chains.endpoints.READ_SECONDS", 0.3)
    amounts = pay(node, token, 1)

    def falls_silent(request: Any, node: evm_proxy.PassOn) -> Any:
        if evm_proxy.is_for_logs(request):
            proxies[0].released.wait(20)
        return node(request)

    proxies[0].behaviour = falls_silent
    chain = reader(token.address, *(proxy.url for proxy in proxies))
    assert read_all(chain) == amounts
    assert last_errors(chain)[0] == "no answer in time"


@pytest.mark.parametrize(
    "change",
    [
        lambda log: {name: value for name, value in log.items() if name != "logIndex"},
        lambda log: log | {"blockNumber": None},
        lambda log: log | {"blockNumber": "0xffffff"},
        lambda log: log | {"logIndex": -1},
        lambda log: log | {"data": "0x"},
        lambda log: log | {"data": "0x" + "ff" * 32},
        lambda log: log | {"topics": "none"},
        lambda log: log | {"transactionHash": 7},
        lambda log: "a log",
    ],
)
def test_events_of_a_wrong_shape_are_the_endpoints_fault(
    node: Node, token: Token, proxies: list[Proxy], change: Any
) -> None:
    amounts = pay(node, token, 2)
    proxies[0].behaviour = evm_proxy.rewrites("eth_getLogs", lambda params, logs: [change(log) for log in logs])
    chain = reader(token.address, *(proxy.url for proxy in proxies))
    assert read_all(chain) == amounts
    assert last_errors(chain)[0] != "None"


@pytest.mark.parametrize(
    "change",
    [
        lambda log: log | {"address": "0x" + "12" * 20},
        lambda log: log | {"topics": [*log["topics"][:2], "0x" + "34" * 32]},
        lambda log: log | {"topics": ["0x" + "56" * 32, *log["topics"][1:]]},
        lambda log: log | {"topics": [*log["topics"], "0x" + "00" * 32]},
        lambda log: log | {"topics": []},
        lambda log: log | {"removed": True},
    ],
)
def test_events_that_were_not_asked_for_are_no_money(
    node: Node, token: Token, proxies: list[Proxy], change: Any
) -> None:
    pay(node, token, 2)
    proxies[0].behaviour = evm_proxy.rewrites("eth_getLogs", lambda params, logs: [change(log) for log in logs])
    chain = reader(token.address, proxies[0].url)
    assert read_all(chain) == []
    assert last_errors(chain) == ["None"]


def test_the_cursor_never_passes_the_head_of_the_endpoint_that_was_read(
    node: Node, token: Token, proxies: list[Proxy]
) -> None:
    amounts = pay(node, token, 2, blocks=40)
    proxies[0].behaviour = evm_proxy.has_final_head(15)
    chain = reader(token.address, proxies[0].url)
    assert chain.scan({"block": 10}).cursor == {"block": 15}
    proxies[0].behaviour = evm_proxy.pass_on
    assert read_all(chain, 15) == amounts[1:]


def test_an_endpoint_that_is_behind_what_was_read_is_left_for_the_next(
    node: Node, token: Token, proxies: list[Proxy]
) -> None:
    amounts = pay(node, token, 2, blocks=40)
    proxies[0].behaviour = evm_proxy.has_final_head(10)
    chain = reader(token.address, *(proxy.url for proxy in proxies))
    assert read_all(chain, 20) == amounts[1:]
    assert last_errors(chain)[0] == "its final head is block 10, behind block 20, which was read before"


def test_a_head_that_goes_back_a_little_moves_no_cursor_back(node: Node, token: Token, proxies: list[Proxy]) -> None:
    node.mine(50)
    proxies[0].behaviour = evm_proxy.has_final_head(38)
    batch = reader(token.address, proxies[0].url).scan({"block": 40})
    assert (batch.cursor, batch.head, batch.final_at) == ({"block": 40}, 38, node.time_of(38))


def test_a_fresh_endpoint_is_preferred_to_a_lagging_one(node: Node, token: Token, proxies: list[Proxy]) -> None:
    token.does("transfer", WALLET, 1_000_000)
    node.make_final()
    proxies[0].behaviour = evm_proxy.is_older(seconds=600)
    chain = reader(token.address, *(proxy.url for proxy in proxies))
    assert read_all(chain) == [1_000_000]
    assert proxies[1].ranges
    assert not proxies[0].ranges
    assert last_errors(chain)[0] == "its latest final block is 10 minutes old"


def test_a_lagging_endpoint_is_better_than_none_and_its_lag_stays_visible(
    node: Node, token: Token, proxies: list[Proxy]
) -> None:
    token.does("transfer", WALLET, 1_000_000)
    node.make_final()
    proxies[0].behaviour = evm_proxy.is_older(seconds=600)
    proxies[1].behaviour = evm_proxy.hangs_up
    chain = reader(token.address, *(proxy.url for proxy in proxies))
    for _ in range(3):  # no rest comes between
        assert [transfer.amount for transfer in chain.scan({"block": 0}).transfers] == [1_000_000]
    assert last_errors(chain)[0] == "its latest final block is 10 minutes old"


def is_ahead(change: Callable[[int], int]) -> Behaviour:
    """A node whose blocks have other times."""
    return evm_proxy.rewrites(
        "eth_getBlockByNumber",
        lambda params, block: block | {"timestamp": hex(change(int(block["timestamp"], 16)))},
    )


def test_an_endpoint_that_tells_milliseconds_is_left_for_the_next(
    node: Node, token: Token, proxies: list[Proxy]
) -> None:
    amounts = pay(node, token, 2)
    proxies[0].behaviour = is_ahead(lambda seconds: seconds * 1000)
    chain = reader(token.address, *(proxy.url for proxy in proxies))
    assert read_all(chain) == amounts
    assert "none in seconds" in last_errors(chain)[0]
    assert not proxies[0].ranges


def test_a_node_whose_clock_is_ahead_makes_nothing_final_that_is_still_to_come(
    node: Node, token: Token, proxies: list[Proxy]
) -> None:
    pay(node, token, 2)
    proxies[0].behaviour = is_ahead(lambda seconds: seconds + 7200)
    batch = reader(token.address, proxies[0].url).scan({"block": 0})
    assert len(batch.transfers) == 2
    assert batch.final_at <= time.time()


def test_when_no_endpoint_serves_the_scan_says_why_of_each(node: Node, token: Token, proxies: list[Proxy]) -> None:
    proxies[0].behaviour = evm_proxy.says({"error": "no"}, 403)
    proxies[1].behaviour = evm_proxy.hangs_up
    chain = reader(token.address, *(proxy.url for proxy in proxies))
    with pytest.raises(ScanFailed, match=r"HTTP 403: no; 127.*: connection failed") as failed:
        chain.scan({"block": 0})
    assert not isinstance(failed.value, HistoryGone)

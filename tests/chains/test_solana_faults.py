"""What the Solana reader makes of servers that throttle, lag, or answer nonsense: it costs time, never a transfer."""

import contextlib
import copy
import time
from collections.abc import Iterator
from typing import Any

import pytest

from chains import solana_rpc
from chains.base import ScanFailed
from chains.solana import SolanaChain
from tests.chains.solana_desk import deposit, reader
from tests.chains.solana_rpc import Fault, SolanaRpc, result, rpc_error
from tests.chains.solana_transactions import new_address, unparsed

NO_METHOD = rpc_error(-32601, "Method not found")


@pytest.fixture
def rpc() -> Iterator[SolanaRpc]:
    """A server with an empty chain."""
    with SolanaRpc() as server:
        yield server


@pytest.fixture
def other() -> Iterator[SolanaRpc]:
    """A second server with an empty chain."""
    with SolanaRpc() as server:
        yield server


def found(chain: SolanaChain) -> list[str]:
    """The hashes that a first scan gives."""
    return [transfer.tx_hash for transfer in chain.scan(None).transfers]


def test_a_throttled_server_is_left_alone_for_as_long_as_it_says(rpc: SolanaRpc, other: SolanaRpc) -> None:
    made = deposit(rpc)
    other.transactions = rpc.transactions
    limit = {"jsonrpc": "2.0", "error": {"code": 429, "message": "Too many requests for a specific RPC call"}, "id": 1}
    rpc.faults["getSignaturesForAddress"] = [Fault(429, limit, {"Retry-After": "27"})]
    chain = reader(rpc, other)
    assert found(chain) == [made.signature]
    record = chain.endpoints.records()[0]
    assert 20 < record["rests_until"] - time.time() <= 28
    assert "Too many requests" in record["last_error"]
    asked = len(rpc.calls)
    assert found(chain) == [made.signature]
    assert len(rpc.calls) == asked


def test_a_server_that_has_throttled_is_asked_at_a_pace_from_then_on(
    rpc: SolanaRpc, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(solana_rpc, "PACED_SECONDS", 0.5)
    limit = {"jsonrpc": "2.0", "error": {"code": 429, "message": "Too many requests"}, "id": 1}
    chain = reader(rpc)
    cursor = chain.scan(None).cursor
    made = [deposit(rpc, slots_ago) for slots_ago in range(solana_rpc.PACED_CALLS + 1, 0, -1)]
    rpc.faults["getSlot"] = [Fault(429, limit, {"Retry-After": "3"})]
    with pytest.raises(ScanFailed, match="Too many requests"):
        chain.scan(cursor)
    chain.endpoints._all[0].rests_until = 0.0
    started = time.monotonic()
    batch = chain.scan(cursor)
    assert time.monotonic() - started >= 0.4
    assert len(batch.transfers) == len(made)


def test_a_server_that_lags_is_passed_over(rpc: SolanaRpc, other: SolanaRpc) -> None:
    made = deposit(other)
    rpc.head_time -= 600
    chain = reader(rpc, other)
    assert found(chain) == [made.signature]
    assert "its latest block is 10 minutes old" in str(chain.endpoints.records()[0]["last_error"])
    assert rpc.asked("getSignaturesForAddress") == []


def test_where_all_servers_lag_their_final_transfers_count_at_each_scan(rpc: SolanaRpc, other: SolanaRpc) -> None:
    rpc.head_time -= 140
    other.head_time -= 600
    made = deposit(rpc, slots_ago=-100)
    chain = reader(rpc, other)
    for _ in range(3):
        batch = chain.scan(None)
        assert [transfer.tx_hash for transfer in batch.transfers] == [made.signature]
        assert batch.final_at == rpc.head_time
    assert all("minutes old" in str(record["last_error"]) for record in chain.endpoints.records())


def test_a_cursor_never_goes_back_with_a_server_that_lags(rpc: SolanaRpc) -> None:
    chain = reader(rpc)
    cursor = chain.scan(None).cursor
    rpc.head_slot, rpc.head_time = rpc.head_slot - 5_000, rpc.head_time - 2_000
    assert chain.scan(cursor).cursor == cursor


def test_a_lagging_server_that_throttles_is_left_alone(rpc: SolanaRpc) -> None:
    rpc.head_time -= 600
    rpc.faults["getSignaturesForAddress"] = [Fault(429, {}, {"Retry-After": "30"})]
    chain = reader(rpc)
    for _ in range(2):
        with pytest.raises(ScanFailed, match="429"):
            chain.scan(None)
    assert len(rpc.asked("getSignaturesForAddress")) == 1


def test_a_head_in_the_future_does_not_carry_the_cursor_away(rpc: SolanaRpc) -> None:
    rpc.head_time += 3600
    with pytest.raises(ScanFailed, match="in the future"):
        reader(rpc).scan(None)


@pytest.mark.parametrize("method", ["getSlot", "getBlockTime"])
@pytest.mark.parametrize("answer", [NO_METHOD, Fault(404, "no such path"), Fault(405, "")])
def test_a_server_that_does_not_tell_its_head_is_read_all_the_same(rpc: SolanaRpc, method: str, answer: Fault) -> None:
    rpc.always[method] = answer
    chain = reader(rpc)
    made = [deposit(rpc)]
    batch = chain.scan(None)
    assert [transfer.tx_hash for transfer in batch.transfers] == [made[0].signature]
    assert abs(batch.final_at - (time.time() - 134)) <= 2
    made.append(deposit(rpc, 5))
    assert [transfer.tx_hash for transfer in chain.scan(batch.cursor).transfers] == [each.signature for each in made]


def test_a_server_without_the_asked_block_is_at_fault(rpc: SolanaRpc) -> None:
    rpc.faults["getBlockTime"] = [rpc_error(-32004, "Block not available for slot 400000000")]
    with pytest.raises(ScanFailed, match="Block not available"):
        reader(rpc).scan(None)


def test_a_transaction_of_a_later_version_does_not_stop_the_reader(rpc: SolanaRpc) -> None:
    made = deposit(rpc)
    rpc.faults["getTransaction"] = [rpc_error(-32015, "Transaction version (1) is not supported")]
    assert found(reader(rpc)) == [made.signature]


def test_servers_behind_one_address_must_have_come_near_the_head(rpc: SolanaRpc) -> None:
    reader(rpc).scan(None)
    assert rpc.asked("getSignaturesForAddress")[0][1]["minContextSlot"] == rpc.head_slot - solana_rpc.LOOK_BACK_SLOTS


@pytest.mark.parametrize(
    "method", ["getSlot", "getBlockTime", "getSignaturesForAddress", "getTransaction", "getTokenAccountsByOwner"]
)
@pytest.mark.parametrize(
    "answer",
    [
        rpc_error(-32603, "Internal error"), result("text"), result([[]]), result([{}]), result({"value": [{}]}),
        result(-1), result(1.5), Fault(body=[]), Fault(body={}), Fault(body={"error": "no"}), Fault(body="not JSON"),
        Fault(body={"error": {"message": "no code"}}), Fault(500, "broken"), Fault(403, {"error": "forbidden"}),
    ],
)  # fmt: skip
def test_nonsense_fails_the_scan_and_nothing_else(rpc: SolanaRpc, method: str, answer: Fault) -> None:
    deposit(rpc)
    rpc.always[method] = answer
    chain = reader(rpc)
    if method == "getTokenAccountsByOwner":
        assert len(chain.scan(None).transfers) == 1
        return
    with pytest.raises(ScanFailed):
        chain.scan(None)


def test_no_part_of_a_transaction_can_be_wrong_and_crash_the_reader(rpc: SolanaRpc) -> None:
    document = deposit(rpc).document()
    cursor = reader(rpc).scan(None).cursor
    for path in _paths(document):
        for wrong in (None, "?", -1, 10**30, [], {}, [None], {"parsed": 1}):
            changed = copy.deepcopy(document)
            place = changed
            for step in path[:-1]:
                place = place[step]
            place[path[-1]] = wrong
            rpc.always["getTransaction"] = result(changed)
            with contextlib.suppress(ScanFailed):
                reader(rpc).scan(cursor)


def _paths(document: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to each field that the reader might look at."""
    fields = document.items() if isinstance(document, dict) else enumerate(document)
    for name, value in fields:
        if name in ("logMessages", "rewards", "preBalances", "postBalances", "status", "fee"):
            continue
        yield (*path, name)
        if isinstance(value, dict | list):
            yield from _paths(value, (*path, name))


@pytest.mark.parametrize("is_null", [True, False])
def test_a_server_that_records_no_inner_instructions_is_left_for_one_that_does(
    rpc: SolanaRpc, other: SolanaRpc, is_null: bool
) -> None:
    made = deposit(rpc)
    # The transfer is within another program's instruction: where that cannot be seen, it would have another index.
    made.instructions, made.inner = [unparsed(new_address())], {0: made.instructions}
    other.transactions = rpc.transactions
    document = made.document()
    document["meta"] |= {"innerInstructions": None}
    if not is_null:
        del document["meta"]["innerInstructions"]
    rpc.always["getTransaction"] = result(document)
    chain = reader(rpc, other)
    assert [(transfer.tx_hash, transfer.index) for transfer in chain.scan(None).transfers] == [(made.signature, 1)]
    assert "no inner instructions" in chain.endpoints.records()[0]["last_error"]


def test_a_failed_transaction_needs_no_inner_instructions(rpc: SolanaRpc) -> None:
    document = deposit(rpc).document()
    document["meta"] |= {"err": "ProgramAccountNotFound", "innerInstructions": None}
    rpc.always["getTransaction"] = result(document)
    assert found(reader(rpc)) == []


def test_another_transaction_than_the_asked_one_is_a_fault(rpc: SolanaRpc) -> None:
    deposit(rpc)
    rpc.always["getTransaction"] = result(deposit(rpc).document())
    with pytest.raises(ScanFailed, match="another transaction"):
        reader(rpc).scan(None)


def test_a_server_that_gives_the_same_page_for_ever_is_at_fault(rpc: SolanaRpc) -> None:
    rpc.always["getSignaturesForAddress"] = result([deposit(rpc).row(), deposit(rpc).row()])
    with pytest.raises(ScanFailed, match="the same page again"):
        reader(rpc).scan(None)


def test_a_cursor_of_another_reader_fails_the_scan(rpc: SolanaRpc) -> None:
    with pytest.raises(ScanFailed, match="stored cursor"):
        reader(rpc).scan({"block": 5})

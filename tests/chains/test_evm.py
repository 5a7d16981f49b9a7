"""The EVM reader on a real node: which transfers it gives, when, and how."""

import dataclasses
import re
import time

import pytest

from chains.base import Batch, Transfer
from chains.evm import ARBITRUM, BSC
from tests.chains import evm_proxy
from tests.chains.evm_node import FACTS, WALLET, Node, Token, reader
from tests.chains.evm_proxy import Proxy

SOMEBODY = "0x1111111111111111111111111111111111111111"


def scan(node: Node, token: Token, since: int = 0) -> Batch:
    return reader(token.address, node.url).scan({"block": since})


def test_a_transfer_is_given_once_it_is_final_and_not_before(node: Node, token: Token) -> None:
    receipt = token.does("transfer", WALLET, 12_340_000)
    assert scan(node, token).transfers == ()
    node.mine(1)
    assert scan(node, token).transfers == ()
    node.mine(1)
    assert scan(node, token).transfers == (
        Transfer(
            tx_hash="0x" + receipt["transactionHash"].hex(),
            index=0,
            sender=token.owner,
            amount=12_340_000,
            mined_at=node.time_of(receipt["blockNumber"]),
        ),
    )


def test_hashes_are_in_lower_case_and_senders_have_the_capitals_of_their_checksum(node: Node, token: Token) -> None:
    token.does("transfer", WALLET, 1_000_000)
    node.make_final()
    [transfer] = scan(node, token).transfers
    assert re.fullmatch("0x[0-9a-f]{64}", transfer.tx_hash)
    assert transfer.sender == node.web3.to_checksum_address(token.owner)


def test_the_batch_says_where_the_next_one_begins_and_how_far_the_network_is(node: Node, token: Token) -> None:
    node.mine(10)
    head = int(node.rpc("eth_getBlockByNumber", "finalized", False)["number"], 16)
    batch = scan(node, token)
    assert (batch.cursor, batch.head, batch.final_at) == ({"block": head}, head, node.time_of(head))
    assert batch.caught_up


def test_a_transfer_that_a_reorganisation_takes_back_is_never_given(node: Node, token: Token) -> None:
    before = node.rpc("evm_snapshot")
    token.does("transfer", WALLET, 5_000_000)
    first = scan(node, token)
    assert node.rpc("evm_revert", before)
    node.mine(6)
    assert first.transfers == ()
    assert scan(node, token, first.cursor["block"]).transfers == ()
    assert scan(node, token).transfers == ()


def test_a_transfer_that_a_reorganisation_moves_is_given_where_it_ends_up(node: Node, token: Token) -> None:
    token.does("transfer", WALLET, 5_000_000)
    token.does("transfer", SOMEBODY, 1)
    first = scan(node, token)
    node.rpc("anvil_rollback", 2)
    token.does("transfer", SOMEBODY, 2)
    moved = token.does("transfer", WALLET, 5_000_000)
    node.make_final()
    [transfer] = scan(node, token, first.cursor["block"]).transfers
    assert transfer.tx_hash == "0x" + moved["transactionHash"].hex()
    assert transfer.mined_at == node.time_of(moved["blockNumber"])


def test_transfers_of_one_transaction_have_indexes_of_their_own(node: Node, token: Token) -> None:
    token.does("transferEach", [WALLET, SOMEBODY, WALLET, WALLET], 2_000_000)
    node.make_final()
    transfers = scan(node, token).transfers
    assert len({transfer.tx_hash for transfer in transfers}) == 1
    assert [transfer.index for transfer in transfers] == [0, 2, 3]


def test_transfers_of_nothing_and_of_less_than_a_micro_dollar_are_dropped(node: Node) -> None:
    token = Token(node, decimals=18)
    token.does("transferNothing", SOMEBODY, WALLET)
    token.does("transfer", WALLET, 10**12 - 1)
    node.make_final()
    assert reader(token.address, node.url, facts=BSC).scan({"block": 0}).transfers == ()


@pytest.mark.parametrize(("decimals", "amount"), [(6, 7_654_321), (18, 7_654_321_999_999_999_999)])
def test_amounts_are_cut_off_to_micro_dollars(node: Node, decimals: int, amount: int) -> None:
    token = Token(node, decimals)
    token.does("transfer", WALLET, amount)
    node.make_final()
    facts = dataclasses.replace(FACTS, decimals=decimals)
    [transfer] = reader(token.address, node.url, facts=facts).scan({"block": 0}).transfers
    assert transfer.amount == 7_654_321


def test_another_token_of_the_same_symbol_is_no_money(node: Node, token: Token) -> None:
    false = Token(node)
    assert false.contract.functions.symbol().call() == "USDT"
    false.does("transfer", WALLET, 1_000_000_000)
    node.make_final()
    assert scan(node, token).transfers == ()


def test_what_is_sent_to_others_and_what_fails_is_not_given(node: Node, token: Token) -> None:
    token.does("transfer", SOMEBODY, 1_000_000)
    assert token.does("transferAndRevert", WALLET, 1_000_000)["status"] == 0
    node.make_final()
    assert scan(node, token).transfers == ()


def test_an_idle_scan_costs_two_calls(node: Node, token: Token) -> None:
    node.mine(10)
    with Proxy(node.url) as proxy:
        chain = reader(token.address, proxy.url)
        cursor = chain.scan(None).cursor
        proxy.requests.clear()
        node.mine(3)
        cursor = chain.scan(cursor).cursor
        assert proxy.methods == ["eth_getBlockByNumber", "eth_getLogs"]
        chain.scan(cursor)  # nothing is new at all
        assert proxy.methods == ["eth_getBlockByNumber", "eth_getLogs"] * 2


def test_a_scan_looks_back_over_a_few_blocks(node: Node, token: Token) -> None:
    token.does("transfer", WALLET, 3_000_000)
    node.make_final()
    chain = reader(token.address, node.url)
    first = chain.scan({"block": 0})
    assert chain.scan(first.cursor).transfers == first.transfers
    node.mine(FACTS.overlap_blocks)
    assert chain.scan(chain.scan(first.cursor).cursor).transfers == ()


def test_what_came_in_while_nobody_looked_is_caught_up(node: Node, token: Token) -> None:
    chain = reader(token.address, node.url)
    cursor = chain.scan({"block": 0}).cursor
    for _ in range(5):
        token.does("transfer", WALLET, 1_000_000)
        node.mine(100)
    batch = chain.scan(cursor)
    assert len(batch.transfers) == 5
    assert batch.caught_up


def test_the_first_scan_begins_a_little_before_the_present(node: Node, token: Token) -> None:
    token.does("transfer", WALLET, 1_000_000)
    node.mine(30)
    token.does("transfer", WALLET, 2_000_000)
    node.mine(30)
    node.rpc("evm_setTime", int(time.time()) + 2000)
    token.does("transfer", WALLET, 3_000_000)
    node.make_final()
    # By this network's pace, the present is about 21 blocks before a head that is 2,000 s ahead of it.
    facts = dataclasses.replace(FACTS, block_seconds=100)
    batch = reader(token.address, node.url, facts=facts).scan(None)
    assert [transfer.amount for transfer in batch.transfers] == [3_000_000]
    assert batch.caught_up


def test_what_is_paid_while_first_scans_fail_is_given_in_the_end(node: Node, token: Token) -> None:
    facts = dataclasses.replace(FACTS, block_seconds=100)
    chain = reader(token.address, node.url, facts=facts)
    chain._began_at -= 6_000
    node.mine(30)
    token.does("transfer", WALLET, 1_000_000)
    node.mine(30)
    assert [transfer.amount for transfer in chain.scan(None).transfers] == [1_000_000]


def test_where_the_final_head_is_a_while_old_the_first_scan_begins_there(node: Node, token: Token) -> None:
    token.does("transfer", WALLET, 1_000_000)
    node.mine(ARBITRUM.overlap_blocks + 5)
    with Proxy(node.url, evm_proxy.is_older(seconds=900)) as proxy:
        chain = reader(token.address, proxy.url, facts=ARBITRUM)
        first = chain.scan(None)
        token.does("transfer", WALLET, 2_000_000)
        node.make_final()
        second = chain.scan(first.cursor)
    assert first.transfers == ()
    assert [transfer.amount for transfer in second.transfers] == [2_000_000]
    assert chain.endpoints.records()[0]["last_error"] is None


def test_a_proof_of_authority_header_is_no_obstacle(node: Node, token: Token) -> None:
    token.does("transfer", WALLET, 1_000_000)
    node.make_final()
    long = evm_proxy.rewrites("eth_getBlockByNumber", lambda params, block: block | {"extraData": "0x" + "ab" * 97})
    with Proxy(node.url, long) as proxy:
        assert len(reader(token.address, proxy.url).scan({"block": 0}).transfers) == 1


def test_a_scan_that_finds_too_much_ends_with_a_whole_block(
    node: Node, token: Token, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chains.evm.MOST_TRANSFERS", 4)
    for _ in range(4):
        token.does("transferEach", [WALLET] * 3, 1_000_000)
    node.make_final()
    chain = reader(token.address, node.url)
    first = chain.scan({"block": 0})
    assert [len(first.transfers), first.caught_up] == [6, False]
    assert first.final_at == first.transfers[-1].mined_at
    assert first.cursor == {"block": node.height - 4}
    second = chain.scan(first.cursor)
    assert second.caught_up
    found = {(transfer.tx_hash, transfer.index) for transfer in first.transfers + second.transfers}
    assert len(found) == 12

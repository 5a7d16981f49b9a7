"""Other token accounts of ours, which the Solana reader looks for now and then."""

from collections.abc import Iterator

import pytest

from tests.chains.solana_desk import ACCOUNT, WALLET, deposit, reader
from tests.chains.solana_rpc import Fault, SolanaRpc, result, rpc_error
from tests.chains.solana_transactions import TOKEN_2022, TokenAccount, Transaction, transfer


@pytest.fixture
def rpc() -> Iterator[SolanaRpc]:
    """A server with an empty chain."""
    with SolanaRpc() as server:
        yield server


def test_the_sweep_finds_what_was_sent_to_another_account_of_ours(rpc: SolanaRpc) -> None:
    other = TokenAccount(WALLET)
    made = deposit(rpc, 100, to=other.address)
    rpc.owned = [TokenAccount(WALLET, ACCOUNT), other, TokenAccount(), TokenAccount(WALLET, mint=WALLET)]
    rpc.owned.append(TokenAccount(WALLET, program=TOKEN_2022))
    chain = reader(rpc)
    batch = chain.scan(None)
    assert [found.tx_hash for found in batch.transfers] == [made.signature]
    assert set(batch.cursor["accounts"]) == {ACCOUNT, other.address}
    again = reader(rpc).scan(batch.cursor)
    assert set(again.cursor["accounts"]) == {ACCOUNT, other.address}


def test_a_transaction_that_pays_two_accounts_of_ours_counts_once(rpc: SolanaRpc) -> None:
    sender, ours, other = TokenAccount(), TokenAccount(WALLET, ACCOUNT), TokenAccount(WALLET)
    paid = [transfer(sender, ours, 100), transfer(sender, other, 200)]
    rpc.transactions = [Transaction(rpc.head_slot - 5, rpc.head_time - 2, [sender, ours, other], paid)]
    rpc.owned = [ours, other]
    assert [(found.index, found.amount) for found in reader(rpc).scan(None).transfers] == [(0, 100), (1 << 16, 200)]


def test_many_accounts_opened_in_our_name_are_read_a_few_at_a_time(rpc: SolanaRpc) -> None:
    rpc.owned = [TokenAccount(WALLET) for _ in range(12)]
    made = [deposit(rpc, 100 - place, to=held.address) for place, held in enumerate(rpc.owned)]
    chain = reader(rpc)
    batch, hashes = chain.scan(None), []
    for _ in range(3):
        hashes += [found.tx_hash for found in batch.transfers]
        batch = chain.scan(batch.cursor)
    assert hashes == [each.signature for each in made]


def test_the_sweep_is_not_repeated_at_each_scan(rpc: SolanaRpc) -> None:
    chain = reader(rpc)
    chain.scan(chain.scan(None).cursor)
    assert len(rpc.asked("getTokenAccountsByOwner")) == 1


@pytest.mark.parametrize("answer", [rpc_error(-32601, "Method not found"), rpc_error(-32010, "excluded"), result([1])])
def test_a_server_that_offers_no_sweep_is_read_all_the_same(rpc: SolanaRpc, answer: Fault) -> None:
    rpc.always["getTokenAccountsByOwner"] = answer
    made = deposit(rpc, 10)
    chain = reader(rpc)
    assert [found.tx_hash for found in chain.scan(None).transfers] == [made.signature]
    assert "getTokenAccountsByOwner" in str(chain.endpoints.records()[0]["last_error"])

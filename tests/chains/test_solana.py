"""What the Solana reader takes for a deposit, and what it does not."""

import time
from collections.abc import Iterator
from typing import Any

import pytest

from chains.base import Transfer
from chains.solana import associated_account
from tests.chains.solana_desk import ACCOUNT, WALLET, reader
from tests.chains.solana_rpc import SolanaRpc, result
from tests.chains.solana_transactions import (
    TOKEN_2022,
    TokenAccount,
    Transaction,
    memo,
    new_address,
    transfer,
    transfer_checked,
    unparsed,
)


@pytest.fixture
def rpc() -> Iterator[SolanaRpc]:
    """A server with an empty chain."""
    with SolanaRpc() as server:
        yield server


def our_account() -> TokenAccount:
    """The account that senders pay to."""
    return TokenAccount(WALLET, ACCOUNT)


def scan(rpc: SolanaRpc) -> tuple[Transfer, ...]:
    """What a new reader finds in its first scan."""
    return reader(rpc).scan(None).transfers


def mined(rpc: SolanaRpc, accounts: list[TokenAccount], *instructions: Any, **more: Any) -> Transaction:
    """Put a transaction on the chain, a minute ago."""
    values = {"slot": rpc.head_slot - 100, "block_time": int(time.time()) - 60} | more
    made = Transaction(accounts=accounts, instructions=list(instructions), **values)
    rpc.transactions.append(made)
    return made


def test_the_associated_account_is_the_one_that_wallets_derive() -> None:
    owner, mint = "B8UwBUUnKwCyKuGMbFKWaG7exYdDk2ozZrPg72NyVbfj", "7o36UsWR1JQLpZ9PE2gn9L4SQ69CNNiWAXd4Jt7rqz9Z"
    assert associated_account(owner, mint) == "DShWnroshVbeUp28oopA3Pu7oFPDBtC1DBmPECXXAQ9n"


def test_a_plain_transfer_is_a_deposit(rpc: SolanaRpc) -> None:
    sender, ours = TokenAccount(), our_account()
    made = mined(rpc, [sender, ours], memo("thanks"), transfer(sender, ours, 12_340_000))
    assert scan(rpc) == (Transfer(made.signature, 1 << 16, str(sender.owner), 12_340_000, made.block_time or 0),)


def test_a_checked_transfer_is_a_deposit(rpc: SolanaRpc) -> None:
    sender, ours = TokenAccount(), our_account()
    mined(rpc, [sender, ours], transfer_checked(sender, ours, 5_000_001))
    assert [(found.index, found.amount) for found in scan(rpc)] == [(0, 5_000_001)]


def test_a_transfer_inside_another_programs_instruction_is_a_deposit(rpc: SolanaRpc) -> None:
    sender, ours = TokenAccount(), our_account()
    inner = {1: [memo("inside"), transfer(sender, ours, 700)]}
    mined(rpc, [sender, ours], memo("first"), unparsed(new_address()), inner=inner)
    assert [(found.index, found.amount) for found in scan(rpc)] == [((1 << 16) | 2, 700)]


def test_several_transfers_in_one_transaction_are_told_apart(rpc: SolanaRpc) -> None:
    one, two, ours = TokenAccount(), TokenAccount(), our_account()
    first, second = transfer(one, ours, 100), transfer_checked(two, ours, 100)
    mined(rpc, [one, two, ours], first, second, inner={1: [transfer(one, ours, 300)]})
    found = scan(rpc)
    assert [(each.index, each.amount) for each in found] == [(0, 100), (1 << 16, 100), ((1 << 16) | 1, 300)]
    assert [each.sender for each in found] == [one.owner, two.owner, one.owner]


def test_the_newer_token_program_is_another_one(rpc: SolanaRpc) -> None:
    sender, ours = TokenAccount(program=TOKEN_2022), our_account()
    like_ours = TokenAccount(WALLET, program=TOKEN_2022)
    instructions = [transfer(sender, ours, 100, TOKEN_2022), transfer_checked(sender, like_ours, 100, TOKEN_2022)]
    ours.after = ours.before
    mined(rpc, [sender, ours, like_ours], *instructions)
    assert scan(rpc) == ()


def test_a_transfer_of_the_newer_program_that_names_our_account_does_not_spoil_a_real_one(rpc: SolanaRpc) -> None:
    sender, ours = TokenAccount(), our_account()
    claimed = transfer(TokenAccount(), TokenAccount(WALLET, ACCOUNT), 50, TOKEN_2022)
    mined(rpc, [sender, ours], claimed, transfer(sender, ours, 100))
    assert [(found.index, found.amount) for found in scan(rpc)] == [(1 << 16, 100)]


def test_another_mint_is_no_deposit(rpc: SolanaRpc) -> None:
    fake = new_address()
    sender, like_ours, ours = TokenAccount(mint=fake), TokenAccount(WALLET, mint=fake), our_account()
    mined(rpc, [sender, like_ours, ours], transfer(sender, like_ours, 100), transfer_checked(sender, like_ours, 100))
    assert scan(rpc) == ()


def test_a_transfer_to_somebody_else_is_no_deposit(rpc: SolanaRpc) -> None:
    sender, other, ours = TokenAccount(), TokenAccount(), our_account()
    mined(rpc, [sender, other, ours], transfer(sender, other, 100))
    assert scan(rpc) == ()


def test_what_leaves_us_and_what_moves_between_our_accounts_is_no_deposit(rpc: SolanaRpc) -> None:
    other, ours, also_ours = TokenAccount(), our_account(), TokenAccount(WALLET)
    mined(rpc, [other, ours, also_ours], transfer(ours, also_ours, 900), transfer(ours, other, 100))
    assert scan(rpc) == ()


def test_a_transfer_counts_in_full_where_another_one_leaves_us_in_the_same_transaction(rpc: SolanaRpc) -> None:
    other, ours = TokenAccount(), our_account()
    mined(rpc, [other, ours], transfer(ours, other, 100), transfer(other, ours, 60))
    assert [(found.index, found.amount) for found in scan(rpc)] == [(1 << 16, 60)]


def test_a_failed_transaction_is_not_even_asked_for(rpc: SolanaRpc) -> None:
    sender, ours = TokenAccount(), our_account()
    mined(rpc, [sender, ours], transfer(sender, ours, 100), err={"InstructionError": [0, {"Custom": 1}]})
    assert scan(rpc) == ()
    assert rpc.asked("getTransaction") == []


def test_a_transaction_that_failed_though_its_row_does_not_say_so_is_no_deposit(rpc: SolanaRpc) -> None:
    sender, ours = TokenAccount(), our_account()
    made = mined(rpc, [sender, ours], transfer(sender, ours, 100), err={"InstructionError": [0, {"Custom": 1}]})
    rpc.faults["getSignaturesForAddress"].append(result([made.row() | {"err": None}]))
    assert scan(rpc) == ()
    assert len(rpc.asked("getTransaction")) == 1


def test_where_the_instructions_do_not_make_up_the_balance_the_balance_counts(rpc: SolanaRpc) -> None:
    sender, ours = TokenAccount(), our_account()
    made = mined(rpc, [sender, ours], transfer(sender, ours, 100), unparsed(new_address()))
    ours.after += 50
    assert [(found.index, found.amount, found.sender) for found in scan(rpc)] == [(0, 150, made.payer)]


def test_a_transfer_that_the_balance_does_not_show_is_none(rpc: SolanaRpc) -> None:
    sender, ours = TokenAccount(), our_account()
    mined(rpc, [sender, ours], transfer(sender, ours, 100))
    ours.after = ours.before
    assert scan(rpc) == ()


def test_an_account_that_was_just_made_for_us_counts_from_nothing(rpc: SolanaRpc) -> None:
    sender, ours = TokenAccount(), our_account()
    ours.before = ours.after = 0
    made = mined(rpc, [sender, ours], transfer(sender, ours, 100))
    document = made.document()
    balances = document["meta"]["preTokenBalances"]
    document["meta"]["preTokenBalances"] = [each for each in balances if each["accountIndex"] != 2]
    rpc.always["getTransaction"] = result(document)
    assert [found.amount for found in scan(rpc)] == [100]


@pytest.mark.parametrize("moment", ["preTokenBalances", "postTokenBalances"])
def test_an_account_that_changed_hands_is_not_ours(rpc: SolanaRpc, moment: str) -> None:
    sender, given = TokenAccount(), TokenAccount(WALLET)
    made = mined(rpc, [sender, given, our_account()], transfer(sender, given, 100))
    document = made.document()
    document["meta"][moment][1]["owner"] = new_address()
    rpc.always["getTransaction"] = result(document)
    assert scan(rpc) == ()


def test_the_sender_is_the_authority_where_no_balance_names_an_owner(rpc: SolanaRpc) -> None:
    sender, ours = TokenAccount(), our_account()
    sent = transfer(sender, ours, 100)
    authority, sender.owner, ours.owner = sender.owner, None, None
    mined(rpc, [sender, ours], sent)
    assert [found.sender for found in scan(rpc)] == [authority]


def test_zero_is_no_deposit(rpc: SolanaRpc) -> None:
    sender, ours = TokenAccount(), our_account()
    mined(rpc, [sender, ours], transfer(sender, ours, 0))
    assert scan(rpc) == ()


def test_what_was_mined_before_the_first_scan_began_was_not_paid_to_us(rpc: SolanaRpc) -> None:
    sender, ours = TokenAccount(), our_account()
    mined(rpc, [sender, ours], transfer(sender, ours, 100), block_time=int(time.time()) - 130)
    assert scan(rpc) == ()
    assert rpc.asked("getTransaction") == []


def test_what_is_paid_while_first_scans_fail_is_given_in_the_end(rpc: SolanaRpc) -> None:
    sender, ours = TokenAccount(), our_account()
    mined(rpc, [sender, ours], transfer(sender, ours, 100), block_time=int(time.time()) - 300)
    chain = reader(rpc)
    chain._began_at -= 600
    assert [transfer.amount for transfer in chain.scan(None).transfers] == [100]


def test_the_time_of_the_transaction_counts_where_its_row_has_none(rpc: SolanaRpc) -> None:
    sender, ours = TokenAccount(), our_account()
    mined(rpc, [sender, ours], transfer(sender, ours, 100), block_time=int(time.time()) - 130, row_time=False)
    assert scan(rpc) == ()
    assert len(rpc.asked("getTransaction")) == 1

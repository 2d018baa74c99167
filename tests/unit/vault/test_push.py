"""Vault.push: tokens out, debited first, and not one token unit more than that."""

import boa
import pytest

from tests.unit.vault.support import QUOTE, WAD, admit, book, last_event, word


def test_refuses_all_but_the_manager(vault, give_cash, ids, roles):
    give_cash(ids.trader, 1)
    for caller in (roles.outsider, roles.payer):
        with boa.reverts("vault: not manager"):
            vault.push(ids.trader, QUOTE, roles.receiver, 1, 0, sender=caller)


@pytest.mark.parametrize("asset", [1, 8, 254, 256])
def test_refuses_an_unknown_asset(vault, weth, ids, roles, asset):
    with boa.reverts("vault: unknown asset"):
        vault.push(ids.trader, asset, roles.receiver, 0, 0)


def test_refuses_more_collateral_than_there_is(vault, weth, deposit, ids, roles):
    deposit(ids.trader, 0, weth, 10)
    deposit(ids.pool, 0, weth, 90)
    with boa.reverts("vault: insufficient balance"):
        vault.push(ids.trader, 0, roles.receiver, 11, 0)
    with boa.reverts("vault: insufficient balance"):
        vault.push(ids.second, 0, roles.receiver, 1, 0)


def test_refuses_reserved_cash(vault, give_cash, ids, roles):
    give_cash(ids.trader, 10)
    vault.reserve(ids.trader, 3 * WAD)
    with boa.reverts("vault: insufficient balance"):
        vault.push(ids.trader, QUOTE, roles.receiver, 7 * 10**6 + 1, 0)
    vault.push(ids.trader, QUOTE, roles.receiver, 7 * 10**6, 0)
    assert vault.snapshot(ids.trader)[0] == word(cash=3 * WAD, reserved=3 * WAD)


@pytest.mark.parametrize("tokens", [0, 1])
def test_refuses_when_cash_is_below_the_reserved(vault, give_cash, ids, roles, tokens):
    give_cash(ids.trader, 3)
    vault.reserve(ids.trader, 3 * WAD)
    book(vault, ids.trader, ids.pool, -1)
    with boa.reverts("vault: insufficient balance"):
        vault.push(ids.trader, QUOTE, roles.receiver, tokens, 0)


def test_refuses_cash_that_others_owe(vault, quote, give_cash, ids, roles):
    give_cash(ids.trader, 4)
    book(vault, ids.trader, ids.pool, -10 * WAD)
    quote.mint(vault.address, 100 * 10**6)  # a donation is not the ledger's
    with boa.reverts("vault: not enough tokens"):
        vault.push(ids.pool, QUOTE, roles.receiver, 4 * 10**6 + 1, 0)
    vault.push(ids.pool, QUOTE, roles.receiver, 4 * 10**6, 0)
    assert (vault.cash(ids.pool), vault.debt(), vault.credited(QUOTE)) == (6 * WAD, 6 * WAD, 0)


def test_refuses_parts_of_a_wad_unit(deploy, vault, deposit, ids, roles):
    token = deploy("StandardToken", 24)
    admit(vault, token)
    deposit(ids.trader, 0, token, 5 * 10**6)
    for tokens in (1, 10**6 - 1, 10**6 + 1):
        with boa.reverts("vault: amount granularity"):
            vault.push(ids.trader, 0, roles.receiver, tokens, 0)


def test_refuses_too_many_tokens(vault, weth, ids, roles):
    with boa.reverts("vault: too many tokens"):
        vault.push(ids.trader, 0, roles.receiver, 2**128, 0)
    with boa.reverts("vault: insufficient balance"):
        vault.push(ids.trader, 0, roles.receiver, 2**128 - 1, 0)


@pytest.mark.parametrize(
    ("paid", "got"), [(10_100, 10_000), (9_900, 9_900), (0, 0), (0, 10_000), (20_000, 0)]
)
def test_refuses_any_other_fall_of_the_balance(deploy, vault, deposit, ids, roles, paid, got):
    """A fee on top of the amount would come out of the other account's tokens."""
    token = deploy("FeeToken", 18)
    admit(vault, token)
    deposit(ids.trader, 0, token, 10_000)
    deposit(ids.pool, 0, token, 10_000)
    token.set_parts(paid, got)
    with boa.reverts("vault: token moved wrong amount"):
        vault.push(ids.trader, 0, roles.receiver, 10_000, 0)
    assert token.balanceOf(vault.address) == vault.credited(0) == 20_000


def test_refuses_the_vault_as_receiver(vault, weth, deposit, ids):
    deposit(ids.trader, 0, weth, 10)
    with boa.reverts("vault: token moved wrong amount"):
        vault.push(ids.trader, 0, vault.address, 10, 0)


def test_refuses_when_the_balance_grows(deploy, vault, deposit, ids):
    token = deploy("FeeToken", 18)
    admit(vault, token)
    deposit(ids.trader, 0, token, 10)
    token.set_parts(10_000, 20_000)
    with boa.reverts("vault: token moved wrong amount"):
        vault.push(ids.trader, 0, vault.address, 10, 0)


@pytest.mark.parametrize("lies", [False, True])
def test_refuses_when_the_token_says_false(deploy, vault, deposit, ids, roles, lies):
    token = deploy("FalseToken", 18)
    admit(vault, token)
    deposit(ids.trader, 0, token, 10)
    token.set_lies(lies)
    if not lies:
        token.transfer(
            roles.outsider, 1, sender=vault.address
        )  # lost by the token: the Vault holds too little
    with boa.reverts("vault: token refused"):
        vault.push(ids.trader, 0, roles.receiver, 10, 0)
    assert vault.collateral(ids.trader, 0) == 10


def test_refuses_a_paused_or_blacklisted_receiver_of_that_token_only(
    deploy, vault, deposit, give_cash, ids, roles
):
    token = deploy("GuardedToken", 6)
    admit(vault, token)
    deposit(ids.trader, 0, token, 10)
    give_cash(ids.trader, 1)
    token.set_blacklisted(roles.receiver, True)
    with boa.reverts("token: blacklisted"):
        vault.push(ids.trader, 0, roles.receiver, 10, 0)
    token.set_paused(True)
    with boa.reverts("token: paused"):
        vault.push(ids.trader, 0, roles.outsider, 10, 0)
    assert vault.push(ids.trader, QUOTE, roles.receiver, 10**6, 0) == WAD


@pytest.mark.parametrize("kind", ["StandardToken", "SilentToken", "FalseToken", "GuardedToken", "FeeToken"])
@pytest.mark.parametrize(
    ("decimals", "tokens", "amount"),
    [(2, 12_345, 12_345 * 10**16), (6, 1, 10**12), (8, 7, 7 * 10**10), (18, 7, 7), (24, 3 * 10**6, 3)],
)
def test_debits_collateral_in_wad(deploy, vault, deposit, ids, roles, kind, decimals, tokens, amount):
    token = deploy(kind, decimals)
    admit(vault, token)
    deposit(ids.trader, 0, token, 2 * tokens)
    assert vault.push(ids.trader, 0, roles.receiver, tokens, 0) == amount
    assert last_event(vault) == (
        "Debited",
        {"account": ids.trader, "asset": 0, "receiver": roles.receiver, "tokens": tokens, "amount": amount},
    )
    assert vault.snapshot(ids.trader) == (word(assets=1), [amount])
    assert vault.credited(0) == amount
    assert token.balanceOf(vault.address) == token.balanceOf(roles.receiver) == tokens
    vault.push(ids.trader, 0, roles.receiver, tokens, 0)
    assert vault.snapshot(ids.trader) == (0, [])
    assert vault.credited(0) == token.balanceOf(vault.address) == 0


@pytest.mark.parametrize(("decimals", "unit"), [(2, 10**16), (6, 10**12), (8, 10**10), (18, 1)])
def test_debits_cash_in_wad(deploy, roles, ids, decimals, unit):
    token = deploy("SilentToken", decimals)
    vault = deploy("Vault", roles.manager, token.address)
    token.mint(roles.payer, 100)
    token.approve(vault.address, 100, sender=roles.payer)
    vault.pull(ids.trader, QUOTE, roles.payer, 100)
    assert vault.push(ids.trader, QUOTE, roles.receiver, 58, 0) == 58 * unit
    assert last_event(vault) == (
        "Debited",
        {
            "account": ids.trader,
            "asset": QUOTE,
            "receiver": roles.receiver,
            "tokens": 58,
            "amount": 58 * unit,
        },
    )
    assert vault.cash(ids.trader) == vault.credited(QUOTE) == 42 * unit
    assert vault.debt() == 0
    assert token.balanceOf(roles.receiver) == 58


def test_a_fee_inside_the_amount_is_the_receivers(deploy, vault, deposit, ids, roles):
    token = deploy("FeeToken", 18)
    admit(vault, token)
    deposit(ids.trader, 0, token, 1_000)
    token.set_parts(10_000, 9_900)
    vault.push(ids.trader, 0, roles.receiver, 1_000, 0)
    assert token.balanceOf(roles.receiver) == 990
    assert vault.credited(0) == token.balanceOf(vault.address) == 0


def test_nothing_can_be_pushed(vault, weth, ids, roles):
    assert vault.push(ids.trader, 0, roles.receiver, 0, 0) == 0
    assert vault.snapshot(ids.trader) == (0, [])


def test_leaves_other_assets_and_accounts_alone(deploy, vault, weth, deposit, give_cash, ids, roles):
    other = deploy("StandardToken", 8)
    assert admit(vault, other) == 1
    give_cash(ids.trader, 5)
    vault.reserve(ids.trader, WAD)
    deposit(ids.trader, 0, weth, 10)
    deposit(ids.trader, 1, other, 20)
    deposit(ids.second, 0, weth, 30)
    vault.push(ids.trader, 0, roles.receiver, 10, 0)
    assert vault.snapshot(ids.trader) == (word(cash=5 * WAD, reserved=WAD, assets=2), [20 * 10**10])
    assert vault.snapshot(ids.second) == (word(assets=1), [30])


@pytest.mark.parametrize(
    ("tokens", "pool_owes", "share"),
    [
        # the ledger holds 10 + 6 - what the pool owes; ceil(a D / credited)
        (4 * 10**6, 0, 0),
        (4 * 10**6, 8, 4 * WAD),  # 4 * 8 / 8
        (1, 3, 230_769_230_770),  # 3e12 / 13, up
        (6 * 10**6, 1, 400_000_000_000_000_000),  # 6 / 15
        (0, 8, 0),
    ],
)
def test_with_an_heir_quote_costs_its_share_of_what_is_missing(
    vault, give_cash, ids, roles, tokens, pool_owes, share
):
    give_cash(ids.trader, 10)
    give_cash(ids.second, 6)
    # the ledger answers for less than it owes: what the pool owes has left with the keeper
    book(vault, ids.pool, ids.keeper, -pool_owes * WAD)
    vault.push(ids.keeper, QUOTE, roles.outsider, pool_owes * 10**6, 0)
    credited = (16 - pool_owes) * WAD
    assert (vault.credited(QUOTE), vault.debt()) == (credited, pool_owes * WAD)
    amount = tokens * 10**12
    assert vault.push(ids.trader, QUOTE, roles.receiver, tokens, ids.pool) == amount
    assert vault.cash(ids.trader) == 10 * WAD - amount - share
    assert vault.cash(ids.pool) == -pool_owes * WAD + share
    assert vault.debt() == pool_owes * WAD - share
    assert vault.credited(QUOTE) == credited - amount


def test_everybody_gets_the_same_part_in_any_order(vault, give_cash, ids, roles):
    """10, 6 and 4 are owed, 12 is there: three fifths for each, to the unit, whoever comes first."""
    people = {ids.trader: 10, ids.second: 6, ids.keeper: 4}
    for order in ((ids.trader, ids.second, ids.keeper), (ids.keeper, ids.second, ids.trader)):
        with boa.env.anchor():
            for account, units in people.items():
                give_cash(account, units)
            book(vault, ids.pool, ids.trader | 9, -8 * WAD)
            vault.push(ids.trader | 9, QUOTE, roles.outsider, 8 * 10**6, 0)
            for account in order:
                vault.push(account, QUOTE, roles.receiver, people[account] * 3 * 10**5 * 2, ids.pool)
                assert vault.cash(account) == 0
            assert (vault.debt(), vault.credited(QUOTE), vault.cash(ids.pool)) == (0, 0, 0)


def test_more_than_its_part_leaves_the_account_in_debt(vault, give_cash, ids, roles):
    """The manager looks at that: with the share the cash is below zero."""
    give_cash(ids.trader, 10)
    book(vault, ids.pool, ids.keeper, -5 * WAD)
    vault.push(ids.keeper, QUOTE, roles.outsider, 5 * 10**6, 0)
    # 5 credited, 5 missing: half of 10 is there for the account
    vault.push(ids.trader, QUOTE, roles.receiver, 5 * 10**6, ids.pool)
    assert (vault.cash(ids.trader), vault.cash(ids.pool), vault.debt()) == (0, 0, 0)


def test_the_share_rounds_against_who_leaves(vault, give_cash, ids, roles):
    """One unit of a debt of 1 wei costs a whole wei, and D ends at zero, never below."""
    give_cash(ids.trader, 3)
    book(vault, ids.pool, ids.trader, -1)
    vault.push(ids.trader, QUOTE, roles.receiver, 1, ids.pool)
    assert vault.cash(ids.trader) == 3 * WAD + 1 - 10**12 - 1
    assert (vault.cash(ids.pool), vault.debt()) == (0, 0)
    vault.push(ids.trader, QUOTE, roles.receiver, 1, ids.pool)
    assert (vault.cash(ids.pool), vault.debt()) == (0, 0)


def test_collateral_costs_no_share(vault, weth, deposit, ids, roles):
    deposit(ids.trader, 0, weth, 10)
    book(vault, ids.pool, ids.keeper, -5 * WAD)
    vault.push(ids.trader, 0, roles.receiver, 10, ids.pool)
    assert (vault.cash(ids.trader), vault.cash(ids.pool), vault.debt()) == (0, -5 * WAD, 5 * WAD)


def test_without_an_heir_nothing_is_shared(vault, give_cash, ids, roles):
    give_cash(ids.trader, 10)
    book(vault, ids.pool, ids.keeper, -5 * WAD)
    vault.push(ids.trader, QUOTE, roles.receiver, 4 * 10**6, 0)
    assert (vault.cash(ids.trader), vault.cash(ids.pool), vault.debt()) == (6 * WAD, -5 * WAD, 5 * WAD)

"""Vault.pull: tokens in, and only what arrived is credited."""

import boa
import pytest

from tests.unit.vault.support import MOST, QUOTE, WAD, admit, book, last_event, word


def test_refuses_all_but_the_manager(vault, quote, fund, ids, roles):
    fund(quote, 1)
    for caller in (roles.outsider, roles.payer):
        with boa.reverts("vault: not manager"):
            vault.pull(ids.trader, QUOTE, roles.payer, 1, sender=caller)


@pytest.mark.parametrize("asset", [1, 7, 8, 254, 256, 2**256 - 1])
def test_refuses_an_unknown_asset(vault, weth, ids, roles, asset):
    with boa.reverts("vault: unknown asset"):
        vault.pull(ids.trader, asset, roles.payer, 1)


def test_refuses_nothing(vault, quote, fund, ids, roles):
    fund(quote, 1)
    with boa.reverts("vault: nothing credited"):
        vault.pull(ids.trader, QUOTE, roles.payer, 0)


def test_refuses_without_approval(vault, quote, ids, roles):
    quote.mint(roles.payer, 10)
    quote.approve(vault.address, 9, sender=roles.payer)
    with boa.reverts("token: allowance"):
        vault.pull(ids.trader, QUOTE, roles.payer, 10)


@pytest.mark.parametrize("lies", [False, True])
def test_refuses_when_the_token_says_false(deploy, vault, fund, ids, roles, lies):
    token = deploy("FalseToken", 18)
    admit(vault, token)
    fund(token, 10)
    token.set_lies(lies)
    with boa.reverts("vault: token refused"):
        vault.pull(ids.trader, 0, roles.payer, 10 if lies else 11)
    assert token.balanceOf(vault.address) == 0


def test_refuses_when_nothing_arrives(deploy, vault, fund, ids, roles):
    token = deploy("FeeToken", 18)
    admit(vault, token)
    fund(token, 10)
    token.set_parts(10_000, 0)
    with boa.reverts("vault: nothing credited"):
        vault.pull(ids.trader, 0, roles.payer, 10)


def test_refuses_when_the_balance_falls(deploy, vault, deposit, ids):
    token = deploy("FeeToken", 18)
    admit(vault, token)
    deposit(ids.trader, 0, token, 1000)
    token.set_parts(20_000, 10_000)
    token.approve(vault.address, 2**256 - 1, sender=vault.address)
    with boa.reverts("vault: nothing credited"):
        vault.pull(ids.trader, 0, vault.address, 100)


@pytest.mark.parametrize("tokens", [1, 999_999, 1_000_001])
def test_refuses_parts_of_a_wad_unit(deploy, vault, fund, ids, roles, tokens):
    token = deploy("StandardToken", 24)
    admit(vault, token)
    fund(token, tokens)
    with boa.reverts("vault: amount granularity"):
        vault.pull(ids.trader, 0, roles.payer, tokens)


def test_refuses_less_than_a_wad_unit_after_a_fee(deploy, vault, fund, ids, roles):
    token = deploy("FeeToken", 24)
    admit(vault, token)
    fund(token, 10**6)
    token.set_parts(10_000, 9_999)
    with boa.reverts("vault: nothing credited"):
        vault.pull(ids.trader, 0, roles.payer, 10**6)


def test_refuses_a_paused_or_blacklisted_payer(deploy, vault, fund, ids, roles):
    token = deploy("GuardedToken", 6)
    admit(vault, token)
    fund(token, 10)
    token.set_blacklisted(roles.payer, True)
    with boa.reverts("token: blacklisted"):
        vault.pull(ids.trader, 0, roles.payer, 10)
    token.set_paused(True)
    with boa.reverts("token: paused"):
        vault.pull(ids.trader, 0, roles.payer, 10)


def test_refuses_amounts_beyond_their_bounds(deploy, vault, weth, fund, deposit, ids, roles):
    fund(weth, 2**129)
    with boa.reverts("vault: too many tokens"):
        vault.pull(ids.trader, 0, roles.payer, 2**128)
    # the largest cap is far below what an account can hold
    with boa.reverts("vault: deposit cap"):
        vault.pull(ids.trader, 0, roles.payer, 2**128 - 1)
    with boa.reverts("vault: deposit cap"):
        vault.pull(ids.trader, 0, roles.payer, MOST + 1)
    assert vault.pull(ids.trader, 0, roles.payer, MOST) == MOST
    with boa.reverts("vault: deposit cap"):
        vault.pull(ids.trader, 0, roles.payer, 1)
    cents = deploy("StandardToken", 2)
    admit(vault, cents)
    fund(cents, 2**128 - 1)
    # 2 decimals: the largest number of tokens whose WAD value is below 2**128
    most = (2**128 - 1) // 10**16
    with boa.reverts("vault: amount range"):
        vault.pull(ids.trader, 1, roles.payer, 2**128 - 1)
    with boa.reverts("vault: amount range"):
        vault.pull(ids.trader, 1, roles.payer, most + 1)
    with boa.reverts("vault: deposit cap"):
        vault.pull(ids.trader, 1, roles.payer, most)
    assert vault.pull(ids.trader, 1, roles.payer, MOST // 10**16) == MOST // 10**16 * 10**16


def test_refuses_a_balance_or_a_sum_beyond_its_range(vault, quote, weth, fund, deposit, ids, roles):
    """No cap lets it come to that: the storage is tampered with."""
    deposit(ids.trader, 0, weth, 1)
    fund(weth, 1)
    vault.eval(f"ledger.amounts[{ids.trader}][0] = 2**128 - 1")
    with boa.reverts("vault: amount range"):
        vault.pull(ids.trader, 0, roles.payer, 1)
    fund(quote, 1)
    vault.eval("ledger.quote_total = 2**160 - 1")
    with boa.reverts("vault: total range"):
        vault.pull(ids.trader, QUOTE, roles.payer, 1)


def test_refuses_cash_beyond_int128(vault, quote, fund, ids, roles):
    most = (2**127 - 1) // 10**12
    fund(quote, most + 1)
    with boa.reverts("vault: cash range"):
        vault.pull(ids.trader, QUOTE, roles.payer, most + 1)
    assert vault.pull(ids.trader, QUOTE, roles.payer, most) == most * 10**12


@pytest.mark.parametrize("kind", ["StandardToken", "SilentToken", "FalseToken"])
@pytest.mark.parametrize(
    ("decimals", "tokens", "amount"),
    [
        (2, 12_345, 123_450_000_000_000_000_000),
        (6, 1, 1_000_000_000_000),
        (8, 100_000_001, 1_000_000_010_000_000_000),
        (18, 7, 7),
        (24, 3_000_000, 3),
    ],
)
def test_credits_collateral_in_wad(deploy, vault, deposit, ids, roles, kind, decimals, tokens, amount):
    token = deploy(kind, decimals)
    asset = admit(vault, token)
    assert deposit(ids.trader, asset, token, tokens) == amount
    assert last_event(vault) == (
        "Credited",
        {"account": ids.trader, "asset": asset, "payer": roles.payer, "tokens": tokens, "amount": amount},
    )
    assert vault.collateral(ids.trader, asset) == vault.credited(asset) == amount
    assert vault.snapshot(ids.trader) == (word(assets=1 << asset), [amount])
    assert token.balanceOf(vault.address) == tokens
    assert token.balanceOf(roles.payer) == 0


@pytest.mark.parametrize(
    ("decimals", "tokens", "amount"),
    [
        (2, 5, 5 * 10**16),
        (6, 1_000_001, 1_000_001 * 10**12),
        (8, 3, 3 * 10**10),
        (18, 11, 11),
        (24, 10**6, 1),
    ],
)
def test_credits_cash_in_wad(deploy, roles, ids, decimals, tokens, amount):
    token = deploy("StandardToken", decimals)
    vault = deploy("Vault", roles.manager, token.address)
    token.mint(roles.payer, tokens)
    token.approve(vault.address, tokens, sender=roles.payer)
    assert vault.pull(ids.trader, QUOTE, roles.payer, tokens) == amount
    assert last_event(vault) == (
        "Credited",
        {"account": ids.trader, "asset": QUOTE, "payer": roles.payer, "tokens": tokens, "amount": amount},
    )
    assert vault.cash(ids.trader) == vault.credited(QUOTE) == amount
    assert vault.snapshot(ids.trader) == (word(cash=amount), [])
    assert vault.debt() == 0
    assert token.balanceOf(vault.address) == tokens


@pytest.mark.parametrize(
    ("decimals", "tokens", "arrived", "amount"),
    [(6, 1_000, 990, 990 * 10**12), (18, 101, 99, 99), (24, 3 * 10**6, 2_970_000, 2)],
)
def test_credits_what_arrives_after_a_fee(deploy, vault, fund, ids, roles, decimals, tokens, arrived, amount):
    token = deploy("FeeToken", decimals)
    admit(vault, token)
    fund(token, tokens)
    token.set_parts(10_000, 9_900)
    assert vault.pull(ids.trader, 0, roles.payer, tokens) == amount
    assert last_event(vault)[1]["tokens"] == arrived
    assert vault.collateral(ids.trader, 0) == vault.credited(0) == amount
    assert token.balanceOf(vault.address) == arrived


def test_a_fee_on_top_is_the_payers(deploy, vault, fund, ids, roles):
    token = deploy("FeeToken", 18)
    admit(vault, token)
    fund(token, 1_010)
    token.set_parts(10_100, 10_000)
    assert vault.pull(ids.trader, 0, roles.payer, 1_000) == 1_000
    assert token.balanceOf(roles.payer) == 0


def test_never_credits_more_than_was_asked_for(deploy, vault, fund, ids, roles):
    token = deploy("FeeToken", 18)
    admit(vault, token)
    fund(token, 100)
    token.set_parts(10_000, 20_000)
    assert vault.pull(ids.trader, 0, roles.payer, 100) == 100
    assert vault.credited(0) == 100
    assert token.balanceOf(vault.address) == 200


def test_a_donation_is_nobodys(vault, weth, fund, ids, roles):
    weth.mint(vault.address, 5)
    fund(weth, 7)
    assert vault.pull(ids.trader, 0, roles.payer, 7) == 7
    assert vault.credited(0) == vault.collateral(ids.trader, 0) == 7


def test_adds_to_what_is_there(vault, quote, weth, deposit, give_cash, ids):
    give_cash(ids.trader, 10)
    deposit(ids.trader, 0, weth, 3)
    vault.reserve(ids.trader, 2 * WAD)
    give_cash(ids.trader, 5)
    deposit(ids.trader, 0, weth, 4)
    give_cash(ids.pool, 1)
    assert vault.snapshot(ids.trader) == (word(cash=15 * WAD, reserved=2 * WAD, assets=1), [7])
    assert vault.credited(QUOTE) == 16 * WAD
    assert vault.credited(0) == 7


def test_cash_pays_debt_first(vault, give_cash, ids):
    book(vault, ids.trader, ids.pool, -10 * WAD)
    assert vault.debt() == 10 * WAD
    give_cash(ids.trader, 4)
    assert (vault.cash(ids.trader), vault.debt()) == (-6 * WAD, 6 * WAD)
    give_cash(ids.trader, 9)
    assert (vault.cash(ids.trader), vault.debt()) == (3 * WAD, 0)
    assert vault.credited(QUOTE) == 13 * WAD

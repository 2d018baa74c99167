"""Fee-on-transfer and rebasing tokens (STA in Balancer, June 2020: half a million dollars): a pool that credits the amount it asked for owes
more than it holds, and one that reads its balance lets whoever moves that balance move everybody's share.

Here the Vault credits what arrived, sends exactly what it debits, and its ledger is no function of its balance (I-1, I-2, I-27)."""

from __future__ import annotations

from types import SimpleNamespace

import boa
import pytest

from tests.adversarial.arena import ETH, USDC, Arena
from tests.adversarial.reentry import replace_token
from tests.support.venue import MAX, load
from tests.support.words import WAD

FEE = "tests/contracts/tokens/FeeToken.vy"


@pytest.mark.parametrize("asset", ["quote", "collateral"])
class TestFees:
    """Of the token that everybody's balances are in."""

    @pytest.fixture
    def token(self, arena: Arena, who: SimpleNamespace, asset: str) -> SimpleNamespace:
        """A victim's balance in the Vault, and an attacker with 1,000 units to put in."""
        plain = arena.quote if asset == "quote" else arena.tokens[1]
        arena.deposit(who.victim, 10**9, plain)
        if asset == "collateral":
            arena.deposit(who.attacker, 1, plain)
        arena.fund(who.attacker, 1_000, plain)
        return replace_token(plain, FEE)

    @staticmethod
    def held(arena: Arena, account: int, token: SimpleNamespace) -> int:
        """Token units of an account."""
        if token.address == arena.quote.address:
            return arena.manager.cash(account) // 10**12
        return arena.manager.collateral(account, token.address)

    def test_credited_is_what_arrives(
        self, arena: Arena, who: SimpleNamespace, token: SimpleNamespace
    ) -> None:
        account = int(who.attacker, 16) << 96
        before = self.held(arena, account, token)
        for got, credit in ((9_900, 990), (20_000, 1_000), (1, 0)):
            with boa.env.anchor():
                token.set_parts(10_000, got)
                if credit:
                    arena.manager.deposit(account, token.address, 1_000, sender=who.attacker)
                else:
                    with boa.reverts("vault: nothing credited"):
                        arena.manager.deposit(account, token.address, 1_000, sender=who.attacker)
                assert self.held(arena, account, token) - before == credit

    def test_sent_is_what_is_debited(
        self, arena: Arena, who: SimpleNamespace, token: SimpleNamespace
    ) -> None:
        victim = int(who.victim, 16) << 96
        for paid in (10_100, 9_900, 0):
            token.set_parts(paid, 10_000)
            with boa.reverts("vault: token moved wrong amount"):
                arena.manager.withdraw(victim, token.address, 10**6, who.victim, sender=who.victim)
        token.set_parts(10_000, 9_900)
        arena.manager.withdraw(victim, token.address, 10**6, who.victim, sender=who.victim)
        assert self.held(arena, victim, token) == 10**9 - 10**6


def test_the_naive_vault_pays_one_with_the_others() -> None:
    token = load(FEE, 6)
    vault = load("tests/contracts/naive/CreditsAmount.vy", token.address)
    attacker, victim = (str(boa.env.generate_address(n)) for n in ("attacker", "victim"))
    for user in (victim, attacker):
        token.mint(user, 1_000)
        token.approve(vault.address, MAX, sender=user)
    vault.deposit(1_000, sender=victim)
    token.set_parts(10_000, 9_000)
    vault.deposit(1_000, sender=attacker)
    token.set_parts(10_000, 10_000)
    vault.withdraw(1_000, sender=attacker)
    with boa.reverts("token: balance"):
        vault.withdraw(1_000, sender=victim)
    # and the share of a balance follows whoever moves the balance
    worth = vault.worth(victim)
    token.mint(vault.address, 500)
    assert vault.worth(victim) == worth + 500


def test_shares_are_not_sold_for_less_than_they_cost(arena: Arena, who: SimpleNamespace) -> None:
    arena.fund(who.attacker, 1_000 * USDC)
    arena.quote.approve(arena.shares.address, MAX, sender=who.attacker)
    token = replace_token(arena.quote, FEE)
    for lost in (9_999, 9_000):
        token.set_parts(10_000, lost)
        with boa.reverts("token: balance"):
            arena.shares.deposit(1_000 * USDC, who.attacker, sender=who.attacker)
    # what lies in the pool's own hands does not fill the gap
    token.mint(arena.shares.address, 10**6 * USDC)
    with boa.reverts("pool: not all arrived"):
        arena.shares.deposit(1_000 * USDC, who.attacker, sender=who.attacker)
    assert arena.shares.balanceOf(who.attacker) == 0


def ledger(arena: Arena, accounts: list[int]) -> list[int]:
    """Everything the books say."""
    found = [
        arena.vault.credited(255),
        arena.vault.credited(1),
        arena.vault.debt(),
        arena.shares.totalAssets(),
    ]
    for account in accounts:
        word, held = arena.vault.snapshot(account)
        found += [word, *held, *arena.manager.account_health(account)]
    return found


@pytest.mark.parametrize("to", [5_000, 9_999, 10_001, 20_000])
def test_a_rebase_moves_nobody(arena: Arena, who: SimpleNamespace, to: int) -> None:
    accounts = [arena.deposit(u, 10_000 * USDC) for u in (who.trader, who.victim)]
    for user in (who.trader, who.victim):
        arena.deposit(user, 10 * WAD, arena.tokens[1])
    arena.trade(accounts[0], ETH, 20 * WAD)
    everybody = [*accounts, arena.pool_account, arena.cover_account]
    before = ledger(arena, everybody)
    for token in (arena.quote, arena.tokens[1]):
        held = token.balanceOf(arena.vault.address)
        if to > 10_000:
            token.mint(arena.vault.address, held * (to - 10_000) // 10_000)
        else:
            token.transfer(who.outsider, held - held * to // 10_000, sender=arena.vault.address)
    assert ledger(arena, everybody) == before
    # more than the ledger says is for nobody, and less stops nothing but the last payments in that token
    with boa.reverts("vault: insufficient balance"):
        arena.manager.withdraw(
            accounts[1], arena.tokens[1].address, 10 * WAD + 1, who.victim, sender=who.victim
        )
    arena.manager.withdraw(accounts[1], arena.tokens[1].address, 10 * WAD, who.victim, sender=who.victim)
    arena.trade(accounts[0], ETH, -10 * WAD)
    if to < 10_000:
        with boa.reverts("token: balance"):
            arena.manager.withdraw(
                accounts[0], arena.tokens[1].address, 10 * WAD, who.trader, sender=who.trader
            )

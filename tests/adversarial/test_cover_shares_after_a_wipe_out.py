"""Insurance pools after a total loss: shares are out and nothing is behind them. Where the next entrant gets shares one to one, those of the ruined own
as much of his money as he does; where he gets them at a price of nothing, he gets them all for a unit. The cover pool takes nobody while it has
nothing; after its next penalty an entrant pays the price that is, and each keeps his own (I-20, I-21).
"""

from __future__ import annotations

from types import SimpleNamespace

import boa
import pytest

from tests.adversarial.arena import ETH, USDC, Arena
from tests.adversarial.stress import Cover, NeverLapses, RealCover, set_rates, sized
from tests.support.words import WAD

OLD, NEW = 50_000 * USDC, 100_000 * USDC


class OneToOne(NeverLapses):
    """With nothing behind the shares an entrant gets one a unit."""

    def enter(self, user: str, tokens: int) -> int:
        made = tokens * self.supply // self.capital() if self.capital() else tokens
        self.shares[user] += made
        self.supply += made
        self.arena.fund(user, tokens)
        self.arena.manager.pool_deposit(user, tokens, sender=self.arena.cover)
        return made


def wipe_out(arena: Arena, cover: Cover, who: SimpleNamespace) -> None:
    """The attacker's fifty thousand pay a bad debt of a hundred."""
    set_rates(arena, cover_share=10_000)
    cover.enter(who.attacker, OLD)
    ruined = arena.deposit(who.trader, 500_000 * USDC)
    arena.trade(ruined, ETH, sized(arena, ETH, 4_000_000))
    arena.set_price(ETH, arena.prices[ETH] * 85 // 100)
    assert arena.liquidated(ruined, who.keeper).reason == 0
    assert arena.manager.cash(arena.cover_account) == 0


def penalty(arena: Arena, who: SimpleNamespace) -> int:
    """The next liquidation's; returns what the cover pool has, token units."""
    account = arena.deposit(who.outsider, 300_000 * USDC)
    arena.trade(account, ETH, sized(arena, ETH, 3_000_000))
    arena.set_price(ETH, arena.prices[ETH] * 94 // 100)
    assert arena.liquidated(account, who.keeper).reason == 0
    found = arena.manager.cash(arena.cover_account) // 10**12
    assert 0 < found < OLD
    return found


def test_one_to_one_the_ruined_own_a_third_of_the_next_ones_money(arena: Arena, who: SimpleNamespace) -> None:
    cover = OneToOne(arena)
    wipe_out(arena, cover, who)
    cover.enter(who.victim, NEW)
    assert cover.worth(who.attacker) == NEW // 3
    assert cover.worth(who.victim) < NEW


def test_with_nothing_behind_the_shares_nobody_enters(arena: Arena, who: SimpleNamespace) -> None:
    cover = RealCover(arena)
    wipe_out(arena, cover, who)
    with boa.reverts("pool: closed to entries"):
        cover.enter(who.victim, NEW)
    assert arena.cover_shares.maxDeposit(who.victim) == 0
    # tokens sent there, or to the Vault, open nothing
    for at in (arena.cover_shares, arena.vault):
        arena.fund(who.attacker, USDC)
        arena.quote.transfer(at.address, USDC, sender=who.attacker)
    with boa.reverts("pool: closed to entries"):
        cover.enter(who.attacker, 1)


@pytest.mark.parametrize("first", ["attacker", "victim"])
def test_after_it_each_has_his_own(arena: Arena, who: SimpleNamespace, first: str) -> None:
    """The penalty is the ruined one's, who bore the loss; the entrant's money is the entrant's, whoever leaves first."""
    cover = RealCover(arena)
    wipe_out(arena, cover, who)
    earned = penalty(arena, who)
    cover.enter(who.victim, NEW)
    assert abs(cover.worth(who.attacker) - earned) <= 1
    assert abs(cover.worth(who.victim) - NEW) <= 1
    paid = {}
    for name in (first, "victim" if first == "attacker" else "attacker"):
        user = getattr(who, name)
        held = arena.cover_shares.balanceOf(user)
        paid[name] = arena.cover_shares.redeem(held, user, user, sender=user)
    # whoever stays has the unit that the other's exit was rounded by
    assert abs(paid["attacker"] - earned) <= 2
    assert abs(paid["victim"] - NEW) <= 2
    assert sum(paid.values()) <= earned + NEW


def test_nor_is_it_for_sale_for_a_unit(arena: Arena, who: SimpleNamespace) -> None:
    """The first entrant after the penalty gets none of it."""
    cover = RealCover(arena)
    wipe_out(arena, cover, who)
    earned = penalty(arena, who)
    cover.enter(who.second, 2)
    assert cover.worth(who.second) <= 2
    assert cover.worth(who.attacker) >= earned - 1
    assert arena.vault.debt() == 0
    assert arena.manager.cash(arena.cover_account) < OLD * 10**12 < NEW * WAD

"""One thin market's loss empties the fund of all (JELLY, POPCAT, YFI: the insurance of every market stood in for the one that was attacked). A market takes
at most its share of the cover pool at once, and as much again a day (W-1); what is more is the pool's, whose caps let the market in.
"""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from tests.adversarial.arena import DAY, DOGE, ETH, USDC, Arena
from tests.adversarial.stress import cover_in, set_rates, sized
from tests.support.words import WAD

FUND = 1_000_000
SHARE = 1_000
CAP = FUND * WAD * SHARE // 10_000


def fund(arena: Arena, who: SimpleNamespace, share: int) -> None:
    set_rates(arena, cover_share=share)
    cover_in(arena, who.outsider, FUND * USDC)


def ruin(
    arena: Arena, who: SimpleNamespace, market: int, user: str, quote: int = 1_500_000
) -> tuple[int, int]:
    """An account of a market whose price falls by 40 %; what the cover pool and the pool paid, WAD."""
    account = arena.deposit(user, 300_000 * USDC)
    arena.trade(account, market, sized(arena, market, quote))
    price = arena.prices[market]
    arena.set_price(market, price * 6 // 10)
    before = arena.manager.cash(arena.cover_account), arena.manager.account_health(account)[0]
    assert before[1] < 0
    assert arena.liquidated(account, who.keeper).reason == 0
    arena.set_price(market, price)
    paid = before[0] - arena.manager.cash(arena.cover_account)
    return paid, -before[1] - paid


def test_without_shares_one_market_takes_what_all_have(arena: Arena, who: SimpleNamespace) -> None:
    """Naive: the fund pays whatever comes, as long as there is something. Nothing is left for those whose market did nothing."""
    fund(arena, who, 1)
    for user in (who.attacker, who.second, who.bot, who.trader):
        rest = ruin(arena, who, DOGE, user)[1]
        left = arena.manager.cash(arena.cover_account)
        arena.move(arena.cover_account, arena.pool_account, min(rest, left))
    assert arena.manager.cash(arena.cover_account) == 0
    set_rates(arena, cover_share=SHARE)
    assert ruin(arena, who, ETH, who.victim)[0] == 0


def test_one_market_takes_its_share_and_no_more(arena: Arena, who: SimpleNamespace) -> None:
    fund(arena, who, SHARE)
    paid = [ruin(arena, who, DOGE, u) for u in (who.attacker, who.second, who.bot, who.trader)]
    assert paid[0][0] == CAP
    assert sum(p for p, _ in paid) <= CAP + WAD
    assert all(rest > 100_000 * WAD for _, rest in paid)
    assert arena.waterfall.used(DOGE) >= CAP - CAP // 8_640  # what is forgiven in ten seconds
    # another market has its own, of what is left
    cash = arena.manager.cash(arena.cover_account)
    assert ruin(arena, who, ETH, who.victim)[0] == cash * SHARE // 10_000


@pytest.mark.parametrize(("hours", "part"), [(6, 4), (12, 2), (24, 1), (240, 1)])
def test_as_much_again_a_day(arena: Arena, who: SimpleNamespace, hours: int, part: int) -> None:
    fund(arena, who, SHARE)
    ruin(arena, who, DOGE, who.attacker)
    arena.warp(hours * DAY // 24)
    cap = arena.manager.cash(arena.cover_account) * SHARE // 10_000
    paid = ruin(arena, who, DOGE, who.second)[0]
    # what was used was more than today's cap: a little of it is left over
    assert cap // part - 11_000 * WAD <= paid <= cap // part + cap // 100


def test_a_loss_is_charged_where_it_was_made(arena: Arena, who: SimpleNamespace) -> None:
    """A losing lot in every other market moves 1/255 of the blame each, no more."""
    fund(arena, who, SHARE)
    account = arena.deposit(who.attacker, 300_000 * USDC)
    for market in range(4):
        arena.trade(account, market, sized(arena, market, 100))
    arena.trade(account, DOGE, sized(arena, DOGE, 1_500_000))
    for market in range(5):
        arena.set_price(market, arena.prices[market] * (6 if market == DOGE else 9) // 10)
    debt = -arena.manager.account_health(account)[0]
    before = arena.manager.cash(arena.cover_account)
    assert arena.liquidated(account, who.keeper).reason == 0
    paid = before - arena.manager.cash(arena.cover_account)
    for market in range(4):
        assert arena.waterfall.used(market) <= debt * 2 // 255
    assert arena.waterfall.used(DOGE) == CAP
    assert paid <= CAP + debt * 4 * 2 // 255


def test_claims_never_take_more_than_there_is(arena: Arena, who: SimpleNamespace) -> None:
    fund(arena, who, 6_000)
    for market, user in ((DOGE, who.attacker), (ETH, who.second), (DOGE, who.bot), (ETH, who.trader)):
        ruin(arena, who, market, user)
        assert arena.manager.cash(arena.cover_account) >= 0
        assert arena.vault.debt() == 0

"""Wind-downs: a venue that closes a market at the price of a moment lets whoever makes that moment choose it, and one that pays claims first come, first
served pays the fast (FTX, Celsius; runs on GLP-like pools). W-3: the settlement price is an average over an hour that no role sets; anybody settles
anybody, in any order, to the same unit; what is missing costs everybody the same share, whoever comes first; and no dead feed keeps the money.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import boa
import pytest

from tests.adversarial.arena import BTC, DAY, ETH, HOUR, USDC, Arena
from tests.adversarial.reentry import configurator
from tests.adversarial.stress import CLAIMS_OPEN, cover_in, set_rates, sized
from tests.support.words import WAD

WEEK = 7 * DAY
MARKETS = 5


@dataclass
class Ending:
    """An arena with the real Configurator, and who has accounts in it: (user, account)."""

    arena: Arena
    setter: Any
    books: list[tuple[str, int]]

    def sample_hour(self, markets: range | tuple[int, ...], every: int = 300) -> None:
        """Everybody's prices for an hour."""
        for _ in range(HOUR // every):
            self.arena.warp(every)
            for market in markets:
                if (
                    self.setter.closing(market)[2] < 1_800
                    or self.setter.closing(market)[0] + HOUR > boa.env.timestamp
                ):
                    self.setter.sample(market)

    def settle_markets(self) -> None:
        for market in range(MARKETS):
            self.setter.settle_market(market)

    def settle_books(self, order: list[tuple[int, int]]) -> None:
        """(account, market) pairs, by anybody."""
        for account, market in order:
            self.arena.manager.settle(account, market)

    def open_books(self) -> list[tuple[int, int]]:
        """Every position there is."""
        found = []
        for _, account in self.books:
            held = self.arena.manager.legs(account)[0]
            found += [(account, m) for m in range(MARKETS) if held >> m & 1]
        return found

    def settled(self, seed: int = 1) -> None:
        """From a shutdown to settled books, in a random order."""
        self.setter.shut_down(sender=self.arena.owner)
        self.sample_hour(range(MARKETS))
        self.settle_markets()
        order = self.open_books()
        random.Random(seed).shuffle(order)
        self.settle_books(order)

    def take(self, user: str, account: int) -> int:
        """All that an account may have, in token units; one more is refused."""
        vault, manager, quote = self.arena.vault, self.arena.manager, self.arena.quote.address
        _, credited, debt = vault.totals()
        cash = manager.cash(account)
        most = cash * credited // (credited + debt) // 10**12
        while most and -(-most * 10**12 * debt // credited) + most * 10**12 > cash:
            most -= 1
        if most:
            with boa.env.anchor(), boa.reverts():
                manager.withdraw(account, quote, most + 2, user, sender=user)
            manager.withdraw(account, quote, most, user, sender=user)
        return most

    def leave(self, shares: Any, user: str) -> int:
        """All shares of an LP."""
        held = shares.balanceOf(user)
        return shares.redeem(held, user, user, sender=user) if shares.previewRedeem(held) else 0


@pytest.fixture
def ending(arena: Arena, who: SimpleNamespace) -> Iterator[Ending]:
    """Longs and shorts in two markets, the traders net short of 14 million bitcoin; and a cover pool of 200,000."""
    setter = configurator(arena)
    people = (who.attacker, who.victim, who.trader, who.second)
    books = [(u, arena.deposit(u, 3_000_000 * USDC + i)) for i, u in enumerate(people)]
    quotes = ((-9_000_000, 2_000_000), (-7_000_000, 0), (2_000_000, -1_000_000), (0, -1_500_000))
    for (_, account), pair in zip(books, quotes):
        for market, quote in zip((BTC, ETH), pair):
            if quote:
                arena.trade(account, market, sized(arena, market, quote))
    cover_in(arena, who.outsider, 200_000 * USDC)
    yield Ending(arena, setter, books)


# ---- the settlement price ----------------------------------------------------------------------


def pushed(ending: Ending) -> tuple[int, int]:
    """An hour of samples each minute; at the last second one print 30 % down for the attacker's short. The price that stood, and what it settles at."""
    arena, setter = ending.arena, ending.setter
    fair = arena.prices[BTC]
    setter.close_market(BTC, sender=arena.owner)
    ending.sample_hour((BTC,), 60)
    # the hour is over: from now on it is what it is
    arena.set_price(BTC, fair * 7 // 10)
    with boa.reverts("configurator: sampling is over"):
        setter.sample(BTC)
    setter.settle_market(BTC)
    return fair, arena.manager.market_words(1 << BTC)[0].carry >> 232


def test_a_print_at_the_last_moment_would_be_the_price(ending: Ending, who: SimpleNamespace) -> None:
    """Naive: settled at the price of the moment, by its own door. A third of nine million for one print."""
    arena, (_, account) = ending.arena, ending.books[0]
    before = arena.manager.account_health(account)[0]
    fair = arena.prices[BTC]
    arena.set_price(BTC, fair * 7 // 10)
    arena.configure(7, BTC, arena.prices[BTC])
    arena.set_price(BTC, fair)
    arena.manager.settle(account, BTC)
    assert arena.manager.account_health(account)[0] - before > 2_500_000 * WAD


def test_a_print_at_the_last_moment_is_nothing(ending: Ending, who: SimpleNamespace) -> None:
    arena, (_, account) = ending.arena, ending.books[0]
    before = arena.manager.account_health(account)[0]
    fair, _ = pushed(ending)
    assert ending.setter.average(BTC) == fair
    arena.set_price(BTC, fair)
    arena.manager.settle(account, BTC)
    # carry of an hour, and P-hat's 18 bits
    assert abs(arena.manager.account_health(account)[0] - before) < 5_000 * WAD


@pytest.mark.parametrize("at", [0, 30, 58])
def test_a_print_among_the_samples_weighs_its_minute(ending: Ending, at: int) -> None:
    """30 % for one of 59 samples, all that fit into the hour, moves the price by half a per cent."""
    arena, setter = ending.arena, ending.setter
    fair = arena.prices[BTC]
    setter.close_market(BTC, sender=arena.owner)
    for i in range(59):
        boa.env.time_travel(seconds=60)
        arena.prices[BTC] = fair * 7 // 10 if i == at else fair
        arena.keep_fresh()
        setter.sample(BTC)
    assert setter.average(BTC) == (58 * fair + fair * 7 // 10) * 60 // (59 * 60)


def test_alone_he_has_to_hold_it_for_half_an_hour(ending: Ending) -> None:
    """Where nobody else samples, one print counts for 300 seconds at most, and six are needed."""
    arena, setter = ending.arena, ending.setter
    fair = arena.prices[BTC]
    setter.close_market(BTC, sender=arena.owner)
    arena.warp(HOUR)
    arena.set_price(BTC, fair * 7 // 10)
    for _ in range(3):  # more of one moment weighs nothing
        setter.sample(BTC)
    assert setter.closing(BTC)[2] == 300
    with boa.reverts("configurator: too soon"):
        setter.settle_market(BTC)
    # and anybody else dilutes it
    arena.set_price(BTC, fair)
    for _ in range(5):
        arena.warp(300)
        setter.sample(BTC)
    setter.settle_market(BTC)
    assert setter.average(BTC) == (fair * 7 // 10 * 300 + fair * 1_501 - fair) // 1_800


def test_no_role_sets_it(ending: Ending, who: SimpleNamespace) -> None:
    """The owner starts it, and that is all he can do."""
    arena, setter = ending.arena, ending.setter
    with boa.reverts("ownable: caller is not the owner"):
        setter.close_market(BTC, sender=who.attacker)
    setter.close_market(BTC, sender=arena.owner)
    with boa.reverts("configurator: market closed"):
        setter.close_market(BTC, sender=arena.owner)
    with boa.reverts("configurator: too soon"):
        setter.settle_market(BTC, sender=arena.owner)
    with boa.reverts("manager: not configurator"):
        arena.manager.configure(7, BTC, 1, sender=arena.owner)


# ---- settling ----------------------------------------------------------------------------------


def test_any_order_of_settling_comes_to_the_same(ending: Ending, who: SimpleNamespace) -> None:
    arena = ending.arena
    ending.setter.shut_down(sender=arena.owner)
    ending.sample_hour(range(MARKETS))
    ending.settle_markets()
    pairs = ending.open_books()
    found = set()
    for seed in range(6):
        with boa.env.anchor():
            random.Random(seed).shuffle(pairs)
            ending.settle_books(pairs)
            accounts = [a for _, a in ending.books] + [arena.pool_account, arena.cover_account]
            found.add(tuple(arena.manager.cash(a) for a in accounts))
            assert all(arena.manager.market_words(1 << m)[0].book % 2**144 == 0 for m in range(MARKETS))
    assert len(found) == 1


# ---- claims ------------------------------------------------------------------------------------


def claims(ending: Ending, who: SimpleNamespace, seed: int) -> tuple[dict[str, int], dict[str, int]]:
    """Everybody takes what is his, in a random order; what each was owed and got, token units."""
    arena = ending.arena
    owed = {u: arena.manager.cash(a) // 10**12 for u, a in ending.books}
    claimants = [lambda u=u, a=a: (u, ending.take(u, a)) for u, a in ending.books]
    for shares, user in ((arena.shares, arena.lp), (arena.cover_shares, who.outsider)):
        owed[user] = shares.previewRedeem(shares.balanceOf(user))
        claimants.append(lambda s=shares, u=user: (u, ending.leave(s, u)))
    random.Random(seed).shuffle(claimants)
    return owed, dict(claim() for claim in claimants)


def missing(ending: Ending) -> None:
    """The pool's shorts win more than it has: bitcoin loses nine tenths of its price."""
    arena = ending.arena
    arena.warp(60)
    arena.set_price(BTC, arena.prices[BTC] // 10)
    ending.settled()
    assert arena.manager.cash(arena.pool_account) < -1_000_000 * WAD


def first_come(ending: Ending, owed: list[int]) -> list[int]:
    """Naive: paid in full while there are tokens."""
    there = ending.arena.quote.balanceOf(ending.arena.vault.address)
    paid = []
    for amount in owed:
        paid.append(min(amount, there))
        there -= paid[-1]
    return paid


def test_first_come_first_served_pays_the_last_less(ending: Ending, who: SimpleNamespace) -> None:
    missing(ending)
    owed = [ending.arena.manager.cash(a) // 10**12 for _, a in ending.books]
    paid = first_come(ending, owed)
    assert paid[0] == owed[0]
    assert paid[-1] < owed[-1] * 6 // 10


@pytest.mark.parametrize("seed", range(4))
def test_what_is_missing_costs_everybody_the_same_share(
    ending: Ending, who: SimpleNamespace, seed: int
) -> None:
    """In any order, to the last unit, and nothing but roundings stays behind."""
    arena = ending.arena
    missing(ending)
    for user, account in ending.books:
        with boa.reverts("manager: shutting down"):
            arena.manager.withdraw(account, arena.quote.address, 1, user, sender=user)
    ending.setter.open_claims(sender=who.keeper)
    # the cover pool has paid what it could
    assert arena.manager.cash(arena.cover_account) == 0
    _, credited, debt = arena.vault.totals()
    assert debt == -arena.manager.cash(arena.pool_account) > 10**6 * WAD
    there = arena.quote.balanceOf(arena.vault.address)
    owed, paid = claims(ending, who, seed)
    for user, _ in ending.books:
        assert abs(paid[user] - owed[user] * credited // (credited + debt)) <= 1
    assert paid[arena.lp] == paid[who.outsider] == 0
    left = arena.quote.balanceOf(arena.vault.address)
    assert left == there - sum(paid.values())
    assert 0 <= left <= 2 * len(ending.books)


@pytest.mark.parametrize("seed", range(3))
def test_where_nothing_is_missing_everybody_gets_all(ending: Ending, who: SimpleNamespace, seed: int) -> None:
    arena = ending.arena
    arena.warp(60)
    arena.set_price(BTC, arena.prices[BTC] * 8 // 10)
    ending.settled()
    ending.setter.open_claims(sender=who.keeper)
    there = arena.quote.balanceOf(arena.vault.address)
    owed, paid = claims(ending, who, seed)
    assert arena.vault.totals()[2] == 0
    for user in (*(u for u, _ in ending.books), arena.lp, who.outsider):
        assert abs(paid[user] - owed[user]) <= 1
        assert paid[user] > 0
    # virtual shares have a unit of each pool, roundings the rest
    assert arena.quote.balanceOf(arena.vault.address) == there - sum(paid.values()) <= 2 * len(paid)


def test_a_cover_pool_that_is_enough_leaves_the_rest_to_its_lps(ending: Ending, who: SimpleNamespace) -> None:
    arena = ending.arena
    missing(ending)
    owed = -arena.manager.cash(arena.pool_account)
    # as much from elsewhere as makes the debt half of the cover pool
    arena.move(ending.books[0][1], arena.pool_account, owed - 100_000 * WAD)
    ending.setter.open_claims()
    assert arena.vault.totals()[2] == 0
    expected, paid = claims(ending, who, 5)
    assert paid == expected
    assert paid[who.outsider] in (100_000 * USDC, 100_000 * USDC - 1)
    assert paid[arena.lp] == 0


# ---- what could hold it up ---------------------------------------------------------------------


def test_a_feed_that_dies_is_settled_at_its_last_price_after_a_day(
    ending: Ending, who: SimpleNamespace
) -> None:
    """Nobody could sample it once; the others go their way."""
    arena, setter = ending.arena, ending.setter
    last = arena.prices[ETH]
    arena.oracle.set_feed(ETH, (arena.feeds[ETH].address, 8, 86_400, 1, 2), sender=arena.owner)
    boa.env.time_travel(seconds=1)
    setter.shut_down(sender=arena.owner)
    ending.sample_hour((0, 2, 3, 4))
    with boa.reverts("configurator: no valid price"):
        setter.sample(ETH)
    for market in (0, 2, 3, 4):
        setter.settle_market(market)
    with boa.reverts("configurator: too soon"):
        setter.settle_market(ETH)
    arena.warp(DAY - HOUR)
    setter.settle_market(ETH)
    ending.settle_books(ending.open_books())
    setter.open_claims()
    assert arena.oracle.prices([ETH])[0].price == last
    assert ending.take(*ending.books[1]) > 0


def test_inventory_without_a_price_holds_lps_up_for_a_week(ending: Ending, who: SimpleNamespace) -> None:
    """The pool took over ether whose feed is dead: accounts are paid, and LPs wait for the last prices to count, seven days from the shutdown."""
    arena, setter = ending.arena, ending.setter
    holder = arena.deposit(who.bot, 10 * WAD, arena.tokens[1])
    arena.vault.shift(holder, arena.pool_account, 1, 10 * WAD, sender=arena.manager.address)
    down = boa.env.timestamp
    ending.settled()
    arena.oracle.set_feed(ETH, (arena.feeds[ETH].address, 8, 86_400, 1, 2), sender=arena.owner)
    boa.env.time_travel(seconds=1)
    setter.open_claims()
    for user, account in ending.books:
        assert ending.take(user, account) > 0
    shares = arena.shares.balanceOf(arena.lp)
    with boa.reverts("pool: no valid price"):
        arena.shares.redeem(shares // 2, arena.lp, arena.lp, sender=arena.lp)
    boa.env.time_travel(seconds=down + WEEK - 1 - boa.env.timestamp)
    with boa.reverts("configurator: too soon"):
        setter.last_prices()
    boa.env.time_travel(seconds=1)
    setter.last_prices(sender=who.outsider)
    assert arena.shares.redeem(shares // 2, arena.lp, arena.lp, sender=arena.lp) > 0


def test_an_open_position_or_a_debt_does_not(ending: Ending, who: SimpleNamespace) -> None:
    """Whoever does not settle is settled, and a debt is liquidated, by anybody."""
    arena, setter = ending.arena, ending.setter
    set_rates(arena, cover_share=10_000)
    ruined = arena.deposit(who.bot, 300_000 * USDC)
    ending.books.append((who.bot, ruined))
    arena.trade(ruined, ETH, sized(arena, ETH, 2_000_000))
    arena.set_price(ETH, arena.prices[ETH] * 7 // 10)
    setter.shut_down(sender=arena.owner)
    ending.sample_hour(range(MARKETS))
    ending.settle_markets()
    pairs = [p for p in ending.open_books() if p != (ruined, ETH)]
    ending.settle_books(pairs)
    with boa.reverts("configurator: open positions"):
        setter.open_claims()
    arena.manager.settle(ruined, ETH, sender=who.keeper)
    assert arena.manager.cash(ruined) < 0
    with boa.reverts("configurator: open debts"):
        setter.open_claims()
    assert arena.liquidated(ruined, who.keeper).reason == 0
    setter.open_claims()
    assert arena.manager.venue_words()[4] >> 232 & CLAIMS_OPEN

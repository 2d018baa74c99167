"""Steps that stories of stress share: fields of the rates word, the cover pool, naive share books over the real ledger."""

from __future__ import annotations

from collections import defaultdict

from tests.adversarial.arena import Arena
from tests.support.venue import MAX
from tests.support.words import RATES, WAD, change_rates

PAUSED, SHUTTING_DOWN, CLAIMS_OPEN, LAST_PRICES = 1, 2, 4, 8
MINUTE = 60


def set_rates(arena: Arena, **fields: int) -> None:
    """Change fields of the rates word: cooldowns in minutes, shares and ratios in bps, times in unix s."""
    arena.configure(RATES, 0, change_rates(arena.manager.venue_words()[4], **fields))


def cover_in(arena: Arena, user: str, tokens: int) -> int:
    """Buy cover shares with fresh tokens; returns the shares."""
    arena.quote.mint(user, tokens)
    arena.quote.approve(arena.cover_shares.address, MAX, sender=user)
    return arena.cover_shares.deposit(tokens, user, sender=user)


def sized(arena: Arena, market: int, quote: int) -> int:
    """Whole lots worth about so many whole quote at the mark; signed."""
    return quote * WAD * WAD // arena.prices[market] // 10**10 * 10**10


class NaiveCover:
    """The shares of a cover pool as a book on paper over the real ledger, whose capital is cash − D."""

    def __init__(self, arena: Arena) -> None:
        self.arena = arena
        self.supply = 0
        self.shares: dict[str, int] = defaultdict(int)

    def capital(self) -> int:
        """R of the naive rule in token units."""
        cash = self.arena.manager.cash(self.arena.cover_account)
        return max(0, cash - self.arena.vault.debt()) // 10**12

    def enter(self, user: str, tokens: int) -> int:
        """As a deposit of fresh tokens."""
        made = tokens * self.supply // self.capital() if self.supply else tokens
        self.shares[user] += made
        self.supply += made
        self.arena.fund(user, tokens)
        self.arena.manager.pool_deposit(user, tokens, sender=self.arena.cover)
        return made

    def worth(self, user: str) -> int:
        """Token units of a holder's shares."""
        return self.shares[user] * self.capital() // self.supply

    def finalise(self, user: str) -> int:
        """All of a holder's shares are paid out."""
        paid, burnt = self.worth(user), self.shares.pop(user)
        self.supply -= burnt
        self.arena.manager.pool_withdraw(user, paid, sender=self.arena.cover)
        return paid


class NeverLapses(NaiveCover):
    """Capital is cash, and a request once ready stays so."""

    def capital(self) -> int:
        return self.arena.manager.cash(self.arena.cover_account) // 10**12


class RealCover:
    """The same on the bytecode, with all that was requested."""

    def __init__(self, arena: Arena) -> None:
        self.shares = arena.cover_shares
        self.arena = arena

    def enter(self, user: str, tokens: int) -> int:
        return cover_in(self.arena, user, tokens)

    def worth(self, user: str) -> int:
        held = self.shares.balanceOf(user) + self.shares.pending_exit(user)[0]
        return self.shares.convertToAssets(held)

    def finalise(self, user: str) -> int:
        return self.shares.finalise_exit(user)


Cover = NaiveCover | RealCover


# ---- deleveraging ------------------------------------------------------------------------------


def ratio(arena: Arena) -> tuple[int, int]:
    """R and net of the pool from every market at the prices of now, WAD."""
    state = arena.shares.pool_state()
    return state.reduced_equity, state.net


def short(arena: Arena, bps: int = 30_000) -> bool:
    """W-2: 1e4·R < q·net."""
    equity, net = ratio(arena)
    return equity * 10_000 < bps * net


def close_anyway(arena: Arena, account: int, market: int, size: int | None = None) -> int:
    """Naive deleveraging: at the mark, whoever is named, all of it or so much, whatever it does to his margin."""
    size = -arena.manager.position(account, market)[0] if size is None else size
    lent = 10**9 * WAD
    arena.move(arena.pool_account, account, lent)
    arena.manager.deleverage(account, market, size, sender=arena.waterfall.address)
    arena.move(account, arena.pool_account, lent)
    return size


def value(arena: Arena, account: int, market: int) -> int:
    """P-2 of a position at the mark of now, but for its carry."""
    base, quote = arena.manager.position(account, market)
    return base * arena.prices[market] // WAD + quote

"""Parameters that pass every bound, in the order of the structs of IConfigurator, and the words they should become."""

from __future__ import annotations

from math import isqrt
from typing import NamedTuple

from tests.support import words
from tests.support.words import LOT, MICRO, WAD

DAY = 86_400
HOUR = 3_600
U12, U14, U16, U64, U96 = (2**bits - 1 for bits in (12, 14, 16, 64, 96))
ZERO = "0x" + "00" * 20

NOT_OWNER = "ownable: caller is not the owner"


class Venue(NamedTuple):
    """bps; keeper_part 1e-6; the last two WAD quote."""

    im_factor: int = 15_000
    h: int = 12_500
    kappa: int = 6_000
    profit_weight: int = 8_000
    p_max: int = 200
    keeper_part: int = 1_000
    warning: int = 12_000
    exec_band: int = 2_000
    min_margin: int = 25 * WAD
    keeper_cap: int = 10 * WAD

    def word(self) -> int:
        """Layout of the venue word."""
        return words.VenueParams(*self).word()


class Rates(NamedTuple):
    """Caps, kink, cover_share and adl_ratio in bps, the curve in 1e-6 a day, cooldowns in seconds."""

    cap_net: int = 1_000
    cap_gross: int = 3_000
    exit_cap_net: int = 1_200
    exit_cap_gross: int = 3_500
    borrow_base: int = 20
    borrow_slope1: int = 300
    borrow_slope2: int = 3_000
    borrow_kink: int = 8_000
    pool_cooldown: int = 86_400
    cover_cooldown: int = 259_200
    cover_share: int = 2_500
    adl_ratio: int = 30_000

    def word(self) -> int:
        """Layout of the rates word: cooldowns in minutes."""
        return words.Rates(*self[:8], self.pool_cooldown // 60, self.cover_cooldown // 60, *self[10:]).word()


class Market(NamedTuple):
    """As BTC, with 216 times a capital of ten million as the skew scale at 40,000."""

    beta: int = 400
    sigma: int = 160
    clamp: int = 215
    velocity: int = 1_990
    skew_scale: int = 54_000 * WAD
    taker: int = 500
    maker: int = 200
    spread: int = 2_000
    p_min: int = 75
    oi_low: int = 32
    oi_high: int = 97
    oi_cap: int = 50
    max_oi: int = 990 * WAD
    max_oi_quote: int = 23 * 10**6 * WAD
    share: int = 23_000
    min_notional: int = 10 * WAD

    @property
    def w(self) -> int:
        """M-1 in bps."""
        root = isqrt(self.beta**2 + self.sigma**2)
        return root + (root**2 != self.beta**2 + self.sigma**2)

    def risk(self) -> int:
        """Layout of a risk entry."""
        return self.beta | self.sigma << 12 | self.w << 24 | self.clamp << 36 | self.velocity << 50

    def terms(self) -> int:
        """Layout of the terms word, listed."""
        fields = (self.taker, self.maker, self.spread, self.p_min, self.oi_low, self.oi_high)
        rates = sum(value << 64 + 16 * place for place, value in enumerate(fields))
        return self.skew_scale // LOT | rates | self.oi_cap << 160 | 1 << 168

    def limits(self) -> int:
        """Layout of the limits word."""
        caps = self.max_oi // LOT | self.max_oi_quote << 72 | self.share << 168
        return caps | self.min_notional // MICRO << 184


def w_of(beta: int, sigma: int) -> int:
    """M-1 in bps."""
    return Market(beta=beta, sigma=sigma).w


# flags of the rates word, by their place in it
PAUSED, SHUTTING_DOWN, CLAIMS_OPEN, LAST_PRICES = (1 << 232 + place for place in range(4))


def flags_of(rates: int) -> int:
    """The flags, in place."""
    return rates >> 232 << 232


def grace_of(rates: int) -> int:
    """Until when liquidations wait, unix s."""
    return rates >> 192 & 2**40 - 1


def price_word(price: int, state: int = 0) -> int:
    """A price word in that state; the rest set, to be ignored."""
    return price | 2**40 - 1 << 96 | state << 216 | 1 << 255

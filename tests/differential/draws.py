"""Random cases for the differential tests, in the model's terms, with their words for the harness contracts.

Magnitudes are drawn, not values: prices from 1e-3 to 1e7, sizes from one lot to the largest a market can hold.
"""

from __future__ import annotations

import random

from crossmargin.model import MarketParams, Params
from crossmargin.model.carry import Market, price_float
from crossmargin.model.maths import BPS, LOT, LOTS, WAD, ceil_sqrt
from tests.support.pyrevm_chain import START
from tests.support.words import pack

MIN_PRICE, MAX_PRICE = 10**15, 10**25
MAX_NOTIONAL = 2**95  # WAD quote a side: the bits of max_oi_quote
YEAR = 365 * 86_400


class Draw(random.Random):
    """Draws with the extremes more often than chance would have them."""

    def magnitude(self, low: int, high: int) -> int:
        """Uniform in the exponent; an end of the range one time in twenty."""
        if self.random() < 0.05:
            return self.choice((low, high))
        top = self.randint(low.bit_length(), high.bit_length())
        return min(high, max(low, self.getrandbits(top) | 1 << (top - 1)))

    def sign(self) -> int:
        return self.choice((-1, 1))

    def price(self) -> int:
        """WAD quote, 1e-3 … 1e7."""
        return self.magnitude(MIN_PRICE, MAX_PRICE)

    def lots(self, price: int, share: int = 1) -> int:
        """At least one lot, at most what MAX_NOTIONAL buys."""
        return self.magnitude(1, max(1, min(2**70, MAX_NOTIONAL * LOTS // price) // share))

    def dt(self) -> int:
        """Seconds: none, a few, up to three years."""
        return self.choice((0, 0, 1, 12, self.magnitude(1, 3 * YEAR)))

    # ---- parameters ----------------------------------------------------------------------------
    def params(self) -> Params:
        """Venue parameters inside the Configurator's bounds."""
        return Params(
            markets={},
            assets={},
            kappa=self.randint(3_000, 10_000),
            im_factor=self.randint(10_000, 50_000),
            h=self.randint(10_001, 30_000),
            profit_weight=self.randint(0, 9_999),
            p_max=self.randint(1, 1_000),
            keeper_part=self.randint(0, 10_000),
            warning=self.randint(10_000, 12_000),
            min_margin=self.magnitude(1, 10**10) * 10**12,
            keeper_cap=self.randint(0, 10**7) * 10**12,
            cap_net=self.randint(1, 5_000),
            cap_gross=self.randint(1, 10_000),
            exit_cap_net=5_000,
            exit_cap_gross=10_000,
            borrow_base=self.randint(0, 1_000),
            borrow_slope1=self.randint(0, 5_000),
            borrow_slope2=self.randint(0, 65_535),
            borrow_kink=self.randint(0, 10_000),
            exec_band=200,
        )

    def market_params(self, price: int, side: int) -> MarketParams:
        """A market of that price whose larger side (lots) lies within its skew scale, mostly well within."""
        beta, sigma = self.randint(0, 2_500), self.randint(0, 2_500)
        if not beta + sigma:
            beta = 1
        oi_hi = self.randint(1, BPS)
        taker = self.randint(0, 10_000)
        return MarketParams(
            beta=beta,
            sigma=sigma,
            clamp=self.choice((0, 1, self.randint(1, 5_000))),
            velocity=self.choice((0, 1, self.randint(0, 10_000))),
            skew_scale=min(2**64 - 1, max(1, side * self.choice((1, 2, 50, 10_000)))),
            maker=self.randint(0, taker),
            taker=taker,
            spread=self.randint(0, 50_000),
            p_min=self.randint(0, 1_000),
            oi_lo=self.randint(0, oi_hi - 1),
            oi_hi=oi_hi,
            oi_cap=self.randint(0, 200),
            max_oi=0,
            max_oi_quote=0,
            share=0,
            min_notional=0,
        )

    # ---- state ---------------------------------------------------------------------------------
    def market(self, price: int, mp: MarketParams, long: int, short: int) -> Market:
        """A market last touched some time ago, at another price and skew."""
        now = START
        return Market(
            long=long,
            short=short,
            quote=self.sign() * self.magnitude(1, MAX_NOTIONAL) if long + short else 0,
            index_long=self.index(price),
            index_short=self.index(price),
            time=now - self.dt(),
            rate=self.randint(-mp.clamp, mp.clamp) * 10**5 + self.sign() * (mp.clamp > 0) * 0,
            skew_fraction=self.sign() * self.choice((0, 1, 2**19 - 1, self.randrange(2**19))),
            borrow=self.choice((0, 2**14 - 1, self.randrange(2**14))),
            oi_scale=self.choice((0, 0, 200, self.randrange(201))),
            mark=price_float(self.near(price)),
        )

    def index(self, price: int) -> int:
        """A carry index up to a few times the price."""
        return self.sign() * self.magnitude(1, min(2**61, 4 * price // 10**7)) * self.randint(0, 1)

    def near(self, price: int, bps: int = 9_000) -> int:
        """A price within some bps, inside the oracle's bounds."""
        moved = price * (BPS + self.randint(-bps, bps)) // BPS + self.randint(-3, 3)
        return min(MAX_PRICE, max(MIN_PRICE, moved))

    def quote(self, base: int, price: int) -> int:
        """WAD quote of a position opened somewhere around the price."""
        return -base * self.near(price) // WAD + self.randint(-5, 5)


# ---- words --------------------------------------------------------------------------------------


def risk_word(mp: MarketParams) -> int:
    """The 64-bit risk entry."""
    return pack((mp.beta, 12), (mp.sigma, 12), (mp.w, 12), (mp.clamp, 14), (mp.velocity, 14))


def terms_word(mp: MarketParams) -> int:
    """The terms word of a listed market."""
    rates = ((x, 16) for x in (mp.taker, mp.maker, mp.spread, mp.p_min, mp.oi_lo, mp.oi_hi))
    return pack((mp.skew_scale, 64), *rates, (mp.oi_cap, 8), (1, 1))


def venue_word(p: Params) -> int:
    """The venue word."""
    fields = (p.im_factor, p.h, p.kappa, p.profit_weight, p.p_max, p.keeper_part, p.warning, p.exec_band)
    return pack(*((x, 16) for x in fields), (p.min_margin // 10**12, 64), (p.keeper_cap // 10**12, 64))


def rates_word(p: Params) -> int:
    """The rates word."""
    fields = (
        p.cap_net,
        p.cap_gross,
        p.exit_cap_net,
        p.exit_cap_gross,
        p.borrow_base,
        p.borrow_slope1,
        p.borrow_slope2,
        p.borrow_kink,
    )
    return pack(*((x, 16) for x in fields))


def weight(beta: int, sigma: int) -> int:
    """M-1 in bps."""
    return ceil_sqrt(beta * beta + sigma * sigma)


__all__ = ["LOT", "START", "Draw", "rates_word", "risk_word", "terms_word", "venue_word", "weight"]

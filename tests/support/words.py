"""Parameter words of the venue, packed in Python from docs/spec.md's units: an encoder that is not the contracts' own."""

from __future__ import annotations

from dataclasses import asdict, astuple, dataclass, field
from math import isqrt

WAD = 10**18
LOT = 10**10
MICRO = 10**12

VENUE, RATES, COLLATERAL, TERMS, LIMITS, RISK, DEPOSIT_CAP = range(7)


def pack(*fields: tuple[int, int]) -> int:
    """Pack (value, bits) from the least significant bit upwards."""
    word, at = 0, 0
    for value, bits in fields:
        assert 0 <= value < 1 << bits, (value, bits)
        word |= value << at
        at += bits
    assert at <= 256
    return word


def unsigned_to_signed(value: int, bits: int) -> int:
    """Two's complement."""
    value &= (1 << bits) - 1
    return value - (1 << bits) if value >> (bits - 1) else value


@dataclass(frozen=True)
class VenueParams:
    """Units as in docs/spec.md."""

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
        """The venue word."""
        *small, min_margin, keeper_cap = astuple(self)
        return pack(*((x, 16) for x in small), (min_margin // MICRO, 64), (keeper_cap // MICRO, 64))


# Fields of the rates word from the least significant bit upwards, and their widths.
RATES_FIELDS = {
    **dict.fromkeys(
        ("cap_net", "cap_gross", "exit_net", "exit_gross", "base", "slope1", "slope2", "kink"), 16
    ),
    **dict.fromkeys(("pool_cooldown", "cover_cooldown", "cover_share", "adl_ratio"), 16),
    **{"grace_until": 40, "flags": 8},
}


def change_rates(word: int, **fields: int) -> int:
    """A rates word with other values in some fields: units as in `Rates`, `grace_until` in unix s."""
    at = 0
    for name, width in RATES_FIELDS.items():
        if name in fields:
            word = word & ~((1 << width) - 1 << at) | pack((fields.pop(name), width)) << at
        at += width
    assert not fields, fields
    return word


@dataclass(frozen=True)
class Rates:
    """Caps in bps of R; borrow curve in 1e-6 a day, kink in bps; cooldowns in minutes; the last two in bps.

    Without more the last four are 0, as nobody sets them in a venue that has no Configurator.
    """

    cap_net: int = 1_000
    cap_gross: int = 3_000
    exit_net: int = 1_200
    exit_gross: int = 3_500
    base: int = 20
    slope1: int = 300
    slope2: int = 3_000
    kink: int = 8_000
    pool_cooldown: int = 0
    cover_cooldown: int = 0
    cover_share: int = 0
    adl_ratio: int = 0

    def word(self, **other: int) -> int:
        """The rates word, with other values where given: also `grace_until` (unix s) and `flags`."""
        return change_rates(0, **(asdict(self) | other))


@dataclass(frozen=True)
class MarketParams:
    """One market: risk in bps, clamp 1e-4 a day, velocity 1e-3 a day^2, scale in lots, rates 1e-6."""

    symbol: str
    price: int
    beta: int
    sigma: int
    p_min: int = 100
    clamp: int = 0
    velocity: int = 1_000
    scale_quote: int = 0
    taker: int = 500
    maker: int = 200
    spread: int = 2_000
    oi_lo: int = 60
    oi_hi: int = 170
    oi_cap: int = 50
    max_oi_bps: int = 180
    max_oi_quote: int = 50_000_000 * WAD
    share: int = 20_000
    min_notional: int = 10 * WAD

    @property
    def w(self) -> int:
        """M-1, rounded up."""
        square = self.beta**2 + self.sigma**2
        root = isqrt(square)
        return root + (root * root < square)

    @property
    def scale(self) -> int:
        """Skew scale in lots: 0.4 C / w^2 of a 10 M pool unless given (quote)."""
        quote = self.scale_quote or 4_000_000 * 10**8 // self.w**2
        return quote * WAD * 10**8 // self.price

    @property
    def max_oi(self) -> int:
        """Open interest cap a side, lots."""
        return self.scale * self.max_oi_bps // 10_000

    def risk_word(self) -> int:
        """The 64-bit risk entry."""
        clamp = self.clamp or self.w // 2
        return pack((self.beta, 12), (self.sigma, 12), (self.w, 12), (clamp, 14), (self.velocity, 14))

    def terms_word(self, listed: bool = True) -> int:
        """The terms word."""
        return pack(
            (self.scale, 64),
            (self.taker, 16),
            (self.maker, 16),
            (self.spread, 16),
            (self.p_min, 16),
            (self.oi_lo, 16),
            (self.oi_hi, 16),
            (self.oi_cap, 8),
            (int(listed), 1),
        )

    def limits_word(self) -> int:
        """The limits word."""
        return pack(
            (self.max_oi, 72), (self.max_oi_quote, 96), (self.share, 16), (self.min_notional // MICRO, 48)
        )


@dataclass(frozen=True)
class AssetParams:
    """One collateral asset: underlying id, discount bps, cap WAD."""

    symbol: str
    decimals: int
    underlying: int
    discount: int
    cap: int = 10**9 * WAD


MARKETS = (
    MarketParams("BTC", 50_000 * WAD, 400, 160, p_min=75),
    MarketParams("ETH", 2_000 * WAD, 550, 200, p_min=75),
    MarketParams("SOL", 100 * WAD, 800, 250),
    MarketParams("LINK", 15 * WAD, 750, 300),
    MarketParams("DOGE", WAD // 10, 800, 350),
)
ASSETS = (AssetParams("WBTC", 8, 0, 500), AssetParams("WETH", 18, 1, 700))


@dataclass(frozen=True)
class Setup:
    """Everything a test venue is made of."""

    markets: tuple[MarketParams, ...] = MARKETS
    assets: tuple[AssetParams, ...] = ASSETS
    venue: VenueParams = field(default_factory=VenueParams)
    rates: Rates = field(default_factory=Rates)
    quote_decimals: int = 6


def collateral_word(assets: tuple[AssetParams, ...]) -> int:
    """The collateral word: underlying 8, discount 16, listed 1 of 32 bits each."""
    word = 0
    for i, a in enumerate(assets):
        word |= pack((a.underlying, 8), (a.discount, 16), (1, 1)) << (32 * i)
    return word


def sixteen(base: tuple[MarketParams, ...] = MARKETS, count: int = 16) -> tuple[MarketParams, ...]:
    """`count` markets, the base ones repeated."""
    return tuple(base[i % len(base)] for i in range(count))

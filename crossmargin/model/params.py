"""What is configured: venue, markets, collateral assets; and the reasons a call can fail for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from .maths import BPS, PPM, ceil_sqrt

QUOTE = 255
MAX_LEGS = 16
MAX_COLLATERAL = 8


class Reason(StrEnum):
    """Classes of failure, in no particular order. One class may stand for several reason strings of the contracts."""

    PROTOCOL = "protocol account"
    OWNER = "not the owner's, or the same account"
    AMOUNT = "zero or unrepresentable amount"
    ASSET = "unknown asset"
    DEPOSIT_CAP = "deposit cap"
    ASSET_SLOTS = "too many kinds of collateral"
    FUNDS = "balance too small"
    LIQUIDITY = "not enough tokens held"
    RESERVED = "reservation too small"
    SIZE = "size zero or not whole lots"
    MARKET = "market not listed"
    PRICE = "no valid price"
    PAUSED = "paused"
    SHUTDOWN = "shutting down"
    SETTLED = "market settled"
    OPEN = "not settled, or not all closed out"
    CLOCK = "no running clock of deleveraging"
    RANK = "position not to be deleveraged"
    COOLDOWN = "exits are by request"
    BAND = "execution price too far from the mark"
    REDUCE_ONLY = "reduce-only does not reduce"
    FILL = "fill price not positive"
    WORST = "fill beyond worst price"
    MAX_OI = "open interest in base"
    MAX_OI_QUOTE = "open interest in quote"
    SHARE = "share of pool capital"
    MIN_NOTIONAL = "position too small"
    SLOTS = "too many markets"
    UTILISATION = "pool utilisation"
    MARGIN = "margin"
    FRACTION = "fraction outside (0, 1]"
    NOTHING = "nothing to do"
    OWED = "more than is owed"
    SELL_PRICE = "price above the limit"
    POOL_CLOSED = "pool does not take deposits"
    SHARES = "too few shares"
    POOL_EXIT = "pool equity, debt or exit caps"
    CLOSED = "market closed for orders"
    PENDING = "already pending"
    MANY = "too many pending orders"
    UNKNOWN = "order not pending"
    LATE = "price may be known already"
    EARLY = "before its time"
    EXPIRED = "after its window"
    UNPROVEN = "no proof of its price"
    OLD = "round too old"


class Reject(Exception):
    """A call that must revert; the state is as before."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.value)
        self.reason = reason


def require(condition: bool, reason: Reason) -> None:
    """Raise `Reject(reason)` unless the condition holds."""
    if not condition:
        raise Reject(reason)


@dataclass(frozen=True, slots=True)
class MarketParams:
    """One underlying and its market. Units as in spec 1; an underlying without a market has `listed` false.

    beta, sigma, p_min, share, oi_lo, oi_hi: bps. clamp: 1e-4 a day. velocity: 1e-3 a day². skew_scale, max_oi: lots.
    maker, taker, spread: 1e-6. oi_cap: hundredths. max_oi_quote: WAD quote. min_notional: WAD quote, of which whole
    µ count. w (M-1) is derived.
    """

    beta: int
    sigma: int
    clamp: int
    velocity: int
    skew_scale: int
    maker: int
    taker: int
    spread: int
    p_min: int
    oi_lo: int
    oi_hi: int
    oi_cap: int
    max_oi: int
    max_oi_quote: int
    share: int
    min_notional: int
    listed: bool = True
    w: int = field(init=False, default=0)

    def __post_init__(self) -> None:
        """M-1: w = ⌈√(β² + σ²)⌉ in bps."""
        object.__setattr__(self, "w", ceil_sqrt(self.beta**2 + self.sigma**2))


@dataclass(frozen=True, slots=True)
class AssetParams:
    """A collateral asset. discount: d_c in bps. cap: WAD tokens that may be credited. decimals: 2–24."""

    underlying: int
    discount: int
    cap: int
    decimals: int


@dataclass(frozen=True, slots=True)
class Params:
    """The venue. kappa … warning, caps, kink, exec_band: bps. keeper_part: 1e-6. Borrow curve: 1e-6 a day.

    min_margin, keeper_cap: WAD quote. cap_*: of entries, exit_cap_*: of LP exits, as fractions of R.
    pool_cooldown, cover_cooldown: seconds (spec 7). cover_share: bps of the cover pool (W-1). adl_ratio: bps (W-2).
    """

    markets: Mapping[int, MarketParams]
    assets: Mapping[int, AssetParams]
    kappa: int
    im_factor: int
    h: int
    profit_weight: int
    p_max: int
    keeper_part: int
    warning: int
    min_margin: int
    keeper_cap: int
    cap_net: int
    cap_gross: int
    exit_cap_net: int
    exit_cap_gross: int
    borrow_base: int
    borrow_slope1: int
    borrow_slope2: int
    borrow_kink: int
    exec_band: int
    quote_decimals: int = 6
    pool_cooldown: int = 0
    cover_cooldown: int = 0
    cover_share: int = 10_000
    adl_ratio: int = 30_000

    def problems(self) -> list[str]:
        """The setter conditions of the design (M-3, M-4, Q-2) that these parameters break."""
        found = []
        for m, mp in self.markets.items():
            if not mp.listed:
                continue
            worst = mp.max_oi * PPM + (mp.taker + self.keeper_part) * mp.skew_scale
            if worst * BPS > self.p_max * mp.skew_scale * PPM:
                found.append(f"market {m}: impact + taker + keeper part above p_max")
            if self.p_max * BPS * BPS >= self.h * self.kappa * mp.w:
                found.append(f"market {m}: p_max not below h·κ·w")
        for a, ap in self.assets.items():
            if ap.discount + self.markets[ap.underlying].w > BPS:
                found.append(f"asset {a}: d_c + w above 1")
        if self.min_margin < 2 * self.keeper_cap:
            found.append("min_margin below K + cap")
        return found

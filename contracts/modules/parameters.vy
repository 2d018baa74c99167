# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title parameters: hard bounds of every parameter, and the words they are stored in
@notice The bounds keep every field within its bits (layouts in packing.vy). Units in IConfigurator.vyi.
"""

from contracts.modules import books
from contracts.modules import checks
from contracts.modules import packing
from contracts.modules import rounding
from interfaces import IConfigurator
from interfaces import IPositionManager

BPS: constant(uint256) = 10**4
MILLION: constant(uint256) = 10**6
LOT: constant(uint256) = 10**10
MICRO: constant(uint256) = 10**12
WAD: constant(uint256) = 10**18

# The largest volatility scale of M-3: 1 until prices carry one.
MAX_VOLATILITY: constant(uint256) = 1


# ---- bounds -------------------------------------------------------------------------------------

@pure
@internal
def _within(x: uint256, low: uint256, high: uint256, reason: String[32]):
    checks.that(low <= x and x <= high, reason)


@pure
@internal
def _check_whole(x: uint256, unit: uint256):
    # stored in units: no silent rounding of what was reviewed
    checks.that(x % unit == 0, "configurator: granularity")


@pure
@internal
def check_venue(v: IConfigurator.Venue):
    """
    @notice Bounds of the venue's own parameters; those against the markets are in `check_costs`.
    """
    self._within(v.im_factor, BPS, 5 * BPS, "configurator: im_factor")
    self._within(v.h, BPS + 1, 3 * BPS, "configurator: h")
    self._within(v.kappa, 3000, BPS, "configurator: kappa")
    self._within(v.profit_weight, 0, BPS - 1, "configurator: profit_weight")
    self._within(v.p_max, 1, 1000, "configurator: p_max")
    self._within(v.keeper_part, 0, MILLION // 100, "configurator: keeper_part")
    # an account with E >= IM is never in margin call
    self._within(v.warning, BPS, v.im_factor, "configurator: warning")
    self._within(v.exec_band, 1, BPS // 2, "configurator: exec_band")
    self._within(v.min_margin, MICRO, 10_000 * WAD, "configurator: min_margin")
    # Q-2: min_margin >= K + cap, where K <= cap
    self._within(v.keeper_cap, 0, v.min_margin // 2, "configurator: keeper_cap")
    self._check_whole(v.min_margin, MICRO)
    self._check_whole(v.keeper_cap, MICRO)


@pure
@internal
def check_rates(r: IConfigurator.Rates):
    """
    @notice Bounds of the utilisation caps, of the borrow curve and of what holds for both pools.
    """
    # a cap of 0 would leave utilisation without a denominator
    self._within(r.cap_net, 1, r.exit_cap_net, "configurator: cap_net")
    self._within(r.cap_gross, 1, r.exit_cap_gross, "configurator: cap_gross")
    self._within(r.exit_cap_net, 1, BPS // 2, "configurator: exit_cap_net")
    self._within(r.exit_cap_gross, 1, BPS, "configurator: exit_cap_gross")
    self._within(r.borrow_kink, 0, BPS, "configurator: borrow_kink")
    self._within(r.borrow_base, 0, packing.U14, "configurator: borrow curve")
    self._within(r.borrow_slope1, 0, packing.U16, "configurator: borrow curve")
    self._within(r.borrow_slope2, 0, packing.U16, "configurator: borrow curve")
    slopes: uint256 = r.borrow_slope1 * r.borrow_kink + r.borrow_slope2 * (BPS - r.borrow_kink)
    self._within(BPS * r.borrow_base + slopes, 0, BPS * packing.U14, "configurator: borrow curve")
    self._within(r.pool_cooldown, 0, 30 * 86400, "configurator: pool_cooldown")
    # time enough for anybody to book a loss before those leave who are to bear it
    self._within(r.cover_cooldown, 3600, 30 * 86400, "configurator: cover_cooldown")
    self._check_whole(r.pool_cooldown, 60)
    self._check_whole(r.cover_cooldown, 60)
    self._within(r.cover_share, 1, BPS, "configurator: cover_share")
    # W-2: within either cap the pool is never short of capital, so nothing opens and no LP leaves while it is
    self._within(r.adl_ratio, BPS, 5 * BPS, "configurator: adl_ratio")
    checks.that(r.exit_cap_net * r.adl_ratio <= BPS * BPS, "configurator: adl_ratio for caps")


@pure
@internal
def check_market(m: IConfigurator.Market, v: IConfigurator.Venue):
    """
    @notice All bounds of a market in its venue.
    """
    self._check_risk(m)
    self._check_terms(m)
    self._check_limits(m)
    self.check_costs(m, v)


@pure
@internal
def check_depth(m: IConfigurator.Market, book: uint256):
    """
    @notice Twice the open interest of either side at least, or P-3 had no positive price left to close at (I-26).
    """
    side: uint256 = convert(max(packing.book_long(book), packing.book_short(book)), uint256)
    checks.that(2 * side * LOT <= m.skew_scale, "configurator: scale for open OI")


@pure
@internal
def check_collateral(discount: uint256, cap: uint256):
    """
    @notice d_c at most 50 %, the cap below 2^96 WAD: balances stay far inside the Vault's uint128.
    """
    self._within(discount, 0, BPS // 2, "configurator: discount")
    self._within(cap, 0, packing.U96, "configurator: cap")


@pure
@internal
def _check_risk(m: IConfigurator.Market):
    self._within(m.beta, 0, packing.U12, "configurator: beta")
    self._within(m.sigma, 0, packing.U12, "configurator: sigma")
    self._within(m.oi_cap, 0, 200, "configurator: oi_cap")
    # M-3: w * scales <= 1. With discounts up to 50 % and w < 2^12 bps, d_c + w <= 1 follows.
    w: uint256 = self._weight_up(m)
    self._within(self._largest_weight(m), 1, 100 * BPS, "configurator: w")
    self._within(w, 1, packing.U12, "configurator: w")
    self._within(m.clamp, 0, BPS // 2, "configurator: clamp")
    self._within(m.velocity, 0, 10_000, "configurator: velocity")


@pure
@internal
def _check_terms(m: IConfigurator.Market):
    self._check_whole(m.skew_scale, LOT)
    self._within(m.skew_scale, LOT, LOT * packing.U64, "configurator: skew_scale")
    self._within(m.taker, 0, MILLION // 100, "configurator: taker")
    self._within(m.maker, 0, m.taker, "configurator: maker")
    self._within(m.spread, 0, MILLION // 20, "configurator: spread")
    self._within(m.oi_high, 1, BPS, "configurator: oi_high")
    self._within(m.oi_low, 0, m.oi_high - 1, "configurator: oi_low")


@pure
@internal
def _check_limits(m: IConfigurator.Market):
    self._check_whole(m.max_oi, LOT)
    # OI within the skew scale keeps fill prices positive; `check_costs` is stricter
    self._within(m.max_oi, 0, m.skew_scale, "configurator: max_oi")
    self._within(m.max_oi_quote, 0, packing.U96, "configurator: max_oi_quote")
    self._within(m.share, 0, packing.U16, "configurator: share")
    self._check_whole(m.min_notional, MICRO)
    # never 0: the Engine reads a limits word of 0 as no limits at all
    self._within(m.min_notional, MICRO, 100_000 * WAD, "configurator: min_notional")


@pure
@internal
def check_costs(m: IConfigurator.Market, v: IConfigurator.Venue):
    """
    @notice Q-2: no close within the caps costs more than a liquidation, and no liquidation eats what it must restore.
    """
    impact: uint256 = rounding.ceil_div_unsigned(m.max_oi * MILLION, m.skew_scale)
    most: uint256 = 100 * v.p_max
    self._within(impact + m.taker + v.keeper_part, 0, most, "configurator: costs above p_max")
    self._within(m.p_min, 0, v.p_max, "configurator: p_min above p_max")
    # the keeper part comes on top of p_max where OI is above a cap that was lowered
    room: uint256 = v.h * v.kappa * self._weight_up(m)
    checks.that((most + v.keeper_part) * MILLION < room, "configurator: p_max for this w")
    # M-4: no more than the notional is asked for, at the largest scales
    factor: uint256 = self._largest_weight(m) * v.im_factor
    checks.that(factor <= 100 * BPS * BPS, "configurator: im_factor for w")


@pure
@internal
def _weight_up(m: IConfigurator.Market) -> uint256:
    # M-1
    return rounding.ceil_sqrt(m.beta * m.beta + m.sigma * m.sigma)


@pure
@internal
def _largest_weight(m: IConfigurator.Market) -> uint256:
    """
    @notice w at the largest scales of M-3, in 1e-6.
    """
    return self._weight_up(m) * MAX_VOLATILITY * (100 + m.oi_cap)


# ---- words: layouts in packing.vy, every field within its bits by the bounds above --------------

@pure
@internal
def venue_word(v: IConfigurator.Venue) -> uint256:
    """
    @notice The venue word.
    """
    first: uint256 = v.im_factor | (v.h << packing.H) | (v.kappa << packing.KAPPA)
    second: uint256 = (v.profit_weight << packing.PROFIT_WEIGHT) | (v.p_max << packing.P_MAX)
    third: uint256 = (v.keeper_part << packing.KEEPER_PART) | (v.warning << packing.WARNING)
    fourth: uint256 = (v.exec_band << packing.EXEC_BAND) | ((v.min_margin // MICRO) << 128)
    return first | second | third | fourth | ((v.keeper_cap // MICRO) << 192)


@pure
@internal
def venue_of(word: uint256) -> IConfigurator.Venue:
    """
    @notice The venue word decoded.
    """
    return IConfigurator.Venue(
        im_factor=packing.field16(word, packing.IM_FACTOR),
        h=packing.field16(word, packing.H),
        kappa=packing.field16(word, packing.KAPPA),
        profit_weight=packing.field16(word, packing.PROFIT_WEIGHT),
        p_max=packing.field16(word, packing.P_MAX),
        keeper_part=packing.field16(word, packing.KEEPER_PART),
        warning=packing.field16(word, packing.WARNING),
        exec_band=packing.field16(word, packing.EXEC_BAND),
        min_margin=packing.venue_min_margin(word),
        keeper_cap=packing.venue_keeper_cap(word),
    )


@pure
@internal
def rates_word(r: IConfigurator.Rates) -> uint256:
    """
    @notice The rates word, without what is not a rate: grace and flags, from bit 192 on.
    """
    caps: uint256 = r.cap_net | (r.cap_gross << 16) | (r.exit_cap_net << 32) | (r.exit_cap_gross << 48)
    curve: uint256 = (r.borrow_base << 64) | (r.borrow_slope1 << 80) | (r.borrow_slope2 << 96)
    waits: uint256 = ((r.pool_cooldown // 60) << 128) | ((r.cover_cooldown // 60) << 144)
    shares: uint256 = (r.cover_share << 160) | (r.adl_ratio << 176)
    return caps | curve | (r.borrow_kink << 112) | waits | shares


@pure
@internal
def rates_of(word: uint256) -> IConfigurator.Rates:
    """
    @notice The rates word decoded.
    """
    return IConfigurator.Rates(
        cap_net=packing.field16(word, 0),
        cap_gross=packing.field16(word, 16),
        exit_cap_net=packing.field16(word, 32),
        exit_cap_gross=packing.field16(word, 48),
        borrow_base=packing.field16(word, 64),
        borrow_slope1=packing.field16(word, 80),
        borrow_slope2=packing.field16(word, 96),
        borrow_kink=packing.field16(word, 112),
        pool_cooldown=60 * packing.field16(word, 128),
        cover_cooldown=60 * packing.field16(word, 144),
        cover_share=packing.field16(word, 160),
        adl_ratio=packing.field16(word, 176),
    )


@pure
@internal
def collateral_entry(underlying: uint256, discount: uint256) -> uint256:
    """
    @notice An entry of the collateral word, listed.
    """
    return underlying | (discount << 8) | (1 << 24)


@pure
@internal
def risk_word(m: IConfigurator.Market) -> uint256:
    """
    @notice A risk entry, with w of M-1.
    """
    rates: uint256 = m.beta | (m.sigma << 12) | (self._weight_up(m) << 24)
    return rates | (m.clamp << 36) | (m.velocity << 50)


@pure
@internal
def terms_word(m: IConfigurator.Market) -> uint256:
    """
    @notice A terms word; always listed: without that bit nobody could reduce.
    """
    costs: uint256 = (m.taker << 64) | (m.maker << 80) | (m.spread << 96) | (m.p_min << 112)
    levels: uint256 = (m.oi_low << 128) | (m.oi_high << 144) | (m.oi_cap << 160)
    return (m.skew_scale // LOT) | costs | levels | books.LISTED


@pure
@internal
def limits_word(m: IConfigurator.Market) -> uint256:
    """
    @notice A limits word.
    """
    caps: uint256 = (m.max_oi // LOT) | (m.max_oi_quote << 72) | (m.share << 168)
    return caps | ((m.min_notional // MICRO) << 184)


@pure
@internal
def market_of(words: IPositionManager.MarketWords) -> IConfigurator.Market:
    """
    @notice The three words of a market decoded.
    """
    return IConfigurator.Market(
        beta=packing.risk_beta(words.risk),
        sigma=packing.risk_sigma(words.risk),
        clamp=(words.risk >> 36) & packing.U14,
        velocity=(words.risk >> 50) & packing.U14,
        skew_scale=(words.terms & packing.U64) * LOT,
        taker=packing.field16(words.terms, 64),
        maker=packing.field16(words.terms, 80),
        spread=packing.field16(words.terms, 96),
        p_min=packing.field16(words.terms, 112),
        oi_low=packing.field16(words.terms, 128),
        oi_high=packing.field16(words.terms, 144),
        oi_cap=(words.terms >> 160) & packing.U8,
        max_oi=(words.limits & packing.U72) * LOT,
        max_oi_quote=packing.limits_quote(words.limits),
        share=packing.field16(words.limits, 168),
        min_notional=packing.limits_min_notional(words.limits),
    )

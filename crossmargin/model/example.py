"""A plausible venue of five markets and three collateral assets, to start tests and simulations from."""

from __future__ import annotations

from dataclasses import replace

from .maths import BPS, LOTS, WAD, ceil_sqrt
from .params import AssetParams, MarketParams, Params
from .venue import Venue

CAPITAL = 10_000_000  # quote
BTC, ETH, SOL, LINK, DOGE = range(5)

# underlying: (price in 1e-4 quote, β, σ, p_min), the rates in bps
UNDERLYINGS = {
    BTC: (600_000_000, 400, 160, 75),
    ETH: (30_000_000, 550, 200, 75),
    SOL: (1_500_000, 800, 250, 100),
    LINK: (150_000, 750, 300, 100),
    DOGE: (1_500, 800, 350, 100),
}


def market(price: int, beta: int, sigma: int, p_min: int) -> MarketParams:
    """skew_scale = .4·C/w², OI up to 1.7 % of it, funding clamp w/2 a day, reached in a day."""
    w = ceil_sqrt(beta**2 + sigma**2)
    scale = 4 * CAPITAL * BPS**2 // (10 * w * w) * BPS * LOTS // price
    return MarketParams(
        beta=beta,
        sigma=sigma,
        clamp=w // 2,
        velocity=w // 20,
        skew_scale=scale,
        maker=200,
        taker=600,
        spread=1_000,
        p_min=p_min,
        oi_lo=40,
        oi_hi=140,
        oi_cap=100,
        max_oi=scale * 17 // 1000,
        max_oi_quote=4 * CAPITAL * WAD,
        share=2 * BPS,
        min_notional=50 * WAD,
    )


def example_params(**changes: object) -> Params:
    """The parameters of the example; fields of `Params` can be replaced."""
    params = Params(
        markets={m: market(*row) for m, row in UNDERLYINGS.items()},
        assets={
            0: AssetParams(BTC, 500, 1_000 * WAD, 8),
            1: AssetParams(ETH, 700, 20_000 * WAD, 18),
            2: AssetParams(DOGE, 1_000, 10**8 * WAD, 24),
        },
        kappa=6_000,
        im_factor=15_000,
        h=12_500,
        profit_weight=8_000,
        p_max=200,
        keeper_part=500,
        warning=12_000,
        min_margin=12 * WAD,
        keeper_cap=5 * WAD,
        cap_net=1_000,
        cap_gross=3_000,
        exit_cap_net=800,
        exit_cap_gross=2_500,
        borrow_base=50,
        borrow_slope1=500,
        borrow_slope2=5_000,
        borrow_kink=8_000,
        exec_band=200,
    )
    return replace(params, **changes)


def example_venue(capital: int = CAPITAL, **changes: object) -> Venue:
    """A venue with valid prices and LP capital (quote) from the share holder 1."""
    venue = Venue(example_params(**changes), time=1_700_000_000)
    for m, row in UNDERLYINGS.items():
        venue.set_price(m, row[0] * WAD // BPS)
    if capital:
        venue.lp_deposit(1, capital * 10**venue.params.quote_decimals)
    return venue

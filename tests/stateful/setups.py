"""Venues to play in: eighteen markets, five collateral assets, and parameters drawn so that every cap can bind."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

from crossmargin import model
from tests.support.words import WAD, AssetParams, MarketParams, Rates, VenueParams

FAR = 10**9 * WAD
BASE = (
    MarketParams("BTC", 50_000 * WAD, 400, 160, p_min=75),
    MarketParams("ETH", 2_000 * WAD, 550, 200, p_min=75),
    MarketParams("SOL", 100 * WAD, 800, 250),
    MarketParams("LINK", 15 * WAD, 750, 300, max_oi_bps=40),
    MarketParams("DOGE", WAD // 10, 800, 350, max_oi_quote=400_000 * WAD),
    MarketParams("SHARE", 3 * WAD, 700, 300, share=1_500),
)
# Cheap and dear units; with what the campaign makes of prices they come near the bounds of 1e-3 and 1e7.
EDGES = (
    MarketParams("MILLI", WAD * 3 // 100, 800, 350),
    MarketParams("LARGE", 300_000 * WAD, 400, 160, p_min=75),
)
MARKETS = (
    *(replace(BASE[i % 6], price=BASE[i % 6].price * (10 + i // 6) // 10) for i in range(16)),
    *EDGES,
)
ASSETS = (
    AssetParams("WBTC", 8, 0, 500),
    AssetParams("WETH", 18, 1, 700),
    AssetParams("stETH", 18, 1, 1_000, cap=400 * WAD),
    AssetParams("SOL", 9, 2, 1_500),
    AssetParams("FINE", 24, 3, 2_000),
)


FIRST_FEE = WAD // 5  # of the OrderBook as deployed


@dataclass(frozen=True)
class Backing:
    """What stands behind the pool: cooldowns of exits in seconds, W-1's share and W-2's ratio in bps."""

    pool_cooldown: int = 0
    cover_cooldown: int = 3_600
    cover_share: int = 10_000
    adl_ratio: int = 30_000


@dataclass(frozen=True)
class Venues:
    """What one sequence is played on. pool: quote the LPs start with, in whole units."""

    markets: tuple[MarketParams, ...]
    assets: tuple[AssetParams, ...]
    venue: VenueParams
    rates: Rates
    quote_decimals: int
    pool: int
    timings: tuple[model.Timing, ...]
    terms: model.Terms
    backing: Backing
    sequencer: bool


def draw_timing(rng: random.Random) -> model.Timing:
    """At once in one market of three, else a delay of seconds and a window from short to long."""
    delay = rng.choice((0, 0, 1, 2, 12, 60))
    return model.Timing(
        delay, rng.choice((60, 600, 4_200, 90_000, 90_000)), rng.choice((30, 600, 86_400, 86_400))
    )


def draw_terms(rng: random.Random) -> model.Terms:
    """K from nothing to beyond the venue's cap (the base fee of this chain is 0); auctions of a minute to days."""
    flat = rng.choice((0, WAD, 3 * WAD, 11 * WAD, 40 * WAD))
    return model.Terms(flat, rng.choice((0, 600_000)), 1, rng.choice((60, 3_600, 86_400)))


CAREFUL = (Rates(600, 2_000), Rates(1_000, 3_000))
BOLD = Rates(cap_net=4_000, cap_gross=9_000, exit_net=5_000, exit_gross=10_000)  # soon short of capital (W-2)


def draw(rng: random.Random) -> Venues:
    """Parameters of one sequence; all of them inside the Configurator's bounds."""
    return Venues(
        MARKETS,
        ASSETS,
        VenueParams(
            im_factor=rng.choice((15_000, 20_000)),
            kappa=rng.choice((5_000, 6_000, 8_000)),
            profit_weight=rng.choice((8_000, 9_999, 0)),
            keeper_cap=rng.choice((10, 5)) * WAD,
        ),
        rates := rng.choice((*CAREFUL, BOLD, BOLD)),
        rng.choice((6, 6, 18, 4, 20)),
        rng.choice((3, 10, 40)) * 10**6,
        tuple(draw_timing(rng) for _ in MARKETS),
        draw_terms(rng),
        Backing(
            rng.choice((0, 0, 0, 3_600)),
            rng.choice((3_600, 3_600, 21_600)),
            rng.choice((500, 2_500, 10_000)),
            20_000 if rates is BOLD else 50_000,
        ),
        rng.random() < 0.6,
    )


def market_params(m: MarketParams) -> model.MarketParams:
    """A market's parameters as the model wants them."""
    return model.MarketParams(
        beta=m.beta,
        sigma=m.sigma,
        clamp=m.clamp or m.w // 2,
        velocity=m.velocity,
        skew_scale=m.scale,
        maker=m.maker,
        taker=m.taker,
        spread=m.spread,
        p_min=m.p_min,
        oi_lo=m.oi_lo,
        oi_hi=m.oi_hi,
        oi_cap=m.oi_cap,
        max_oi=m.max_oi,
        max_oi_quote=m.max_oi_quote,
        share=m.share,
        min_notional=m.min_notional,
    )


def asset_params(assets: tuple[AssetParams, ...]) -> dict[int, model.AssetParams]:
    """Collateral assets as the model wants them."""
    return {i: model.AssetParams(a.underlying, a.discount, a.cap, a.decimals) for i, a in enumerate(assets)}


def params(s: Venues, b: Backing = Backing()) -> model.Params:
    """The model's parameters of a venue."""
    v, r = s.venue, s.rates
    return model.Params(
        markets={i: market_params(m) for i, m in enumerate(s.markets)},
        assets=asset_params(s.assets),
        kappa=v.kappa,
        im_factor=v.im_factor,
        h=v.h,
        profit_weight=v.profit_weight,
        p_max=v.p_max,
        keeper_part=v.keeper_part,
        warning=v.warning,
        min_margin=v.min_margin,
        keeper_cap=v.keeper_cap,
        cap_net=r.cap_net,
        cap_gross=r.cap_gross,
        exit_cap_net=r.exit_net,
        exit_cap_gross=r.exit_gross,
        pool_cooldown=b.pool_cooldown,
        cover_cooldown=b.cover_cooldown,
        cover_share=b.cover_share,
        adl_ratio=b.adl_ratio,
        borrow_base=r.base,
        borrow_slope1=r.slope1,
        borrow_slope2=r.slope2,
        borrow_kink=r.kink,
        exec_band=v.exec_band,
        quote_decimals=s.quote_decimals,
    )

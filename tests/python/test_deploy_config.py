"""The deployment file: reading, overriding, and what it comes to on chain."""

from __future__ import annotations

import copy
import tomllib
from decimal import Decimal
from fractions import Fraction

import pytest

from crossmargin.config import DEFAULT, leading, load, units
from crossmargin.errors import ConfigError

WAD = 10**18
LOT = 10**10
ADDRESS = "0x" + "12" * 20


@pytest.fixture
def content() -> dict:
    """What the shipped file holds."""
    return copy.deepcopy(tomllib.loads(DEFAULT.read_text(), parse_float=Decimal))


def resolved(config):
    return config.resolve({m.symbol: m.feed.price for m in config.markets})


# ---- the shipped file ------------------------------------------------------------------------------


def test_the_calibrated_rates_are_shipped():
    markets = resolved(load()).markets
    assert {s: (m["beta"], m["sigma"], m["p_min"]) for s, m in markets.items()} == {
        "BTC": (400, 160, 75),
        "ETH": (550, 200, 75),
        "SOL": (800, 250, 100),
        "LINK": (750, 300, 100),
        "DOGE": (800, 350, 100),
    }
    assert {m.symbol: m.weight() for m in load().markets} == {
        "BTC": 431,
        "ETH": 586,
        "SOL": 839,
        "LINK": 808,
        "DOGE": 874,
    }
    collateral = resolved(load()).collateral
    assert {s: c["discount"] for s, c in collateral.items()} == {"WBTC": 500, "WETH": 700}


def test_the_venue_is_shipped_in_the_units_of_the_contracts():
    parameters = resolved(load())
    assert parameters.venue == {
        "im_factor": 15_000,
        "h": 12_500,
        "kappa": 6_000,
        "profit_weight": 8_000,
        "p_max": 200,
        "keeper_part": 1_000,
        "warning": 12_000,
        "exec_band": 2_000,
        "min_margin": 25 * WAD,
        "keeper_cap": 10 * WAD,
    }
    assert parameters.rates == {
        "cap_net": 1_000,
        "cap_gross": 3_000,
        "exit_cap_net": 1_200,
        "exit_cap_gross": 3_500,
        "borrow_base": 20,
        "borrow_slope1": 300,
        "borrow_slope2": 3_000,
        "borrow_kink": 8_000,
        "pool_cooldown": 86_400,
        "cover_cooldown": 259_200,
        "cover_share": 2_500,
        "adl_ratio": 30_000,
    }
    assert parameters.keeper_fee == WAD // 5
    assert parameters.timing == {"delay": 2, "window": 4_200, "max_exec_age": 300}


@pytest.mark.parametrize("symbol", ["BTC", "ETH", "SOL", "LINK", "DOGE"])
def test_sizes_follow_from_the_capital(symbol):
    config = load()
    market = next(m for m in config.markets if m.symbol == symbol)
    got = resolved(config).markets[symbol]
    w, price, capital = market.weight() / 10_000, float(market.feed.price), 10_000_000
    skew_scale = 0.4 * capital / w**2
    assert got["skew_scale"] / WAD * price == pytest.approx(skew_scale, rel=1e-3)
    assert got["skew_scale"] % LOT == got["max_oi"] % LOT == 0
    # Q-2 to the last lot, and not much below it
    impact = Fraction(got["max_oi"], got["skew_scale"])
    assert Fraction(98, 100) < impact / (Fraction(2, 100) - Fraction(15, 10_000)) < 1
    # one market alone can take the net cap of .10
    assert got["share"] / 10_000 * w == pytest.approx(0.10, rel=1e-3)
    assert got["max_oi_quote"] / WAD == pytest.approx(capital * got["share"] / 10_000, rel=1e-3)
    # funding: half of w a day, reached in a day at the widest skew that the caps allow
    assert got["clamp"] / 10_000 == pytest.approx(w / 2, rel=0.01)
    widest = min(got["max_oi"] / WAD * price, capital * 0.1 / w)
    a_day = got["velocity"] / 1_000 * widest / (got["skew_scale"] / WAD * price)
    assert a_day == pytest.approx(got["clamp"] / 10_000, rel=0.01)
    # the open-interest scale, between 30 % and 90 % of that
    assert got["oi_low"] / 10_000 * skew_scale == pytest.approx(0.3 * widest, rel=0.04)
    assert got["oi_high"] / 10_000 * skew_scale == pytest.approx(0.9 * widest, rel=0.02)
    assert got["oi_cap"] == 50


def test_collateral_caps_are_shares_of_the_capital():
    caps = {s: c["cap"] for s, c in resolved(load()).collateral.items()}
    assert caps == {"WBTC": 125 * WAD, "WETH": 2_500 * WAD}


def test_a_market_may_say_everything_itself(content):
    content["markets"]["LUNA"] = {
        **{"beta": Decimal("0.15"), "sigma": Decimal("0.35"), "p_min": Decimal("0.02")},
        **{"share": Decimal("0.1"), "skew_scale": 20_000_000, "max_oi_quote": 500_000, "oi_cap": 1},
        "feed": {"price": 80, "low": 1, "high": 1000},
    }
    got = resolved(load(content)).markets["LUNA"]
    assert got["share"] == 1_000
    assert got["skew_scale"] == 250_000 * WAD
    assert got["max_oi_quote"] == 500_000 * WAD
    assert got["oi_cap"] == 0
    assert got["p_min"] == 200


# ---- overrides -------------------------------------------------------------------------------------


def test_a_subset_keeps_its_order_and_the_collateral_it_prices():
    config = load().only(["SOL", "ETH"])
    assert [m.symbol for m in config.markets] == ["SOL", "ETH"]
    assert [c.token.symbol for c in config.collateral] == ["WETH"]
    parameters = resolved(config)
    assert parameters.collateral["WETH"]["underlying"] == 1
    assert parameters.liquidator["native"] == 1


def test_without_the_gas_tokens_market_the_gas_part_is_off():
    parameters = resolved(load().only(["DOGE", "SOL"]))
    assert parameters.collateral == {}
    assert (parameters.liquidator["native"], parameters.liquidator["gas_units"]) == (0, 0)


def test_prices_feeds_tokens_and_timing():
    config = load().at_prices({"BTC": "19000.5", "USDC": Decimal("0.98")})
    assert config.markets[0].feed.price == Fraction("19000.5")
    assert config.quote_feed.price == Fraction(98, 100)
    config = config.with_feeds({"ETH": ADDRESS}).with_tokens({"WETH": ADDRESS, "USDC": ADDRESS})
    assert [f.symbol for f in config.feeds() if f.address] == ["ETH"]
    assert [t.symbol for t in config.tokens() if t.address] == ["USDC", "WETH"]
    config = config.with_timing({"delay": 0, "max_age": 86_400})
    assert resolved(config).timing == {"delay": 0, "window": 4_200, "max_exec_age": 300}
    assert {f.max_age for f in config.feeds()} == {86_400}
    rates = resolved(config.with_timing({"pool_cooldown": 0})).rates
    assert (rates["pool_cooldown"], rates["cover_cooldown"]) == (0, 259_200)


def test_the_sequencers_feed_is_an_address_or_nothing(content):
    assert load(content).sequencer is None
    content["sequencer"] = ADDRESS
    assert load(content).sequencer == load(content).only(["SOL"]).sequencer == ADDRESS
    content["sequencer"] = "0x12"
    with pytest.raises(ConfigError, match="sequencer: '0x12' is not an address"):
        load(content)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: c.only(["BTC", "XRP"]), "no market XRP"),
        (lambda c: c.only([]), "no markets"),
        (lambda c: c.at_prices({"XRP": 1}), "no feed XRP"),
        (lambda c: c.at_prices({"BTC": 1.5}), "not an exact number"),
        (lambda c: c.at_prices({"BTC": "a lot"}), "not a number"),
        (lambda c: c.at_prices({"BTC": "nan"}), "BTC: 'nan' is not a number"),
        (lambda c: c.at_prices({"BTC": "-1"}), "BTC: a price is above 0, not -1"),
        (lambda c: c.at_prices({"BTC": 0}), "BTC: a price is above 0, not 0"),
        (lambda c: c.at_prices({"BTC": "1e9999999"}), "BTC: '1e9999999' is out of any range"),
        (lambda c: c.with_feeds({"BTC": "0x12"}), "not an address"),
        (lambda c: c.with_tokens({"WSOL": ADDRESS}), "no token WSOL"),
        (lambda c: c.with_timing({"heartbeat": 1}), "no timing heartbeat"),
    ],
)
def test_what_cannot_be_overridden(change, message):
    with pytest.raises(ConfigError, match=message):
        change(load())


# ---- faults of the file ----------------------------------------------------------------------------


def _set(path: str, value: object):
    def change(content: dict) -> None:
        *tables, key = path.split(".")
        for table in tables:
            content = content.setdefault(table, {})
        content[key] = value

    return change


def _drop(path: str):
    def change(content: dict) -> None:
        *tables, key = path.split(".")
        for table in tables:
            content = content[table]
        del content[key]

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (_drop("venue.kappa"), "venue.kappa is missing"),
        (_set("venue.kapa", 1), "venue.kapa is not known"),
        (_set("surprise", 1), "surprise is not known"),
        (_set("venue.kappa", True), "venue.kappa: True is not an exact number"),
        (_set("venue", 3), "venue: a table is wanted here"),
        (_set("markets", {}), "markets: there is none"),
        (_drop("markets.BTC.beta"), "markets.BTC.beta is missing"),
        (_set("markets.BTC.betas", 1), "markets.BTC.betas is not known"),
        (_set("market.feed.heart", 1), "markets.BTC.feed.heart is not known"),
        (_drop("markets.BTC.feed"), "markets.BTC.feed: an address, or the price"),
        (_set("markets.BTC.feed.address", "0x1"), "markets.BTC.feed.address: '0x1' is not an address"),
        (_set("markets.USDC", {}), "markets.USDC.beta is missing"),
        (_set("collateral.WETH.underlying", "XRP"), "collateral.WETH.underlying: there is no market XRP"),
        (_set("pool.capital", 0), "pool.capital must be above 0"),
        (
            _set("pool.capital", Decimal("1e99999")),
            r"pool.capital: Decimal\('1E\+99999'\) is out of any range",
        ),
        (_set("pool.capital", Decimal("nan")), "pool.capital: .* is not a number"),
        (_set("markets.BTC.feed.price", -1), "markets.BTC.feed.price: a price is above 0, not -1"),
        (_set("pool.name", 7), "pool.name: a text is wanted here"),
        (_set("quote.decimals", Decimal("6.5")), "quote.decimals: 6.5 is not a whole number of 1"),
    ],
)
def test_faults_name_the_key(content, change, message):
    change(content)
    with pytest.raises(ConfigError, match=message) as fault:
        load(content)
    assert "\n" not in str(fault.value)


def test_values_finer_than_the_contracts_keep_are_refused(content):
    content["venue"]["kappa"] = Decimal("0.60001")
    with pytest.raises(ConfigError, match=r"venue.kappa: 0.60001 is not a whole number of 0.0001"):
        resolved(load(content))
    content["venue"]["kappa"] = Decimal("-0.6")
    with pytest.raises(ConfigError, match=r"venue.kappa: -0.6 is below 0"):
        resolved(load(content))


def test_files_that_are_none(tmp_path):
    with pytest.raises(ConfigError, match="cannot read"):
        load(tmp_path / "none.toml")
    (tmp_path / "bad.toml").write_text("[venue")
    with pytest.raises(ConfigError, match="is not TOML"):
        load(tmp_path / "bad.toml")
    (tmp_path / "short.toml").write_text("name = 'x'")
    with pytest.raises(ConfigError, match=r"short.toml: quote.symbol is missing"):
        load(tmp_path / "short.toml")


def test_exact_numbers():
    assert units(Fraction("0.0005"), 10**6, "x") == 500
    assert [leading(Fraction(n)) for n in ("0.000123456", "98765.4", "1000", "0")] == [
        Fraction("0.0001234"),
        Fraction(98_760),
        Fraction(1_000),
        Fraction(0),
    ]

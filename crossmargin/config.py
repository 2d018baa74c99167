"""The deployment file: what it may say, and the parameters it comes to on chain.

    config = load()                                   # the shipped defaults
    config = load("mine.toml").only(["BTC", "SOL"]).at_prices({"BTC": 50_000})
    config.resolve({"BTC": Fraction(50_000), …})      # integers in the units of IConfigurator.vyi

Numbers are exact: TOML's decimals become fractions, never floats. Every fault is a one-line `ConfigError` that names the key.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from math import isqrt
from pathlib import Path
from typing import Any, Self

from eth_utils.address import is_address, to_checksum_address

from crossmargin.errors import ConfigError

DEFAULT = Path(__file__).resolve().parent / "parameters" / "default.toml"
WAD = 10**18
LOT = 10**10
BPS = 10**4
PPM = 10**6
MAX_MARKETS = 32
MAX_ASSETS = 8
MOST_DIGITS = 60  # before or after the point of any number

VENUE_BPS = ("im_factor", "h", "kappa", "profit_weight", "p_max", "warning", "exec_band")
RATES_BPS = (
    "cap_net",
    "cap_gross",
    "exit_cap_net",
    "exit_cap_gross",
    "borrow_kink",
    "cover_share",
    "adl_ratio",
)
RATES_PPM = ("borrow_base", "borrow_slope1", "borrow_slope2")
COOLDOWNS = ("pool_cooldown", "cover_cooldown")
# Fields of a market's table that may also be worked out from others.
DERIVED = ("share", "max_oi_quote", "skew_scale")
MARKET = ("beta", "sigma", "p_min", "taker", "maker", "spread", "depth", "oi_low", "oi_high", "oi_cap")
MARKET += ("clamp", "clamp_days", "min_notional")
TIMES = ("delay", "window", "max_exec_age")
COVER = {"cover_name": "Cross-margin cover", "cover_symbol": "CMCV"}  # of the cover pool's shares
SLACK = Fraction(99, 100)  # of the largest open interest that Q-2 allows: room for the next change of a fee


@dataclass(frozen=True)
class Token:
    """A token that is there (`address`), or a dev token to deploy. `decimals` is checked against the token."""

    symbol: str
    decimals: int
    address: str | None = None


@dataclass(frozen=True)
class Feed:
    """A push feed that is there (`address`), or a dev feed whose first round is `price`. USD; max_age in seconds."""

    symbol: str
    price: Fraction | None
    decimals: int
    max_age: int
    low: Fraction
    high: Fraction
    address: str | None = None


@dataclass(frozen=True)
class Market:
    """A market as the file has it: `values` holds MARKET and what is given of DERIVED."""

    symbol: str
    feed: Feed
    values: Mapping[str, Fraction] = field(repr=False)

    def weight(self) -> int:
        """M-1 in bps."""
        beta, sigma = (units(self.values[k], BPS, f"markets.{self.symbol}.{k}") for k in ("beta", "sigma"))
        root = isqrt(beta**2 + sigma**2)
        return root + (root**2 < beta**2 + sigma**2)


@dataclass(frozen=True)
class Collateral:
    """A collateral token; `cap` is a share of the pool's capital."""

    token: Token
    underlying: str
    discount: Fraction
    cap: Fraction


@dataclass(frozen=True)
class Parameters:
    """What the chain should hold: fields named and scaled as in the contracts' structs. Amounts WAD."""

    venue: Mapping[str, int]
    rates: Mapping[str, int]
    markets: Mapping[str, Mapping[str, int]]
    collateral: Mapping[str, Mapping[str, int]]
    timing: Mapping[str, int]
    keeper_fee: int
    liquidator: Mapping[str, int]


@dataclass(frozen=True)
class Config:
    """A whole deployment file, checked for form. Whether the values are within bounds the contracts decide."""

    name: str
    sequencer: str | None  # the uptime feed of the chain's sequencer, where there is one
    quote: Token
    quote_feed: Feed
    pool_name: str
    pool_symbol: str
    cover_name: str
    cover_symbol: str
    capital: Fraction
    venue: Mapping[str, Fraction]
    rates: Mapping[str, Fraction]
    orders: Mapping[str, Fraction]
    liquidator: Mapping[str, Fraction]
    native: str
    markets: tuple[Market, ...]
    collateral: tuple[Collateral, ...]

    # ---- overrides: each returns another configuration -------------------------------------------

    def only(self, markets: Iterable[str]) -> Self:
        """These markets, in this order, and the collateral priced by them."""
        wanted = tuple(dict.fromkeys(markets))
        known = {m.symbol: m for m in self.markets}
        _known("market", wanted, known)
        if not wanted:
            raise ConfigError("no markets: name at least one")
        collateral = tuple(c for c in self.collateral if c.underlying in wanted)
        return replace(self, markets=tuple(known[s] for s in wanted), collateral=collateral)

    def with_feeds(self, addresses: Mapping[str, str]) -> Self:
        """Feeds that are there, by the symbol of market or quote."""
        _known("feed", addresses, {f.symbol for f in self.feeds()})
        return self._map_feeds(
            lambda f: replace(f, address=_address(addresses.get(f.symbol, f.address), f.symbol))
        )

    def at_prices(self, prices: Mapping[str, int | str | Decimal | Fraction]) -> Self:
        """First rounds of dev feeds, USD."""
        _known("feed", prices, {f.symbol for f in self.feeds()})

        def priced(feed: Feed) -> Feed:
            found = prices.get(feed.symbol, feed.price)
            return feed if found is None else replace(feed, price=_price(found, feed.symbol))

        return self._map_feeds(priced)

    def with_max_age(self, seconds: int) -> Self:
        """One maximum age for all feeds, the quote's included."""
        return self._map_feeds(lambda f: replace(f, max_age=seconds))

    def with_tokens(self, addresses: Mapping[str, str]) -> Self:
        """Tokens that are there, by symbol."""
        _known("token", addresses, {t.symbol for t in self.tokens()})

        def found(token: Token) -> Token:
            return replace(token, address=_address(addresses.get(token.symbol, token.address), token.symbol))

        collateral = tuple(replace(c, token=found(c.token)) for c in self.collateral)
        return replace(self, quote=found(self.quote), collateral=collateral)

    def with_timing(self, timing: Mapping[str, int]) -> Self:
        """Any of delay, window, max_exec_age (orders), max_age (feeds), pool_cooldown, cover_cooldown (LP exits), in seconds."""
        _known("timing", timing, (*TIMES, *COOLDOWNS, "max_age"))
        orders = {**self.orders, **{k: Fraction(v) for k, v in timing.items() if k in TIMES}}
        rates = {**self.rates, **{k: Fraction(v) for k, v in timing.items() if k in COOLDOWNS}}
        found = replace(self, orders=orders, rates=rates)
        return found.with_max_age(timing["max_age"]) if "max_age" in timing else found

    def _map_feeds(self, change: Any) -> Self:
        markets = tuple(replace(m, feed=change(m.feed)) for m in self.markets)
        return replace(self, quote_feed=change(self.quote_feed), markets=markets)

    # ---- what it comes to ------------------------------------------------------------------------

    def feeds(self) -> tuple[Feed, ...]:
        """The quote's first, then the markets'."""
        return (self.quote_feed, *(m.feed for m in self.markets))

    def tokens(self) -> tuple[Token, ...]:
        """The quote first, then the collateral."""
        return (self.quote, *(c.token for c in self.collateral))

    def resolve(self, prices: Mapping[str, Fraction], ids: Mapping[str, int] | None = None) -> Parameters:
        """The parameters on chain, with sizes converted at these prices (quote per unit, one for each market).

        `ids`: market ids by symbol; their order in the file by default.
        """
        ids = ids or {m.symbol: i for i, m in enumerate(self.markets)}
        return Parameters(
            venue=self._venue(),
            rates=self._rates(),
            markets={m.symbol: self._market(m, prices[m.symbol]) for m in self.markets},
            collateral={
                c.token.symbol: {"underlying": ids[c.underlying], **self._collateral(c, prices[c.underlying])}
                for c in self.collateral
            },
            timing={k: units(self.orders[k], 1, f"orders.{k}") for k in TIMES},
            keeper_fee=units(self.orders["keeper_fee"], WAD, "orders.keeper_fee"),
            liquidator=self._liquidator(ids),
        )

    def _venue(self) -> dict[str, int]:
        scales = {**dict.fromkeys(VENUE_BPS, BPS), "keeper_part": PPM, "min_margin": WAD, "keeper_cap": WAD}
        return {k: units(v, scales[k], f"venue.{k}") for k, v in self.venue.items()}

    def _rates(self) -> dict[str, int]:
        scales = {
            **dict.fromkeys(RATES_BPS, BPS),
            **dict.fromkeys(RATES_PPM, PPM),
            **dict.fromkeys(COOLDOWNS, 1),
        }
        return {k: units(v, scales[k], f"rates.{k}") for k, v in self.rates.items()}

    def _liquidator(self, ids: Mapping[str, int]) -> dict[str, int]:
        v, priced = self.liquidator, self.native in ids
        return {
            "flat": units(v["flat"], WAD, "liquidator.flat"),
            "gas_units": units(v["gas_units"], 1, "liquidator.gas_units") if priced else 0,
            "native": ids.get(self.native, 0),
            "auction_duration": units(v["auction_duration"], 1, "liquidator.auction_duration"),
        }

    def _collateral(self, c: Collateral, price: Fraction) -> dict[str, int]:
        where = f"collateral.{c.token.symbol}"
        tokens = leading(c.cap * self.capital / price)
        return {"discount": units(c.discount, BPS, f"{where}.discount"), "cap": int(tokens * WAD)}

    def _market(self, m: Market, price: Fraction) -> dict[str, int]:
        """Sizes: the skew scale makes the premium of a skew at the net cap about w/4; OI stays within Q-2."""
        v, path = m.values, f"markets.{m.symbol}"

        def exact(key: str, scale: int, less: int = 0) -> int:
            return units(v[key] - less, scale, f"{path}.{key}")

        weight = m.weight()
        w = Fraction(weight, BPS)
        if not w:
            raise ConfigError(f"{path}: beta and sigma are both 0")
        scale = leading(v.get("skew_scale", v["depth"] * self.capital / w**2) / price)
        costs = v["taker"] + self.venue["keeper_part"]
        most = max(self.venue["p_max"] - costs, Fraction(0)) * SLACK * scale
        share = v.get("share", self.rates["cap_net"] / w)
        max_quote = v.get("max_oi_quote", share * self.capital)
        # the widest side that all caps allow while the pool holds its capital
        widest = min(most, share * self.capital / price, max_quote / price) / scale
        clamp = int(v["clamp"] * w * BPS)
        high = max(int(v["oi_high"] * widest * BPS), 1)
        return {
            "beta": exact("beta", BPS),
            "sigma": exact("sigma", BPS),
            "clamp": clamp,
            "velocity": _velocity(clamp, v["clamp_days"] * widest),
            "skew_scale": int(scale * WAD) // LOT * LOT,
            "taker": exact("taker", PPM),
            "maker": exact("maker", PPM),
            "spread": exact("spread", PPM),
            "p_min": exact("p_min", BPS),
            "oi_low": min(int(v["oi_low"] * widest * BPS), high - 1),
            "oi_high": high,
            "oi_cap": exact("oi_cap", 100, less=1),
            "max_oi": int(most * WAD) // LOT * LOT,
            "max_oi_quote": int(leading(max_quote, 4) * WAD),
            "share": min(int(share * BPS), 2**16 - 1),
            "min_notional": exact("min_notional", WAD),
        }


def _velocity(clamp: int, reach: Fraction) -> int:
    """1e-3 a day² that takes the rate to `clamp` (1e-4 a day) in a day at the skew fraction `reach`; at most 10 a day²."""
    if not reach:
        return 0
    return min(int(Fraction(clamp, 10) / reach), 10_000)


def units(value: Fraction, scale: int, where: str) -> int:
    """An exact number of units of 1/scale."""
    scaled = value * scale
    if scaled.denominator != 1:
        raise ConfigError(f"{where}: {_shown(value)} is not a whole number of {_shown(Fraction(1, scale))}")
    if scaled < 0:
        raise ConfigError(f"{where}: {_shown(value)} is below 0")
    return int(scaled)


def leading(value: Fraction, digits: int = 4) -> Fraction:
    """The leading decimal digits, rounded down."""
    step = Fraction(1)
    while value >= 10**digits * step:
        step *= 10
    while value and value < 10 ** (digits - 1) * step:
        step /= 10
    return value // step * step


# ---- reading ---------------------------------------------------------------------------------------


def load(source: Path | str | Mapping[str, Any] | Config = DEFAULT) -> Config:
    """A configuration from a TOML file, from what such a file holds, or as it is."""
    if isinstance(source, Config):
        return source
    if isinstance(source, Mapping):
        return _config(_Table("", source))
    try:
        with open(source, "rb") as file:
            return _config(_Table("", tomllib.load(file, parse_float=Decimal)))
    except OSError as fault:
        raise ConfigError(f"cannot read {source}: {fault.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as fault:
        raise ConfigError(f"{source} is not TOML: {fault}") from None
    except ConfigError as fault:
        raise ConfigError(f"{source}: {fault}") from None


class _Table:
    """A table of the file; every key is taken once, and none may be left."""

    def __init__(self, path: str, content: object) -> None:
        if not isinstance(content, Mapping):
            raise ConfigError(f"{path}: a table is wanted here")
        self.path = path
        self._left = dict(content)

    def _at(self, key: str) -> str:
        return f"{self.path}.{key}" if self.path else key

    def take(self, key: str, *default: Any) -> Any:
        if key not in self._left and not default:
            raise ConfigError(f"{self._at(key)} is missing")
        return self._left.pop(key, *default)

    def fraction(self, key: str) -> Fraction:
        return _fraction(self.take(key), self._at(key))

    def integer(self, key: str) -> int:
        return units(self.fraction(key), 1, self._at(key))

    def text(self, key: str) -> str:
        found = self.take(key)
        if not isinstance(found, str) or not found:
            raise ConfigError(f"{self._at(key)}: a text is wanted here")
        return found

    def address(self) -> str | None:
        return _address(self.take("address", None), self._at("address"))

    def table(self, key: str, defaults: Mapping[str, Any] = {}) -> _Table:
        content = self.take(key, {})
        return _Table(self._at(key), {**defaults, **content} if isinstance(content, Mapping) else content)

    def tables(self, key: str) -> dict[str, Any]:
        content = self.take(key, {})
        if not isinstance(content, Mapping):
            raise ConfigError(f"{self._at(key)}: tables by symbol are wanted here")
        return dict(content)

    def fractions(self, keys: Iterable[str]) -> dict[str, Fraction]:
        return {key: self.fraction(key) for key in keys}

    def given(self, keys: Iterable[str]) -> dict[str, Fraction]:
        return {key: self.fraction(key) for key in keys if key in self._left}

    def done(self) -> None:
        if self._left:
            raise ConfigError(f"{self._at(next(iter(self._left)))} is not known")


def _config(top: _Table) -> Config:
    quote = top.table("quote")
    quote_token = Token(quote.text("symbol"), *_token(quote))
    quote_feed = _feed(quote.table("feed", {"decimals": 8}), quote_token.symbol)
    pool, venue, rates = top.table("pool", COVER), top.table("venue"), top.table("rates")
    orders, liquidator = top.table("orders"), top.table("liquidator")
    common = top.take("market", {})
    markets = tuple(_market(s, content, common) for s, content in top.tables("markets").items())
    collateral = tuple(_collateral_of(s, content) for s, content in top.tables("collateral").items())
    found = Config(
        name=str(top.take("name", "custom")),
        sequencer=_address(top.take("sequencer", None), "sequencer"),
        quote=quote_token,
        quote_feed=quote_feed,
        pool_name=pool.text("name"),
        pool_symbol=pool.text("symbol"),
        cover_name=pool.text("cover_name"),
        cover_symbol=pool.text("cover_symbol"),
        capital=pool.fraction("capital"),
        venue=venue.fractions((*VENUE_BPS, "keeper_part", "min_margin", "keeper_cap")),
        rates=rates.fractions((*RATES_BPS, *RATES_PPM, *COOLDOWNS)),
        orders=orders.fractions((*TIMES, "keeper_fee")),
        liquidator=liquidator.fractions(("flat", "gas_units", "auction_duration")),
        native=liquidator.text("native"),
        markets=markets,
        collateral=collateral,
    )
    for table in (quote, pool, venue, rates, orders, liquidator, top):
        table.done()
    _check(found)
    return found


def _check(config: Config) -> None:
    symbols = [m.symbol for m in config.markets]
    if not symbols:
        raise ConfigError("markets: there is none")
    if len(symbols) > MAX_MARKETS:
        raise ConfigError(f"markets: there are {len(symbols)}, a venue has at most {MAX_MARKETS}")
    if len(config.collateral) > MAX_ASSETS:
        raise ConfigError(f"collateral: there are {len(config.collateral)}, a venue has at most {MAX_ASSETS}")
    if config.capital <= 0:
        raise ConfigError("pool.capital must be above 0")
    for c in config.collateral:
        if c.underlying not in symbols:
            raise ConfigError(f"collateral.{c.token.symbol}.underlying: there is no market {c.underlying}")
        if c.token.symbol == config.quote.symbol:
            raise ConfigError(f"collateral.{c.token.symbol}: that is the quote token")
    if config.quote.symbol in symbols:
        raise ConfigError(f"markets.{config.quote.symbol}: that is the quote token")


def _token(table: _Table) -> tuple[int, str | None]:
    return table.integer("decimals"), table.address()


def _feed(table: _Table, symbol: str) -> Feed:
    address, price = table.address(), table.take("price", None)
    if address is None and price is None:
        raise ConfigError(f"{table.path}: an address, or the price of a dev feed, is wanted here")
    found = Feed(
        symbol=symbol,
        price=None if price is None else _price(price, f"{table.path}.price"),
        decimals=table.integer("decimals"),
        max_age=table.integer("max_age"),
        low=table.fraction("low"),
        high=table.fraction("high"),
        address=address,
    )
    table.done()
    return found


def _market(symbol: str, content: object, common: object) -> Market:
    path = f"markets.{symbol}"
    shared, own = _Table("market", common), _Table(path, content)
    feed = _Table(f"{path}.feed", {**_plain(shared, "feed"), **_plain(own, "feed")})
    table = _Table(path, {**_rest(shared), **_rest(own)})
    values = {**table.fractions(MARKET), **table.given(DERIVED)}
    table.done()
    return Market(symbol, _feed(feed, symbol), values)


def _plain(table: _Table, key: str) -> dict[str, Any]:
    return _rest(table.table(key))


def _rest(table: _Table) -> dict[str, Any]:
    return dict(table._left)


def _collateral_of(symbol: str, content: object) -> Collateral:
    table = _Table(f"collateral.{symbol}", content)
    token = Token(symbol, *_token(table))
    found = Collateral(token, table.text("underlying"), table.fraction("discount"), table.fraction("cap"))
    table.done()
    return found


def _fraction(value: object, where: str) -> Fraction:
    if isinstance(value, bool | float) or not isinstance(value, int | str | Decimal | Fraction):
        raise ConfigError(f"{where}: {value!r} is not an exact number: give an integer, a decimal or a text")
    try:
        if (
            isinstance(value, str | Decimal)
            and "/" not in str(value)
            and abs(Decimal(value).adjusted()) > MOST_DIGITS
        ):
            raise ConfigError(f"{where}: {value!r} is out of any range")
        return Fraction(value)
    except (ValueError, OverflowError, ZeroDivisionError, InvalidOperation):
        raise ConfigError(f"{where}: {value!r} is not a number") from None


def _price(value: object, where: str) -> Fraction:
    found = _fraction(value, where)
    if found <= 0:
        raise ConfigError(f"{where}: a price is above 0, not {value}")
    return found


def _address(value: object, where: str) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str) or not is_address(value):
        raise ConfigError(f"{where}: {value!r} is not an address")
    return to_checksum_address(value)


def _known(kind: str, wanted: Iterable[str], known: Iterable[str]) -> None:
    for symbol in wanted:
        if symbol not in known:
            raise ConfigError(f"there is no {kind} {symbol}: choose from {', '.join(sorted(known))}")


def _shown(value: Fraction) -> str:
    return f"{Decimal(value.numerator) / value.denominator:f}"

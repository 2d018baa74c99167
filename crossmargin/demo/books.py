"""Who plays in the demo: a deterministic plan of accounts, their deposits, their positions and later trades.

A plan is data. Positions are given as a share of equity; how far that share may go is worked out here with the
margin rule M-2 … M-4 of docs/spec.md at the starting prices, so that a good part of the accounts opens close to its
initial margin and the fall has something to liquidate. The chain has the last word: what it refuses is scaled down.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isqrt

from crossmargin.demo.paths import BETA, DOLLAR, MARKETS, SIGMA, PathError

BPS = 10_000
WAD = 10**18
LOT = 10**10  # WAD base units
DEFAULT_ACCOUNTS = 44
MAX_ACCOUNTS = 400
MAX_LEVERAGE = 40 * BPS

QUOTE, WETH, WBTC = "USDC", "WETH", "WBTC"
DECIMALS = {QUOTE: 6, WETH: 18, WBTC: 8}
UNDERLYING = {WETH: "ETH", WBTC: "BTC"}
HAIRCUT = {WETH: 700, WBTC: 500}  # d_c, bps
KAPPA = 6000  # bps
IM_FACTOR = 15_000  # bps

# Dollars each liquidity provider puts in: ten million together.
PROVIDERS = (5_000_000, 3_000_000, 2_000_000)
COVER = 250_000  # and what the first of them puts in the cover pool
# Quote beside collateral alone, in bps of its value: fees are paid in cash, the keeper's in advance.
FOR_FEES = 100

_SIZES = (5_000, 12_000, 30_000, 60_000, 120_000, 250_000)  # equity in dollars before the seeded spread


@dataclass(frozen=True)
class Deposit:
    """`amount` in the token's smallest units."""

    token: str
    amount: int


@dataclass(frozen=True)
class Target:
    """A position wanted at the start: signed notional in bps of the account's equity, and its size in WAD base units."""

    market: str
    leverage: int
    size: int


@dataclass(frozen=True)
class Book:
    """One account. `use` is the share of equity that its initial margin takes at the start, in bps."""

    name: str
    kind: str
    deposits: tuple[Deposit, ...]
    targets: tuple[Target, ...]
    equity: int  # dollars after haircuts, WAD
    use: int


@dataclass(frozen=True)
class Trade:
    """A trade during the run, at `permille` of the ticks.

    `reduce` > 0 closes that share (bps) of the account's position in the market, or of its whole book if `market` is
    None. Otherwise `add` is a signed notional in bps of the account's equity at that time.
    """

    permille: int
    account: int
    market: str | None
    reduce: int = 0
    add: int = 0


@dataclass(frozen=True)
class Move:
    """Money taken out at `permille` of the ticks: by trader `who`, or with `exit` by that liquidity provider.

    `share` in bps: of what margin allows, or of the provider's shares.
    """

    permille: int
    who: int
    share: int
    exit: bool = False


@dataclass(frozen=True)
class Terms:
    """What a venue is deployed with instead of the shipped file: capital in dollars, rates by the names of that file."""

    capital: int
    rates: Mapping[str, str]


@dataclass(frozen=True)
class Plan:
    """Everything that the actors of the demo do.

    `closing`: the market that is wound down in the last `closing_ticks`, if any.
    """

    providers: tuple[int, ...]  # quote, smallest units
    books: tuple[Book, ...]
    trades: tuple[Trade, ...]
    moves: tuple[Move, ...] = ()
    cover: tuple[int, ...] = ()  # the same, in the cover pool
    terms: Terms | None = None
    closing: str | None = None
    closing_ticks: int = 0

    def total(self, token: str) -> int:
        """What all traders deposit of one token, in smallest units."""
        return sum(
            deposit.amount for book in self.books for deposit in book.deposits if deposit.token == token
        )


@dataclass(frozen=True)
class Template:
    kind: str
    legs: tuple[tuple[str, int], ...]  # market, signed weight
    use: int  # bps of equity that initial margin may take; 0: the weights are bps of equity themselves
    deposits: tuple[tuple[str, int], ...] = ((QUOTE, BPS),)  # token, share of the value


def template(
    kind: str, legs: str, use: int, deposits: tuple[tuple[str, int], ...] = ((QUOTE, BPS),)
) -> Template:
    pairs = (leg.split(":") for leg in legs.split())
    return Template(kind, tuple((market, int(weight)) for market, weight in pairs), use, deposits)


_ALL_LONG = " ".join(f"{market}:1" for market in MARKETS)
_ALL_SHORT = " ".join(f"{market}:-1" for market in MARKETS)
_IN_WETH, _IN_WBTC = ((WETH, BPS),), ((WBTC, BPS),)
_IN_BOTH = ((QUOTE, 5000), (WETH, 5000))

_TEMPLATES = (
    template("single long", "ETH:1", 9500),
    template("long basket", _ALL_LONG, 9500),
    template("hedged", "ETH:1 BTC:-1", 9300),
    template("single short", "BTC:-1", 3500),
    template("cash and carry", "ETH:-10000", 0, _IN_WETH),
    template("mixed", "BTC:2 ETH:1 DOGE:-1", 9000),
    template("single long", "SOL:1", 9200),
    template("single short", "ETH:-1", 5500),
    template("long on collateral", "BTC:1", 8500, _IN_WETH),
    template("single long", "BTC:1", 9600),
    template("hedged", "SOL:2 LINK:-2 ETH:-1", 9000),
    template("single long", "DOGE:1", 8800),
    template("long basket", "BTC:3 ETH:2 SOL:1", 7000),
    template("cash and carry", "BTC:-10000", 0, _IN_WBTC),
    template("single long", "LINK:1", 9400),
    template("short basket", _ALL_SHORT, 4500),
    template("single long", "ETH:1", 4000),
    template("hedged", "LINK:1 DOGE:-1", 8500),
    template("mixed", "ETH:3 SOL:-1 LINK:1", 9200, _IN_BOTH),
    template("single long", "BTC:1", 1500),
    template("single short", "SOL:-1", 3000),
    template("carry, overhedged", "ETH:-18000", 0, _IN_WETH),
)

# Trades during the run: permille of the ticks, template, market, share reduced, notional added (bps). Most of those who are
# short take some profit after the first crash, at about 300; some buy what has fallen.
_TRADES = (
    (150, 3, "BTC", 0, -5000),
    (240, 16, "ETH", 0, 3000),
    (330, 20, "SOL", 5000, 0),
    (335, 3, "BTC", 5000, 0),
    (345, 7, "ETH", 5000, 0),
    (355, 15, None, 4000, 0),
    (370, 16, "ETH", 0, 5000),
    (450, 19, "BTC", 0, 4000),
    (600, 3, "BTC", 5000, 0),
    (680, 5, "DOGE", BPS, 0),
    (730, 20, "SOL", BPS, 0),
    (740, 15, None, 5000, 0),
    (760, 7, "ETH", BPS, 0),
    (780, 19, "BTC", 0, 3000),
    (850, 15, None, BPS, 0),
    (900, 19, "BTC", BPS, 0),
)

_MOVES = (
    Move(220, 3, 5000),
    Move(380, 16, 5000),
    Move(420, 2, 2500, exit=True),
    Move(560, 19, 5000),
    Move(720, 1, 1000, exit=True),
    Move(900, 3, 8000),
)


def make_plan(
    prices: Mapping[str, int], accounts: int = DEFAULT_ACCOUNTS, seed: int = 1, quote: int = DOLLAR
) -> Plan:
    """The plan for these markets at these starting prices (1e-8 dollars)."""
    check_accounts(accounts)
    rng = random.Random(f"{seed}/books")
    in_quote = {market: price * WAD // quote for market, price in prices.items()}
    books = tuple(
        make_book(i, _TEMPLATES[i % len(_TEMPLATES)], in_quote, rng, _size_of(i)) for i in range(accounts)
    )
    return Plan(
        providers=tuple(dollars * 10 ** DECIMALS[QUOTE] for dollars in PROVIDERS),
        cover=(COVER * 10 ** DECIMALS[QUOTE],),
        books=books,
        trades=tuple(_later(books, rng)),
        moves=tuple(move for move in _MOVES if move.exit or move.who < len(books)),
    )


def check_accounts(accounts: int) -> None:
    """Refuse a number of accounts that no plan can have."""
    if not 1 <= accounts <= MAX_ACCOUNTS:
        raise PathError(f"--accounts {accounts} is out of range: choose 1 to {MAX_ACCOUNTS}")


def notional_to_size(notional: int, price: int) -> int:
    """Quote (WAD, signed) at a price (WAD) -> size in WAD base units, cut to whole lots towards zero."""
    lots = abs(notional) * WAD // price // LOT
    return lots * LOT if notional >= 0 else -lots * LOT


def margin(exposures: Mapping[str, tuple[int, int]]) -> int:
    """M-2 for market -> (net, gross) notional in WAD; at the loadings of the demo, in WAD."""
    common = sum(BETA[market] * net for market, (net, _) in exposures.items())
    own = sum((SIGMA[market] * net) ** 2 for market, (net, _) in exposures.items())
    floor = KAPPA * sum(weight(market) * gross for market, (_, gross) in exposures.items())
    return max(isqrt(common**2 + own) // BPS, floor // BPS**2) + 1


def weight(market: str) -> int:
    """M-1: stand-alone maintenance rate in bps, rounded up."""
    return isqrt(BETA[market] ** 2 + SIGMA[market] ** 2 - 1) + 1


def _size_of(place: int) -> int:
    return _SIZES[(place * 5 + place // len(_SIZES)) % len(_SIZES)]


def make_book(
    place: int, template: Template, prices: Mapping[str, int], rng: random.Random, dollars: int
) -> Book:
    """The book of the account at `place`, worth about `dollars`; `prices` in WAD quote."""
    value = dollars * WAD * (8000 + rng.getrandbits(12)) // BPS  # 0.80 to 1.21 of it
    deposits = tuple(_deposits(template, value, prices))
    held = {UNDERLYING[d.token]: _wad(d) for d in deposits if d.token != QUOTE}
    equity = sum(_after_haircut(deposit, prices) for deposit in deposits)
    legs = _legs(template, tuple(prices))
    if template.use:
        leverages = _leverages(legs, held, prices, equity, template.use)
    else:  # a share of what is held, so that the hedge is exact
        leverages = {market: share * value // equity for market, share in legs.items()}
    targets = tuple(
        Target(market, leverage, notional_to_size(equity * leverage // BPS, prices[market]))
        for market, leverage in leverages.items()
    )
    used = _initial_margin({t.market: equity * t.leverage // BPS for t in targets}, held, prices)
    return Book(f"trader-{place + 1:02}", template.kind, deposits, targets, equity, used * BPS // equity)


def _deposits(template: Template, value: int, prices: Mapping[str, int]) -> list[Deposit]:
    """Tokens worth `value` (WAD quote); quote instead of a token whose underlying is not traded.

    Who has no quote among them gets a little for fees on top.
    """
    amounts: dict[str, int] = {}
    for token, share in template.deposits:
        part = value * share // BPS
        if UNDERLYING.get(token) not in prices:
            token = QUOTE
        price = WAD if token == QUOTE else prices[UNDERLYING[token]]
        amounts[token] = amounts.get(token, 0) + part * 10 ** DECIMALS[token] // price
    amounts.setdefault(QUOTE, value * FOR_FEES // BPS * 10 ** DECIMALS[QUOTE] // WAD)
    return [Deposit(token, amount) for token, amount in amounts.items()]


def _wad(deposit: Deposit) -> int:
    return deposit.amount * 10 ** (18 - DECIMALS[deposit.token])


def _after_haircut(deposit: Deposit, prices: Mapping[str, int]) -> int:
    if deposit.token == QUOTE:
        return _wad(deposit)
    worth = _wad(deposit) * prices[UNDERLYING[deposit.token]] // WAD
    return worth * (BPS - HAIRCUT[deposit.token]) // BPS


def _legs(template: Template, markets: Sequence[str]) -> dict[str, int]:
    """The template's legs in the markets that are traded; another market stands in for one that is not."""
    legs: dict[str, int] = {}
    for market, share in template.legs:
        stand_in = market if market in markets else markets[MARKETS.index(market) % len(markets)]
        legs[stand_in] = legs.get(stand_in, 0) + share
    return {market: share for market, share in legs.items() if share} or {markets[0]: template.legs[0][1]}


def _initial_margin(notionals: Mapping[str, int], held: Mapping[str, int], prices: Mapping[str, int]) -> int:
    """M-4 in WAD for signed notionals (WAD quote) and collateral held (underlying -> WAD tokens)."""
    exposures = {}
    for market in {**notionals, **held}:
        collateral = held.get(market, 0) * prices[market] // WAD
        notional = notionals.get(market, 0)
        exposures[market] = (notional + collateral, abs(notional) + collateral)
    return margin(exposures) * IM_FACTOR // BPS


def _leverages(
    legs: Mapping[str, int], held: Mapping[str, int], prices: Mapping[str, int], equity: int, use: int
) -> dict[str, int]:
    """The largest multiple of the legs' direction whose initial margin stays within `use` of equity, in bps of equity."""
    total = sum(abs(share) for share in legs.values())

    def at(gross: int) -> dict[str, int]:
        return {market: gross * share // total for market, share in legs.items()}

    low, high = 0, MAX_LEVERAGE
    while low < high:
        middle = (low + high + 1) // 2
        notionals = {market: equity * leverage // BPS for market, leverage in at(middle).items()}
        if _initial_margin(notionals, held, prices) * BPS <= equity * use:
            low = middle
        else:
            high = middle - 1
    return at(low)


def _later(books: Sequence[Book], rng: random.Random) -> list[Trade]:
    """The later trades of accounts that exist and hold the market, each at a slightly seeded time."""
    trades = []
    for permille, template, market, reduce, add in _TRADES:
        for account in range(template, len(books), len(_TEMPLATES)):
            moment = permille + rng.getrandbits(5) - 16
            if market is None or market in {t.market for t in books[account].targets}:
                trades.append(Trade(moment, account, market, reduce, add))
    return sorted(trades, key=lambda trade: (trade.permille, trade.account))

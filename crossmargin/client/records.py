"""What the client returns: frozen records of integers.

Amounts are WAD (1e18 = 1.0) quote, prices WAD quote per base unit, times Unix seconds, unless a unit is named.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum

from crossmargin.client.codec import Book, Carry
from crossmargin.client.events import Event

# Health.state
HEALTHY, BELOW_INITIAL, MARGIN_CALL, LIQUIDATABLE, NO_PRICE = range(5)
# OrderResult.status
EXECUTED, FAILED, SKIPPED, UNKNOWN = 1, 2, 3, 4
NO_SHOCK = 2**255 - 1  # liquidation_shock of an account that no common move liquidates
NO_CURE = 2**256 - 1  # of an account that no deposit of that kind leads out of the warning band
NO_THRESHOLD = 2**256 - 1  # threshold of deleveraging while nobody may be deleveraged


class Reason(IntEnum):
    """What became of an account in a liquidation, `Outcome.reason`.

    GRACE: come back later, the venue was just un-paused or its chain's sequencer came up. SETTLE_FIRST is the
    PositionManager's alone: the Liquidator settles what must be settled, and tries again.
    """

    LIQUIDATED = 0
    HEALTHY = 1
    NO_PRICE = 2
    EMPTY = 3
    FAILED = 4
    GRACE = 5
    SETTLE_FIRST = 6

    @property
    def words(self) -> str:
        """For people."""
        return OUTCOMES[self]


OUTCOMES = ("liquidated", "healthy", "no valid price", "empty account", "the call failed")
OUTCOMES += ("grace: wait", "positions in settled markets first")


@dataclass(frozen=True)
class Health:
    """M-4 of an account. `state`: 0 healthy, 1 below initial, 2 margin call, 3 liquidatable, 4 no valid price."""

    equity: int
    initial: int
    maintenance: int
    state: int

    @property
    def slack(self) -> int:
        """Equity above maintenance; negative is liquidatable."""
        return self.equity - self.maintenance


@dataclass(frozen=True)
class Price:
    """`state`: 0 valid, 1 uncertain, 2 stale, 3 divergent, 4 invalid; `time` is the round's."""

    price: int
    stable: int
    time: int
    state: int


@dataclass(frozen=True)
class Position:
    """A position at the prices of now. `base` signed WAD base units; `index` the carry index of its side now.

    `entry_price`: the mark at which it is worth nothing now; `value`: P-2; `carry_per_day`: what it earns (negative:
    pays) a day at the present rates.
    """

    market: int
    base: int
    quote: int
    price: int
    price_state: int
    index: int
    entry_price: int
    value: int
    notional: int
    carry_per_day: int


@dataclass(frozen=True)
class Collateral:
    """An amount of an asset; `value` is quote after the largest liquidation discount."""

    asset: int
    underlying: int
    amount: int
    price: int
    price_state: int
    value: int


@dataclass(frozen=True)
class Account:
    """Everything about an account. `raw`: M-2 without the min_margin floor; `profit`: net unrealised; M-5 equities.

    `liquidatable`: `liquidate` would act on it now.
    """

    id: int
    cash: int
    reserved: int
    equity: int
    initial: int
    maintenance: int
    raw: int
    profit: int
    risk_equity: int
    free_equity: int
    state: int
    liquidatable: bool
    positions: tuple[Position, ...]
    collateral: tuple[Collateral, ...]


@dataclass(frozen=True)
class Terms:
    """A market's parameters. beta, sigma, w, p_min: bps. clamp: 1e-4 a day; velocity: 1e-3 a day². skew_scale, max_oi: WAD base.

    taker, maker, spread: 1e-6. oi_low, oi_high: bps of skew_scale; oi_cap: hundredths above 1. share: bps of R.
    """

    beta: int
    sigma: int
    w: int
    clamp: int
    velocity: int
    skew_scale: int
    taker: int
    maker: int
    spread: int
    p_min: int
    oi_low: int
    oi_high: int
    oi_cap: int
    max_oi: int
    max_oi_quote: int
    share: int
    min_notional: int


@dataclass(frozen=True)
class Timing:
    """Seconds: `delay` from commit to the round that executes, `window` after it, `max_exec_age` of that round."""

    delay: int
    window: int
    max_exec_age: int


@dataclass(frozen=True)
class Market:
    """A market now. `long`, `short`, `skew`: WAD base; indices: WAD quote per base; `funding_rate`: 1e-9 a day.

    `borrow_rate`: 1e-6 a day; `oi_scale`: hundredths above 1; `touched`, `touch_price`: the last touch; `pool_value`: P-4.
    """

    id: int
    price: int
    price_time: int
    valid_until: int
    price_state: int
    long: int
    short: int
    skew: int
    quote: int
    long_index: int
    short_index: int
    funding_rate: int
    borrow_rate: int
    oi_scale: int
    touched: int
    touch_price: int
    pool_value: int
    terms: Terms
    timing: Timing

    @property
    def settled(self) -> bool:
        """W-3: closed for good, at `touch_price`."""
        return self.touched == 0 and self.touch_price != 0


@dataclass(frozen=True)
class PoolState:
    """U-0 and U-1 at the prices of now; utilisations are 1 (WAD) at their caps.

    `tied_up`: the least reduced equity that an LP exit may leave. `withheld`: what is kept back of the inventory, which
    entries pay for and exits do not get.
    """

    cash: int
    debt: int
    equity: int
    reduced_equity: int
    net: int
    gross: int
    utilisation: int
    exit_utilisation: int
    tied_up: int
    prices_valid: bool
    withheld: int


@dataclass(frozen=True)
class Pool:
    """The LP pool. `total_assets` in token units; `share_price`: token units for 1e18 shares; `cover_cash`: the cover pool's."""

    state: PoolState
    total_assets: int
    total_supply: int
    share_price: int
    cover_cash: int
    inventory: tuple[Collateral, ...]


@dataclass(frozen=True)
class OrderQuote:
    """An order filled at the mark now, and M-4 after it. If not `ok`, `reason` is what the call would say.

    `at_once`: the market trades without a delay, at its latency spread. `size`: after a reduce-only clip.
    """

    ok: bool
    at_once: bool
    size: int
    price: int
    fee: int
    keeper_fee: int
    realised: int
    equity: int
    initial: int
    maintenance: int
    reason: str


@dataclass(frozen=True)
class Solvency:
    """Quote tokens held and credited, D (`debt`), and the pool: U-0 and U-1 as of the markets' last touches."""

    tokens: int
    credited: int
    pool_cash: int
    cover_cash: int
    debt: int
    reduced_equity: int
    utilisation: int


@dataclass(frozen=True)
class MarketWords:
    """A market as stored."""

    carry: Carry
    book: Book


@dataclass(frozen=True)
class OrderStatus:
    """A pending order; all zero if it is not known (any more). `fee` is reserved for its keeper."""

    committed: int
    executable_from: int
    expires: int
    fee: int

    @property
    def pending(self) -> bool:
        """Neither executed, failed, cancelled nor cleared."""
        return self.committed != 0


@dataclass(frozen=True)
class OrderResult:
    """`status`: 1 executed, 2 failed and consumed, 3 skipped (still pending), 4 unknown."""

    status: int
    reason: str


@dataclass(frozen=True)
class Outcome:
    """Of one account in a liquidation: fraction closed (WAD), reward; `reason`: see Reason."""

    slice: int
    reward: int
    reason: int


@dataclass(frozen=True)
class Clock:
    """The clock of deleveraging (W-2): it runs from `since` on, 0 while it stands; `last` is the last alarm."""

    since: int
    last: int


@dataclass(frozen=True)
class Closing:
    """A market that is being wound down (W-3): when that `started` and its price was sampled last, zeros for any other.

    `covered`: seconds that samples stand for; `total`: sum of price * seconds (WAD s).
    """

    started: int
    sampled: int
    covered: int
    total: int

    def is_over(self, now: int) -> bool:
        """Whether sampling is over and the market can be settled."""
        age = now - self.started
        return self.started != 0 and (age >= 86_400 or (age >= 3_600 and self.covered >= 1_800))


@dataclass(frozen=True)
class Cure:
    """What leads an account out of the warning band: the least deposit (WAD) of the quote, or of one collateral by asset id.

    0 where it is not in the band, NO_CURE where no amount does.
    """

    state: int
    equity: int
    maintenance: int
    quote: int
    collateral: tuple[int, ...]


@dataclass(frozen=True)
class Step:
    """What one move of the market sets off. `rounds` in which something was liquidated, accounts `sliced`, notional `closed`.

    `bad_debt` of which `by_cover` is the cover pool's; `reduced_equity`: the pool's R afterwards.
    """

    rounds: int
    sliced: int
    closed: int
    bad_debt: int
    by_cover: int
    reduced_equity: int


@dataclass(frozen=True)
class PendingExit:
    """An LP's shares in escrow, and from when on they can be finalised, for a day; zeros without any."""

    shares: int
    ready_at: int


@dataclass(frozen=True)
class Addresses:
    """The contracts of a venue as the Lens finds them; `quote` is the token."""

    manager: str
    vault: str
    oracle: str
    engine: str
    configurator: str
    order_book: str
    liquidator: str
    waterfall: str
    pool: str
    cover: str
    quotes: str
    risks: str
    quote: str


@dataclass(frozen=True)
class InventoryPrice:
    """`price` in quote per WAD of the asset; `available` in token units."""

    price: int
    available: int


@dataclass(frozen=True)
class Sent:
    """A transaction on its way."""

    tx_hash: str
    sender: str
    nonce: int
    label: str
    params: Mapping[str, str] = field(repr=False, default_factory=dict)


@dataclass(frozen=True)
class Receipt:
    """A mined transaction. `gas_price` in wei. `reason` says why it reverted where `ok` is false.

    `result` is what the call returned when it was simulated just before it was sent; None if it was not.
    """

    label: str
    tx_hash: str
    block: int
    gas_used: int
    gas_price: int
    ok: bool
    reason: str = ""
    events: tuple[Event, ...] = ()
    result: object = None

    def event(self, kind: type[Event]) -> Event:
        """Its only event of a kind; KeyError if it has none."""
        for event in self.events:
            if isinstance(event, kind):
                return event
        raise KeyError(f"{self.label} has no {kind.__name__}")


@dataclass(frozen=True)
class Submitted:
    """A committed order. Where the market has no delay it is already executed: see the receipt's events."""

    order_hash: str
    gas_used: int
    receipt: Receipt


@dataclass(frozen=True)
class AssetBooks:
    """Of one token, WAD: what the Vault holds, what it says it credited, and the sum over the accounts asked for."""

    token: str
    held: int
    credited: int
    accounts: int


@dataclass(frozen=True)
class MarketBooks:
    """Of one market: sums over the accounts asked for, less what the market's own book says. All zero when true."""

    base: int
    quote: int


@dataclass(frozen=True)
class Conservation:
    """L-1 and L-2 at one block, over the accounts asked for and the protocol's own.

    `assets`: by asset id, 255 is quote. `markets`: by market id. `debt` is D as the Vault has it, `owed` the sum of
    negative cash.
    """

    block: int
    assets: Mapping[int, AssetBooks]
    markets: Mapping[int, MarketBooks]
    debt: int
    owed: int

    @property
    def donated(self) -> int:
        """Tokens held beyond what was credited, WAD, over all assets: sent to the Vault past its door."""
        return sum(row.held - row.credited for row in self.assets.values())

    @property
    def wei(self) -> int:
        """Sum of all absolute differences between ledger, tokens and books; 0 says that nothing is missing or made up."""
        rows = [
            *(row.held - row.credited for row in self.assets.values()),
            *(row.credited - row.accounts for row in self.assets.values()),
            *(x for row in self.markets.values() for x in (row.base, row.quote)),
            self.debt - self.owed,
        ]
        return sum(abs(row) for row in rows)

    def line(self) -> str:
        """One line for people."""
        what = f"{len(self.assets)} tokens, {len(self.markets)} markets, D = {self.debt}"
        return f"conservation at block {self.block}: {self.wei} wei apart ({what})"

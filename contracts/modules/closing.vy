# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title closing: pausing the venue, winding down a market, shutting all of it down (W-3)
@notice What is decided here reaches the PositionManager as parameter words: flags in the rates word, caps of 0, settlement prices.
        A market's settlement price is the average of prices that anybody samples; no role can choose it.
"""

from contracts.modules import books
from contracts.modules import checks
from contracts.modules import packing
from contracts.modules import venue_rates
from interfaces import IConfigurator
from interfaces import IOracleAdapter
from interfaces import IPositionManager
from interfaces import IVault

# in the rates word
PAUSED: constant(uint256) = 1 << venue_rates.PAUSED
SHUTTING_DOWN: constant(uint256) = 1 << venue_rates.SHUTTING_DOWN
CLAIMS_OPEN: constant(uint256) = 1 << venue_rates.CLAIMS_OPEN
LAST_PRICES: constant(uint256) = 1 << venue_rates.LAST_PRICES
GRACE_AT: constant(uint256) = 192

# s
GRACE: constant(uint256) = 900
LONGEST_GAP: constant(uint256) = 300
ENOUGH: constant(uint256) = 1800
HOUR: constant(uint256) = 3600
DAY: constant(uint256) = 86400
WEEK: constant(uint256) = 7 * DAY

# WAD. What a market settles at that never had a price, and so no position either: a price of 0 would not settle it.
LEAST_PRICE: constant(uint256) = 2**25

# Market => 0 started uint40 | 40 last sample uint40 | 80 seconds covered uint40 | 120 sum of price * seconds uint136 (WAD s).
# Nothing is sampled after a day and prices are below 2^84: the sum stays under 2^101.
closings: HashMap[uint256, uint256]
# bitmap of markets
settled: public(uint256)
# unix s; 0 before
shut_down_at: public(uint256)


# ---- views --------------------------------------------------------------------------------------

@view
@external
def closing(id: uint256) -> (uint256, uint256, uint256, uint256):
    """
    @notice W-3 of a market: when its closing started and when its price was sampled last (unix s; the start before any), seconds
            covered, and the sum of price * seconds (WAD s). Zeros for a market that is not closing.
    """
    word: uint256 = self.closings[id]
    return word & packing.U40, (word >> 40) & packing.U40, self._covered(word), word >> 120


@view
@external
def average(id: uint256) -> uint256:
    """
    @notice W-3: the average of a closing market's samples, rounded down, WAD; 0 without any. With sampling over it is the price
            that the market settles at.
    """
    return self._average(self.closings[id])


# ---- pausing ------------------------------------------------------------------------------------

@internal
def pause(manager: address):
    """
    @notice Stop all growth.
    """
    self._raise_flag(manager, PAUSED, 0)
    log IConfigurator.Paused()


@internal
def unpause(manager: address):
    """
    @notice Let positions grow again. Liquidations wait GRACE seconds: once a day at most, or they would wait for ever.
    """
    self.check_running()
    word: uint256 = self._rates(manager)
    checks.that(word & PAUSED != 0, "configurator: not paused")
    until: uint256 = block.timestamp + GRACE
    self._check_time(venue_rates.grace_until(word) + DAY <= until)
    kept: uint256 = word & ~(PAUSED | (packing.U40 << GRACE_AT))
    self._set_rates(manager, kept | (until << GRACE_AT))
    log IConfigurator.Unpaused(grace_until=until)


# ---- winding down a market -----------------------------------------------------------------------

@internal
def close(manager: address, id: uint256, limits: uint256):
    """
    @notice Stop a market's growth and start sampling its price.
    """
    self.check_open(id)
    self.closings[id] = block.timestamp | (block.timestamp << 40)
    extcall IPositionManager(manager).configure(books.LIMITS, id, limits & ~packing.U72)
    log IConfigurator.ClosingStarted(id=id)


@internal
def sample(manager: address, id: uint256):
    """
    @notice Count the market's valid price for the seconds since the last sample, at most LONGEST_GAP.
    """
    word: uint256 = self._closing(id)
    checks.that(not self._is_over(word), "configurator: sampling is over")
    found: uint256 = self._price_word(manager, id)
    checks.that(packing.price_state(found) == 0, "configurator: no valid price")
    price: uint256 = packing.price_of(found)
    gap: uint256 = min(block.timestamp - ((word >> 40) & packing.U40), LONGEST_GAP)
    sums: uint256 = (((word >> 120) + price * gap) << 120) | ((self._covered(word) + gap) << 80)
    self.closings[id] = (word & packing.U40) | (block.timestamp << 40) | sums
    log IConfigurator.PriceSampled(id=id, price=price, gap=gap)


@internal
def settle(manager: address, id: uint256):
    """
    @notice Fix the settlement price: the average, or the last price where nothing could be sampled.
    """
    word: uint256 = self._closing(id)
    self._check_time(self._is_over(word))
    checks.that((self.settled >> id) & 1 == 0, "configurator: settled")
    self.settled = self.settled | (1 << id)
    price: uint256 = self._average(word)
    if self._covered(word) == 0:
        price = max(packing.price_of(self._price_word(manager, id)), LEAST_PRICE)
    extcall IPositionManager(manager).configure(books.SETTLE, id, price)
    log IConfigurator.ClosingEnded(id=id, price=price)


# ---- shutting down --------------------------------------------------------------------------------

@internal
def shut_down(manager: address, markets: DynArray[IPositionManager.MarketWords, 32]):
    """
    @notice Stop all growth and all outflow of quote for good, and close every market that is not closing yet.
    """
    self._raise_flag(manager, SHUTTING_DOWN, PAUSED)
    self.shut_down_at = block.timestamp
    log IConfigurator.ShutDown()
    id: uint256 = 0
    for market: IPositionManager.MarketWords in markets:
        if self.closings[id] == 0:
            self.close(manager, id, market.limits)
        id = unsafe_add(id, 1)


@internal
def open_claims(manager: address, listed: uint256):
    """
    @notice Let accounts take their share: nothing is open any more, and nobody but the pool owes anything.
    """
    self._check_shut_down()
    checks.that(self.settled == listed, "configurator: market not settled")
    markets: DynArray[IPositionManager.MarketWords, 32] = staticcall IPositionManager(manager).market_words(
        listed
    )
    for market: IPositionManager.MarketWords in markets:
        checks.that(market.book << 112 == 0, "configurator: open positions")
    vault: IVault = IVault(staticcall IPositionManager(manager).VAULT())
    pool: uint256 = convert(staticcall IPositionManager(manager).POOL(), uint256) << 96
    owed: int256 = max(-(staticcall vault.cash(pool)), 0)
    checks.that(staticcall vault.debt() == convert(owed, uint256), "configurator: open debts")
    self._raise_flag(manager, CLAIMS_OPEN, 0)
    extcall IPositionManager(manager).configure(books.CLAIMS, 0, 0)
    log IConfigurator.ClaimsOpened(debt=staticcall vault.debt())


@internal
def last_prices(manager: address):
    """
    @notice Let the last prices count as valid: no dead feed holds up the claims.
    """
    self._check_shut_down()
    self._check_time(block.timestamp >= self.shut_down_at + WEEK)
    self._raise_flag(manager, LAST_PRICES, 0)
    log IConfigurator.LastPricesTaken()


# ---- checks ---------------------------------------------------------------------------------------

@view
@internal
def check_running():
    """
    @notice Before a shutdown only.
    """
    checks.that(self.shut_down_at == 0, "configurator: shut down")


@view
@internal
def check_open(id: uint256):
    """
    @notice A market that is neither closing nor settled.
    """
    checks.that(self.closings[id] == 0, "configurator: market closed")


@view
@internal
def _check_shut_down():
    checks.that(self.shut_down_at != 0, "configurator: not shut down")


@pure
@internal
def _check_time(ok: bool):
    checks.that(ok, "configurator: too soon")


# ---- words ----------------------------------------------------------------------------------------

@view
@internal
def _closing(id: uint256) -> uint256:
    word: uint256 = self.closings[id]
    checks.that(word != 0, "configurator: not closing")
    return word


@pure
@internal
def _covered(word: uint256) -> uint256:
    return (word >> 80) & packing.U40


@pure
@internal
def _average(word: uint256) -> uint256:
    # floor; without a sample 0 / 0 is 0
    return unsafe_div(word >> 120, self._covered(word))


@view
@internal
def _is_over(word: uint256) -> bool:
    """
    @notice Whether sampling is over: from then on the price is fixed, however late the market is settled.
    """
    age: uint256 = block.timestamp - (word & packing.U40)
    return age >= DAY or (age >= HOUR and self._covered(word) >= ENOUGH)


@internal
def _price_word(manager: address, id: uint256) -> uint256:
    oracle: address = staticcall IPositionManager(manager).ORACLE()
    found: DynArray[uint256, 32] = extcall IOracleAdapter(oracle).refresh(1 << id)
    return found[0]


@view
@internal
def _rates(manager: address) -> uint256:
    venue: uint256 = 0
    collateral: uint256 = 0
    first: uint256 = 0
    second: uint256 = 0
    rates: uint256 = 0
    listed: uint256 = 0
    venue, collateral, first, second, rates, listed = staticcall IPositionManager(manager).venue_words()
    return rates


@internal
def _set_rates(manager: address, word: uint256):
    extcall IPositionManager(manager).configure(books.RATES, 0, word)


@internal
def _raise_flag(manager: address, flag: uint256, others: uint256):
    """
    @notice Set a flag that is not set yet, and others that may be.
    """
    word: uint256 = self._rates(manager)
    checks.that(word & flag == 0, "configurator: already so")
    self._set_rates(manager, word | flag | others)

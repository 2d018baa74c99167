# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title Configurator
@license MIT
@notice The only writer of the PositionManager's parameters, roles and collateral list. Every value has a hard bound here, and the
        bounds that tie one parameter to another (Q-2, M-3, M-4) are checked from both sides: a market when it is set, all markets
        when the venue is. Getters decode what the PositionManager holds, so a reviewed file can be compared with the chain.
        Pauses growth, winds markets down and shuts the venue down (closing.vy).
        Keeps the parameter side of I-9, I-12 (a liquidation costs no less than a close) and I-15 (0 < MM <= IM).
@custom:kill A wrong parameter: set it right, it holds from that transaction on. A faulty OrderBook or Liquidator: take its role away
        with the zero address. A market that must not grow: max_oi 0; all of them: `pause`. One that has to end: `close_market`; all:
        `shut_down`, which holds quote back until claims are open. Nothing else here reaches balances or stops a reduction or a
        withdrawal, and liquidations wait for 15 minutes a day at most. A lost owner leaves all parameters as they are.
"""

from contracts.modules import books
from contracts.modules import checks
from contracts.modules import closing as winding
from contracts.modules import packing
from contracts.modules import parameters
from interfaces import IConfigurator
from interfaces import IPositionManager
from interfaces import IVault
from snekmate.auth import ownable
from snekmate.auth import ownable_2step

implements: IConfigurator

initializes: ownable
initializes: ownable_2step[ownable := ownable]
initializes: winding

exports: (
    winding.closing,
    winding.average,
    winding.settled,
    winding.shut_down_at,
    ownable_2step.owner,
    ownable_2step.pending_owner,
    ownable_2step.transfer_ownership,
    ownable_2step.accept_ownership,
    ownable_2step.renounce_ownership,
)

ORDER_BOOK: constant(uint256) = 1
LIQUIDATOR: constant(uint256) = 2

manager: public(address)
order_book: public(address)
liquidator: public(address)
market_count: public(uint256)
collateral_count: public(uint256)


@deploy
def __init__(owner: address):
    """
    @param owner Sets everything; meant to be a timelock. Two-step transfer.
    """
    ownable.__init__()
    ownable_2step.__init__()
    ownable_2step._transfer_ownership(owner)


# ---- setters ------------------------------------------------------------------------------------

@external
def wire(manager: address):
    """
    @notice Name the PositionManager, once ("configurator: already wired"). It must name this contract as its Configurator
            ("configurator: not our manager"). Owner only.
    """
    ownable._check_owner()
    checks.that(self.manager == empty(address), "configurator: already wired")
    checks.that(staticcall IPositionManager(manager).CONFIGURATOR() == self, "configurator: not our manager")
    self.manager = manager
    log IConfigurator.Wired(manager=manager)


@external
def set_venue(venue: IConfigurator.Venue):
    """
    @notice The venue's parameters: im_factor 1 … 5, h above 1 … 3, kappa .3 … 1, profit_weight below 1, p_max to 10 %, keeper_part to
            1 %, warning 1 … im_factor, exec_band to 50 %, min_margin 2 keeper_cap … 10,000 quote; and Q-2 and M-4 for every market
            that is not settled. Owner only.
    """
    manager: address = self._checked_manager()
    parameters.check_venue(venue)
    # a settled market has no terms that could hold the venue's back
    live: uint256 = self._listed() & ~winding.settled
    markets: DynArray[IPositionManager.MarketWords, 32] = self._market_words(live)
    for words: IPositionManager.MarketWords in markets:
        parameters.check_costs(parameters.market_of(words), venue)
    extcall IPositionManager(manager).configure(books.VENUE, 0, parameters.venue_word(venue))
    log IConfigurator.VenueSet(venue=venue)


@external
def set_rates(rates: IConfigurator.Rates):
    """
    @notice Utilisation caps and the borrow curve. Entry caps 1 bp … their exit caps, those to 50 % (net) and 100 % (gross); kink to 1;
            borrow at full utilisation below 2^14 (1.6 % a day); cooldowns to 30 days in whole minutes, the cover pool's an hour at
            least; cover_share from 1 bp; adl_ratio 1 … 5, at most 1 / exit_cap_net. Pause, grace, shutdown stay. Owner only.
    """
    manager: address = self._checked_manager()
    parameters.check_rates(rates)
    words: uint256[6] = self._words()
    word: uint256 = parameters.rates_word(rates) | ((words[4] >> 192) << 192)
    extcall IPositionManager(manager).configure(books.RATES, 0, word)
    log IConfigurator.RatesSet(rates=rates)


@external
def set_market(id: uint256, market: IConfigurator.Market):
    """
    @notice Change a market, or list the next one (id = `market_count`, at most 32), for good ("configurator: market id"). Venue and
            rates come first ("configurator: venue first"). Bounds in parameters.vy, each reason with the field's name; max_oi or
            share 0 closes the market to growth. Not for a market that is closing or settled ("configurator: market closed"), nor
            once the venue is shut down ("configurator: shut down"). Owner only.
    """
    manager: address = self._checked_manager()
    winding.check_running()
    words: uint256[6] = self._words()
    # the rates word may hold a pause before it holds rates
    checks.that(words[0] != 0 and packing.field16(words[4], 0) != 0, "configurator: venue first")
    checks.that(id < 32 and id <= self.market_count, "configurator: market id")
    winding.check_open(id)
    parameters.check_market(market, parameters.venue_of(words[0]))
    stored: DynArray[IPositionManager.MarketWords, 32] = self._market_words(1 << id)
    parameters.check_depth(market, stored[0].book)
    if id == self.market_count:
        self.market_count = unsafe_add(id, 1)
    # risk first: with the terms the market is listed
    extcall IPositionManager(manager).configure(books.RISK, id, parameters.risk_word(market))
    extcall IPositionManager(manager).configure(books.TERMS, id, parameters.terms_word(market))
    extcall IPositionManager(manager).configure(books.LIMITS, id, parameters.limits_word(market))
    log IConfigurator.MarketSet(id=id, market=market)


@external
def list_collateral(token: address, underlying: uint256, discount: uint256, cap: uint256) -> uint256:
    """
    @notice Admit a collateral token for good, priced as the market `underlying`, which must be listed ("configurator: underlying").
            discount (d_c) at most 50 %; cap below 2^96 WAD, 0 to open it later. Returns the asset id. Not once the venue is shut
            down ("configurator: shut down"). Owner only.
    """
    manager: address = self._checked_manager()
    winding.check_running()
    checks.that(underlying < self.market_count, "configurator: underlying")
    asset: uint256 = extcall IPositionManager(manager).list_asset(token)
    self.collateral_count = unsafe_add(asset, 1)
    self._set_collateral(manager, asset, token, underlying, discount, cap)
    return asset


@external
def set_collateral(asset: uint256, discount: uint256, cap: uint256):
    """
    @notice Change discount and cap of a listed asset ("configurator: asset"); its underlying stays. A cap below what is held only
            stops deposits. Owner only.
    """
    manager: address = self._checked_manager()
    c: IConfigurator.Collateral = self._collateral(asset)
    self._set_collateral(manager, asset, c.token, c.underlying, discount, cap)


@external
def set_order_book(holder: address):
    """
    @notice Give the OrderBook's role to a contract ("configurator: no code"), or with the zero address to nobody. The previous
            holder loses it. Owner only.
    """
    previous: address = self.order_book
    self._set_role(holder, previous, self.liquidator, ORDER_BOOK)
    self.order_book = holder
    log IConfigurator.OrderBookSet(holder=holder, previous=previous)


@external
def set_liquidator(holder: address):
    """
    @notice Give the Liquidator's role to a contract ("configurator: no code"), or with the zero address to nobody. The previous
            holder loses it. Owner only.
    """
    previous: address = self.liquidator
    self._set_role(holder, previous, self.order_book, LIQUIDATOR)
    self.liquidator = holder
    log IConfigurator.LiquidatorSet(holder=holder, previous=previous)


# ---- pausing, winding down (W-3) ------------------------------------------------------------------

@external
def pause():
    """
    @notice No position grows any more; everything else goes on. "configurator: already so" if paused. Owner only.
    """
    winding.pause(self._checked_manager())


@external
def unpause():
    """
    @notice End a pause ("configurator: not paused"); liquidations wait 900 s from now, so that whoever was held up acts first.
            Once a day ("configurator: too soon"), never after a shutdown ("configurator: shut down"). Owner only.
    """
    winding.unpause(self._checked_manager())


@external
def close_market(id: uint256):
    """
    @notice Begin to wind a listed market down ("configurator: market id"), for good: its max_oi is 0 from now on and its price is
            sampled. "configurator: market closed" if that began before. Owner only.
    """
    manager: address = self._checked_manager()
    winding.close(manager, id, self._listed_words(id).limits)


@external
def sample(id: uint256):
    """
    @notice Let the price of a closing market ("configurator: not closing") count in its average, for the seconds since the last
            sample, at most 300. It must be valid ("configurator: no valid price"). Over ("configurator: sampling is over") an hour
            after closing began with 1,800 s covered, or a day after it. Anyone may call.
    """
    winding.sample(self.manager, id)


@external
def settle_market(id: uint256):
    """
    @notice Fix the settlement price of a closing market ("configurator: not closing") once sampling is over ("configurator: too
            soon"): the average, or the last price if there is no sample. Once ("configurator: settled"). Anyone may call.
    """
    winding.settle(self.manager, id)


@external
def shut_down():
    """
    @notice Wind the whole venue down, for good ("configurator: already so"): nothing grows, no quote leaves an account before claims
            are open, every market is closing, nothing is listed or changed in a market. Owner only.
    """
    manager: address = self._checked_manager()
    winding.shut_down(manager, self._market_words(self._listed()))


@external
def open_claims():
    """
    @notice After a shutdown ("configurator: not shut down"), once every market is settled ("configurator: market not settled") and
            closed out ("configurator: open positions") and nobody but the pool owes anything ("configurator: open debts"): the
            cover pool pays the pool's debt, and quote leaves accounts again, each less its share of what is still missing. Once
            ("configurator: already so"). Anyone may call.
    """
    winding.open_claims(self.manager, self._listed())


@external
def last_prices():
    """
    @notice Seven days after a shutdown ("configurator: not shut down", "configurator: too soon") let the last prices count as valid.
            Once ("configurator: already so"). Anyone may call.
    """
    winding.last_prices(self.manager)


# ---- getters: what the PositionManager holds ----------------------------------------------------

@view
@external
def venue() -> IConfigurator.Venue:
    """
    @notice The venue's parameters in force; zeros before they are set.
    """
    words: uint256[6] = self._words()
    return parameters.venue_of(words[0])


@view
@external
def rates() -> IConfigurator.Rates:
    """
    @notice Utilisation caps and borrow curve in force.
    """
    words: uint256[6] = self._words()
    return parameters.rates_of(words[4])


@view
@external
def market(id: uint256) -> IConfigurator.Market:
    """
    @notice A market's parameters in force ("configurator: market id" if it is not listed).
    """
    return parameters.market_of(self._listed_words(id))


@view
@external
def weight(id: uint256) -> uint256:
    """
    @notice M-1: w = ceil(sqrt(beta^2 + sigma^2)) of a listed market, in bps.
    """
    return packing.risk_w(self._listed_words(id).risk)


@view
@external
def collateral(asset: uint256) -> IConfigurator.Collateral:
    """
    @notice A collateral asset ("configurator: asset" if it is not listed).
    """
    return self._collateral(asset)


# ---- the PositionManager ------------------------------------------------------------------------

@internal
def _checked_manager() -> address:
    ownable._check_owner()
    manager: address = self.manager
    checks.that(manager != empty(address), "configurator: not wired")
    return manager


@view
@internal
def _words() -> uint256[6]:
    # 0 venue, 1 collateral, 2 and 3 the pool's sums, 4 rates, 5 listed markets
    w: uint256[6] = empty(uint256[6])
    w[0], w[1], w[2], w[3], w[4], w[5] = staticcall IPositionManager(self.manager).venue_words()
    return w


@view
@internal
def _market_words(ids: uint256) -> DynArray[IPositionManager.MarketWords, 32]:
    return staticcall IPositionManager(self.manager).market_words(ids)


@view
@internal
def _listed() -> uint256:
    return (1 << self.market_count) - 1


@view
@internal
def _listed_words(id: uint256) -> IPositionManager.MarketWords:
    checks.that(id < self.market_count, "configurator: market id")
    return self._market_words(1 << id)[0]


@view
@internal
def _collateral(asset: uint256) -> IConfigurator.Collateral:
    checks.that(asset < self.collateral_count, "configurator: asset")
    words: uint256[6] = self._words()
    entry: uint256 = packing.asset_entry(words[1], asset)
    vault: IVault = IVault(staticcall IPositionManager(self.manager).VAULT())
    return IConfigurator.Collateral(
        token=staticcall vault.token(asset),
        underlying=packing.asset_underlying(entry),
        discount=packing.asset_discount(entry),
        cap=staticcall vault.cap(asset),
    )


@internal
def _set_collateral(
    manager: address, asset: uint256, token: address, underlying: uint256, discount: uint256, cap: uint256
):
    parameters.check_collateral(discount, cap)
    at: uint256 = unsafe_mul(asset, 32)
    entry: uint256 = parameters.collateral_entry(underlying, discount)
    words: uint256[6] = self._words()
    word: uint256 = (words[1] & ~(packing.U32 << at)) | (entry << at)
    extcall IPositionManager(manager).configure(books.COLLATERAL, 0, word)
    extcall IPositionManager(manager).configure(books.DEPOSIT_CAP, asset, cap)
    log IConfigurator.CollateralSet(
        asset=asset,
        collateral=IConfigurator.Collateral(token=token, underlying=underlying, discount=discount, cap=cap),
    )


@internal
def _set_role(holder: address, previous: address, other: address, role: uint256):
    manager: address = self._checked_manager()
    if previous != empty(address):
        extcall IPositionManager(manager).set_role(previous, 0)
    if holder != empty(address):
        checks.that(holder.is_contract, "configurator: no code")
        # which the Waterfall has for good: nobody could give it back
        waterfall: address = staticcall IPositionManager(manager).WATERFALL()
        checks.that(holder != other and holder != waterfall, "configurator: has another role")
        extcall IPositionManager(manager).set_role(holder, role)

# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title Liquidator: the terms of a liquidation and the sale of what it leaves
@license MIT
@notice Anyone may liquidate any accounts in a batch: the PositionManager decides whether an account is unhealthy, what
        is closed and what that costs; here only the keeper's flat cost K is set, under the venue's cap. Collateral that
        the pool took over is sold to anyone at a price that falls from the mark to the mark less d_c, never below.
        It holds no money and moves none of its own. Invariants: I-10, I-12, and its part of I-16, I-27 and I-28.
@custom:kill Take its role in the PositionManager away and give it to another: nothing here is owed to anyone. Without a
        Liquidator no account can be liquidated and no inventory sold; everything else goes on. Bad terms are corrected
        with `set_terms`: the venue caps K and the PositionManager bounds the price whatever they say.
"""

from contracts.modules import auction
from contracts.modules import bits
from contracts.modules import keeper_terms
from contracts.modules import packing
from contracts.modules import reverts
from contracts.modules import venue_rates
from interfaces import ILiquidator
from interfaces import IOracleAdapter
from interfaces import IPositionManager
from interfaces import IVault
from interfaces import IWaterfall
from snekmate.auth import ownable
from snekmate.auth import ownable_2step

implements: ILiquidator

initializes: ownable
initializes: ownable_2step[ownable := ownable]

exports: (
    ownable_2step.owner,
    ownable_2step.pending_owner,
    ownable_2step.transfer_ownership,
    ownable_2step.accept_ownership,
    ownable_2step.renounce_ownership,
)

ASSETS: constant(uint256) = 8
WAD: constant(uint256) = 10**18
# Outcome.reason beyond those of the PositionManager
CALL_FAILED: constant(uint256) = 4
# the PositionManager's: W-3 comes before Q-1
SETTLE_FIRST: constant(uint256) = 6

FIRST_DURATION: constant(uint256) = 3_600

LIQUIDATE: constant(Bytes[4]) = method_id("liquidate(uint256,uint256,uint256)")

MANAGER: public(immutable(address))
ORACLE: immutable(address)
VAULT: immutable(address)
POOL_ACCOUNT: immutable(uint256)

# see keeper_terms.vy
terms_word: uint256
# asset => auction word (see auction.vy); the duration of the terms is in each of them
lots: uint256[ASSETS]


@deploy
def __init__(manager: address, owner: address):
    """
    @notice Starts with K = 0 and auctions of an hour.
    @param manager The PositionManager, deployed before, whose Configurator gives this contract the role of Liquidator.
    @param owner Sets the terms; meant to be a timelock. Two-step transfer.
    """
    ownable.__init__()
    ownable_2step.__init__()
    ownable_2step._transfer_ownership(owner)
    MANAGER = manager
    ORACLE = staticcall IPositionManager(manager).ORACLE()
    VAULT = staticcall IPositionManager(manager).VAULT()
    POOL_ACCOUNT = convert(staticcall IPositionManager(manager).POOL(), uint256) << 96
    self._set_terms(ILiquidator.Terms(flat=0, gas_units=0, native=0, auction_duration=FIRST_DURATION))


# ---- anyone -------------------------------------------------------------------------------------


@external
def liquidate(accounts: DynArray[uint256, 32], reward_account: uint256) -> DynArray[ILiquidator.Outcome, 32]:
    """
    @notice Liquidate what is unhealthy among the accounts (Q-1, Q-2) and pass over the rest. Never reverts for the sake
            of an account; one that is named twice is looked at twice.
    @param reward_account Account id that is paid the rewards; 0 for the caller's, msg.sender << 96. An account is not
           paid for itself (reason 4).
    @return For each account the fraction closed (WAD), the reward (WAD quote), and the reason: 0 liquidated, 1 healthy,
            2 no valid price, 3 empty account, 4 the call failed, which a LiquidationFailed event explains, 5 grace. Positions
            in settled markets are closed out first.
    """
    terms: uint256 = self.terms_word
    cost: uint256 = self._cost_of(terms, self._fresh_native(terms))
    reward_to: uint256 = reward_account if reward_account != 0 else convert(msg.sender, uint256) << 96
    outcomes: DynArray[ILiquidator.Outcome, 32] = []
    sliced: bool = False
    for account: uint256 in accounts:
        outcome: ILiquidator.Outcome = self._liquidate(account, cost, reward_to)
        if outcome.reason == SETTLE_FIRST:
            self._settle(account)
            outcome = self._liquidate(account, cost, reward_to)
        sliced = sliced or outcome.reason == 0
        outcomes.append(outcome)
    if sliced:
        self._observe()
    return outcomes


@external
def buy_collateral(
    token: address, max_amount: uint256, max_price: uint256, receiver: address, data: Bytes[1024]
) -> (uint256, uint256):
    """
    @notice Buy from the pool's inventory at the price of `inventory_price`, as much as there is and at most `max_amount`.
            The caller, who approved the Vault, pays in quote, rounded up.
    @param token A collateral token ("vault: unknown token", "liquidator: not collateral").
    @param max_amount Token units; nothing for sale or asked for is "liquidator: nothing to buy".
    @param max_price The most to pay, WAD quote per whole token ("manager: price above the limit").
    @param receiver Gets the tokens.
    @param data If not empty, the caller's `on_inventory` is called with it between delivery and payment (IInventoryBuyer): he can
           sell what he bought and pay with that. Nothing that moves or reads the ledger can be called meanwhile.
    @return Token units bought and quote units paid. Without a valid price, or a last one that counts: "manager: no valid price".
    """
    asset: uint256 = 0
    decimals: uint256 = 0
    held: uint256 = 0
    asset, decimals, held = self._stock(token)
    bought: uint256 = 0
    amount: uint256 = 0
    bought, amount = auction.portion(held, decimals, max_amount)
    assert amount != 0, "liquidator: nothing to buy"
    lot: uint256 = self.lots[asset]
    age: uint256 = auction.age_of(lot, held, block.timestamp)
    self.lots[asset] = auction.left(lot, held, unsafe_sub(held, amount), age, block.timestamp)
    price: uint256 = 0
    cost: uint256 = 0
    price, cost = extcall IPositionManager(MANAGER).sell_inventory(
        IVault.Sale(asset=asset, token=token, tokens=bought, buyer=msg.sender, receiver=receiver),
        auction.share(lot, age),
        max_price,
        data,
    )
    log ILiquidator.Bought(
        token=token, buyer=msg.sender, receiver=receiver, amount=bought, cost=cost, price=price
    )
    return bought, cost


@external
def deleverage(account: uint256, market: uint256) -> int256:
    """
    @notice W-2: close as much of a winner's position as gives the pool its capital again. Reasons and terms are the Waterfall's,
            whose `alarm` must have been raised.
    @return The signed size traded, 0 if the pool is not short.
    """
    return extcall IWaterfall(staticcall IPositionManager(MANAGER).WATERFALL()).deleverage(account, market)


@external
def observe():
    """
    @notice Start the clock of inventory that came to the pool by a conversion of collateral. `liquidate` and
            `buy_collateral` do this themselves.
    """
    self._observe()


# ---- terms --------------------------------------------------------------------------------------


@external
def set_terms(terms: ILiquidator.Terms):
    """
    @notice Set the keeper's flat cost and the length of auctions, running ones included. Owner only.
    @param terms flat: WAD quote, at most 1,000 ("liquidator: flat out of bounds"); gas_units: at most 10 million
           ("liquidator: gas out of bounds"); native: underlying id of the gas token, 0 ... 31 ("liquidator: no such
           market"); auction_duration: a minute ... a week, in seconds ("liquidator: bad duration").
    """
    ownable._check_owner()
    self._set_terms(terms)


# ---- views --------------------------------------------------------------------------------------


@view
@external
def inventory_price(token: address) -> (uint256, uint256):
    """
    @notice What `buy_collateral` would ask for now, and how much of the token there is.
    @return WAD quote per whole token, 0 while there is no valid price; token units. Seven days into a shutdown the last price
            counts as valid (W-3).
    """
    asset: uint256 = 0
    decimals: uint256 = 0
    held: uint256 = 0
    asset, decimals, held = self._stock(token)
    entry: uint256 = packing.asset_entry(staticcall IPositionManager(MANAGER).collateral_word(), asset)
    word: uint256 = self._looked_up(packing.asset_underlying(entry))
    tokens: uint256 = auction.portion(held, decimals, max_value(uint256))[0]
    if not self._counts(word):
        return 0, tokens
    lot: uint256 = self.lots[asset]
    reached: uint256 = auction.share(lot, auction.age_of(lot, held, block.timestamp))
    return auction.price_up(packing.price_of(word), packing.asset_discount(entry), reached), tokens


@view
@external
def keeper_cost() -> uint256:
    """
    @return K in WAD quote, at this block's base fee and under the venue's cap.
    """
    terms: uint256 = self.terms_word
    native: uint256 = 0
    if keeper_terms.gas_units(terms) != 0:
        native = packing.price_of(self._looked_up(keeper_terms.native(terms)))
    return min(packing.venue_keeper_cap(self._venue_words()[0]), self._cost_of(terms, native))


@view
@external
def terms() -> ILiquidator.Terms:
    """
    @return The terms in force.
    """
    return keeper_terms.decoded(self.terms_word)


# ---- liquidating --------------------------------------------------------------------------------


@internal
def _liquidate(account: uint256, cost: uint256, reward_to: uint256) -> ILiquidator.Outcome:
    ok: bool = False
    data: Bytes[reverts.MAX_SIZE] = b""
    ok, data = raw_call(
        MANAGER,
        abi_encode(account, cost, reward_to, method_id=LIQUIDATE),
        max_outsize=reverts.MAX_SIZE,
        revert_on_failure=False,
    )
    if not ok:
        log ILiquidator.LiquidationFailed(account=account, reason=reverts.reason_of(data))
        return ILiquidator.Outcome(slice=0, reward=0, reason=CALL_FAILED)
    return ILiquidator.Outcome(
        slice=convert(extract32(data, 0), uint256),
        reward=convert(extract32(data, 32), uint256),
        reason=convert(extract32(data, 64), uint256),
    )


@internal
def _settle(account: uint256):
    # every position in a settled market
    left: uint256 = (staticcall IPositionManager(MANAGER).legs(account))[0]
    markets: DynArray[IPositionManager.MarketWords, 32] = staticcall IPositionManager(MANAGER).market_words(
        left
    )
    for words: IPositionManager.MarketWords in markets:
        if packing.carry_stopped(words.carry):
            extcall IPositionManager(MANAGER).settle(account, bits.lowest(left))
        left = bits.without_lowest(left)


@view
@internal
def _cost_of(terms: uint256, native: uint256) -> uint256:
    # before the cap, which the PositionManager applies; wei times WAD quote per native token
    gas: uint256 = keeper_terms.gas_units(terms) * block.basefee * native // WAD
    return (terms & packing.U96) + gas


@internal
def _fresh_native(terms: uint256) -> uint256:
    # The last price will do when it is not valid any more: keepers are needed most then, and K is capped.
    # Refreshed, not only looked up: most accounts hold the native token and need its word next.
    if keeper_terms.gas_units(terms) == 0:
        return 0
    return packing.price_of(self._refreshed(keeper_terms.native(terms)))


# ---- the inventory ------------------------------------------------------------------------------


@internal
def _observe():
    word: uint256 = 0
    amounts: DynArray[uint256, 8] = []
    word, amounts = staticcall IVault(VAULT).snapshot(POOL_ACCOUNT)
    held: uint256 = packing.vault_assets(word)
    rank: uint256 = 0
    for asset: uint256 in range(ASSETS):
        if held >> asset == 0:
            break
        if (held >> asset) & 1 == 1:
            lot: uint256 = self.lots[asset]
            seen: uint256 = auction.observed(lot, amounts[rank], block.timestamp)
            if seen != lot:
                self.lots[asset] = seen
            rank = unsafe_add(rank, 1)


@view
@internal
def _stock(token: address) -> (uint256, uint256, uint256):
    # asset, decimals, and the WAD that the pool holds
    asset: uint256 = 0
    decimals: uint256 = 0
    amount: uint256 = 0
    asset, decimals, amount = staticcall IVault(VAULT).holding(POOL_ACCOUNT, token)
    assert asset < ASSETS, "liquidator: not collateral"
    return asset, decimals, amount


@view
@internal
def _counts(price_word: uint256) -> bool:
    # as the PositionManager sees it: a price that is not valid counts at the end of a shutdown
    if packing.price_state(price_word) == 0:
        return True
    return venue_rates.has(self._venue_words()[4], venue_rates.LAST_PRICES)


@view
@internal
def _venue_words() -> (uint256, uint256, uint256, uint256, uint256, uint256):
    return staticcall IPositionManager(MANAGER).venue_words()


@internal
def _refreshed(id: uint256) -> uint256:
    found: DynArray[uint256, 32] = extcall IOracleAdapter(ORACLE).refresh(1 << id)
    return found[0]


@view
@internal
def _looked_up(id: uint256) -> uint256:
    found: DynArray[uint256, 32] = staticcall IOracleAdapter(ORACLE).words(1 << id)
    return found[0]


@internal
def _set_terms(terms: ILiquidator.Terms):
    self.terms_word = keeper_terms.checked(terms)
    for asset: uint256 in range(ASSETS):
        self.lots[asset] = auction.lasting(self.lots[asset], terms.auction_duration)
    log ILiquidator.TermsSet(terms=terms)

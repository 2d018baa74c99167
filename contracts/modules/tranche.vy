# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title tranche: which pool of its manager a LiquidityPool is, what that has, what its shares are worth and how much may move (spec 7)
@notice The pool is the counterparty of every trade. The cover pool is its junior: it earns penalties, pays bad debt first, and has
        nothing but cash.
"""

from interfaces import ILiquidityPool
from interfaces import IPositionManager
from interfaces import IVault
from contracts.modules import checks
from contracts.modules import packing
from contracts.modules import pool_book
from contracts.modules import share_math
from contracts.modules import venue_rates
from snekmate.tokens import erc20

uses: erc20

QUOTE: constant(uint256) = 255
MAX_CASH: constant(int256) = 2**127 - 1  # of an account in the Vault
MAX_TOKENS: constant(uint256) = 2**128 - 1  # of one move of the Vault
MINUTE: constant(uint256) = 60
# fields of the rates word, in minutes
POOL_COOLDOWN: constant(uint256) = 128
COVER_COOLDOWN: constant(uint256) = 144

MANAGER: public(immutable(address))
VAULT: immutable(address)
ORACLE: immutable(address)
# the cover pool's
JUNIOR: immutable(bool)
# the quote token (ERC-4626's name)
asset: public(immutable(address))
# owner << 96, with sub-account 0
account: public(immutable(uint256))
# WAD in one token unit (1 above 18 decimals), token units in one WAD unit (1 below): what moves is a multiple of UNIT
SCALE: immutable(uint256)
UNIT: immutable(uint256)


@deploy
def __init__(manager: address):
    MANAGER = manager
    JUNIOR = staticcall IPositionManager(manager).POOL() != self
    if JUNIOR:
        checks.that(staticcall IPositionManager(manager).COVER() == self, "pool: another pool's manager")
    VAULT = staticcall IPositionManager(manager).VAULT()
    ORACLE = staticcall IPositionManager(manager).ORACLE()
    asset = staticcall IVault(VAULT).token(QUOTE)
    account = convert(self, uint256) << 96
    digits: uint256 = staticcall IVault(VAULT).decimals_of(QUOTE)
    SCALE = 10**(18 - min(digits, 18))
    UNIT = 10**(max(digits, 18) - 18)


# ---- state --------------------------------------------------------------------------------------

@internal
def fresh() -> pool_book.Standing:
    """
    @notice The tranche at prices read from their sources in this call.
    """
    if JUNIOR:
        return pool_book.of_ledger(MANAGER, VAULT, account)
    return pool_book.fresh(MANAGER, VAULT, ORACLE, account)


@view
@internal
def now() -> pool_book.Standing:
    """
    @notice What `fresh` would find.
    """
    if JUNIOR:
        return pool_book.of_ledger(MANAGER, VAULT, account)
    return pool_book.now(MANAGER, VAULT, ORACLE, account)


@view
@internal
def cash() -> int256:
    return staticcall IVault(VAULT).cash(account)


@view
@internal
def cooldown_now() -> uint256:
    """
    @notice Seconds from the request of an exit to the exit.
    """
    return self.cooldown(pool_book.rates(MANAGER))


@view
@internal
def cooldown(rates: uint256) -> uint256:
    return packing.field16(rates, COVER_COOLDOWN if JUNIOR else POOL_COOLDOWN) * MINUTE


# ---- worth --------------------------------------------------------------------------------------

@view
@internal
def shares_of(assets: uint256, total: uint256, up: bool) -> uint256:
    return share_math.of_assets(assets, erc20.totalSupply, total, SCALE, up)


@view
@internal
def assets_of(amount: uint256, total: uint256, up: bool) -> uint256:
    return share_math.to_assets(amount, erc20.totalSupply, total, SCALE, UNIT, up)


@view
@internal
def tokens_down(wad: int256) -> uint256:
    """
    @notice max(0, wad) in token units, rounded down to what can move.
    """
    return convert(max(wad, 0), uint256) // SCALE * UNIT


@view
@internal
def wad_of(tokens: uint256) -> int256:
    """
    @notice WAD of token units that can move.
    """
    return convert(tokens * SCALE // UNIT, int256)


@view
@internal
def total(s: ILiquidityPool.PoolState) -> uint256:
    """
    @notice What those who leave have a share in, in token units.
    """
    return self.tokens_down(s.reduced_equity)


@view
@internal
def entry_total(s: ILiquidityPool.PoolState) -> uint256:
    """
    @notice What those who enter pay for a share in, in token units: what U-0 withholds belongs to those who were here. Inventory is
            sold for more than P (1 - d_c), debts to the ledger are paid back.
    """
    return self.tokens_down(s.reduced_equity + convert(s.withheld, int256))


# ---- room ---------------------------------------------------------------------------------------

@view
@internal
def open_to_entries(s: ILiquidityPool.PoolState) -> bool:
    """
    @notice With shares out and no capital new money would pay old losses; so it would without shares if R < 0.
    """
    return s.reduced_equity > 0 or (s.reduced_equity == 0 and erc20.totalSupply == 0)


@pure
@internal
def closed_to_entries(rates: uint256) -> bool:
    """
    @notice Whether the venue shuts down or has: for good.
    """
    return venue_rates.has(rates, venue_rates.SHUTTING_DOWN) or venue_rates.has(
        rates, venue_rates.CLAIMS_OPEN
    )


@view
@internal
def entry_room(s: pool_book.Standing) -> uint256:
    """
    @notice The most token units that a deposit may bring: what the ledger can hold and shares can count.
    """
    if self.closed_to_entries(s.rates) or not s.state.prices_valid or not self.open_to_entries(s.state):
        return 0
    # a pool that was wiped out and came back has many shares a unit
    supply: uint256 = erc20.totalSupply
    dilution: uint256 = (supply + SCALE) // (self.entry_total(s.state) + 1) + 1
    most: uint256 = min(MAX_TOKENS, (max_value(uint256) - supply) // dilution)
    return min(self.tokens_down(MAX_CASH - s.state.cash), most - most % UNIT)


@view
@internal
def exit_room(s: pool_book.Standing) -> uint256:
    """
    @notice The most token units that an exit may take: what passes the manager's `pool_withdraw` and the exit caps after it.
    """
    if venue_rates.withheld(s.rates) or not s.state.prices_valid:
        return 0
    spare: int256 = s.state.cash - convert(s.state.debt, int256)
    return self.tokens_down(min(spare, s.state.reduced_equity - convert(s.state.tied_up, int256)))


# ---- checks -------------------------------------------------------------------------------------

@pure
@internal
def check_open(s: pool_book.Standing, closed: bool):
    """
    @notice What stops entries and exits alike.
    """
    checks.that(not closed, "pool: shutting down")
    checks.that(s.state.prices_valid, "pool: no valid price")


@pure
@internal
def check_something(assets: uint256, shares: uint256):
    """
    @notice Neither side of an entry or exit may round to nothing.
    """
    checks.that(assets != 0 and shares != 0, "pool: rounds to nothing")

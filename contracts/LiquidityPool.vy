# pragma version 0.4.3
# pragma nonreentrancy on
# pragma optimize codesize
"""
@title LiquidityPool
@license MIT
@notice ERC-4626 shares of the venue's counterparty. The capital is the cash of this contract's account in the ledger (`account`),
        its side of every market and the collateral it took over, less the premium that unwinding the skew would pay out:
        R of U-0, recomputed at the prices of the call whenever anybody enters or leaves. Tokens held here or sent to the
        Vault count for nothing. Shares have 18 decimals.
        Keeps, with the PositionManager:
        I-20 entries, exits and transfers of shares never lower the price of a share: every rounding is for those who stay;
        I-21 no round trip gains, nor does a donation or being first: virtual shares, and a ledger instead of balances;
        I-22 an exit leaves cash >= D and both requirements of U-1 under their exit caps.
        Views answer for this block: they read through to the sources as the calls do.
@custom:kill Entries stop by themselves without valid prices or capital. There is no switch here, and none for exits: they are
        bounded by the exit caps and by D alone. If shares are mispriced, lower the entry caps (fewer new positions),
        replace the feed at fault, and let holders move to a pool with a new PositionManager.
"""

from ethereum.ercs import IERC20
from ethereum.ercs import IERC4626
from interfaces import ILiquidityPool
from interfaces import IPositionManager
from interfaces import IVault
from contracts.modules import checks
from contracts.modules import pool_book
from contracts.modules import share_math
from snekmate.auth import ownable
from snekmate.tokens import erc20

implements: IERC20
implements: IERC4626
implements: ILiquidityPool

initializes: ownable
initializes: erc20[ownable := ownable]

# Nothing that mints, burns or names an owner is exported; what moves shares is wrapped below, under the lock.
exports: (
    erc20.name,
    erc20.symbol,
    erc20.decimals,
    erc20.totalSupply,
    erc20.balanceOf,
    erc20.allowance,
    erc20.approve,
)
exports: (
    erc20.permit,
    erc20.nonces,
    erc20.DOMAIN_SEPARATOR,
    erc20.eip712Domain,
)

QUOTE: constant(uint256) = 255
MAX_CASH: constant(int256) = 2**127 - 1  # of an account in the Vault
MAX_TOKENS: constant(uint256) = 2**128 - 1  # of one move of the Vault

MANAGER: public(immutable(address))
VAULT: immutable(address)
ORACLE: immutable(address)
# the quote token (ERC-4626's name)
asset: public(immutable(address))
# owner << 96, with sub-account 0
account: public(immutable(uint256))
# WAD in one token unit (1 above 18 decimals), token units in one WAD unit (1 below): what moves is a multiple of UNIT
SCALE: immutable(uint256)
UNIT: immutable(uint256)


@deploy
def __init__(manager: address, name: String[25], symbol: String[5]):
    """
    @param manager The PositionManager that was deployed with this contract's address as its pool
           ("pool: another pool's manager").
    """
    checks.that(staticcall IPositionManager(manager).POOL() == self, "pool: another pool's manager")
    ownable.__init__()
    erc20.__init__(name, symbol, 18, name, "1")
    ownable._transfer_ownership(empty(address))
    MANAGER = manager
    VAULT = staticcall IPositionManager(manager).VAULT()
    ORACLE = staticcall IPositionManager(manager).ORACLE()
    asset = staticcall IVault(VAULT).token(QUOTE)
    account = convert(self, uint256) << 96
    digits: uint256 = staticcall IVault(VAULT).decimals_of(QUOTE)
    SCALE = 10**(18 - min(digits, 18))
    UNIT = 10**(max(digits, 18) - 18)
    # tokens are here only inside a deposit; the Vault takes them when the PositionManager says so
    self._check_returned(extcall IERC20(asset).approve(VAULT, max_value(uint256), default_return_value=True))


# ---- entries ------------------------------------------------------------------------------------

@external
def deposit(assets: uint256, receiver: address) -> uint256:
    """
    @notice Put `assets` token units into the pool for shares of `receiver`, rounded down. The caller approved this contract.
    @return Shares. Reverts without valid prices ("pool: no valid price"), while R <= 0 unless nothing was ever put in
            ("pool: closed to entries"), for nothing ("pool: rounds to nothing") and if the token keeps a fee
            ("pool: not all arrived").
    """
    total: uint256 = self._total_for_entry()
    shares: uint256 = self._shares(assets, total, False)
    self._enter(assets, shares, receiver)
    return shares


@external
def mint(shares: uint256, receiver: address) -> uint256:
    """
    @notice As `deposit`, for exactly `shares`; the token units to pay are rounded up.
    @return Token units paid.
    """
    total: uint256 = self._total_for_entry()
    assets: uint256 = self._assets(shares, total, True)
    self._enter(assets, shares, receiver)
    return assets


@internal
def _total_for_entry() -> uint256:
    s: ILiquidityPool.PoolState = self._fresh()
    checks.that(s.prices_valid, "pool: no valid price")
    checks.that(self._open_to_entries(s), "pool: closed to entries")
    return self._entry_total(s)


@internal
def _enter(assets: uint256, shares: uint256, receiver: address):
    self._check_something(assets, shares)
    erc20._mint(receiver, shares)
    # a hook of the token may call back, but neither the new shares nor the old can move: this contract is locked
    self._check_returned(
        extcall IERC20(asset).transferFrom(msg.sender, self, assets, default_return_value=True)
    )
    before: int256 = self._cash()
    extcall IPositionManager(MANAGER).pool_deposit(self, assets)
    # shares were counted for all of it
    arrived: int256 = self._cash() - before
    checks.that(arrived == convert(assets * SCALE // UNIT, int256), "pool: not all arrived")
    log IERC4626.Deposit(sender=msg.sender, owner=receiver, assets=assets, shares=shares)


# ---- exits --------------------------------------------------------------------------------------

@external
def withdraw(assets: uint256, receiver: address, owner: address) -> uint256:
    """
    @notice Take `assets` token units out to `receiver` for shares of `owner`, rounded up. The caller is the owner or has an
            allowance of shares.
    @return Shares burnt. Reverts without valid prices ("pool: no valid price"), if less capital than the exit caps ask for
            would stay ("pool: exit caps"), if cash below D would ("manager: cash owed to winners"), for nothing
            ("pool: rounds to nothing").
    """
    s: ILiquidityPool.PoolState = self._fresh()
    shares: uint256 = self._shares(assets, self._total(s), True)
    self._exit(s, assets, shares, receiver, owner)
    return shares


@external
def redeem(shares: uint256, receiver: address, owner: address) -> uint256:
    """
    @notice As `withdraw`, for exactly `shares`; the token units paid are rounded down.
    @return Token units paid.
    """
    s: ILiquidityPool.PoolState = self._fresh()
    assets: uint256 = self._assets(shares, self._total(s), False)
    self._exit(s, assets, shares, receiver, owner)
    return assets


@internal
def _exit(s: ILiquidityPool.PoolState, assets: uint256, shares: uint256, receiver: address, owner: address):
    checks.that(s.prices_valid, "pool: no valid price")
    self._check_something(assets, shares)
    if msg.sender != owner:
        erc20._spend_allowance(owner, msg.sender, shares)
    erc20._burn(owner, shares)
    extcall IPositionManager(MANAGER).pool_withdraw(receiver, assets)
    # the PositionManager is locked while it pays: of all that R is made of, only the pool's cash can have changed
    left: int256 = s.reduced_equity - (s.cash - self._cash())
    checks.that(left >= convert(s.tied_up, int256), "pool: exit caps")
    log IERC4626.Withdraw(sender=msg.sender, receiver=receiver, owner=owner, assets=assets, shares=shares)


# ---- shares -------------------------------------------------------------------------------------

@external
def transfer(to: address, amount: uint256) -> bool:
    """@notice ERC-20, under this contract's lock."""
    erc20._transfer(msg.sender, to, amount)
    return True


@external
def transferFrom(owner: address, to: address, amount: uint256) -> bool:
    """@notice ERC-20, under this contract's lock."""
    erc20._spend_allowance(owner, msg.sender, amount)
    erc20._transfer(owner, to, amount)
    return True


# ---- what it is worth ---------------------------------------------------------------------------

@view
@external
def pool_state() -> ILiquidityPool.PoolState:
    """
    @notice U-0 and U-1 recomputed from every market and the inventory, at the prices a call in this block would use.
            Without valid prices at the last ones.
    """
    return self._now()


@view
@external
def totalAssets() -> uint256:
    """@notice max(0, R) in token units, rounded down."""
    return self._total(self._now())


@view
@external
def convertToShares(assets: uint256) -> uint256:
    """@notice floor(assets * (supply + 10^(18-d)) / (totalAssets + 1))."""
    return self._shares(assets, self._total(self._now()), False)


@view
@external
def convertToAssets(shares: uint256) -> uint256:
    """@notice floor(shares * (totalAssets + 1) / (supply + 10^(18-d)))."""
    return self._assets(shares, self._total(self._now()), False)


@view
@external
def previewDeposit(assets: uint256) -> uint256:
    """@notice Shares that `deposit` would give in this block, were it allowed."""
    return self._shares(assets, self._entry_total(self._now()), False)


@view
@external
def previewMint(shares: uint256) -> uint256:
    """@notice Token units that `mint` would cost in this block, were it allowed."""
    return self._assets(shares, self._entry_total(self._now()), True)


@view
@external
def previewWithdraw(assets: uint256) -> uint256:
    """@notice Shares that `withdraw` would burn in this block, were it allowed."""
    return self._shares(assets, self._total(self._now()), True)


@view
@external
def previewRedeem(shares: uint256) -> uint256:
    """@notice Token units that `redeem` would pay in this block, were it allowed."""
    return self._assets(shares, self._total(self._now()), False)


@view
@external
def maxDeposit(receiver: address) -> uint256:
    """@notice Token units that `deposit` would take now: 0 while closed, else what the ledger can hold."""
    return self._entry_room(self._now())


@view
@external
def maxMint(receiver: address) -> uint256:
    """@notice Shares that `mint` would give now."""
    s: ILiquidityPool.PoolState = self._now()
    return self._shares(self._entry_room(s), self._entry_total(s), False)


@view
@external
def maxWithdraw(owner: address) -> uint256:
    """
    @notice The most token units that `withdraw` would pay `owner` now: it succeeds with this and fails with more.
    """
    s: ILiquidityPool.PoolState = self._now()
    return min(self._exit_room(s), self._assets(erc20.balanceOf[owner], self._total(s), False))


@view
@external
def maxRedeem(owner: address) -> uint256:
    """
    @notice The most shares that `redeem` would take from `owner` now: it succeeds with this and fails with more.
    """
    s: ILiquidityPool.PoolState = self._now()
    total: uint256 = self._total(s)
    balance: uint256 = erc20.balanceOf[owner]
    room: uint256 = self._exit_room(s)
    shares: uint256 = balance
    if self._assets(balance, total, False) > room:
        # the largest number of shares worth less than one unit above the room
        shares = self._shares(room + UNIT, total, True) - 1
    if self._assets(shares, total, False) == 0:
        return 0
    return shares


# ---- arithmetic ---------------------------------------------------------------------------------

@view
@internal
def _shares(assets: uint256, total: uint256, up: bool) -> uint256:
    return share_math.of_assets(assets, erc20.totalSupply, total, SCALE, up)


@view
@internal
def _assets(amount: uint256, total: uint256, up: bool) -> uint256:
    return share_math.to_assets(amount, erc20.totalSupply, total, SCALE, UNIT, up)


@view
@internal
def _tokens_down(wad: int256) -> uint256:
    return convert(max(wad, 0), uint256) // SCALE * UNIT


@view
@internal
def _total(s: ILiquidityPool.PoolState) -> uint256:
    return self._tokens_down(s.reduced_equity)


@view
@internal
def _entry_total(s: ILiquidityPool.PoolState) -> uint256:
    # inventory counts in full for those who enter: what it is sold for above P (1 - d_c) belongs to those who took it over
    return self._tokens_down(s.reduced_equity + convert(s.withheld, int256))


@view
@internal
def _open_to_entries(s: ILiquidityPool.PoolState) -> bool:
    # with shares out and no capital new money would pay old losses; so it would without shares if R < 0
    return s.reduced_equity > 0 or (s.reduced_equity == 0 and erc20.totalSupply == 0)


@view
@internal
def _entry_room(s: ILiquidityPool.PoolState) -> uint256:
    if not s.prices_valid or not self._open_to_entries(s):
        return 0
    most: uint256 = MAX_TOKENS - MAX_TOKENS % UNIT
    return min(self._tokens_down(MAX_CASH - s.cash), most)


@view
@internal
def _exit_room(s: ILiquidityPool.PoolState) -> uint256:
    # what passes `pool_withdraw` and the check after it
    if not s.prices_valid:
        return 0
    owed: int256 = s.cash - convert(s.debt, int256)
    return self._tokens_down(min(owed, s.reduced_equity - convert(s.tied_up, int256)))


# ---- state and prices ---------------------------------------------------------------------------

@internal
def _fresh() -> ILiquidityPool.PoolState:
    return pool_book.fresh(MANAGER, VAULT, ORACLE, account)


@view
@internal
def _now() -> ILiquidityPool.PoolState:
    return pool_book.now(MANAGER, VAULT, ORACLE, account)


@view
@internal
def _cash() -> int256:
    return staticcall IVault(VAULT).cash(account)


# ---- checks -------------------------------------------------------------------------------------

@pure
@internal
def _check_something(assets: uint256, shares: uint256):
    checks.that(assets != 0 and shares != 0, "pool: rounds to nothing")


@pure
@internal
def _check_returned(returned: bool):
    checks.that(returned, "pool: token refused")

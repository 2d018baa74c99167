# pragma version 0.4.3
# pragma nonreentrancy on
# pragma optimize codesize
"""
@title LiquidityPool
@license MIT
@notice ERC-4626 shares of one of the venue's two tranches, which are accounts of the ledger (`account`). The pool is the counterparty
        of every position: its capital is its cash, its side of every market and the collateral it took over, less the
        premium that unwinding the skew would pay out: R of U-0, recomputed at the prices of the call whenever anybody enters or
        leaves. The cover pool, the same contract deployed once more, earns penalties and pays bad debt before the pool
        does: its capital is its cash.
        Tokens held here or sent to the Vault count for nothing. Shares have 18 decimals.
        Exits: at will while the cooldown of the tranche is 0; otherwise by request, and paid at the price of the day they
        are finalised.
        Keeps, with the PositionManager:
        I-20 entries, exits, requests and transfers of shares never lower the price of a share: every rounding is for those who stay;
        I-21 no round trip gains, nor does a donation or being first: virtual shares, and a ledger instead of balances;
        I-22 an exit leaves cash >= D and both requirements of U-1 under their exit caps.
        Views answer for this block: they read through to the sources as the calls do.
@custom:kill Entries stop by themselves without valid prices or capital, and for good with a shutdown of the venue. There is no switch
        here, and none for exits: they are bounded by the exit caps and by D, wait for the cooldown, and stand still from a
        shutdown to the opening of the claims. If shares are mispriced, lower the entry caps (fewer new positions), raise the
        cooldown, replace the feed at fault, and let holders move to a pool with a new PositionManager.
"""

from ethereum.ercs import IERC20
from ethereum.ercs import IERC4626
from interfaces import ILiquidityPool
from interfaces import IPositionManager
from contracts.modules import checks
from contracts.modules import exits
from contracts.modules import pool_book
from contracts.modules import tranche
from snekmate.auth import ownable
from snekmate.tokens import erc20

implements: IERC20
implements: IERC4626
implements: ILiquidityPool

initializes: ownable
initializes: erc20[ownable := ownable]
initializes: tranche[erc20 := erc20]
initializes: exits[erc20 := erc20, tranche := tranche]

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
exports: (
    tranche.MANAGER,
    tranche.account,
    tranche.asset,
)
exports: (
    exits.withdraw,
    exits.redeem,
    exits.maxWithdraw,
    exits.maxRedeem,
    exits.request_exit,
    exits.finalise_exit,
    exits.pending_exit,
)


@deploy
def __init__(manager: address, name: String[25], symbol: String[5]):
    """
    @param manager The PositionManager that was deployed with this contract's address as its pool or its cover pool: that is
           what it becomes ("pool: another pool's manager").
    """
    ownable.__init__()
    erc20.__init__(name, symbol, 18, name, "1")
    ownable._transfer_ownership(empty(address))
    tranche.__init__(manager)
    # tokens are here only inside a deposit; the Vault takes them when the PositionManager says so
    self._check_returned(
        extcall IERC20(tranche.asset).approve(tranche.VAULT, max_value(uint256), default_return_value=True)
    )


# ---- entries ------------------------------------------------------------------------------------

@external
def deposit(assets: uint256, receiver: address) -> uint256:
    """
    @notice Put `assets` token units into the pool for shares of `receiver`, rounded down. The caller approved this contract.
    @return Shares. Reverts without valid prices ("pool: no valid price"), while R <= 0 unless nothing was ever put in
            ("pool: closed to entries"), from a shutdown on ("pool: shutting down"), for nothing ("pool: rounds to
            nothing"), if the token keeps a fee ("pool: not all arrived"), and for this contract itself ("pool: shares to
            the pool").
    """
    total: uint256 = self._total_for_entry()
    shares: uint256 = tranche.shares_of(assets, total, False)
    self._enter(assets, shares, receiver)
    return shares


@external
def mint(shares: uint256, receiver: address) -> uint256:
    """
    @notice As `deposit`, for exactly `shares`; the token units to pay are rounded up.
    @return Token units paid.
    """
    total: uint256 = self._total_for_entry()
    assets: uint256 = tranche.assets_of(shares, total, True)
    self._enter(assets, shares, receiver)
    return assets


@internal
def _total_for_entry() -> uint256:
    s: pool_book.Standing = tranche.fresh()
    tranche.check_open(s, tranche.closed_to_entries(s.rates))
    checks.that(tranche.open_to_entries(s.state), "pool: closed to entries")
    return tranche.entry_total(s.state)


@internal
def _enter(assets: uint256, shares: uint256, receiver: address):
    tranche.check_something(assets, shares)
    self._check_holder(receiver)
    erc20._mint(receiver, shares)
    # a hook of the token may call back, but neither the new shares nor the old can move: this contract is locked
    self._check_returned(
        extcall IERC20(tranche.asset).transferFrom(msg.sender, self, assets, default_return_value=True)
    )
    before: int256 = tranche.cash()
    extcall IPositionManager(tranche.MANAGER).pool_deposit(self, assets)
    # shares were counted for all of it
    checks.that(tranche.cash() - before == tranche.wad_of(assets), "pool: not all arrived")
    log IERC4626.Deposit(sender=msg.sender, owner=receiver, assets=assets, shares=shares)


# ---- shares -------------------------------------------------------------------------------------

@external
def transfer(to: address, amount: uint256) -> bool:
    """@notice ERC-20, under this contract's lock, and not to this contract ("pool: shares to the pool")."""
    self._check_holder(to)
    erc20._transfer(msg.sender, to, amount)
    return True


@external
def transferFrom(owner: address, to: address, amount: uint256) -> bool:
    """@notice As `transfer`, of `owner`'s shares out of the caller's allowance."""
    self._check_holder(to)
    erc20._spend_allowance(owner, msg.sender, amount)
    erc20._transfer(owner, to, amount)
    return True


# ---- what it is worth ---------------------------------------------------------------------------

@view
@external
def pool_state() -> ILiquidityPool.PoolState:
    """
    @notice U-0 and U-1 recomputed from every market and the inventory, at the prices a call in this block would use.
            Without valid prices at the last ones. The cover pool's from the ledger.
    """
    return tranche.now().state


@view
@external
def totalAssets() -> uint256:
    """@notice max(0, R) in token units, rounded down."""
    return self._total()


@view
@external
def convertToShares(assets: uint256) -> uint256:
    """@notice floor(assets * (supply + 10^(18-d)) / (totalAssets + 1))."""
    return tranche.shares_of(assets, self._total(), False)


@view
@external
def convertToAssets(shares: uint256) -> uint256:
    """@notice floor(shares * (totalAssets + 1) / (supply + 10^(18-d)))."""
    return tranche.assets_of(shares, self._total(), False)


@view
@external
def previewDeposit(assets: uint256) -> uint256:
    """@notice Shares that `deposit` would give in this block, were it allowed."""
    return tranche.shares_of(assets, self._entry_total(), False)


@view
@external
def previewMint(shares: uint256) -> uint256:
    """@notice Token units that `mint` would cost in this block, were it allowed."""
    return tranche.assets_of(shares, self._entry_total(), True)


@view
@external
def previewWithdraw(assets: uint256) -> uint256:
    """@notice Shares that `withdraw` would burn in this block, were it allowed."""
    return tranche.shares_of(assets, self._total(), True)


@view
@external
def previewRedeem(shares: uint256) -> uint256:
    """@notice Token units that `redeem` would pay in this block, were it allowed."""
    return tranche.assets_of(shares, self._total(), False)


@view
@external
def maxDeposit(receiver: address) -> uint256:
    """@notice Token units that `deposit` would take now: 0 while closed, else what ledger and shares can hold.
    """
    return self._entry_room(tranche.now(), receiver)


@view
@external
def maxMint(receiver: address) -> uint256:
    """@notice Shares that `mint` would give now."""
    s: pool_book.Standing = tranche.now()
    return tranche.shares_of(self._entry_room(s, receiver), tranche.entry_total(s.state), False)


@view
@internal
def _total() -> uint256:
    return tranche.total(tranche.now().state)


@view
@internal
def _entry_total() -> uint256:
    return tranche.entry_total(tranche.now().state)


@view
@internal
def _entry_room(s: pool_book.Standing, receiver: address) -> uint256:
    if receiver == self or receiver == empty(address):
        return 0
    return tranche.entry_room(s)


# ---- checks -------------------------------------------------------------------------------------

@view
@internal
def _check_holder(receiver: address):
    # what this contract holds is in escrow (exits.vy)
    checks.that(receiver != self, "pool: shares to the pool")


@pure
@internal
def _check_returned(returned: bool):
    checks.that(returned, "pool: token refused")

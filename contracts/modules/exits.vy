# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title exits: how LPs leave: at will while the cooldown is 0, by request otherwise
@notice Requested shares lie in escrow, in this contract's own balance, to which nobody can send others: it equals the sum of what is
        pending. They count in the supply, so they bear gains and losses until they are burnt.
"""

from ethereum.ercs import IERC4626
from interfaces import ILiquidityPool
from interfaces import IPositionManager
from contracts.modules import checks
from contracts.modules import pool_book
from contracts.modules import tranche
from contracts.modules import venue_rates
from snekmate.tokens import erc20

uses: erc20
uses: tranche

PENDING: constant(uint256) = 2**216 - 1
READY_AT: constant(uint256) = 216
WINDOW: constant(uint256) = 86_400

# owner => shares in escrow, uint216 | 216 ready at, uint40 (unix s); 0 without any
requests: HashMap[address, uint256]


# ---- at will ------------------------------------------------------------------------------------

@external
def withdraw(assets: uint256, receiver: address, owner: address) -> uint256:
    """
    @notice Take `assets` token units out to `receiver` for shares of `owner`, rounded up. The caller is the owner or has an
            allowance of shares.
    @return Shares burnt. Reverts while there is a cooldown ("pool: exit by request"), during a shutdown ("pool: shutting down"),
            without valid prices ("pool: no valid price"), if less capital than the exit caps ask for would stay ("pool:
            exit caps"), if cash below D would ("manager: cash owed to winners"), for nothing ("pool: rounds to nothing").
    """
    s: pool_book.Standing = tranche.fresh()
    shares: uint256 = tranche.shares_of(assets, tranche.total(s.state), True)
    self._leave_at_will(s, assets, shares, receiver, owner)
    return shares


@external
def redeem(shares: uint256, receiver: address, owner: address) -> uint256:
    """
    @notice As `withdraw`, for exactly `shares`; the token units paid are rounded down.
    @return Token units paid.
    """
    s: pool_book.Standing = tranche.fresh()
    assets: uint256 = tranche.assets_of(shares, tranche.total(s.state), False)
    self._leave_at_will(s, assets, shares, receiver, owner)
    return assets


@view
@external
def maxWithdraw(owner: address) -> uint256:
    """
    @notice The most token units that `withdraw` would pay `owner` now: it succeeds with this and fails with more. 0 while
            there is a cooldown.
    """
    s: pool_book.Standing = tranche.now()
    shares: uint256 = self._at_will(owner, s.rates)
    return min(tranche.exit_room(s), tranche.assets_of(shares, tranche.total(s.state), False))


@view
@external
def maxRedeem(owner: address) -> uint256:
    """
    @notice The most shares that `redeem` would take from `owner` now: it succeeds with this and fails with more. 0 while
            there is a cooldown.
    """
    s: pool_book.Standing = tranche.now()
    total: uint256 = tranche.total(s.state)
    room: uint256 = tranche.exit_room(s)
    shares: uint256 = self._at_will(owner, s.rates)
    if tranche.assets_of(shares, total, False) > room:
        # the largest number of shares worth less than one unit above the room
        shares = tranche.shares_of(room + tranche.UNIT, total, True) - 1
    if tranche.assets_of(shares, total, False) == 0:
        return 0
    return shares


@view
@internal
def _at_will(owner: address, rates: uint256) -> uint256:
    # shares that may leave without a request; those in escrow are not this contract's to redeem
    if tranche.cooldown(rates) != 0 or owner == self:
        return 0
    return erc20.balanceOf[owner]


@internal
def _leave_at_will(
    s: pool_book.Standing, assets: uint256, shares: uint256, receiver: address, owner: address
):
    checks.that(tranche.cooldown(s.rates) == 0, "pool: exit by request")
    if msg.sender != owner:
        erc20._spend_allowance(owner, msg.sender, shares)
    self._leave(s, assets, shares, receiver, owner, owner)


# ---- by request ---------------------------------------------------------------------------------

@external
def request_exit(shares: uint256) -> uint256:
    """
    @notice Put `shares` of the caller into escrow, to be paid out after the cooldown by `finalise_exit`. They bear gains and losses
            until then, and cannot be taken back. Adds to what is pending and restarts the cooldown of all of it, as 0 shares alone do
            for what has lapsed. Needs no prices, and goes on during a shutdown.
    @return When `finalise_exit` may be called, unix seconds: now plus the cooldown in force. A later change of the cooldown does not
            move it. Reverts for nothing ("pool: nothing requested") and if more than 2^216 would be pending ("pool: too
            many shares").
    """
    pending: uint256 = (self.requests[msg.sender] & PENDING) + shares
    self._check_requested(pending)
    checks.that(pending <= PENDING, "pool: too many shares")
    ready_at: uint256 = block.timestamp + tranche.cooldown_now()
    self.requests[msg.sender] = pending | (ready_at << READY_AT)
    erc20._transfer(msg.sender, self, shares)
    log ILiquidityPool.ExitRequested(owner=msg.sender, shares=shares, ready_at=ready_at)
    return ready_at


@external
def finalise_exit(owner: address) -> uint256:
    """
    @notice Pay `owner` for his pending shares at the price of now, rounded down, or for as many as the exit rules let go, as
            `withdraw` would. Anybody may call, for a day: a request that stayed ready for good would be a way out at any time, with no
            cooldown left. What cannot go stays pending, and ready.
    @return Token units paid. Reverts without a request ("pool: nothing requested"), before its time ("pool: too early"), a day
            after it ("pool: request lapsed"), and with the reasons of `withdraw` if nothing can go.
    """
    request: uint256 = self.requests[owner]
    pending: uint256 = request & PENDING
    self._check_requested(pending)
    ready_at: uint256 = request >> READY_AT
    checks.that(block.timestamp >= ready_at, "pool: too early")
    checks.that(block.timestamp <= ready_at + WINDOW, "pool: request lapsed")
    s: pool_book.Standing = tranche.fresh()
    total: uint256 = tranche.total(s.state)
    room: uint256 = tranche.exit_room(s)
    shares: uint256 = pending
    assets: uint256 = tranche.assets_of(shares, total, False)
    # with no room at all, what stands in the way of everything gives its reason
    if assets > room and room != 0:
        assets = room
        # fewer than are pending: those are worth more
        shares = tranche.shares_of(room, total, True)
    self.requests[owner] = 0 if shares == pending else unsafe_sub(request, shares)
    self._leave(s, assets, shares, owner, owner, self)
    return assets


@view
@external
def pending_exit(owner: address) -> (uint256, uint256):
    """
    @return Shares of `owner` in escrow, and when `finalise_exit` may be called for them, unix seconds; 0, 0 without any.
    """
    request: uint256 = self.requests[owner]
    return request & PENDING, request >> READY_AT


# ---- both ---------------------------------------------------------------------------------------

@internal
def _leave(
    s: pool_book.Standing,
    assets: uint256,
    shares: uint256,
    receiver: address,
    owner: address,
    holder: address,
):
    tranche.check_open(s, venue_rates.withheld(s.rates))
    tranche.check_something(assets, shares)
    erc20._burn(holder, shares)
    extcall IPositionManager(tranche.MANAGER).pool_withdraw(receiver, assets)
    # the PositionManager is locked while it pays: of all that R is made of, only the pool's cash can have changed
    left: int256 = s.state.reduced_equity - (s.state.cash - tranche.cash())
    checks.that(left >= convert(s.state.tied_up, int256), "pool: exit caps")
    log IERC4626.Withdraw(sender=msg.sender, receiver=receiver, owner=owner, assets=assets, shares=shares)


@pure
@internal
def _check_requested(shares: uint256):
    checks.that(shares != 0, "pool: nothing requested")

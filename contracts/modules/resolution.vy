# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title resolution: positions that close without their owner's will: sliced, deleveraged, settled (Q-1, W-1 … W-3)
"""

from interfaces import IEngine
from interfaces import IPositionManager
from interfaces import IWaterfall
from contracts.modules import authority
from contracts.modules import books
from contracts.modules import checks
from contracts.modules import execution
from contracts.modules import floats
from contracts.modules import gates
from contracts.modules import margin
from contracts.modules import packing
from contracts.modules import portfolio
from contracts.modules import wiring

uses: authority
uses: books
uses: execution
uses: portfolio
uses: wiring


@external
def settle(account: uint256, market: uint256):
    """
    @notice W-3: close a position in a settled market at the settlement price, whatever the account's health.
    """
    leg: IEngine.Leg = portfolio.market_words(market)
    leg.position = books.positions[account][market]
    checks.that(leg.position != 0 and packing.carry_stopped(leg.carry), "manager: nothing to settle")
    leg.word = floats.value(leg.carry >> 232)
    execution.at_mark(account, leg, 0)


@external
def liquidate(account: uint256, keeper_cost: uint256, reward_account: uint256) -> IPositionManager.Slice:
    """
    @notice Q-1: close the fraction of an unhealthy account's book that restores E = h MM, or all of it. Liquidator only.
            Never reverts for want of solvency; reasons: 1 healthy, 2 no valid price, 3 nothing to liquidate (no position and
            no debt, or a protocol account), 5 grace, 6 positions in settled markets to be settled first.
    """
    authority.check_role(authority.LIQUIDATOR)
    checks.that(account != reward_account, "manager: reward to itself")
    if wiring.is_protocol(account):
        return IPositionManager.Slice(fraction=0, reward=0, reason=3)
    a: portfolio.Account = portfolio.account(account)
    legs: DynArray[IEngine.Leg, 24] = portfolio.legs(a, wiring.refresh(a.reads))
    patient: IEngine.Patient = IEngine.Patient(
        cash=a.cash, cost=keeper_cost, assets=a.assets, amounts=a.amounts, entries=books.collateral
    )
    plan: IEngine.Plan = staticcall IEngine(wiring.ENGINE).resolve(legs, patient, portfolio.pool())
    if plan.reason != 0:
        return IPositionManager.Slice(fraction=0, reward=0, reason=plan.reason)
    books.store_slice(account, plan.touched)
    books.first_sums = plan.first_sums
    books.second_sums = plan.second_sums
    execution.pay_out(a.id, plan, reward_account)
    if plan.debt != 0:
        wiring.write_off(
            account,
            extcall IWaterfall(wiring.WATERFALL).claim(
                plan.debt, plan.blame, wiring.cash_of(wiring.COVER_ACCOUNT), books.rates
            ),
        )
    log IPositionManager.Liquidated(
        account=account,
        keeper=reward_account,
        fraction=plan.fraction,
        reward=plan.reward,
        to_cover=plan.to_cover,
        cash=plan.cash,
        equity=plan.equity,
        maintenance=plan.maintenance,
        positions=execution.positions(plan),
    )
    return IPositionManager.Slice(fraction=plan.fraction, reward=plan.reward, reason=0)


@external
def priced_leg(account: uint256, market: uint256) -> (IEngine.Leg, uint256, uint256, uint256, uint256):
    """
    @notice A position with all words of its market, whose price is refreshed and must be valid, as the Engine is shown it; then the
            venue word, both words of the pool's sums and the rates word. All that the Waterfall needs, at once.
    """
    return (
        portfolio.market_leg(account, market), books.venue, books.first_sums, books.second_sums, books.rates
    )


@external
def deleverage(account: uint256, market: uint256, size: int256):
    """
    @notice W-2: close `size` (signed WAD, whole lots) of a winning position at the mark, free of charge. Waterfall only, which knows how much,
            and whose turn it is. A hedge stays: E >= IM afterwards.
    """
    # who has its role for good: this is cheaper than to look
    authority.check_allowed(msg.sender == wiring.WATERFALL)
    execution.at_mark(account, portfolio.market_leg(account, market), size)
    h: margin.Health = portfolio.fresh_health(account)
    gates.check_initial(h.equity >= convert(h.initial, int256))

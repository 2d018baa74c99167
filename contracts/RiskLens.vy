# pragma version 0.4.3
# pragma nonreentrancy on
# pragma optimize codesize
"""
@title RiskLens
@license MIT
@notice The part of the Lens that looks ahead: what leads an account out of the warning band, and what a move of the market would
        set off. Stateless; slices are the Engine's own answers. Shows I-8 and I-11 … I-13 to those who check them.
@custom:kill Nothing depends on it on chain: deploy another one, with a Lens that names it.
"""

from interfaces import IEngine
from interfaces import IPositionManager
from interfaces import IRiskLens
from interfaces import IVault
from contracts.modules import cascades
from contracts.modules import cures
from contracts.modules import margin
from contracts.modules import packing
from contracts.modules import reading
from contracts.modules import triage

implements: IRiskLens

MAX_ACCOUNTS: constant(uint256) = 50
MAX_ROUNDS: constant(uint256) = 8

MANAGER: public(immutable(address))
VAULT: immutable(address)
ORACLE: immutable(address)
POOL_ACCOUNT: immutable(uint256)
COVER_ACCOUNT: immutable(uint256)


@deploy
def __init__(manager: address):
    """
    @param manager The PositionManager.
    """
    MANAGER = manager
    VAULT = staticcall IPositionManager(manager).VAULT()
    ORACLE = staticcall IPositionManager(manager).ORACLE()
    POOL_ACCOUNT = convert(staticcall IPositionManager(manager).POOL(), uint256) << 96
    COVER_ACCOUNT = convert(staticcall IPositionManager(manager).COVER(), uint256) << 96


@view
@external
def liquidatable(accounts: DynArray[uint256, 1000]) -> DynArray[uint256, 1000]:
    """
    @notice Those of the accounts that the Liquidator would act on now, in the order given: after it has closed out what is settled.
    """
    v: reading.Venue = reading.load(MANAGER, ORACLE, [])
    found: DynArray[uint256, 1000] = []
    for id: uint256 in accounts:
        h: reading.Held = reading.closed_out(reading.held(MANAGER, VAULT, id, v))
        if triage.examined(h.legs, h.cash, v.venue, v.rates).reason == triage.DUE:
            # protocol accounts never are
            if id >> 96 != POOL_ACCOUNT >> 96 and id >> 96 != COVER_ACCOUNT >> 96:
                found.append(id)
    return found


@view
@external
def cure(account: uint256) -> IRiskLens.Cure:
    """
    @notice The least deposits of one kind each that lead an account out of the warning band: E >= warning MM. Caps and the number of kinds it
            may hold are not looked at. Zeros outside the band and without valid prices.
    """
    v: reading.Venue = reading.load(MANAGER, ORACLE, [])
    h: reading.Held = reading.held(MANAGER, VAULT, account, v)
    m: margin.Health = margin.evaluate(h.cash, h.legs, v.venue)
    found: IRiskLens.Cure = empty(IRiskLens.Cure)
    found.state = margin.state_of(m, v.venue)
    found.equity = m.equity
    found.maintenance = m.maintenance
    called: bool = found.state == margin.MARGIN_CALL or found.state == margin.LIQUIDATABLE
    if called:
        missing: int256 = max(-cures.surplus(h, v.venue), 0)
        found.quote = (convert(missing, uint256) + 9_999) // 10**4
    for asset: uint256 in range(8):
        if packing.asset_entry(v.entries, asset) == 0:
            break
        found.collateral.append(cures.of_asset(h, v, asset) if called else 0)
    return found


@view
@external
def cascade(
    accounts: DynArray[uint256, MAX_ACCOUNTS], moves: DynArray[int256, 8], keeper_cost: uint256
) -> DynArray[IRiskLens.Step, 8]:
    """
    @notice Liquidate these accounts along a path of shocks, in memory: at each shock round after round in the order given, until one
            closes nothing, at most eight. No time passes, nobody reacts, nothing else is liquidated, grace is left out.
    @param accounts Protocol accounts are passed over, and so is one that was named before.
    @param moves Common moves of the lowest listed market from the prices of now, WAD: every price moves to P (1 + x beta / beta_ref), rounded
           down; a price of zero or beyond 2^96 is "risk lens: shock too large".
    @param keeper_cost K of each slice, WAD quote, under the venue's cap.
    @dev What markets have claimed of the cover pool counts as it does now: a day's forgiveness is not measured anew at each slice.
    """
    v: reading.Venue = reading.load(MANAGER, ORACLE, [])
    stock: reading.Held = reading.held(MANAGER, VAULT, POOL_ACCOUNT, v)
    s: cascades.Scene = cascades.load(MANAGER, v, stock, staticcall IVault(VAULT).cash(COVER_ACCOUNT))
    wards: DynArray[reading.Held, MAX_ACCOUNTS] = []
    known: DynArray[uint256, 52] = [POOL_ACCOUNT, COVER_ACCOUNT]
    for account: uint256 in accounts:
        ward: reading.Held = empty(reading.Held)
        if account not in known:
            ward = reading.held(MANAGER, VAULT, account, v)
            known.append(account)
        wards.append(ward)
    steps: DynArray[IRiskLens.Step, 8] = []
    for x: int256 in moves:
        s.words = cascades.shocked(s.words, v, x)
        step: IRiskLens.Step = empty(IRiskLens.Step)
        hit: uint256 = 0
        for _round: uint256 in range(MAX_ROUNDS):
            any: bool = False
            for i: uint256 in range(len(wards), bound=MAX_ACCOUNTS):
                legs: DynArray[IEngine.Leg, 24] = cascades.account_now(s, wards[i])
                if triage.examined(legs, wards[i].cash, s.venue, s.rates).reason == triage.DUE:
                    plan: IEngine.Plan = cascades.plan_of(s, wards[i], legs, keeper_cost)
                    by_cover: uint256 = 0
                    if plan.debt != 0:
                        by_cover, s.used = cascades.granted(s, plan)
                    closed: uint256 = 0
                    s, wards[i], closed = cascades.sliced(s, wards[i], plan, by_cover)
                    step.closed += closed
                    step.bad_debt += plan.debt
                    step.by_cover += by_cover
                    hit = hit | (1 << i)
                    any = True
            if not any:
                break
            step.rounds += 1
        for i: uint256 in range(MAX_ACCOUNTS):
            step.sliced += (hit >> i) & 1
        step.reduced_equity = cascades.worth(s)
        steps.append(step)
    return steps

"""Liquidator.liquidate: a batch in which nothing reverts, and who is paid."""

import boa
import pytest
from eth_abi import encode
from eth_utils import keccak

from tests.support.venue import account_of
from tests.unit.liquidator.support import (
    BTC,
    CALL_FAILED,
    EMPTY,
    ETH,
    HEALTHY,
    LIQUIDATED,
    NO_PRICE,
    SOL,
    TOKEN,
    WAD,
    events,
    wait,
)

ERROR = keccak(text="Error(string)")[:4]


def test_passes_over_the_healthy_and_the_empty(stage):
    healthy = stage.unhealthy()
    cash_only = stage.venue.deposit(stage.trader, TOKEN, sub=1)
    before = stage.manager.account_health(healthy), stage.manager.legs(healthy)
    accounts = [healthy, cash_only, account_of(stage.outsider), 0]
    assert [o[2] for o in stage.liquidate(*accounts)] == [HEALTHY, EMPTY, EMPTY, EMPTY]
    assert (stage.manager.account_health(healthy), stage.manager.legs(healthy)) == before
    assert stage.cash(account_of(stage.keeper)) == 0


def test_passes_over_protocol_accounts(stage):
    for account in (stage.venue.pool_account, stage.venue.cover_account):
        assert stage.liquidate(account) == [(0, 0, EMPTY)]


def test_passes_over_what_has_no_price(stage):
    account = stage.unhealthy()
    stage.crash()
    stage.venue.feeds[ETH].push(2**80)
    assert stage.liquidate(account) == [(0, 0, NO_PRICE)]


def test_an_empty_batch(stage):
    assert stage.liquidate() == []


def test_liquidates_the_unhealthy(stage):
    account = stage.unhealthy()
    stage.crash()
    assert stage.manager.account_health(account)[3] == 3
    base = stage.manager.position(account, ETH)[0]
    fraction, reward, reason = stage.liquidate(account, sender=stage.outsider)[0]
    assert reason == LIQUIDATED
    assert 0 < fraction <= WAD
    left = stage.manager.position(account, ETH)[0]
    # whole lots, rounded up
    assert 0 <= base * fraction // WAD - (base - left) + 10**10 <= 10**10
    assert stage.manager.account_health(account)[3] != 3
    assert reward == stage.cash(account_of(stage.outsider)) > 0


def test_twice_in_a_batch_is_looked_at_twice(stage):
    account = stage.unhealthy()
    stage.crash()
    outcomes = stage.liquidate(account, account, account)
    assert outcomes[0][2] == LIQUIDATED
    assert [o[2] for o in outcomes[1:]] in ([HEALTHY] * 2, [EMPTY] * 2)
    assert stage.cash(account_of(stage.keeper)) == outcomes[0][1]


@pytest.mark.parametrize("who", ["keeper", "outsider", "trader"])
def test_pays_the_reward_account(stage, who):
    account = stage.unhealthy(sub=1)
    stage.crash()
    target = account_of(getattr(stage, who), 7)
    reward = stage.liquidate(account, reward=target)[0][1]
    assert stage.cash(target) == reward > 0
    assert stage.cash(account_of(stage.keeper)) == 0


def test_the_patient_is_not_paid_for_itself(stage):
    """Nor by default, where the caller's first account is the patient."""
    account = stage.unhealthy()
    stage.crash()
    assert stage.liquidate(account, reward=account) == [(0, 0, CALL_FAILED)]
    assert stage.liquidate(account, sender=stage.trader) == [(0, 0, CALL_FAILED)]
    fields = {"account": account, "reason": "manager: reward to itself"}
    assert events(stage.liquidator) == [("LiquidationFailed", fields)]
    assert stage.manager.account_health(account)[3] == 3


def test_pays_the_flat_cost_if_it_is_more_than_the_keeper_part(stage):
    """keeper part: 0.1 % of what is closed, at most 1,850 * 4.5 * 0.1 % = 8.3 here."""
    stage.set_terms(flat=9 * WAD)
    account = stage.unhealthy()
    stage.crash()
    assert stage.liquidate(account)[0][1] == 9 * WAD


def test_the_venue_caps_the_flat_cost(stage):
    stage.set_terms(flat=1_000 * WAD)
    account = stage.unhealthy()
    stage.crash()
    assert stage.liquidate(account)[0][1] == stage.venue.setup.venue.keeper_cap == 10 * WAD


def test_a_batch_of_all_kinds(stage):
    accounts = [stage.unhealthy(sub=s) for s in (1, 2)]
    healthy = stage.venue.deposit(stage.trader, 50_000 * TOKEN, sub=3)
    stage.venue.trade(healthy, ETH, WAD)
    stage.crash()
    outcomes = stage.liquidate(accounts[0], healthy, account_of(stage.buyer), accounts[1], accounts[0])
    assert [o[2] for o in outcomes[:4]] == [LIQUIDATED, HEALTHY, EMPTY, LIQUIDATED]
    assert stage.cash(account_of(stage.keeper)) == sum(o[1] for o in outcomes)


def test_thirty_two_at_once(stage):
    accounts = [stage.unhealthy(sub=s) for s in range(3)] + [account_of(stage.buyer, s) for s in range(29)]
    stage.crash()
    reasons = [o[2] for o in stage.liquidate(*accounts)]
    assert reasons == [LIQUIDATED] * 3 + [EMPTY] * 29


def test_without_the_role_nothing_reverts(stage):
    account = stage.unhealthy()
    stage.crash()
    stage.manager.set_role(stage.liquidator.address, 0, sender=stage.venue.configurator)
    assert stage.liquidate(account, account_of(stage.buyer)) == [(0, 0, CALL_FAILED)] * 2
    assert events(stage.liquidator) == [
        ("LiquidationFailed", {"account": a, "reason": "manager: not allowed"})
        for a in (account, account_of(stage.buyer))
    ]
    stage.manager.set_role(stage.liquidator.address, 2, sender=stage.venue.configurator)
    assert stage.liquidate(account)[0][2] == LIQUIDATED


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"", ""),
        (b"\x08", ""),
        (ERROR + encode(["string"], ["vault: cash range"]), "vault: cash range"),
        (ERROR + encode(["string"], ["x" * 65]), ""),
        (keccak(text="Panic(uint256)")[:4] + (17).to_bytes(32, "big"), ""),
    ],
)
def test_one_failure_does_not_touch_the_others(core, over_core, answer, reason):
    core.fail(2, answer)
    outcomes = over_core.liquidate([1, 2, 3], 5)
    assert [tuple(o) for o in outcomes] == [(1, 0, LIQUIDATED), (0, 0, CALL_FAILED), (3, 0, LIQUIDATED)]
    assert events(over_core) == [("LiquidationFailed", {"account": 2, "reason": reason})]
    assert [core.trades(a) for a in (1, 2, 3)] == [1, 0, 1]


def test_collateral_starts_its_auction(stage):
    account = stage.unhealthy(collateral=True)
    assert stage.inventory() == 0
    stage.crash()
    assert stage.liquidate(account)[0][2] == LIQUIDATED
    taken = stage.inventory()
    assert taken > 0
    price = 1_850 * WAD
    assert stage.ask() == (price, taken)
    wait(900)
    # a quarter of the hour, a quarter of 7 %
    assert stage.ask() == (price * 9_825 // 10_000, taken)


def test_a_skipped_batch_leaves_the_clock_alone(stage):
    """Inventory that came another way is first seen by a liquidation that happens, a purchase, or `observe`."""
    stage.stock(WAD)
    stage.liquidate(account_of(stage.buyer))
    wait(900)
    assert stage.ask()[0] == 2_000 * WAD


def test_too_many_accounts_do_not_fit(stage):
    with pytest.raises(boa.BoaError):
        stage.liquidate(*range(33))


def test_gas_that_runs_out_is_a_failed_call(stage):
    """Whatever the limit: either the call fails, or each account is liquidated or left as it was."""
    account = stage.unhealthy(collateral=True)
    stage.crash()
    data = stage.liquidator.liquidate.prepare_calldata([account], 0)
    seen = set()
    for gas in range(30_000, 700_000, 15_000):
        with boa.env.anchor():
            done = boa.env.execute_code(stage.liquidator.address, sender=stage.keeper, data=data, gas=gas)
            reason = None if done.is_error else int.from_bytes(done.output[128:160], "big")
            seen.add(reason)
            assert (stage.inventory() > 0) == (reason == LIQUIDATED)
    assert {None, LIQUIDATED} <= seen <= {None, LIQUIDATED, CALL_FAILED}


# ---- settled markets and grace ------------------------------------------------------------------

SETTLE, RATES = 7, 1


def settle_ether(stage, price: int) -> None:
    stage.venue.configure(SETTLE, ETH, price * WAD)


def test_settles_before_it_looks(stage):
    """Nothing is left of the account but cash: the position was closed on the way."""
    account = stage.unhealthy()
    settle_ether(stage, 1_900)
    equity = stage.equity(account)
    assert stage.liquidate(account) == [(0, 0, EMPTY)]
    assert stage.manager.legs(account) == (0, [])
    assert stage.cash(account) == equity > 0


def test_what_a_settlement_leaves_owing_is_written_off(stage):
    account = stage.unhealthy()
    settle_ether(stage, 1_000)
    assert stage.liquidate(account) == [(WAD, 0, LIQUIDATED)]
    assert (stage.cash(account), stage.venue.vault.debt()) == (0, 0)


def test_settles_and_then_slices_what_is_open(stage):
    """Long 0.02 BTC besides: with ether settled at 1,785 some 7 of equity are left, below min_margin."""
    account = stage.unhealthy()
    stage.venue.trade(account, BTC, WAD // 50)
    settle_ether(stage, 1_785)
    stage.venue.set_price(BTC, 49_000 * WAD)
    fraction, reward, reason = stage.liquidate(account)[0]
    assert reason == LIQUIDATED and 0 < fraction <= WAD and reward > 0
    assert stage.manager.position(account, ETH) == (0, 0)


def test_the_healthy_are_settled_all_the_same(stage):
    account = stage.venue.deposit(stage.trader, 50_000 * TOKEN)
    for market in (BTC, ETH, SOL):
        stage.venue.trade(account, market, WAD)
    settle_ether(stage, 2_000)
    stage.venue.configure(SETTLE, SOL, 100 * WAD)
    assert stage.liquidate(account) == [(0, 0, HEALTHY)]
    assert stage.manager.legs(account)[0] == 1 << BTC


def test_several_of_a_batch(stage):
    accounts = [stage.unhealthy(sub=s) for s in range(3)]
    other = stage.venue.deposit(stage.trader, 50_000 * TOKEN, sub=3)
    settle_ether(stage, 1_000)
    reasons = [o[2] for o in stage.liquidate(*accounts, other, accounts[0])]
    assert reasons == [LIQUIDATED] * 3 + [EMPTY] * 2


def test_grace_is_an_answer(stage):
    account = stage.unhealthy()
    stage.crash()
    stage.venue.configure(RATES, 0, stage.venue.setup.rates.word(grace_until=boa.env.timestamp + 900))
    assert stage.liquidate(account) == [(0, 0, 5)]
    wait(900)
    stage.venue.keep_fresh()
    assert stage.liquidate(account)[0][2] == LIQUIDATED


def test_settles_in_grace_too(stage):
    account = stage.unhealthy()
    stage.venue.trade(account, BTC, WAD // 100)
    settle_ether(stage, 1_000)
    stage.venue.configure(RATES, 0, stage.venue.setup.rates.word(grace_until=boa.env.timestamp + 900))
    assert stage.liquidate(account) == [(0, 0, 5)]
    assert stage.manager.legs(account)[0] == 1 << BTC


def test_all_that_lives_beside_a_dead_leg(stage):
    account = stage.unhealthy()
    stage.venue.trade(account, SOL, WAD)
    stage.venue.feeds[SOL].push(2**81)
    stage.crash()
    assert stage.liquidate(account)[0][::2] == (WAD, LIQUIDATED)
    assert stage.manager.legs(account)[0] == 1 << SOL
    assert stage.liquidate(account)[0][2] in (NO_PRICE, HEALTHY)

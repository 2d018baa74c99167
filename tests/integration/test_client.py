"""The client against the deployed venue: what it sends, reads, refuses and finds again in the events."""

from __future__ import annotations

import dataclasses
from typing import get_type_hints

import pytest

from crossmargin.client import (
    LOT,
    WAD,
    Client,
    ConfigError,
    ContractRefused,
    NetworkError,
    Order,
    abi,
    account_id,
    codec,
    connect,
    events,
    records,
    steps,
)
from crossmargin.devnet import COVER_MONEY, LP_MONEY, Devnet
from tests.integration.stage import set_rates, settle_market, short_of_capital
from tests.integration.test_client_world import DELAY, ETH, fresh, fund, open_position, order, rpc

pytestmark = pytest.mark.anvil
USDC = 10**6
net = pytest.fixture(fresh)


# ---- money ---------------------------------------------------------------------------------------


def test_deposit_is_credited_and_its_receipt_has_the_event(net: Devnet) -> None:
    me = net.account("trader", 5)
    receipt = net.client.deposit(net.key("trader"), me, net.token("USDC"), 1_234 * USDC)
    found = receipt.event(events.Deposit)
    assert (found.account, found.amount, found.payer) == (me, 1_234 * USDC, net.key("trader").address)
    assert receipt.gas_used > 21_000 and found.gas_used == receipt.gas_used
    assert net.client.cash(me) == 1_234 * WAD


def test_deposit_with_permit_needs_no_approval(net: Devnet) -> None:
    trader, token = net.key("trader"), net.token("WETH")
    net.client.approve(trader, token, 0)
    with pytest.raises(ContractRefused, match="allowance"):
        net.client.deposit(trader, net.account("trader"), token, WAD)
    net.client.deposit_with_permit(trader, net.account("trader"), token, 3 * WAD)
    assert net.client.collateral(net.account("trader"), token) == 3 * WAD


def test_a_permit_past_its_deadline_is_refused(net: Devnet) -> None:
    trader, token = net.key("trader"), net.token("WETH")
    net.client.approve(trader, token, 0)
    with pytest.raises(ContractRefused, match="allowance"):
        net.client.deposit_with_permit(
            trader, net.account("trader"), token, WAD, deadline=net.client.now() - 1
        )


def test_withdraw_pays_out(net: Devnet) -> None:
    me = fund(net, "trader", 500)
    before = net.client.balance_of(net.token("USDC"), net.key("trader").address)
    net.client.withdraw(net.key("trader"), me, net.token("USDC"), 200 * USDC)
    assert net.client.balance_of(net.token("USDC"), net.key("trader").address) == before + 200 * USDC
    assert net.client.cash(me) == 300 * WAD


def test_transfer_between_accounts_of_one_owner(net: Devnet) -> None:
    me = fund(net, "trader", 500)
    net.client.transfer(net.key("trader"), me, net.account("trader", 1), net.token("USDC"), 100 * WAD)
    assert net.client.read_all([net.client.calls.cash(a) for a in (me, net.account("trader", 1))]) == [
        400 * WAD,
        100 * WAD,
    ]


def test_pool_deposit_and_redeem(net: Devnet) -> None:
    set_rates(net, pool_cooldown=0)
    lp = net.key("lp")
    shares = net.client.pool_deposit(lp, 1_000 * USDC).result
    assert net.client.pool().state.cash == (LP_MONEY + 1_000) * WAD
    assert net.client.pool_redeem(lp, shares).result == 1_000 * USDC
    assert net.client.pool().state.cash == LP_MONEY * WAD


def test_the_pools_own_events_are_typed_and_not_taken_for_the_ledgers(net: Devnet) -> None:
    """Its Deposit, Withdraw and Transfer have names that the PositionManager's events have too."""
    set_rates(net, pool_cooldown=0)
    lp, other, nobody = net.key("lp"), net.key("hedger").address, "0x" + "00" * 20
    first = net.client.block_number() + 1
    came = net.client.pool_deposit(lp, 1_000 * USDC)
    net.client.send(lp, abi.load("LiquidityPool").call(net.deployment.pool, "transfer", other, 5))
    went = net.client.pool_redeem(lp, came.result - 5)
    found = net.client.events(
        events.PoolDeposit, events.PoolWithdraw, events.ShareTransfer, first=first, with_gas=True
    )
    assert [type(event).__name__ for event in found] == [
        *("ShareTransfer", "PoolDeposit", "ShareTransfer", "ShareTransfer", "PoolWithdraw")
    ]
    minted, deposit, moved, burnt, withdraw = found
    assert (deposit.sender, deposit.owner, deposit.assets) == (lp.address, lp.address, 1_000 * USDC)
    assert deposit.shares == minted.value == came.result
    assert (minted.sender, burnt.receiver) == (nobody, nobody)
    assert (moved.sender, moved.receiver, moved.value) == (lp.address, other, 5)
    assert (withdraw.receiver, withdraw.owner, withdraw.assets) == (lp.address, lp.address, went.result)
    assert withdraw.shares == burnt.value == came.result - 5
    assert withdraw.gas_used == went.gas_used and came.event(events.PoolDeposit).contract == "LiquidityPool"
    assert net.client.events(events.Deposit, events.Withdraw, events.Transfer, first=first) == []


def test_the_cover_pool_is_entered_and_left_like_the_pool(net: Devnet) -> None:
    set_rates(net, cover_cooldown=0)
    lp = net.key("lp")
    first = net.client.block_number() + 1
    shares = net.client.balance_of(net.deployment.cover, lp.address)
    net.client.approve(lp, net.token("USDC"), 1_000 * USDC, net.deployment.cover)
    came = net.client.pool_deposit(lp, 1_000 * USDC, pool="cover")
    assert net.client.pool().cover_cash == net.client.pool_state("cover").cash == (COVER_MONEY + 1_000) * WAD
    assert net.client.balance_of(net.deployment.cover, lp.address) - shares == came.result == 1_000 * WAD
    assert net.client.pool_redeem(lp, came.result, pool="cover").result == 1_000 * USDC
    found = net.client.events(events.PoolDeposit, events.PoolWithdraw, first=first)
    assert [(type(one), one.contract) for one in found] == [
        (events.PoolDeposit, "CoverPool"),
        (events.PoolWithdraw, "CoverPool"),
    ]
    with pytest.raises(ConfigError, match="there is no pool 'junior': choose from pool, cover"):
        net.client.pool_deposit(lp, 1, pool="junior")


def test_an_exit_by_request_waits_for_its_cooldown(net: Devnet) -> None:
    set_rates(net, pool_cooldown=60)
    lp = net.key("lp")
    shares = net.client.balance_of(net.deployment.pool, lp.address) // 10
    with pytest.raises(ContractRefused, match="pool: exit by request"):
        net.client.pool_redeem(lp, shares)
    asked = net.client.request_exit(lp, shares)
    pending = net.client.pending_exit(lp.address)
    found = asked.event(events.ExitRequested)
    assert (found.owner, found.shares, found.ready_at) == (lp.address, shares, pending.ready_at)
    assert (pending.shares, pending.ready_at) == (shares, net.client.now() + 3_600)
    with pytest.raises(ContractRefused, match="pool: too early"):
        net.client.finalise_exit(lp)
    net.push(after=3_600)
    paid = net.client.finalise_exit(net.key("outsider"), lp.address)
    assert paid.result == paid.event(events.PoolWithdraw).assets == LP_MONEY // 10 * USDC
    assert net.client.pending_exit(lp.address) == records.PendingExit(0, 0)


# ---- refusals ------------------------------------------------------------------------------------


def test_a_refusal_carries_reason_and_module_and_sends_nothing(net: Devnet) -> None:
    me = fund(net, "trader", 100)
    before = net.client.block_number()
    with pytest.raises(ContractRefused) as caught:
        net.client.withdraw(net.key("outsider"), me, net.token("USDC"), USDC)
    assert caught.value.reason == "manager: not the owner"
    assert caught.value.module == "manager"
    assert caught.value.call == "PositionManager.withdraw"
    assert net.client.block_number() == before


def test_a_refusal_on_chain_carries_reason_and_hash(net: Devnet) -> None:
    me = fund(net, "trader", 100)
    call = net.client.calls.withdraw(me, net.token("USDC"), USDC, net.key("outsider").address)
    with pytest.raises(ContractRefused, match="manager: not the owner") as caught:
        net.client.send(net.key("outsider"), call, gas=300_000, simulate=False)
    receipt = rpc(net, "eth_getTransactionReceipt", caught.value.tx_hash)
    assert receipt["status"] == "0x0"


def test_an_absent_node_is_a_network_error(net: Devnet) -> None:
    client = Client(connect("http://127.0.0.1:9", timeout=2), net.deployment)
    with pytest.raises(NetworkError, match="no answer from http"):
        client.now()


def test_a_wrong_address_is_told_from_an_empty_account(net: Devnet) -> None:
    wrong = {name: contract.address for name, contract in net.deployment.contracts.items()}
    wrong["Lens"] = net.key("outsider").address
    with pytest.raises(ConfigError, match="is the address right"):
        Client(connect(net.url), wrong).pool()


# ---- batches -------------------------------------------------------------------------------------


def test_a_batch_goes_out_without_waiting_and_comes_back_in_order(net: Devnet) -> None:
    accounts = [net.account("trader", sub) for sub in range(1, 21)]
    items = [
        (net.key("trader"), net.client.calls.deposit(account, net.token("USDC"), (i + 1) * USDC))
        for i, account in enumerate(accounts)
    ]
    receipts = net.client.send_all(items, gas=300_000)
    assert all(receipt.ok for receipt in receipts)
    assert [receipt.event(events.Deposit).account for receipt in receipts] == accounts
    cash = net.client.read_all([net.client.calls.cash(account) for account in accounts])
    assert cash == [(i + 1) * WAD for i in range(20)]


def test_a_batch_of_several_keys_keeps_each_ones_nonces(net: Devnet) -> None:
    roles = ["trader", "hedger", "trader", "outsider", "hedger"]
    items = [
        (net.key(role), net.client.calls.deposit(net.account(role), net.token("USDC"), USDC))
        for role in roles
    ]
    receipts = net.client.send_all(items)
    assert [receipt.event(events.Deposit).payer for receipt in receipts] == [
        net.key(r).address for r in roles
    ]
    assert net.client.cash(net.account("trader")) == 2 * WAD


def test_one_failure_in_a_batch_is_named_and_stops_no_other(net: Devnet) -> None:
    me = fund(net, "trader", 10)
    withdraw = net.client.calls.withdraw(me, net.token("USDC"), 8 * USDC, net.key("trader").address)
    receipts = net.client.send_all([(net.key("trader"), withdraw)] * 2, gas=300_000)
    assert [receipt.ok for receipt in receipts] == [True, False]
    assert receipts[1].reason == "vault: insufficient balance"
    assert net.client.cash(me) == 2 * WAD


def test_a_refused_estimate_sends_none_of_the_batch(net: Devnet) -> None:
    me = fund(net, "trader", 10)
    good = net.client.calls.deposit(me, net.token("USDC"), USDC)
    bad = net.client.calls.withdraw(me, net.token("USDC"), 80 * USDC, net.key("trader").address)
    with pytest.raises(ContractRefused, match="vault: insufficient balance"):
        net.client.send_all([(net.key("trader"), good), (net.key("trader"), bad)])
    assert net.client.cash(me) == 10 * WAD
    net.client.deposit(net.key("trader"), me, net.token("USDC"), USDC)  # its nonce is still right
    assert net.client.cash(me) == 11 * WAD


# ---- orders --------------------------------------------------------------------------------------


def test_an_order_from_commit_to_fill(net: Devnet) -> None:
    me = fund(net, "trader", 10_000)
    one = order(net, me, "ETH", 2 * WAD)
    quote = net.client.quote_order(one)
    assert quote.ok and quote.size == 2 * WAD
    sent = net.client.submit(net.key("trader"), one)
    assert sent.order_hash == net.client.read(net.client.calls.hash_order(one))
    assert sent.gas_used == sent.receipt.gas_used > 21_000
    status = net.client.order_status(sent.order_hash)
    timing = net.client.timing(net.market("ETH"))
    assert status.pending and status.executable_from == status.committed + timing.delay
    assert status.expires == status.executable_from + timing.window
    assert net.client.balance(me).reserved == status.fee == net.client.keeper_fee()

    net.push(after=DELAY)
    results, receipt = net.client.execute(net.key("keeper"), [one])
    assert [result.status for result in results] == [records.EXECUTED]
    done = receipt.event(events.OrderExecuted)
    assert (done.order_hash, done.size, done.keeper) == (sent.order_hash, 2 * WAD, net.account("keeper"))
    assert not net.client.order_status(sent.order_hash).pending
    assert net.client.position(me, net.market("ETH")).base == 2 * WAD
    assert net.client.cash(net.account("keeper")) == status.fee


def test_the_quote_is_what_the_fill_becomes_at_an_unmoved_price(net: Devnet) -> None:
    me = fund(net, "trader", 10_000)
    quote = net.client.quote_order(order(net, me, "ETH", 3 * WAD))
    open_position(net, "trader", "ETH", 3 * WAD)
    (trade,) = net.client.events(events.Trade)
    assert (trade.size, trade.price, trade.fee, trade.realised) == (quote.size, quote.price, quote.fee, 0)


def test_the_first_round_is_found_although_others_followed(net: Devnet) -> None:
    me = fund(net, "trader", 10_000)
    one = order(net, me, "ETH", WAD)
    net.client.submit(net.key("trader"), one)
    net.push(after=1)
    net.push({"ETH": ETH + 10**8}, after=DELAY)
    first = net.client.read(net.client.calls.round(net.deployment.feeds["ETH"]))[0]
    for step in range(5):
        net.push({"ETH": ETH + (10 + step) * 10**8}, after=2)
    assert net.client.first_round_of(one) == first
    _, receipt = net.client.execute(net.key("keeper"), [one])
    assert receipt.event(events.Trade).price // WAD == 2_001


def test_cancel_before_the_delay_is_over(net: Devnet) -> None:
    me = fund(net, "trader", 1_000)
    one = order(net, me, "ETH", WAD // 10)
    sent = net.client.submit(net.key("trader"), one)
    receipt = net.client.cancel(net.key("trader"), one)
    assert receipt.event(events.OrderCancelled).order_hash == sent.order_hash
    assert net.client.balance(me).reserved == 0


def test_an_expired_order_is_cleared_by_anyone(net: Devnet) -> None:
    me = fund(net, "trader", 1_000)
    one = order(net, me, "ETH", WAD // 10)
    sent = net.client.submit(net.key("trader"), one)
    net.push(after=2 * 86_400)
    receipt = net.client.clear_expired(net.key("outsider"), [one])
    assert receipt.event(events.OrderExpired).order_hash == sent.order_hash


# ---- accounts ------------------------------------------------------------------------------------


def test_everything_about_an_account(net: Devnet) -> None:
    fund(net, "trader", 10_000)
    net.client.deposit(net.key("trader"), net.account("trader"), net.token("WETH"), 2 * WAD)
    me = open_position(net, "trader", "BTC", -WAD // 10)
    (found,) = net.client.accounts([me])
    assert found.id == me
    assert [(p.market, p.base) for p in found.positions] == [(net.market("BTC"), -WAD // 10)]
    assert [(c.asset, c.amount) for c in found.collateral] == [(net.deployment.assets["WETH"], 2 * WAD)]
    # 2 ETH at 2,000 less 7 %
    assert found.collateral[0].value == 3_720 * WAD
    assert found.equity == found.cash + found.profit + found.collateral[0].value
    assert net.client.health([me]) == [net.client.account_health(me)]
    assert net.client.health([me])[0].equity == found.equity
    assert net.client.legs(me) == {net.market("BTC"): net.client.position(me, net.market("BTC"))}


def test_accounts_beyond_one_call_are_asked_in_parts(net: Devnet) -> None:
    ids = [net.account("trader", sub) for sub in range(120)]
    fund(net, "trader", 77, sub_id=119)
    assert [one.id for one in net.client.accounts(ids)] == ids
    assert net.client.accounts(ids)[-1].cash == 77 * WAD
    many = [net.account("outsider", sub) for sub in range(1001)] + [ids[-1]]
    assert net.client.health(many)[-1].equity == 77 * WAD
    assert net.client.health([]) == [] and net.client.liquidatable([]) == []


def test_health_at_other_prices_and_the_shock_agree(net: Devnet) -> None:
    fund(net, "trader", 10_000)
    me = open_position(net, "trader", "ETH", 10 * WAD)
    shock = net.client.liquidation_shock(me)
    assert -WAD < shock < 0
    eth = net.market("ETH")
    price = net.client.prices([eth])[0].price

    def state(move: int) -> int:
        # the move is BTC's; ETH moves by beta over beta of it
        terms = {market.id: market.terms for market in net.client.markets()}
        own = price + price * move * terms[eth].beta // terms[0].beta // WAD
        return net.client.health_at([me], {eth: own})[0].state

    assert state(shock + WAD // 1000) < records.LIQUIDATABLE
    assert state(shock - WAD // 1000) == records.LIQUIDATABLE
    assert net.client.liquidation_shock(net.account("outsider")) is None


def test_close_fraction_halves_the_book(net: Devnet) -> None:
    fund(net, "trader", 10_000)
    me = open_position(net, "trader", "ETH", 2 * WAD)
    receipt = net.client.close_fraction(net.key("trader"), me, WAD // 2)
    assert receipt.event(events.BookReduced).fraction == WAD // 2
    assert net.client.position(me, net.market("ETH")).base == WAD


def test_an_estimate_among_fresh_words_covers_their_refresh_in_a_later_block(net: Devnet) -> None:
    fund(net, "trader", 100_000)
    for symbol in ("BTC", "ETH", "SOL", "LINK", "DOGE"):
        me = open_position(net, "trader", symbol, 100 * WAD if symbol != "BTC" else WAD // 10)
    key, call = net.key("trader"), net.client.calls.close_fraction(me, WAD // 2)
    net.push(after=5)
    for market in net.deployment.markets.values():
        net.client.poke(key, market)
    # same second: the words are as fresh as they get
    tx, _ = net.client.transport.run(steps.prepare(call, net.people["trader"].address, None, False))
    net.push(after=60)
    assert net.client.send(key, call, gas=int(tx["gas"]), simulate=False).ok


def test_settle_loss_turns_it_into_cash(net: Devnet) -> None:
    fund(net, "trader", 10_000)
    me = open_position(net, "trader", "ETH", 2 * WAD)
    net.push({"ETH": ETH * 9 // 10}, after=1)
    before, equity = net.client.cash(me), net.client.health([me])[0].equity
    settled = net.client.settle_loss(net.key("outsider"), me, net.market("ETH")).result
    assert 399 * WAD < settled < 402 * WAD  # 2 ETH fell by 200 each
    assert net.client.cash(me) == before - settled
    assert abs(net.client.health([me])[0].equity - equity) < WAD // 100  # a second of carry


def test_poke_touches_a_market(net: Devnet) -> None:
    net.client.poke(net.key("outsider"), net.market("SOL"))
    assert net.client.carry()[net.market("SOL")].time == net.client.now()


# ---- liquidation ---------------------------------------------------------------------------------


def ruin(net: Devnet, fall: int = 24) -> int:
    """A trader with WETH as collateral and long ETH, after a fall of so many per cent; returns the account."""
    net.client.deposit(net.key("trader"), net.account("trader"), net.token("WETH"), 5 * WAD)
    fund(net, "trader", 4_000)
    me = open_position(net, "trader", "ETH", 20 * WAD)
    net.push({"ETH": ETH * (100 - fall) // 100}, after=1)
    return me


def test_liquidate_slices_and_pays(net: Devnet) -> None:
    me = ruin(net)
    healthy = fund(net, "hedger", 100)
    assert net.client.liquidatable([healthy, me]) == [me]
    outcomes, receipt = net.client.liquidate(net.key("liquidator"), [healthy, me])
    assert [one.reason for one in outcomes] == [1 if net.client.legs(healthy) else 3, 0]
    found = receipt.event(events.Liquidated)
    assert (found.account, found.keeper, found.fraction) == (me, net.account("liquidator"), outcomes[1].slice)
    assert found.equity < found.maintenance
    assert net.client.cash(net.account("liquidator")) == found.reward > 0
    assert net.client.liquidatable([me]) == []


def test_what_a_liquidation_leaves_can_be_bought(net: Devnet) -> None:
    net.client.liquidate(net.key("liquidator"), [ruin(net)])
    offer = net.client.inventory_price(net.token("WETH"))
    assert offer.available > 0 and offer.price <= net.client.prices([net.market("ETH")])[0].price
    buyer = net.key("outsider")
    before = net.client.balance_of(net.token("WETH"), buyer.address)
    (bought, cost), receipt = net.client.buy_collateral(buyer, net.token("WETH"), 2**128, offer.price)
    found = receipt.event(events.Bought)
    assert bought == offer.available == found.amount
    assert found.price <= offer.price
    assert found.cost == -(-bought * found.price // 10**30)  # WETH has 18 decimals, USDC 6: rounded up
    assert abs(cost - found.cost) <= cost // 1000  # a second later the price may be lower
    assert net.client.balance_of(net.token("WETH"), buyer.address) == before + bought
    assert net.client.inventory_price(net.token("WETH")).available == 0


def test_bad_debt_is_an_event_of_its_own(net: Devnet) -> None:
    me = ruin(net, fall=45)
    net.client.liquidate(net.key("liquidator"), [me])
    (found,) = net.client.events(events.BadDebt)
    assert found.account == me and found.by_first + found.by_last > 0
    assert net.client.cash(me) == 0


def test_what_the_cover_pool_pays_is_a_claim_of_the_market(net: Devnet) -> None:
    set_rates(net, cover_share=10)
    me = ruin(net, fall=45)
    _, receipt = net.client.liquidate(net.key("liquidator"), [me])
    claimed, debt = receipt.event(events.Claimed), receipt.event(events.BadDebt)
    # a thousandth of the million that the cover pool held after the charges, of which there were none
    assert debt.by_first == claimed.amount == claimed.used == 1_000 * WAD
    assert debt.by_last > 0
    assert claimed.market == net.market("ETH")
    net.push(after=43_200)
    # forgiven at the speed of a cap a day; the cap is a thousandth of the 999,000 that are left
    assert net.client.read(net.client.calls.used(net.market("ETH"))) == pytest.approx(500.5 * WAD, rel=1e-4)


def test_a_margin_call_is_told_when_it_comes_and_when_it_goes(net: Devnet) -> None:
    fund(net, "trader", 4_000)
    me = open_position(net, "trader", "ETH", 20 * WAD)
    net.push({"ETH": ETH * 96 // 100}, after=1)
    open_position(net, "trader", "ETH", -WAD // 10)
    fund(net, "trader", 5_000)
    found = net.client.events(events.MarginCall)
    assert [(one.account, one.entered) for one in found] == [(me, True), (me, False)]
    assert found[0].maintenance < found[0].equity < found[0].maintenance * 12 // 10 < found[1].equity


def test_liquidation_in_grace_is_a_reason_of_its_own(net: Devnet) -> None:
    me = ruin(net)
    set_rates(net, grace_until=net.client.now() + 900)
    assert net.client.liquidatable([me]) == []
    outcomes, _ = net.client.liquidate(net.key("liquidator"), [me])
    assert outcomes[0].reason is not None and records.Reason(outcomes[0].reason) is records.Reason.GRACE
    assert records.Reason.GRACE.words == "grace: wait"
    assert net.client.rates().grace_until > net.client.now()
    net.push(after=900)
    assert net.client.liquidatable([me]) == [me]


# ---- deleveraging and settling ---------------------------------------------------------------------


def test_winners_are_closed_when_the_pool_is_short_of_capital(net: Devnet) -> None:
    first, second = short_of_capital(net)
    eth, anyone = net.market("ETH"), net.key("outsider")
    state = net.client.pool().state
    assert 0 < state.reduced_equity < 3 * state.net
    assert (net.client.clock(), net.client.threshold()) == (records.Clock(0, 0), None)
    with pytest.raises(ContractRefused, match="waterfall: no fresh alarm"):
        net.client.deleverage(anyone, first, eth)
    raised = net.client.alarm(anyone)
    assert raised.result is True and raised.event(events.Alarm).since == net.client.now()
    assert net.client.threshold() == WAD // 2
    with pytest.raises(ContractRefused, match="waterfall: others come first"):
        net.client.deleverage(anyone, first, eth)
    for _ in range(3):
        net.push(after=290)
        net.client.alarm(anyone)
    assert net.client.clock().since == raised.event(events.Alarm).since
    done = net.client.deleverage(anyone, first, eth)
    found, trade = done.event(events.Deleveraged), done.event(events.Trade)
    assert -400 * WAD < done.result == found.size == trade.size < 0
    assert trade.fee == 0 and trade.price == net.client.prices([eth])[0].price
    state = net.client.pool().state
    assert state.reduced_equity == pytest.approx(3 * state.net, rel=1e-2)
    assert net.client.alarm(anyone).result is False
    assert net.client.threshold() is None
    assert net.client.position(second, eth).base == 380 * WAD
    assert net.client.conservation().wei == 0


def test_a_position_in_a_settled_market_is_closed_at_its_price(net: Devnet) -> None:
    fund(net, "trader", 10_000)
    me = open_position(net, "trader", "ETH", 2 * WAD)
    before, eth = net.client.cash(me), net.market("ETH")
    with pytest.raises(ContractRefused, match="manager: nothing to settle"):
        net.client.settle(net.key("outsider"), me, eth)
    settle_market(net, "ETH", 2_100 * WAD)
    (market,) = [one for one in net.client.markets() if one.id == eth]
    assert market.settled and net.client.carry()[eth].settled
    assert not net.client.carry()[net.market("BTC")].settled
    opened = net.client.events(events.Trade)[0]
    receipt = net.client.settle(net.key("outsider"), me, eth)
    closed = receipt.event(events.Trade)
    assert (closed.size, closed.fee) == (-2 * WAD, 0)
    # a price keeps its 18 leading bits
    assert closed.price == pytest.approx(2_100 * WAD, rel=2**-17) and closed.price <= 2_100 * WAD
    assert net.client.cash(me) - before == pytest.approx(2 * (closed.price - opened.price), rel=1e-3)
    assert net.client.legs(me) == {}
    assert net.client.conservation().wei == 0


def test_a_market_is_wound_down_by_its_owner_and_anybody(net: Devnet) -> None:
    fund(net, "trader", 10_000)
    me, eth = open_position(net, "trader", "ETH", 2 * WAD), net.market("ETH")
    owner, anyone = net.key("owner"), net.key("outsider")
    assert net.client.closing(eth) == records.Closing(0, 0, 0, 0)
    net.client.send(owner, net.client.calls.call("Configurator", "close_market", eth))
    assert net.client.closing(eth).started == net.client.now()
    with pytest.raises(ContractRefused, match="configurator: too soon"):
        net.client.send(anyone, net.client.calls.settle_market(eth))
    last, total, covered = net.client.now(), 0, 0
    for step in range(6):
        net.push({"ETH": ETH + step * 10**8}, after=650)
        net.client.send(anyone, net.client.calls.sample(eth))
        now = net.client.now()
        gap = min(now - last, 300)  # a price counts for 300 seconds at most
        last, total, covered = now, total + (2_000 + step) * WAD * gap, covered + gap
        assert net.client.closing(eth) == records.Closing(
            net.client.closing(eth).started, now, covered, total
        )
        assert net.client.closing(eth).is_over(now) == (step == 5)
    receipt = net.client.send(anyone, net.client.calls.settle_market(eth))
    price = receipt.event(events.ClosingEnded).price
    assert price == total // covered
    assert [one.market for one in net.client.events(events.ClosingStarted)] == [eth]
    assert net.client.settle(anyone, me, eth).event(events.Trade).price == pytest.approx(price, rel=2**-17)


def test_what_the_lens_sees_ahead(net: Devnet) -> None:
    fund(net, "trader", 4_000)
    me = open_position(net, "trader", "ETH", 20 * WAD)
    assert net.client.cure(me).quote == 0
    # BTC's move of 20 % is one of 27.5 % for ETH
    steps_ = net.client.cascade([me], [-WAD // 1000, -WAD // 5], WAD)
    assert [(one.rounds > 0, one.sliced) for one in steps_] == [(False, 0), (True, 1)]
    assert steps_[1].bad_debt >= steps_[1].by_cover >= 0
    net.push({"ETH": ETH * 96 // 100}, after=1)
    cure = net.client.cure(me)
    health = net.client.health([me])[0]
    assert cure.state == health.state == 2 and len(cure.collateral) == 2
    assert cure.quote == pytest.approx(health.maintenance * 12 // 10 - health.equity, rel=1e-3)
    carry = 10_000  # a cent: what it owes grows until the block of the deposit
    net.client.deposit(net.key("trader"), me, net.token("USDC"), -(-cure.quote // 10**12) + carry)
    assert net.client.health([me])[0].state < 2


def test_convert_collateral_covers_negative_cash(net: Devnet) -> None:
    net.client.deposit(net.key("trader"), net.account("trader"), net.token("WETH"), 10 * WAD)
    fund(net, "trader", 10)
    me = open_position(net, "trader", "ETH", WAD)
    net.push({"ETH": ETH * 97 // 100}, after=1)
    net.client.close_fraction(net.key("trader"), me, WAD)
    owed = -net.client.cash(me)
    assert 50 * WAD < owed < 60 * WAD
    credit = net.client.convert_collateral(net.key("outsider"), me, net.token("WETH"), WAD // 100).result
    assert credit == 194 * WAD * 93 // 1000  # 0.01 at 1,940 less 7 %
    assert net.client.cash(me) == credit - owed


# ---- looking back --------------------------------------------------------------------------------


def test_events_come_in_order_with_time_and_gas(net: Devnet) -> None:
    start = net.client.block_number()
    fund(net, "trader", 10_000)
    open_position(net, "trader", "ETH", WAD)
    kinds = (events.Deposit, events.OrderSubmitted, events.Trade, events.OrderExecuted)
    found = net.client.events(*kinds, first=start, with_gas=True)
    assert [type(one) for one in found] == list(kinds)
    for one in found:
        block = rpc(net, "eth_getBlockByNumber", hex(one.block), False)
        receipt = rpc(net, "eth_getTransactionReceipt", one.tx_hash)
        assert one.time == int(block["timestamp"], 16)
        assert one.gas_used == int(receipt["gasUsed"], 16)
    submitted = found[1]
    assert isinstance(submitted.order, Order) and submitted.order.size == WAD


def test_a_range_of_blocks_bounds_the_events(net: Devnet) -> None:
    fund(net, "trader", 1)
    middle = net.client.block_number()
    fund(net, "trader", 2)
    assert [e.amount for e in net.client.events(events.Deposit, last=middle)] == [USDC]
    assert [e.amount for e in net.client.events(events.Deposit, first=middle + 1)] == [2 * USDC]
    assert net.client.events(events.Deposit, first=net.client.block_number() + 1) == []


def test_conservation_is_exact_after_a_whole_life(net: Devnet) -> None:
    me = ruin(net, fall=45)
    fund(net, "hedger", 50_000)
    net.client.liquidate(net.key("liquidator"), [me])
    open_position(net, "hedger", "BTC", -3 * WAD // 10)
    net.client.poke(net.key("outsider"), net.market("BTC"))
    found = net.client.conservation()
    assert found.wei == 0
    assert found.debt == found.owed
    assert found.assets[codec.QUOTE].held == found.assets[codec.QUOTE].accounts > LP_MONEY * WAD
    assert found.assets[net.deployment.assets["WETH"]].held == 5 * WAD
    assert set(found.markets) == set(net.deployment.markets.values())
    assert found.line().startswith(f"conservation at block {found.block}: 0 wei apart")


def test_conservation_sees_a_donation_and_a_forgotten_account(net: Devnet) -> None:
    me = fund(net, "trader", 100)
    token = net.token("USDC")
    net.client.send(net.key("outsider"), abi.erc20().call(token, "transfer", net.deployment.vault, 7))
    assert net.client.conservation().donated == net.client.conservation().wei == 7 * 10**12
    assert net.client.conservation(net.client.known_accounts() - {me}).wei == 7 * 10**12 + 100 * WAD


def test_known_accounts_are_all_that_ever_had_money(net: Devnet) -> None:
    fund(net, "trader", 10_000)
    open_position(net, "trader", "ETH", WAD)
    assert net.client.known_accounts() == {net.account("trader"), net.account("outsider")}


def test_solvency_and_words_agree_with_the_lens(net: Devnet) -> None:
    fund(net, "trader", 10_000)
    open_position(net, "trader", "ETH", 2 * WAD)
    (market,) = [one for one in net.client.markets() if one.id == net.market("ETH")]
    words = net.client.market_words([net.market("ETH")])[net.market("ETH")]
    assert (words.book.longs, words.book.shorts, words.book.skew) == (market.long, market.short, market.skew)
    assert words.book.quote == market.quote
    assert words.carry.borrow_rate == market.borrow_rate and words.carry.oi_scale == market.oi_scale
    assert words.carry.price == market.touch_price and words.carry.time == market.touched
    assert words.book.longs % LOT == 0
    solvency = net.client.solvency()
    assert solvency.tokens == solvency.credited == (LP_MONEY + COVER_MONEY + 10_000) * WAD
    assert solvency.pool_cash == net.client.pool().state.cash


# ---- the records fit the ABI -----------------------------------------------------------------------

SHAPES = {
    ("Lens", "health"): records.Health,
    ("Lens", "accounts"): records.Account,
    ("Lens", "markets"): records.Market,
    ("Lens", "pool"): records.Pool,
    ("Lens", "quote_order"): records.OrderQuote,
    ("LiquidityPool", "pool_state"): records.PoolState,
    ("OracleAdapter", "prices"): records.Price,
    ("OrderBook", "timing"): records.Timing,
    ("OrderBook", "execute"): records.OrderResult,
    ("Liquidator", "liquidate"): records.Outcome,
    ("PositionManager", "solvency"): records.Solvency,
    ("Waterfall", "clock"): records.Clock,
    ("Lens", "addresses"): records.Addresses,
    ("Lens", "cure"): records.Cure,
    ("CoverPool", "pool_state"): records.PoolState,
}


@pytest.mark.parametrize("contract,function", SHAPES)
def test_a_record_has_the_fields_of_its_struct(contract: str, function: str) -> None:
    (output,) = abi.load(contract).functions[function].outputs
    fields = [field.name for field in dataclasses.fields(SHAPES[contract, function])]
    assert fields == [component["name"] for component in output["components"]]


@pytest.mark.parametrize(
    "homes,kind", [(homes, kind) for homes, kinds in events.HOMES.items() for kind in kinds]
)
def test_an_event_record_has_the_fields_of_its_event(homes: tuple[str, ...], kind: type) -> None:
    name = kind.__name__
    for home in homes:
        called = events.NAMES.get(name, name)
        (emitted,) = [e for e in abi.load(home).events.values() if e.name == called]
        own = set(get_type_hints(kind)) - {f.name for f in dataclasses.fields(events.Event)}
        renamed = events.RENAMED.get(name, {})
        assert own == {renamed.get(i["name"], i["name"]) for i in emitted.inputs}


def test_the_lens_names_the_contracts_of_the_deployment(net: Devnet) -> None:
    seen, d = net.client.lens_addresses(), net.deployment
    assert (seen.manager, seen.vault, seen.engine, seen.waterfall) == (
        *(d.manager, d.vault, d.engine, d.waterfall),
    )
    assert (seen.pool, seen.cover, seen.quote) == (d.pool, d.cover, d.tokens["USDC"])


def test_account_ids_are_those_of_the_contracts(net: Devnet) -> None:
    for name, address in (("LiquidityPool", net.deployment.pool), ("CoverPool", net.deployment.cover)):
        assert net.client.read(net.client.calls.call(name, "account")) == account_id(address)

"""Keeper and liquidator as a user runs them: programs of their own against a chain."""

from __future__ import annotations

import contextlib
import dataclasses
import io
import json
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from crossmargin.bots import keeper, liquidator, settings
from crossmargin.client import WAD, events
from crossmargin.devnet import Devnet
from crossmargin.processes import Child
from tests.integration.stage import set_rates, settle_market, short_of_capital
from tests.integration.test_client_world import DELAY, ETH, fresh, fund, open_position, order

pytestmark = pytest.mark.anvil
ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 30.0  # seconds; everything here takes two or three
net = pytest.fixture(fresh)


class Bots:
    """Starts bots with a configuration file, a deployment file and a key in the environment."""

    def __init__(self, net: Devnet, folder: Path) -> None:
        self.net = net
        self.folder = folder
        self.record = folder / "deployment.json"
        net.deployment.save(self.record)
        self.children: list[Child] = []

    def config(self, text: str = "", rpc: str | None = None) -> str:
        path = self.folder / "bot.toml"
        path.write_text(f'rpc = "{rpc or self.net.url}"\ndeployment = "{self.record}"\npoll = 0.02\n{text}\n')
        return str(path)

    def start(
        self, name: str, *args: str, config: str = "", rpc: str | None = None, key: str | None = None
    ) -> Child:
        environment = {k: v for k, v in os.environ.items() if not k.startswith("CROSSMARGIN_")}
        environment["PYTHONPATH"] = str(ROOT)
        environment["CROSSMARGIN_KEY"] = key or "0x" + bytes(self.net.key(name).key).hex()
        command = [
            sys.executable,
            "-m",
            f"crossmargin.bots.{name}",
            "--config",
            self.config(config, rpc),
            *args,
        ]
        child = Child(command, name, env=environment).start()
        self.children.append(child)
        return child

    def once(self, name: str, *args: str, config: str = "") -> list[str]:
        """One look, in this process; returns what it wrote."""
        main = {"keeper": keeper.main, "liquidator": liquidator.main}[name]
        secret = "0x" + bytes(self.net.key(name).key).hex()
        written = io.StringIO()
        with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(written):
            patch.setenv("CROSSMARGIN_KEY", secret)
            code = settings.run_command(main, name, ["--once", "--config", self.config(config), *args])
        assert code == 0, written.getvalue()
        return written.getvalue().splitlines()


@pytest.fixture
def bots(net: Devnet, tmp_path: Path) -> Iterator[Bots]:
    found = Bots(net, tmp_path)
    yield found
    for child in found.children:
        child.stop()


def until(condition: object, child: Child) -> None:
    """Wait for a condition while the bot lives."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        child.check()
        assert time.monotonic() < deadline, child.output()
        time.sleep(0.02)


def submitted(net: Devnet, symbol: str = "ETH", size: int = WAD, salt: int = 0) -> str:
    """A pending order of the trader; returns its hash."""
    me = net.account("trader")
    return net.client.submit(net.key("trader"), order(net, me, symbol, size, salt)).order_hash


def lines(output: list[str], event: str) -> list[str]:
    return [line for line in output if f" {event} " in line]


# ---- keeper ----------------------------------------------------------------------------------------


def test_keeper_executes_orders_as_soon_as_their_round_is_there(
    net: Devnet, bots: Bots, tmp_path: Path
) -> None:
    fund(net, "trader", 50_000)
    status = tmp_path / "status.json"
    bot = bots.start("keeper", "--status", str(status))
    until(lambda: lines(bot.output(), "started"), bot)
    first = submitted(net)
    until(lambda: lines(bot.output(), "found"), bot)
    assert net.client.order_status(first).pending
    net.push(after=DELAY)
    until(lambda: not net.client.order_status(first).pending, bot)
    hashes = [submitted(net, symbol, 10**17) for symbol in ("ETH", "BTC", "SOL")]
    net.push(after=DELAY)
    until(lambda: not any(net.client.order_status(one).pending for one in hashes), bot)
    done = net.client.events(events.OrderExecuted)
    assert {event.order_hash for event in done} == {first, *hashes}
    assert {event.keeper for event in done} == {net.account("keeper")}
    assert net.client.cash(net.account("keeper")) == 4 * net.client.keeper_fee()

    until(lambda: lines(bot.output(), "executed")[3:], bot)
    bot.ask_to_stop()
    assert bot.wait(2) == 0  # within two seconds, and without complaint
    row = json.loads(status.read_text())
    assert row["ok"] and row["bot"] == "keeper" and row["pending"] == 0
    assert row["counts"]["executed"] == 4
    assert row["address"] == net.key("keeper").address
    secret = bytes(net.key("keeper").key).hex()
    assert secret not in "\n".join(bot.output(500)) + status.read_text()


def test_keeper_finds_an_old_first_round_and_batches(net: Devnet, bots: Bots) -> None:
    fund(net, "trader", 50_000)
    hashes = [submitted(net, "ETH", WAD, salt) for salt in range(5)]
    net.push({"ETH": ETH + 10**8}, after=DELAY)
    for step in range(2, 6):
        net.push({"ETH": ETH + step * 10**8}, after=5)
    output = bots.once("keeper")
    found = net.client.events(events.Trade, with_gas=True)
    assert len(found) == 5 and len({trade.tx_hash for trade in found}) == 1
    assert {trade.price // WAD for trade in found} == {2_001}
    assert len(lines(output, "executed")) == len(hashes)


def test_keeper_dry_run_sends_nothing(net: Devnet, bots: Bots) -> None:
    fund(net, "trader", 50_000)
    order_hash = submitted(net)
    net.push(after=DELAY)
    block = net.client.block_number()
    output = bots.once("keeper", "--dry-run")
    assert order_hash in lines(output, "would_execute")[0]
    assert net.client.block_number() == block


def test_keeper_waits_for_the_delay(net: Devnet, bots: Bots) -> None:
    fund(net, "trader", 50_000)
    submitted(net)
    block = net.client.block_number()
    bots.once("keeper")
    assert net.client.block_number() == block


def test_keeper_executes_what_fails_and_is_paid(net: Devnet, bots: Bots) -> None:
    me = fund(net, "trader", 5_000)
    order_hash = submitted(net, "ETH", 30 * WAD)
    net.client.withdraw(net.key("trader"), me, net.token("USDC"), net.units("USDC", 4_000))
    net.push(after=DELAY)
    output = bots.once("keeper")
    (failed,) = net.client.events(events.OrderFailed)
    assert (failed.order_hash, failed.reason) == (order_hash, "manager: below initial margin")
    assert "manager: below initial margin" in lines(output, "failed_order")[0]
    assert net.client.cash(net.account("keeper")) == net.client.keeper_fee()
    assert net.account("keeper") in net.client.known_accounts()


def test_keeper_puts_off_what_must_wait(net: Devnet, bots: Bots) -> None:
    fund(net, "trader", 50_000)
    order_hash = submitted(net)
    # the round that executes it lies outside the band around the mark of now
    net.push(after=DELAY)
    net.push({"ETH": ETH * 2}, after=DELAY)
    output = bots.once("keeper")
    assert "price off the mark" in lines(output, "put_off")[0]
    assert net.client.order_status(order_hash).pending


def test_keeper_clears_expired_orders(net: Devnet, bots: Bots) -> None:
    me = fund(net, "trader", 50_000)
    order_hash = submitted(net)
    net.push(after=2 * 86_400)
    assert net.client.balance(me).reserved > 0
    bots.once("keeper")
    (expired,) = net.client.events(events.OrderExpired)
    assert expired.order_hash == order_hash
    assert net.client.balance(me).reserved == 0


def test_keeper_does_not_send_at_a_loss(net: Devnet, bots: Bots) -> None:
    fund(net, "trader", 50_000)
    order_hash = submitted(net)
    net.push(after=DELAY)
    # 300,000 gas at 1 gwei and 2,000 for a native token is 0.6, the fee 0.2
    output = bots.once("keeper", config='native-market = 1\nmin-profit = "0.01"')
    assert lines(output, "not_worth") and net.client.order_status(order_hash).pending
    bots.once("keeper", config='native-price = "1"\nmin-profit = "0.01"')
    assert not net.client.order_status(order_hash).pending


def test_keeper_remembers_with_a_cursor(net: Devnet, bots: Bots, tmp_path: Path) -> None:
    fund(net, "trader", 50_000)
    order_hash = submitted(net)
    cursor = tmp_path / "cursor.json"
    bots.once("keeper", "--cursor", str(cursor))
    row = json.loads(cursor.read_text())
    assert row["next_block"] == net.client.block_number() + 1 and list(row["pending"]) == [order_hash]
    for _ in range(3):  # out of sight of a second reading
        net.push(after=DELAY)
    output = bots.once("keeper", "--cursor", str(cursor))
    assert not lines(output, "found") and lines(output, "executed")
    assert not net.client.order_status(order_hash).pending


# ---- liquidator ------------------------------------------------------------------------------------


def ruined(net: Devnet, sub_id: int = 0) -> int:
    """A trader who falls below maintenance at 76 % of the price; returns the account."""
    me = net.account("trader", sub_id)
    net.client.deposit(net.key("trader"), me, net.token("WETH"), 5 * WAD)
    fund(net, "trader", 4_000, sub_id)
    return open_position(net, "trader", "ETH", 20 * WAD, sub_id)


def crash(net: Devnet) -> None:
    net.push({"ETH": ETH * 76 // 100}, after=1)


def test_liquidator_slices_whoever_falls(net: Devnet, bots: Bots, tmp_path: Path) -> None:
    fund(net, "hedger", 1_000)
    status = tmp_path / "status.json"
    bot = bots.start("liquidator", "--status", str(status))
    until(lambda: lines(bot.output(), "started"), bot)
    ill = [ruined(net), ruined(net, 1)]
    assert net.client.liquidatable(ill) == []
    crash(net)
    until(lambda: len(net.client.events(events.Liquidated)) >= 2, bot)
    found = net.client.events(events.Liquidated)
    assert {event.account for event in found} == set(ill)
    assert {event.keeper for event in found} == {net.account("liquidator")}
    assert net.client.liquidatable(ill) == []
    assert net.client.cash(net.account("liquidator")) == sum(event.reward for event in found) > 0
    until(lambda: lines(bot.output(), "liquidated")[1:], bot)
    bot.ask_to_stop()
    assert bot.wait(2) == 0
    row = json.loads(status.read_text())
    assert row["ok"] and row["accounts"] == 3 and row["counts"]["liquidated"] == len(found)


def test_liquidator_dry_run_sends_nothing_and_needs_no_key(net: Devnet, bots: Bots) -> None:
    me = ruined(net)
    crash(net)
    block = net.client.block_number()
    output = bots.once("liquidator", "--dry-run")
    assert net.key("trader").address in lines(output, "would_liquidate")[0]
    assert net.client.block_number() == block and net.client.liquidatable([me]) == [me]


def test_liquidator_takes_a_list_and_another_reward_account(net: Devnet, bots: Bots) -> None:
    ill = [ruined(net), ruined(net, 1)]
    crash(net)
    reward = net.account("outsider", 9)
    bots.once("liquidator", config=f'accounts = ["{ill[1]}"]\nreward-account = "{reward}"')
    (found,) = net.client.events(events.Liquidated)
    assert (found.account, found.keeper) == (ill[1], reward)
    assert net.client.cash(reward) == found.reward


def test_liquidator_leaves_alone_what_does_not_pay(net: Devnet, bots: Bots) -> None:
    me = ruined(net)
    crash(net)
    output = bots.once("liquidator", config='min-profit = "100"')
    assert "does not pay its gas" in lines(output, "left_alone")[0]
    assert net.client.liquidatable([me]) == [me]
    output = bots.once("liquidator", config="max-gas-price = 0.01")
    assert lines(output, "gas_too_dear")
    assert net.client.liquidatable([me]) == [me]
    bots.once("liquidator", config='min-profit = "0.5"\nnative-price = "2000"')
    assert net.client.liquidatable([me]) == []


def test_liquidator_closes_what_lives_of_an_account_with_a_dead_leg(net: Devnet, bots: Bots) -> None:
    """No price of one market must not save the rest of a ruined account."""
    me = ruined(net)
    open_position(net, "trader", "SOL", WAD)
    others = {symbol: feed for symbol, feed in net.deployment.feeds.items() if symbol != "SOL"}
    silent = dataclasses.replace(net, deployment=dataclasses.replace(net.deployment, feeds=others))
    silent.push({"ETH": ETH * 60 // 100}, after=4_300)  # the feeds' maximum age is 4,200
    assert [price.state for price in net.client.prices([net.market("SOL"), net.market("ETH")])] == [2, 0]
    assert net.client.health([me])[0].state == 4
    assert net.client.liquidatable([me]) == [me]
    bots.once("liquidator")
    (found,) = net.client.events(events.Liquidated)
    assert (found.account, found.fraction) == (me, WAD)
    assert set(net.client.legs(me)) == {net.market("SOL")}
    assert net.client.events(events.BadDebt) == []  # nothing is written off while something is left


def test_liquidator_waits_out_a_grace(net: Devnet, bots: Bots) -> None:
    """With a settled position as without: the Lens knows what the Liquidator would find, and the bot comes back."""
    me = ruined(net)
    open_position(net, "trader", "SOL", WAD)
    crash(net)
    settle_market(net, "SOL", 100 * WAD)
    set_rates(net, grace_until=net.client.now() + 900)
    assert net.client.liquidatable([me]) == []
    bots.once("liquidator", "--no-settle")
    assert net.client.events(events.Liquidated) == []
    net.push(after=900)
    bots.once("liquidator", "--no-settle")
    assert [event.account for event in net.client.events(events.Liquidated)] == [me]


def test_liquidator_settles_positions_in_settled_markets(net: Devnet, bots: Bots) -> None:
    owners = [fund(net, "trader", 1_000), fund(net, "hedger", 1_000)]
    for role, size in (("trader", WAD), ("hedger", -WAD // 2)):
        open_position(net, role, "SOL", size)
        open_position(net, role, "ETH", WAD // 10)
    assert not lines(bots.once("liquidator"), "sent")
    settle_market(net, "SOL", 110 * WAD)
    block = net.client.block_number()
    assert len(lines(bots.once("liquidator", "--dry-run"), "would_settle")) == 2
    assert not lines(bots.once("liquidator", "--no-settle"), "sent")
    assert net.client.block_number() == block
    bots.once("liquidator")
    for account in owners:
        assert set(net.client.legs(account)) == {net.market("ETH")}
    (market,) = [one for one in net.client.markets() if one.id == net.market("SOL")]
    assert (market.long, market.short) == (0, 0)


def test_liquidator_deleverages_only_when_told_to(net: Devnet, bots: Bots) -> None:
    first, second = short_of_capital(net)
    eth = net.market("ETH")
    assert not lines(bots.once("liquidator"), "sent")
    assert lines(bots.once("liquidator", "--deleverage", "--dry-run"), "would_alarm")
    assert net.client.clock().last == 0
    assert lines(bots.once("liquidator", "--deleverage"), "alarm")
    since = net.client.clock().since
    assert since == net.client.now()
    for _ in range(3):  # nobody's profit is large enough yet; the clock is kept going
        net.push(after=150)
        bots.once("liquidator", "--deleverage")
        assert net.client.clock().since == since
        assert net.client.events(events.Deleveraged) == []
    net.push(after=150)
    assert lines(bots.once("liquidator", "--deleverage"), "deleveraged")
    (found,) = net.client.events(events.Deleveraged)
    assert (found.account, found.market) == (first, eth)  # the larger profit by its notional
    assert net.client.position(first, eth).base == 400 * WAD + found.size > 0
    assert net.client.position(second, eth).base == 380 * WAD
    # the pool has its capital again
    block = net.client.block_number()
    bots.once("liquidator", "--deleverage")
    assert net.client.block_number() == block


def test_liquidator_deleverages_one_winner_after_the_other(net: Devnet, bots: Bots) -> None:
    """Where the largest profit does not do, the next comes."""
    first, second = short_of_capital(net, rise=42)
    for _ in range(7):
        bots.once("liquidator", "--deleverage")
        net.push(after=150)
    bots.once("liquidator", "--deleverage")
    found = net.client.events(events.Deleveraged)
    assert [(event.account, event.size) for event in found][:1] == [(first, -400 * WAD)]
    assert {event.account for event in found[1:]} == {second}
    state = net.client.pool().state
    assert state.reduced_equity >= 3 * state.net * 99 // 100
    assert net.client.conservation().wei == 0


def test_liquidator_buys_what_is_left(net: Devnet, bots: Bots) -> None:
    ruined(net)
    crash(net)
    before = net.client.balance_of(net.token("WETH"), net.key("liquidator").address)
    net.client.approve(net.key("liquidator"), net.token("USDC"), 0)
    budget = net.units("USDC", 300)
    bots.once("liquidator", "--buy", "--max-spend", str(budget), "--min-discount", "0")
    spent = sum(event.cost for event in net.client.events(events.Bought))
    assert 0 < spent <= budget and budget - spent < budget // 100
    assert net.client.balance_of(net.token("WETH"), net.key("liquidator").address) > before
    # it asked the token for no more than its budget
    allowance = net.client.calls.token(
        net.token("USDC"), "allowance", net.key("liquidator").address, net.deployment.vault
    )
    assert net.client.read(allowance) == budget - spent


def test_liquidator_waits_for_its_discount(net: Devnet, bots: Bots) -> None:
    ruined(net)
    crash(net)
    bots.once("liquidator", "--buy", "--max-spend", "1000000000", "--min-discount", "600")
    assert net.client.events(events.Bought) == []
    net.push(after=3_600)
    bots.once("liquidator", "--buy", "--max-spend", "1000000000", "--min-discount", "600")
    (found,) = net.client.events(events.Bought)
    mark = net.client.prices([net.market("ETH")])[0].price
    assert mark * 93 // 100 <= found.price <= mark * 94 // 100


def test_liquidator_over_a_websocket(net: Devnet, bots: Bots) -> None:
    me = ruined(net)
    bot = bots.start("liquidator", "--poll", "5", rpc=net.url.replace("http", "ws"))
    until(lambda: lines(bot.output(), "started"), bot)
    time.sleep(0.5)  # it has looked, and now sleeps five seconds unless a new block wakes it
    began = time.monotonic()
    crash(net)
    until(lambda: net.client.liquidatable([me]) == [], bot)
    assert time.monotonic() - began < 4
    bot.ask_to_stop()
    assert bot.wait(2) == 0


# ---- both ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["keeper", "liquidator"])
def test_a_bot_without_a_node_gives_up_with_one_readable_line(bots: Bots, name: str) -> None:
    bot = bots.start(name, "--retries", "1", rpc="http://127.0.0.1:9")
    assert bot.wait(PATIENCE) == 1
    assert bot.output()[-1].startswith(
        f"{name}: gave up after 2 failures in a row: no answer from http://127.0.0.1:9"
    )
    assert not any("Traceback" in line for line in bot.output(500))


def test_a_bot_at_the_wrong_address_says_so(net: Devnet, bots: Bots) -> None:
    record = json.loads(bots.record.read_text())
    record["contracts"]["Lens"]["address"] = net.key("outsider").address
    bots.record.write_text(json.dumps(record))
    fund(net, "trader", 1)
    bot = bots.start("liquidator", "--once")
    assert bot.wait(PATIENCE) == 1
    assert "is the address right" in bot.output()[-1]


@pytest.mark.parametrize("scheme", ["http", "ws"])
def test_a_bot_goes_on_with_the_next_node_when_its_first_is_gone(
    net: Devnet, bots: Bots, scheme: str
) -> None:
    fund(net, "trader", 50_000)
    wire = Wire(int(net.url.rpartition(":")[2]))
    first, second = f"{scheme}://127.0.0.1:{wire.port}", net.url.replace("http", scheme)
    bot = bots.start("keeper", "--rpc", first, "--rpc", second)
    until(lambda: lines(bot.output(), "started"), bot)
    wire.close()
    order_hash = submitted(net)
    net.push(after=DELAY)
    until(lambda: not net.client.order_status(order_hash).pending, bot)
    (said,) = lines(bot.output(), "node")
    assert first in said and f"going on with {second}" in said


def test_a_bot_on_another_chain_than_its_deployment_says_so(net: Devnet, bots: Bots) -> None:
    record = json.loads(bots.record.read_text())
    record["chain_id"] = 1
    bots.record.write_text(json.dumps(record))
    bot = bots.start("keeper")
    assert bot.wait(PATIENCE) == 1
    assert "is on chain 31337 and not on 1: check --rpc and --deployment" in bot.output()[-1]


def test_a_bot_stops_on_ctrl_c_while_it_waits_for_a_node(bots: Bots) -> None:
    bot = bots.start("keeper", "--retries", "1000", rpc="http://127.0.0.1:9")
    until(lambda: lines(bot.output(), "failed"), bot)
    os.kill(bot.pid, signal.SIGINT)
    assert bot.wait(2) == 0


class Wire:
    """A port that passes everything on to another, until it is cut."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._ends: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                far = socket.create_connection(("127.0.0.1", self._target))
                self._ends += [near, far]
                for a, b in ((near, far), (far, near)):
                    threading.Thread(target=self._pass, args=(a, b), daemon=True).start()

    @staticmethod
    def _pass(source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65_536):
                sink.sendall(data)

    def cut(self) -> None:
        """Drop every connection there is; new ones are welcome."""
        for end in self._ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
        self._ends.clear()

    def close(self) -> None:
        self._listener.close()
        self.cut()


@pytest.mark.parametrize("scheme", ["http", "ws"])
def test_a_bot_survives_a_dropped_connection(net: Devnet, bots: Bots, scheme: str) -> None:
    fund(net, "trader", 50_000)
    wire = Wire(int(net.url.rpartition(":")[2]))
    bot = bots.start("keeper", rpc=f"{scheme}://127.0.0.1:{wire.port}")
    until(lambda: lines(bot.output(), "started"), bot)
    for _ in range(2):
        wire.cut()
        order_hash = submitted(net, salt=net.client.block_number())
        net.push(after=DELAY)
        until(lambda one=order_hash: not net.client.order_status(one).pending, bot)
    wire.close()

"""Gas of every operation on anvil, by the number of other open positions: ./run bench [--json FILE] [--check FILE]

Each figure is one cold transaction of its own, gas used as the receipt says (21,000 base and calldata included), with real
Chainlink aggregators behind their proxies and the price words refreshed earlier in the same block. `account_health` and
`lens_health_1000x5` are calls: their figure is the execution without base and calldata. For `order`, `liquidate` and `deleverage`
the account holds N positions besides the one that is traded or N + 1 in all; for `withdraw` and `account_health` it holds N.
`deleverage` closes part of a position, the alarm raised in earlier blocks; `buy_collateral` buys half of one asset without data.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import click
from eth_abi import encode
from eth_utils import keccak
from rich.console import Console
from rich.progress import track
from rich.table import Table
from web3 import Web3

from crossmargin import config
from crossmargin.artifacts import compiled
from crossmargin.bots.settings import run_command
from crossmargin.deploy import deploy
from crossmargin.errors import CrossmarginError
from crossmargin.processes import Anvil, ProcessError

ROOT = Path(__file__).resolve().parent.parent
CHAINLINK = ROOT / "node_modules/@chainlink/contracts/abi/v0.6"
KEY = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"  # anvil's first, public
WAD = 10**18
LOT = 10**10
COUNTS = (0, 1, 4, 9, 15)
ADL_RATIO = 30_000  # of W-2 in bps, at 176 of the rates word
ADL_BITS = 176
TOLERANCE = 0.01
PROFILED = ("order", "liquidate", "buy_collateral", "deleverage")
CONTRACTS = (
    "Vault",
    "Engine",
    "PositionManager",
    "Configurator",
    "OracleAdapter",
    "OrderBook",
    "Liquidator",
    "LiquidityPool",
    "Waterfall",
    "Lens",
)
KINDS = ("cold reads", "warm reads", "writes", "events", "memory", "arithmetic", "calls")
BOUNDS = {
    "deposit": (70_000, 0),
    "withdraw": (70_000, 9_000),
    "order": (210_000, 9_000),
    "account_health": (20_000, 8_000),
    "liquidate": (130_000, 22_000),
    "liquidate_batch_per_account": (110_000, 0),
    "buy_collateral": (120_000, 0),
    "deleverage": (160_000, 9_000),
    "lens_health_1000x5": (25_000_000, 0),
    "refresh_feed": (22_000, 0),
}


def sixteen_markets() -> dict[str, Any]:
    """The default file with its markets repeated to sixteen."""
    file = tomllib.loads(Path(config.DEFAULT).read_text(), parse_float=Decimal)
    base = list(file["markets"].items())
    file["markets"] = {
        f"{s}{i // len(base) or ''}": m for i, (s, m) in zip(range(16), base * 4, strict=False)
    }
    file["venue"]["min_margin"] = 25
    return file


class Chain:
    """An anvil driven block by block; every account is unlocked."""

    def __init__(self, url: str) -> None:
        self.w3 = Web3(Web3.HTTPProvider(url, request_kwargs={"timeout": 300}))
        self.rpc("anvil_autoImpersonateAccount", True)

    def rpc(self, method: str, *params: Any) -> Any:
        """One call; a fault is an error of the bench."""
        answer = self.w3.provider.make_request(method, list(params))  # type: ignore[arg-type]
        if "error" in answer:
            raise CrossmarginError(f"{method}: {answer['error'].get('message')}")
        return answer["result"]

    def user(self, name: str) -> str:
        """A funded account."""
        address = Web3.to_checksum_address(keccak(text=name)[-20:])
        self.rpc("anvil_setBalance", address, hex(10**24))
        return address

    def create(self, sender: str, code: bytes) -> str:
        """Deploy raw creation code."""
        tx = self.w3.eth.send_transaction({"from": sender, "data": code, "gas": 10_000_000})
        return str(self.w3.eth.wait_for_transaction_receipt(tx)["contractAddress"])

    def block(self, *calls: tuple[str, Any], gas: int = 25_000_000) -> list[int]:
        """Mine (sender, function) pairs into one block, in order; gas used by each. All must succeed."""
        self.rpc("evm_setAutomine", False)
        hashes, nonces = [], {}
        for sender, function in calls:
            nonce = nonces.get(sender, self.w3.eth.get_transaction_count(sender))
            nonces[sender] = nonce + 1
            tx = {"from": sender, "nonce": nonce, "gas": gas, "gasPrice": 2 * 10**9}
            hashes.append(function.transact(tx))
        self.rpc("evm_mine")
        self.rpc("evm_setAutomine", True)
        receipts = [self.w3.eth.wait_for_transaction_receipt(h) for h in hashes]
        for (sender, function), receipt in zip(calls, receipts, strict=True):
            if receipt["status"] != 1:
                function.call({"from": sender})
                raise CrossmarginError(f"{function.fn_name} failed on chain")
        return [r["gasUsed"] for r in receipts]

    def profile(self, sender: str, function: Any) -> dict[str, int]:
        """Gas of a call on the latest state by kind of opcode. `calls` is what is left: address access, base and calldata."""
        tx = {"from": sender, "to": function.address, "data": function._encode_transaction_data()}
        stamp = hex(self.w3.eth.get_block("latest")["timestamp"])
        options = {"disableStorage": True, "enableMemory": False, "disableStack": True}
        trace = self.rpc(
            "debug_traceCall",
            {**tx, "gas": hex(25_000_000)},
            "latest",
            {**options, "blockOverrides": {"time": stamp}},
        )
        found = dict.fromkeys(KINDS, 0)
        for step in trace["structLogs"]:
            if step["op"] not in ("CALL", "STATICCALL", "DELEGATECALL"):
                found[_kind(step["op"], step["gasCost"])] += step["gasCost"]
        found["calls"] = int(trace["gas"]) - sum(found.values())
        return found

    def call_gas(self, function: Any, gas: int = 2_000_000_000) -> int:
        """Execution gas of a call on the latest state, without base and calldata."""
        data = function._encode_transaction_data()
        tx = {"from": "0x" + "11" * 20, "to": function.address, "data": data, "gas": hex(gas)}
        stamp = hex(self.w3.eth.get_block("latest")["timestamp"])
        trace = self.rpc(
            "debug_traceCall", tx, "latest", {"tracer": "callTracer", "blockOverrides": {"time": stamp}}
        )
        raw = bytes.fromhex(data[2:])
        intrinsic = 21_000 + sum(16 if b else 4 for b in raw)
        return int(trace["gasUsed"], 16) - intrinsic


class Bench:
    """A venue of sixteen markets and what is measured on it."""

    def __init__(self, url: str, profiling: bool = False) -> None:
        self.profiling = profiling
        self.profiles: dict[str, dict[str, int]] = {}
        self.measured: dict[str, int] = {}
        self.chain = Chain(url)
        self.owner = self.chain.w3.eth.account.from_key(KEY).address
        file = sixteen_markets()
        self.symbols = list(file["markets"])
        self.prices = [int(m["feed"]["price"] * 10**8) for m in file["markets"].values()]
        quote = self._aggregator(10**8)
        self.mocks = [self._aggregator(p) for p in self.prices]
        feeds = {file["quote"]["symbol"]: self._proxy(quote)}
        feeds |= {s: self._proxy(m) for s, m in zip(self.symbols, self.mocks, strict=True)}
        self.quote_mock = quote
        self.deployment = deploy(url, file, key=KEY, feeds=feeds, timing={"delay": 2})
        self.artifacts = compiled([*CONTRACTS, "DevToken"])
        for name in CONTRACTS:
            setattr(self, name, self._contract(name, self.deployment.address(name)))
        self.quote = self._contract("DevToken", self.deployment.tokens[file["quote"]["symbol"]])
        self.weth = self._contract("DevToken", self.deployment.tokens["WETH"])
        self.keeper = self.chain.user("keeper")
        self.salt = 0
        self._money()

    def _contract(self, name: str, address: str) -> Any:
        return self.chain.w3.eth.contract(
            address=Web3.to_checksum_address(address), abi=list(self.artifacts[name].abi)
        )

    def _aggregator(self, answer: int) -> Any:
        abi, code = _chainlink("MockV3Aggregator")
        address = self.chain.create(self.owner, code + encode(["uint8", "int256"], [8, answer]))
        return self.chain.w3.eth.contract(address=Web3.to_checksum_address(address), abi=abi)

    def _proxy(self, mock: Any) -> str:
        _, code = _chainlink("EACAggregatorProxy")
        return self.chain.create(
            self.owner, code + encode(["address", "address"], [mock.address, "0x" + "00" * 20])
        )

    def _money(self) -> None:
        lp = self.chain.user("lp")
        self.mint(self.quote, lp, 100_000_000 * 10**6, self.LiquidityPool.address)
        self.chain.block((lp, self.LiquidityPool.functions.deposit(100_000_000 * 10**6, lp)))
        self.trader("keeper", 1_000)

    def mint(self, token: Any, user: str, amount: int, spender: str | None = None) -> None:
        """Dev tokens, approved."""
        spender = spender or self.Vault.address
        self.chain.block(
            (self.owner, token.functions.mint(user, amount)),
            (user, token.functions.approve(spender, 2**256 - 1)),
        )

    def trader(self, name: str, quote: int) -> tuple[str, int]:
        """A user with quote in the venue; (address, account)."""
        user = self.chain.user(name)
        account = int(user, 16) << 96
        self.mint(self.quote, user, (quote + 1_000) * 10**6)
        self.chain.block(
            (user, self.PositionManager.functions.deposit(account, self.quote.address, quote * 10**6))
        )
        return user, account

    def rounds(self, factor: float = 1.0, wait: int = 3) -> None:
        """A block `wait` seconds later with a new round on every feed."""
        self.prices = [int(p * factor) for p in self.prices]
        stamp = self.chain.w3.eth.get_block("latest")["timestamp"] + wait
        self.chain.rpc("evm_setNextBlockTimestamp", stamp)
        self.chain.block(
            (self.owner, self.quote_mock.functions.updateAnswer(10**8)),
            *(
                (self.owner, m.functions.updateAnswer(p))
                for m, p in zip(self.mocks, self.prices, strict=True)
            ),
        )

    def refresh_all(self) -> tuple[str, Any]:
        """The call that makes every word fresh for the rest of its block."""
        return self.keeper, self.OracleAdapter.functions.refresh((1 << len(self.symbols)) - 1)

    def order(self, account: int, market: int, quote: int) -> tuple[Any, ...]:
        """An order of about `quote` at the mark, signed."""
        self.salt += 1
        size = abs(quote) * WAD * 10**8 // self.prices[market] // LOT * LOT
        return (account, market, size if quote > 0 else -size, 2**255 if quote > 0 else 0, False, self.salt)

    def trade(self, user: str, orders: Sequence[tuple[Any, ...]]) -> tuple[int, int]:
        """Submit, wait, execute; gas of both for the first order."""
        submitted = self.chain.block(*((user, self.OrderBook.functions.submit(o)) for o in orders))
        self.rounds()
        calls = [(self.keeper, self.OrderBook.functions.execute([o], [])) for o in orders]
        if self.profiling and len(calls) == 1:
            self.measure(*calls[0])
        executed = self.chain.block(self.refresh_all(), *calls)
        for o in orders:
            status = self.OrderBook.functions.order_status(
                self.OrderBook.functions.hash_order(o).call()
            ).call()
            if status[0] != 0:
                raise CrossmarginError(f"an order of the bench was not executed: market {o[1]}")
        return submitted[0], executed[1]

    def measure(self, sender: str, function: Any) -> None:
        """Keep the profile of a call that is about to be sent, its prices fresh."""
        self.chain.block(self.refresh_all())
        self.measured = self.chain.profile(sender, function)

    # ---- the figures -----------------------------------------------------------------------------

    def book(self, name: str, markets: Sequence[int], quote: int = 1_000_000) -> tuple[str, int]:
        """A trader with 20,000 in each of the markets, alternately long and short."""
        user, account = self.trader(name, quote)
        for start in range(0, len(markets), 8):
            part = markets[start : start + 8]
            self.trade(user, [self.order(account, m, 20_000 if m % 2 == 0 else -20_000) for m in part])
        return user, account

    def deposit(self) -> int:
        """An ERC-20 that the account holds already."""
        user, account = self.trader("depositor", 1_000)
        self.mint(self.weth, user, 10 * WAD)
        call = (user, self.PositionManager.functions.deposit(account, self.weth.address, WAD))
        self.chain.block(call)
        return self.chain.block(call)[0]

    def withdraw_and_health(self, n: int) -> tuple[int, int]:
        """Gas of a withdrawal of quote, and of the account_health call, with n positions."""
        user, account = self.book(f"holder{n}", range(n))
        self.rounds()
        call = (user, self.PositionManager.functions.withdraw(account, self.quote.address, 10**6, user))
        gas = self.chain.block(self.refresh_all(), call)[1]
        return gas, self.chain.call_gas(self.PositionManager.functions.account_health(account))

    def trade_gas(self, n: int) -> int:
        """Submit and execute an increase with n other positions open."""
        user, account = self.book(f"trader{n}", range(n + 1))
        return sum(self.trade(user, [self.order(account, 0, 5_000)]))

    def squeezed(self, name: str, markets: Sequence[int]) -> int:
        """An account of longs with hardly more than its initial margin."""
        user, account = self.trader(name, 400_000)
        for start in range(0, len(markets), 8):
            part = markets[start : start + 8]
            self.trade(user, [self.order(account, m, 20_000) for m in part])
        equity, initial, _, _ = self.PositionManager.functions.account_health(account).call()
        spare = (equity - initial * 104 // 100) // 10**12
        self.chain.block(
            (user, self.PositionManager.functions.withdraw(account, self.quote.address, spare, user))
        )
        return account

    def fall(self, accounts: Sequence[int]) -> None:
        """Lower every price until all accounts are liquidatable."""
        for _ in range(60):
            self.rounds(0.998)
            if all(self.PositionManager.functions.account_health(a).call()[3] == 3 for a in accounts):
                return
        raise CrossmarginError("the bench could not make its accounts liquidatable")

    def liquidation(self, accounts: Sequence[int], undo: bool = True) -> int:
        """Gas of one `liquidate` of these accounts; every one must be a partial slice. `undo`: leave the chain as it was."""
        saved, prices = self.chain.rpc("evm_snapshot"), list(self.prices)
        self.fall(accounts)
        call = self.Liquidator.functions.liquidate(list(accounts), 0)
        if self.profiling:
            self.measure(self.keeper, call)
        gas = self.chain.block(self.refresh_all(), (self.keeper, call))[1]
        for a in accounts:
            if self.PositionManager.functions.legs(a).call()[0] == 0:
                raise CrossmarginError("the bench closed an account it meant to slice")
        if undo:
            self.chain.rpc("evm_revert", saved)
        self.prices = prices
        return gas

    def buy_collateral(self) -> int:
        """Gas of buying half of the WETH that a liquidation left; the buyer holds both tokens."""
        saved, prices = self.chain.rpc("evm_snapshot"), list(self.prices)
        user, account = self.trader("pledger", 20_000)
        self.mint(self.weth, user, 10 * WAD)
        self.chain.block((user, self.PositionManager.functions.deposit(account, self.weth.address, 10 * WAD)))
        self.trade(user, [self.order(account, self.symbols.index("ETH"), 300_000)])
        self.fall([account])
        liquidate = self.Liquidator.functions.liquidate([account], 0)
        self.chain.block(self.refresh_all(), (self.keeper, liquidate))
        buyer = self.chain.user("buyer")
        self.mint(self.weth, buyer, WAD)
        self.mint(self.quote, buyer, 1_000_000 * 10**6)
        self.rounds()
        left = self.Liquidator.functions.inventory_price(self.weth.address).call()[1]
        call = self.Liquidator.functions.buy_collateral(self.weth.address, left // 2, 2**255, buyer, b"")
        if self.profiling:
            self.measure(buyer, call)
        gas = self.chain.block(self.refresh_all(), (buyer, call))[1]
        if self.Liquidator.functions.inventory_price(self.weth.address).call()[1] in (0, left):
            raise CrossmarginError("the bench did not buy half of the inventory")
        self.chain.rpc("evm_revert", saved)
        self.prices = prices
        return gas

    def deleverage(self, n: int) -> int:
        """Gas of closing part of a winner's position, with n others open."""
        saved, prices = self.chain.rpc("evm_snapshot"), list(self.prices)
        user, account = self.book(f"winner{n}", range(n + 1))
        self.trade(user, [self.order(account, 0, 2_000_000)])
        self.rounds(1.05)
        self.chain.block(
            *(
                (self.keeper, self.PositionManager.functions.poke(m))
                for start in (0, 8)
                for m in range(start, start + 8)
            ),
            gas=1_500_000,
        )
        self._weaken(account)
        for _ in range(4):  # until a profit of five per cent is enough
            self.rounds(wait=290)
            self.chain.block((self.keeper, self.Waterfall.functions.alarm()))
        held = self.PositionManager.functions.position(account, 0).call()[0]
        self.rounds()
        call = self.Waterfall.functions.deleverage(account, 0)
        if self.profiling:
            self.measure(self.keeper, call)
        gas = self.chain.block(self.refresh_all(), (self.keeper, call))[1]
        if not 0 < self.PositionManager.functions.position(account, 0).call()[0] < held:
            raise CrossmarginError("the bench did not close part of the winner's position")
        self.chain.rpc("evm_revert", saved)
        self.prices = prices
        return gas

    def _weaken(self, account: int) -> None:
        """Take so much of the pool's cash away that about half of the account's position in market 0 must close."""
        rates = _layout("PositionManager")["books"]["rates"]["slot"].to_bytes(32)
        word = self.PositionManager.functions.venue_words().call()[4]
        self._store("PositionManager", rates, word & ~(0xFFFF << ADL_BITS) | ADL_RATIO << ADL_BITS)
        (held,) = (p for p in self.Lens.functions.accounts([account]).call()[0][12] if p[0] == 0)
        weight = self.Configurator.functions.weight(0).call()
        freed = ADL_RATIO * weight * held[8] // 10**8  # what closing all of it would do for the requirement
        state = self.LiquidityPool.functions.pool_state().call()
        missing = state[3] - ADL_RATIO * state[4] // 10**4 + freed // 2
        pool = int(self.LiquidityPool.address, 16) << 96
        word = self.Vault.functions.word(pool).call()
        cash = state[0] - missing
        if cash <= 0:
            raise CrossmarginError("the bench's pool has too little cash to take away")
        slot = _mapped(_layout("Vault")["ledger"]["words"]["slot"], pool)
        self._store("Vault", slot, word >> 128 << 128 | cash)

    def refresh_feed(self) -> int:
        """What one more stale market adds to a refresh."""
        self.rounds()
        one = self.chain.block((self.keeper, self.OracleAdapter.functions.refresh(0b10)))[0]
        self.rounds()
        two = self.chain.block((self.keeper, self.OracleAdapter.functions.refresh(0b110)))[0]
        return two - one

    def lens(self) -> int:
        """Health of 1,000 accounts with 5 positions each, copied into storage from one that has them."""
        user, account = self.book("copied", range(5))
        del user
        held, words = self.PositionManager.functions.legs(account).call()
        word = self.Vault.functions.snapshot(account).call()[0]
        manager, vault = _layout("PositionManager")["books"], _layout("Vault")["ledger"]
        ids = [(account >> 96) + 1 + i << 96 for i in range(1_000)]
        for a in track(ids, description="copying accounts", transient=True, console=Console(stderr=True)):
            self._store("PositionManager", _mapped(manager["bitmaps"]["slot"], a), held)
            at = int.from_bytes(_mapped(manager["positions"]["slot"], a))
            for i, w in enumerate(words):
                self._store("PositionManager", (at + i).to_bytes(32), w)
            self._store("Vault", _mapped(vault["words"]["slot"], a), word)
        self.rounds()
        self.chain.block(self.refresh_all())
        return self.chain.call_gas(self.Lens.functions.health(ids))

    def _store(self, name: str, slot: bytes, value: int) -> None:
        address = self.deployment.address(name)
        self.chain.rpc("anvil_setStorageAt", address, "0x" + slot.hex(), "0x" + value.to_bytes(32).hex())

    def run(self, log: Any) -> dict[str, Any]:
        """All figures."""
        gas: list[dict[str, Any]] = []

        self.profiles = {}

        def note(operation: str, positions: int, used: int) -> None:
            gas.append({"operation": operation, "positions": positions, "gas": used})
            if operation in PROFILED and positions in (0, 15):
                self.profiles[f"{operation} ({positions})"] = self.measured
            log(f"{operation} ({positions}): {used:,}")

        note("deposit", 0, self.deposit())
        note("refresh_feed", 0, self.refresh_feed())
        for n in COUNTS:
            withdrawn, health = self.withdraw_and_health(n)
            note("withdraw", n, withdrawn)
            note("account_health", n, health)
            note("order", n, self.trade_gas(n))
        # the first liquidation of a venue also opens the cover pool's account
        self.liquidation([self.squeezed("warm-up", [0])], undo=False)
        self.rounds()
        for n in COUNTS:
            note("liquidate", n, self.liquidation([self.squeezed(f"squeezed{n}", range(n + 1))]))
        batch = [self.squeezed(f"batch{i}", range(4)) for i in range(20)]
        note("liquidate_batch_per_account", 4, self.liquidation(batch) // 20)
        note("buy_collateral", 0, self.buy_collateral())
        for n in COUNTS:
            note("deleverage", n, self.deleverage(n))
        note("lens_health_1000x5", 5, self.lens())
        code = self.chain.w3.eth.get_code
        sizes = {n: len(code(getattr(self, n).address)) for n in sorted(CONTRACTS)}
        return {"gas": gas, "bytes": sizes}


def _kind(op: str, cost: int) -> str:
    if op == "SLOAD":
        return "cold reads" if cost > 100 else "warm reads"
    if op == "SSTORE":
        return "writes"
    if op.startswith("LOG"):
        return "events"
    if op in ("MSTORE", "MLOAD", "MCOPY", "CALLDATACOPY", "MSTORE8", "RETURNDATACOPY"):
        return "memory"
    return "arithmetic"


def _chainlink(name: str) -> tuple[list[Any], bytes]:
    path = CHAINLINK / f"{name}.json"
    if not path.exists():
        raise CrossmarginError("the Chainlink package is not installed: run ./run setup")
    output = json.loads(path.read_text())["compilerOutput"]
    return output["abi"], bytes.fromhex(output["evm"]["bytecode"]["object"].removeprefix("0x"))


def _layout(name: str) -> dict[str, Any]:
    """Storage layout of a contract, from the compiler."""
    run = subprocess.run(
        [Path(sys.executable).parent / "vyper", "-p", ".", "-f", "layout", f"contracts/{name}.vy"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return dict(json.loads(run.stdout)["storage_layout"])


def _mapped(slot: int, key: int) -> bytes:
    """Storage slot of a Vyper HashMap's entry."""
    return keccak(slot.to_bytes(32) + key.to_bytes(32))


def table(result: dict[str, Any]) -> Table:
    """Figures beside their bounds."""
    shown = Table(title="gas", box=None)
    for column in ("operation", "positions", "gas", "bound", ""):
        shown.add_column(column, justify="right" if column in ("positions", "gas", "bound") else "left")
    for row in result["gas"]:
        fixed, slope = BOUNDS[row["operation"]]
        bound = fixed + slope * row["positions"]
        mark = "" if row["gas"] <= bound else f"{row['gas'] / bound - 1:+.0%}"
        shown.add_row(row["operation"], str(row["positions"]), f"{row['gas']:,}", f"{bound:,}", mark)
    return shown


def differences(result: dict[str, Any], committed: dict[str, Any]) -> list[str]:
    """Figures that left ±1 % of the committed ones, and bytes that changed."""
    was = {(r["operation"], r["positions"]): r["gas"] for r in committed["gas"]}
    found = []
    for row in result["gas"]:
        key = (row["operation"], row["positions"])
        if key not in was or abs(row["gas"] - was[key]) > TOLERANCE * was[key]:
            found.append(f"{key[0]} ({key[1]}): {was.get(key)} committed, {row['gas']} now")
    for name, size in result["bytes"].items():
        if abs(size - committed["bytes"].get(name, 0)) > TOLERANCE * size:
            found.append(f"{name}: {committed['bytes'].get(name)} bytes committed, {size} now")
    return found


@click.command(help=__doc__.splitlines()[0])
@click.option("--json", "out", type=click.Path(path_type=Path, dir_okay=False), help="write the figures here")
@click.option(
    "--check", type=click.Path(path_type=Path, dir_okay=False), help="compare with committed figures"
)
@click.option("--profile", is_flag=True, help="also show the gas of some by kind of opcode")
def main(out: Path | None, check: Path | None, profile: bool) -> int:
    """Measure, show, and write or compare."""
    console = Console()
    before = None if check is None else committed(check)  # first: measuring takes minutes
    with Anvil(options=["--gas-limit", "3000000000", "--order", "fifo", "--base-fee", "0"]) as anvil:
        bench = Bench(anvil.url, profile)
        result = bench.run(Console(stderr=True).print)
    console.print(table(result))
    for name, kinds in bench.profiles.items():
        if kinds:
            console.print(name, ", ".join(f"{k} {g:,}" for k, g in kinds.items()))
    if out:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(json.dumps(result, indent=1) + "\n")
    found = [] if before is None else differences(result, before)
    if found:
        console.print("\n".join(found))
    return 1 if found else 0


def committed(path: Path) -> dict[str, Any]:
    """The figures in a file."""
    try:
        found = json.loads(path.read_text("utf-8"))
        differences(found, found)
    except OSError as fault:
        raise CrossmarginError(f"cannot read {path}: {fault.strerror}") from None
    except (ValueError, TypeError, KeyError, AttributeError):
        raise CrossmarginError(
            f"{path} is not a file of figures: ./run bench --json FILE writes one"
        ) from None
    return found


def run(args: list[str] | None = None) -> int:
    """The command; every failure it knows is one line on stderr. Returns the exit code."""
    try:
        return run_command(main, "bench", args, prefix=None)
    except ProcessError as fault:
        click.echo(f"bench: {fault}", err=True)
        return 1


if __name__ == "__main__":
    sys.exit(run())

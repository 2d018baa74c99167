"""One venue on one EVM, every contract of it real, with the reference model beside it."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from eth_abi import decode
from eth_utils import keccak

from crossmargin.model import QUOTE, Order, Reason
from crossmargin.model.maths import LOT
from crossmargin.model.orders import EXECUTED, UNKNOWN
from tests.stateful import setups
from tests.stateful.encoding import DOORS, order_hash
from tests.stateful.feeds import AGE, TICK, Feeds
from tests.stateful.reasons import ORDER, REASONS
from tests.stateful.twin import Call, Outcome, Twin, must
from tests.support.pyrevm_chain import NOBODY, ROOT, Chain, Contract, Reverted, address, to_signed, words

OWNERS = 7
SUBS = 2
LPS = 3
RICH = 2**110
MAX = 2**256 - 1
CHAIN_ID = 1
PLAIN = ("settle_loss", "convert_collateral", "alarm")  # return what the model returns
ACTORS = ("deployer", "owner", "outsider", "keeper", "buyer")


class World:
    """Handles, names and the two ways to make a call."""

    def __init__(self, setup: setups.Venues, root: Path = ROOT) -> None:
        self.setup = setup
        self.chain = Chain(root)
        self.actors = {n: address(n) for n in ACTORS}
        self.owners = [address(f"trader {i}") for i in range(OWNERS)]
        self.lps = [address(f"lp {i}") for i in range(LPS)]
        self.traders = [int(o, 16) << 96 | sub for o in self.owners for sub in range(SUBS)]
        self.keepers = [int(self.actors[n], 16) << 96 for n in ("keeper", "outsider")]
        self.donated = 0
        # of I-19: order → due, expires, max_exec_age, as noted when it was submitted
        self.commitments: dict[Order, tuple[int, int, int]] = {}
        self.alarms = (0, 0)  # of W-2: the first and the last of the alarms that keep the clock running
        self._deploy()
        s, pools = setup, (self.pool.number, self.cover.number)
        self.twin = Twin(
            setups.params(s, s.backing), self.chain.time, pools, self.feeds.proof, setups.FIRST_FEE, s.terms
        )
        self.model = self.twin.venue
        self.model.watched = tuple(self.traders)
        self._configure()
        self._fund()
        self.warp(1)

    # ---- building ------------------------------------------------------------------------------
    def _deploy(self) -> None:
        s, by, owner = self.setup, self.actors["deployer"], int(self.actors["owner"], 16)
        deploy = self.chain.deploy
        token, feed = "tests/contracts/tokens/StandardToken.vy", "tests/support/contracts/Feed.vy"
        answers = [m.price // TICK for m in s.markets]
        self.quote = deploy(token, by, s.quote_decimals)
        self.tokens = [deploy(token, by, a.decimals) for a in s.assets]
        feeds = [deploy(feed, by, 8, a) for a in answers]
        quote_feed = deploy(feed, by, 8, 10**8)
        uptime = deploy(feed, by, 0, 0) if s.sequencer else None
        self.oracle = deploy("contracts/OracleAdapter.vy", by, owner, uptime.number if uptime else 0)
        self.configurator = deploy("contracts/Configurator.vy", by, owner)
        self.engine = deploy("contracts/Engine.vy", by)
        maker = address("deployer of the manager")
        manager, pool, cover = (_created(maker, nonce) for nonce in range(3))
        self.vault = deploy("contracts/Vault.vy", by, manager, self.quote.number)
        self.waterfall = deploy("contracts/Waterfall.vy", by, manager)
        core = (self.vault.number, self.oracle.number, self.engine.number, self.waterfall.number)
        links = (*core, pool, cover, self.configurator.number)
        self.manager = deploy("contracts/PositionManager.vy", maker, *links)
        names = words(self.manager.number, 96, 160, 7) + b"LP test".ljust(32, b"\0")
        tail = names + words(2) + b"LP".ljust(32, b"\0")
        self.pool, self.cover = (deploy("contracts/LiquidityPool.vy", maker, tail=tail) for _ in range(2))
        made = (self.manager.number, self.pool.number, self.cover.number)
        must(made == (manager, pool, cover), "deployed somewhere else")
        self.orders = deploy("contracts/OrderBook.vy", by, self.manager.number, owner)
        self.liquidator = deploy("contracts/Liquidator.vy", by, self.manager.number, owner)
        self.feeds = Feeds(self.chain, self.oracle, feeds, quote_feed, answers, uptime)
        self.contractor = deploy("tests/contracts/attackers/Buyer.vy", by)

    def _configure(self) -> None:
        s, owner = self.setup, self.actors["owner"]
        self.oracle.call(owner, "set_quote_feed", self.feeds.quote.number, 8, AGE, 1, 2**60)
        for i, f in enumerate(self.feeds.feeds):
            self.oracle.call(owner, "set_feed", i, f.number, 8, AGE, 1, 2**80)
        self.feeds.tell(self.model)
        if s.sequencer:  # its feed says that it came up in the second of its deployment
            self.model.set_sequencer(False)
            self.model.set_sequencer(True)
        params, config = self.model.params, self.configurator
        config.call(owner, "wire", self.manager.number)
        for name in ("set_venue", "set_rates"):
            self._send(Call(name, 0, (asdict(params),), owner))
        for i, m in params.markets.items():
            self._send(Call("set_market", 0, (i, fields_of(m)), owner))
            self.settle(Call("set_timing", 0, (i, tuple(s.timings[i])), owner))
        for i, a in enumerate(s.assets):
            config.call(owner, "list_collateral", self.tokens[i].number, a.underlying, a.discount, a.cap)
        self._send(Call("set_terms", 0, (tuple(s.terms),), owner))
        config.call(owner, "set_order_book", self.orders.number)
        config.call(owner, "set_liquidator", self.liquidator.number)

    def _fund(self) -> None:
        self.quote.call(NOBODY, "mint", self.contractor.number, RICH)
        self.contractor.call(NOBODY, "pay", self.quote.number, self.vault.number, MAX)
        everybody = (*self.owners, *self.lps, self.actors["buyer"], self.actors["outsider"])
        for who in everybody:
            for token in (self.quote, *self.tokens):
                token.call(who, "mint", int(who, 16), RICH)
                token.call(who, "approve", self.vault.number, MAX)
            for pool in (self.pool, self.cover):
                self.quote.call(who, "approve", pool.number, MAX)

    # ---- names ---------------------------------------------------------------------------------
    def owner_of(self, account: int) -> str:
        """The address that owns an account."""
        return "0x" + (account >> 96).to_bytes(20, "big").hex()

    def token_of(self, asset: int) -> Contract:
        """The token of an asset id."""
        return self.quote if asset == QUOTE else self.tokens[asset]

    def decimals_of(self, asset: int) -> int:
        """Decimals of an asset's token."""
        return self.setup.quote_decimals if asset == QUOTE else self.setup.assets[asset].decimals

    def contract(self, name: str) -> Contract:
        """A contract by the name that doors have for it."""
        return getattr(self, name)

    def hash_of(self, order: tuple[int, ...]) -> int:
        """An order's key."""
        return order_hash(CHAIN_ID, self.orders.number, order)

    # ---- acting --------------------------------------------------------------------------------
    def warp(self, seconds: int) -> None:
        """A new block in both worlds."""
        self.chain.warp(seconds)
        self.model.warp(seconds)
        self.feeds.tell(self.model)

    def push(self, answers: dict[int, int], quote: int | None = None) -> None:
        """Publish rounds in the current second, which no word may have been read in yet."""
        if quote is not None:
            self.feeds.push_quote(quote)
        for m, answer in answers.items():
            self.feeds.push(m, answer)
        self.feeds.tell(self.model)

    def donate(self, receiver: str, amount: int) -> None:
        """Quote tokens to a contract that nobody deposited."""
        self.quote.call(NOBODY, "mint", self.contract(receiver).number, amount)
        self.donated += amount if receiver == "vault" else 0

    def _send(self, call: Call) -> Any:
        """The chain's side of a call: its results; raises Reverted."""
        door = DOORS[call.name]
        contract = self.contract(door.contract)
        data = contract.artifact.selectors[door.function] + door.data(self, call.sender, call.args)
        if call.sender == self.contractor.address:
            return door.result(self._acted(contract, data))
        return door.result(self.chain.send(call.sender, contract.address, data))

    def _acted(self, contract: Contract, data: bytes) -> bytes:
        """A call in the name of the contract that buys inventory: its answer."""
        order = self.acting(contract.number, data)
        return decode(["bytes"], self.contractor.call(NOBODY, "act", tail=order))[0]

    @staticmethod
    def acting(target: int, data: bytes) -> bytes:
        """Arguments with which that contract makes a call of its own, or plans one for when it is called."""
        return words(target, 64, len(data)) + data + bytes(-len(data) % 32)

    def sequencer(self, up: bool) -> None:
        """The chain's sequencer goes down or comes back, in this second."""
        self.feeds.push_uptime(up)
        self.model.set_sequencer(up)

    def mood(self, target: int, data: bytes, refuses: bool) -> None:
        """What the buying contract will do when it is called: call somebody, and refuse or not."""
        self.contractor.call(NOBODY, "plan", tail=self.acting(target, data))
        self.contractor.call(NOBODY, "refuse", int(refuses))

    def settle(self, call: Call) -> Outcome:
        """The model first: it says what must happen. Then the chain, which must do exactly that."""
        out = self.twin.perform(call)
        try:
            out.answer = self._send(call)
        except Reverted as error:
            out.words = error.reason or "(no reason)"
        self._agree(out)
        if out.refused is None:
            self._same_result(out)
        return out

    def _agree(self, out: Outcome) -> None:
        name = out.call.name
        if out.refused is None:
            must(not out.words, f"I-29: {name} must succeed, but reverted: {out.words}")
            return
        must(out.words, f"I-29: {name} must be refused ({out.refused.name}), but succeeded")
        right = self._right(name, out.refused)
        must(out.words in right, f"I-29: {name} must be refused with {right}, not {out.words!r}")

    @staticmethod
    def _right(name: str, reason: Reason) -> list[str]:
        classes = (reason, *ORDER.get((name, reason), ()))
        return [text for c in classes for text in REASONS[c]]

    def _same_result(self, out: Outcome) -> None:
        """I-29: what a call returns."""
        name, got, want = out.call.name, out.answer, out.result
        if name == "execute":
            self._same_results(got, want)
        elif name == "liquidate":
            must(got == [tuple(x) for x in want], f"I-29: liquidate returns {got}, model {want}")
        elif name == "submit":
            must(got[0] == self.hash_of(out.call.args[0]), f"I-29: submit returns {got[0]:#x}")
        elif name == "buy_collateral":
            must(got == [want.tokens, want.cost], f"I-29: buy_collateral returns {got}, model {want}")
            self._called_back(out)
        elif name == "deleverage":
            must(abs(to_signed(got[0])) == want * LOT, f"I-29: deleverage returns {got}, model {want} lots")
        elif name in PLAIN or (name.startswith(("lp_", "cover_")) and want is not None):
            must(got[0] == want, f"I-29: {name} returns {got[0]}, model {want}")

    def _called_back(self, out: Outcome) -> None:
        """I-28: with data the buyer was called by the Vault, after delivery and before payment, under its lock."""
        asset, *_, data = out.call.args
        if not data:
            return
        told = [self.contractor.read(name)[0] for name in ("caller", "token", "amount", "cost", "succeeded")]
        bought = out.result
        want = [self.vault.number, self.token_of(asset).number, bought.tokens, bought.cost, 0]
        must(told == want, f"I-28: the buyer was told {told}, not {want}")
        must(self.contractor.read("held")[0] >= bought.tokens, "I-28: the buyer was called before delivery")

    def _same_results(self, got: list[tuple[int, str]], want: list[Any]) -> None:
        """Order by order, status and reason."""
        must(len(got) == len(want), f"I-29: {len(got)} results for {len(want)} orders")
        for i, ((status, text), model) in enumerate(zip(got, want)):
            right = [""] if model.status == EXECUTED else list(REASONS[model.reason])
            right += ["orders: not pending"] if model.status == UNKNOWN else []
            same = status == model.status and text in right
            must(same, f"I-29: order {i} of the batch: ({status}, {text!r}), model {model}, {right}")


def fields_of(mp: Any) -> dict[str, int]:
    """A market's parameters as the model's constructor takes them."""
    fields = {name: getattr(mp, name) for name in mp.__slots__}
    del fields["w"]
    return fields


def _created(maker: str, nonce: int) -> int:
    """Address of the contract that an account deploys with that nonce (below 128)."""
    tail = bytes([nonce or 0x80])
    return int.from_bytes(keccak(b"\xd6\x94" + bytes.fromhex(maker[2:]) + tail)[12:], "big")

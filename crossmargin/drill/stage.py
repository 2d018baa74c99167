"""The stage of a drill: a venue whose prices obey, and a stranger with a key."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from eth_account import Account as Keys
from eth_account.signers.local import LocalAccount
from eth_utils.crypto import keccak

from crossmargin.artifacts import compiled
from crossmargin.client import Client, account_id
from crossmargin.client.abi import Call, load
from crossmargin.client.calls import ACCOUNT_GAS, BASE_GAS
from crossmargin.client.codec import MARKETS, WAD
from crossmargin.client.records import Outcome, Price, Receipt
from crossmargin.client.transport import Ask, ask, number
from crossmargin.deployment import Deployment
from crossmargin.drill.node import Interrupts, Node
from crossmargin.drill.shocks import NOBODY, QUOTE_FEED, DrillError, Feed, Shock, answers
from crossmargin.errors import ConfigError, NetworkError

RICH = 10**24  # wei for whoever sends here
TX_GAS = 2**24  # of one transaction (EIP-7825)
DEPLOY_GAS, SET_GAS, PUSH_GAS = 900_000, 600_000, 200_000
AT_ONCE = 8  # feeds deployed in one block


class Stage:
    """A venue on a node, inside a snapshot. `feeds`: by market, those of the oracle replaced by dev feeds."""

    def __init__(self, node: Node, deployment: Deployment, seed: int, interrupts: Interrupts) -> None:
        self.node = node
        self.deployment = deployment
        self.keeper: LocalAccount = Keys.from_key(keccak(text=f"crossmargin drill {seed} keeper"))
        self._interrupts = interrupts
        self._mark = ""
        self._gas_limit = number(node.block()["gasLimit"])
        self.client = self._connect()
        self._check_venue()
        (self.owner,) = self.client.read_all([self._call("OracleAdapter", "owner")])
        self.feeds: dict[int, Feed] = {}
        self.ref = 1
        self.symbols = {market: symbol for symbol, market in deployment.markets.items()}
        self.assets = {asset: symbol for symbol, asset in deployment.assets.items()}

    @property
    def keeper_account(self) -> int:
        """Where the rewards go."""
        return account_id(self.keeper.address)

    def _connect(self) -> Client:
        # a new one after each revert: it counts the nonces itself
        return Client(self.node.w3, self.deployment, receipt_seconds=20.0)

    def _call(self, contract: str, function: str, *args: object) -> Call[Any]:
        return self.client.calls.call(contract, function, *args)

    def _check_venue(self) -> None:
        lens = self.deployment.lens
        if self.node.ask("eth_getCode", lens, "latest") == "0x":
            raise ConfigError(
                f"there is no Lens at {lens} on chain {self.node.chain_id}: name the --deployments of this chain"
            )
        found = self.client.lens_addresses()
        if found.manager.lower() != self.deployment.manager.lower():
            raise ConfigError(f"the Lens at {lens} is of another venue than the deployment's file says")

    # ---- the feeds

    def take_over(self) -> None:
        """Replace every feed by a dev feed with the same answer, bounds and age."""
        self.feeds, betas = self._read_feeds(), {m.id: m.terms.beta for m in self.client.markets()}
        self.ref = max(betas[min(betas)], 1) if betas else 1
        self.node.transport.batch(
            [Ask("anvil_setBalance", (address, hex(RICH))) for address in (self.owner, self.keeper.address)]
            + [Ask("anvil_impersonateAccount", (self.owner,))]
        )
        code = compiled(["DevFeed"])["DevFeed"]
        items = list(self.feeds.items())
        made: list[str] = []
        for start in range(0, len(items), AT_ONCE):
            codes = [
                code.init_code((feed.decimals, "drill", feed.answer, self.owner))
                for _, feed in items[start : start + AT_ONCE]
            ]
            made += self._as_owner([("", "0x" + one.hex(), DEPLOY_GAS) for one in codes])
        self.feeds = {
            market: replace(feed, source=source, beta=betas.get(market, 0))
            for (market, feed), source in zip(items, made, strict=True)
        }
        calls = [self._set_feed(feed) for feed in self.feeds.values()]
        self._as_owner([(call.to, call.data, SET_GAS) for call in calls])
        self.push(Shock())
        self._mark = self.node.ask("evm_snapshot")

    def release(self) -> None:
        """The owner's key is needed again."""
        with suppress(NetworkError):  # putting the chain back will say so
            self.node.ask("anvil_stopImpersonatingAccount", self.owner)

    def _read_feeds(self) -> dict[int, Feed]:
        asks = [self._call("OracleAdapter", "quote_feed")]
        asks += [self._call("OracleAdapter", "feed", market) for market in range(MARKETS)]
        rows = dict(zip((QUOTE_FEED, *range(MARKETS)), self.client.read_all(asks), strict=True))
        rows = {market: row for market, row in rows.items() if row["source"] != NOBODY}
        if QUOTE_FEED not in rows:
            raise DrillError("the oracle has no feed of its quote: the venue is not set up")
        rounds = self.node.transport.batch(
            [ask(self.client.calls.round(row["source"]), may_fail=True) for row in rows.values()]
        )
        prices = dict(zip(rows, self.client.prices([max(m, 0) for m in rows]), strict=True))
        found: dict[int, Feed] = {}
        for (market, row), last in zip(rows.items(), rounds, strict=True):
            answer = last[1] if isinstance(last, tuple) and last[1] > 0 else 0
            if not answer and market != QUOTE_FEED:
                answer = _answer_of(prices[market], row["decimals"], found[QUOTE_FEED])
            bounds = row["min_answer"], row["max_answer"]
            if bounds[0] < answer < bounds[1]:  # else it has never had a price, and shall not get one
                found[market] = Feed(market, answer, row["decimals"], row["max_age"], *bounds)
            elif market == QUOTE_FEED:
                raise DrillError("the feed of the quote has no answer within its bounds: nothing has a price")
        return found

    def _set_feed(self, feed: Feed) -> Call[Any]:
        entry = (feed.source, feed.decimals, feed.max_age, feed.low, feed.high)
        if feed.market == QUOTE_FEED:
            return self._call("OracleAdapter", "set_quote_feed", entry)
        return self._call("OracleAdapter", "set_feed", feed.market, entry)

    def _as_owner(self, items: Sequence[tuple[str, str, int]], after: int = 1) -> list[str]:
        """Send (to, data, gas) from the oracle's owner in one block; addresses of what was created."""
        nonce = self.node.ask("eth_getTransactionCount", self.owner, "pending", decode=number)
        hashes = self.node.transport.batch(
            [
                Ask(
                    "eth_sendTransaction",
                    (
                        {
                            "from": self.owner,
                            "data": data,
                            "gas": hex(gas),
                            "nonce": hex(nonce + i),
                            **({"to": to} if to else {}),
                        },
                    ),
                )
                for i, (to, data, gas) in enumerate(items)
            ]
        )
        self.node.mine(after)
        receipts = self.node.transport.batch([Ask("eth_getTransactionReceipt", (h,)) for h in hashes])
        if not all(receipt and number(receipt["status"]) == 1 for receipt in receipts):
            raise DrillError(
                "the oracle did not take the drill's feeds: is the owner of the OracleAdapter right?"
            )
        return [receipt["contractAddress"] or "" for receipt in receipts]

    # ---- moving on and back

    def push(self, shock: Shock) -> bool:
        """A round on every feed, after the time of the shock; False, and nothing, if the oracle would not take one."""
        given = answers(self.feeds, shock, self.ref)
        if given is None:
            return False
        feed = load("DevFeed")
        calls = [feed.call(self.feeds[market].source, "push", answer) for market, answer in given.items()]
        self._as_owner([(call.to, call.data, PUSH_GAS) for call in calls], max(1, shock.seconds))
        return True

    def rewind(self) -> None:
        """Back to where the feeds were taken over."""
        self._interrupts.check()
        if not self.node.ask("evm_revert", self._mark):
            raise DrillError("the node would not go back to its snapshot: start it anew")
        self._mark = self.node.ask("evm_snapshot")
        self.client = self._connect()

    def liquidate(self, accounts: Sequence[int]) -> Receipt:
        """The keeper's call, with the client's gas limit as far as one transaction may have it."""
        self._interrupts.check()
        call = self.client.calls.liquidate(accounts)
        gas = min(BASE_GAS + ACCOUNT_GAS * len(accounts), self._gas_limit, TX_GAS)
        sent = self.client.post_all([(self.keeper, call)], gas)
        self.node.mine()
        (receipt,) = self.client.receipts(sent)
        return receipt

    def outcome(self, account: int) -> Outcome:
        """What `liquidate` would answer now."""
        call = self.client.calls.liquidate([account])
        ((found,),) = self.node.transport.batch([ask(call, sender=self.keeper.address)])
        return found


def _answer_of(price: Price, decimals: int, quote: Feed) -> int:
    """The answer that makes the oracle's last price."""
    return price.price * quote.answer * 10**decimals // (WAD * 10**quote.decimals)

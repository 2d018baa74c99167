"""Deploying on a real node: what comes out, running it again, going on after an interruption, and what it refuses."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from eth_account import Account
from web3 import Web3

from crossmargin import deploy as module
from crossmargin.artifacts import Artifact, compiled
from crossmargin.config import load
from crossmargin.deploy import LINKED, DeployError, deploy
from crossmargin.deployment import CONTRACTS, Deployment, artifact_of
from crossmargin.errors import ConfigError, ContractRefused, CrossmarginError, NetworkError
from crossmargin.sending import Sender
from tests.support.chainlink import web3_mock, web3_proxy

pytestmark = pytest.mark.anvil

WAD = 10**18
# anvil's first funded keys
KEY = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80"
OTHER_KEY = "0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d"
DEPLOYER, OTHER = (Account.from_key(key).address for key in (KEY, OTHER_KEY))
SMALL = {"markets": ["SOL", "DOGE"]}


@pytest.fixture(scope="module")
def chain(start_anvil) -> str:
    """A chain that lives in March 2020."""
    return start_anvil("--timestamp", "1583971200")


@pytest.fixture(scope="module")
def w3(chain) -> Web3:
    return Web3(Web3.HTTPProvider(chain))


@pytest.fixture(autouse=True)
def clean(w3):
    """Every test begins with the chain of the first."""
    snapshot = w3.provider.make_request("evm_snapshot", [])["result"]
    yield
    w3.provider.make_request("evm_revert", [snapshot])


@pytest.fixture(scope="module", autouse=True)
def artifacts() -> Iterator[dict[str, Artifact]]:
    """Compiled once: every run of this file is of the same sources."""
    found = compiled(module.COMPILED)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "compiled", lambda names, say=None: found)
        yield found


@pytest.fixture(scope="module")
def deployed(chain, artifacts, tmp_path_factory) -> tuple[Deployment, Path]:
    """The shipped deployment."""
    folder = tmp_path_factory.mktemp("deployments")
    return deploy(chain, key=KEY, out=folder), folder


@pytest.fixture
def venue(deployed, clean, tmp_path) -> tuple[Deployment, Path]:
    """The same with a record that the test may change."""
    shutil.copytree(deployed[1], tmp_path, dirs_exist_ok=True)
    return deployed[0], tmp_path


def contract(w3: Web3, deployment: Deployment, name: str, structs: bool = True):
    """A contract of the venue; results as named tuples, or plain where there are several."""
    abi = module.compiled([])[artifact_of(name)].abi
    return w3.eth.contract(deployment.address(name), abi=abi, decode_tuples=structs)


def nonce(w3: Web3) -> int:
    return w3.eth.get_transaction_count(DEPLOYER)


# ---- what comes out --------------------------------------------------------------------------------


def test_everything_is_there_and_wired(w3, deployed):
    d, folder = deployed
    assert set(CONTRACTS) <= set(d.contracts)
    assert all(len(w3.eth.get_code(c.address)) > 100 for c in d.contracts.values())
    manager = contract(w3, d, "PositionManager").functions
    assert manager.VAULT().call() == d.vault
    assert manager.ORACLE().call() == d.oracle
    assert (manager.POOL().call(), manager.COVER().call()) == (d.pool, d.cover)
    assert manager.ENGINE().call() == d.engine
    assert manager.WATERFALL().call() == d.waterfall
    assert manager.CONFIGURATOR().call() == d.configurator
    holders = (d.order_book, d.liquidator, d.waterfall, d.pool, d.cover)
    assert [manager.roles(a).call() for a in holders] == [1, 2, 3, 0, 0]
    for name in ("Vault", "Waterfall", "LiquidityPool", "CoverPool", "OrderBook", "Liquidator"):
        assert contract(w3, d, name).functions.MANAGER().call() == d.manager
    assert d.markets == {"BTC": 0, "ETH": 1, "SOL": 2, "LINK": 3, "DOGE": 4}
    assert d.assets == {"USDC": 255, "WBTC": 0, "WETH": 1}
    assert d.decimals == {"USDC": 6, "WBTC": 8, "WETH": 18}
    assert (d.complete, d.deployer, d.owner) == (True, DEPLOYER, DEPLOYER)
    assert Deployment.load(folder / "31337.json") == d


def test_the_cover_pool_is_the_pools_code_at_another_address(w3, deployed):
    d = deployed[0]
    pools = [contract(w3, d, name).functions for name in ("LiquidityPool", "CoverPool")]
    assert [pool.name().call() for pool in pools] == ["Cross-margin LP", "Cross-margin cover"]
    assert [pool.symbol().call() for pool in pools] == ["CMLP", "CMCV"]
    assert {pool.asset().call() for pool in pools} == {d.tokens["USDC"]}
    assert [pool.account().call() for pool in pools] == [int(a, 16) << 96 for a in (d.pool, d.cover)]
    seen = contract(w3, d, "Lens").functions.addresses().call()
    assert (seen.waterfall, seen.pool, seen.cover) == (d.waterfall, d.pool, d.cover)


def test_the_stored_words_hold_the_parameters(w3, deployed):
    """Read where the rules read them, decoded by hand: fields of the words in packing.vy."""
    manager = contract(w3, deployed[0], "PositionManager", structs=False).functions
    venue, collateral, _, _, rates, listed = manager.venue_words().call()
    assert [venue >> 16 * i & 0xFFFF for i in range(8)] == [
        15_000,
        12_500,
        6_000,
        8_000,
        200,
        1_000,
        12_000,
        2_000,
    ]
    assert (venue >> 128 & 2**64 - 1, venue >> 192) == (25 * 10**6, 10 * 10**6)
    assert [rates >> 16 * i & 0xFFFF for i in range(8)] == [1_000, 3_000, 1_200, 3_500, 20, 300, 3_000, 8_000]
    assert listed == 0b11111
    assert [collateral >> 32 * i & 0xFFFFFFFF for i in range(3)] == [
        0 | 500 << 8 | 1 << 24,
        1 | 700 << 8 | 1 << 24,
        0,
    ]
    _, _, terms, limits, risk = manager.market_words(1 << 4).call()[0]
    assert [risk >> 12 * i & 0xFFF for i in range(3)] == [800, 350, 874]
    # .4 · 10,000,000 / .0874² / 0.15, in lots of 1e-8
    assert terms & 2**64 - 1 == pytest.approx(0.4 * 1e7 / 0.0874**2 / 0.15 * 1e8, rel=1e-3)
    assert limits & 2**72 - 1 < (terms & 2**64 - 1) * 185 // 10_000


def test_terms_of_orders_liquidations_and_feeds(w3, deployed):
    d = deployed[0]
    orders = contract(w3, d, "OrderBook").functions
    assert {tuple(orders.timing(m).call()) for m in d.markets.values()} == {(2, 4_200, 300)}
    assert orders.keeper_fee().call() == WAD // 5
    assert tuple(contract(w3, d, "Liquidator").functions.terms().call()) == (WAD, 600_000, 1, 3_600)
    oracle = contract(w3, d, "OracleAdapter").functions
    assert tuple(oracle.feed(2).call()) == (d.feeds["SOL"], 8, 4_200, 2 * 10**7, 9 * 10**12)
    assert tuple(oracle.quote_feed().call()) == (d.feeds["USDC"], 8, 90_000, 5 * 10**7, 2 * 10**8)
    prices = oracle.prices([0, 1, 2, 3, 4]).call()
    assert [p.price for p in prices] == [40_000 * WAD, 2_000 * WAD, 100 * WAD, 15 * WAD, 15 * WAD // 100]
    assert {p.state for p in prices} == {0}


def test_the_record_tells_how_each_contract_was_made(w3, deployed):
    d = deployed[0]
    for name, entry in d.contracts.items():
        tx = w3.eth.get_transaction(entry.tx)
        assert (tx["from"], tx["to"], tx["blockNumber"]) == (DEPLOYER, None, entry.block)
        assert Web3.keccak(tx["input"]).hex() == entry.init_code_hash.removeprefix("0x")
        assert w3.eth.get_transaction_receipt(entry.tx)["contractAddress"] == entry.address, name
    assert d.contracts["Vault"].args == (d.manager, d.tokens["USDC"])
    linked = (d.vault, d.oracle, d.engine, d.waterfall, d.pool, d.cover, d.configurator)
    assert d.contracts["PositionManager"].args == linked


def test_a_trade_goes_through(w3, venue, artifacts):
    """Deposit, order, price, execution: with the parameters as shipped."""
    d, _ = venue
    lens = contract(w3, d, "Lens").functions
    usdc = w3.eth.contract(d.tokens["USDC"], abi=artifacts["DevToken"].abi)
    sender = {"from": OTHER}
    usdc.functions.mint(OTHER, 11_000_000 * 10**6).transact({"from": DEPLOYER})
    for spender in (d.vault, d.pool):
        usdc.functions.approve(spender, 2**256 - 1).transact(sender)
    contract(w3, d, "LiquidityPool").functions.deposit(10_000_000 * 10**6, OTHER).transact(sender)
    account = int(OTHER, 16) << 96
    contract(w3, d, "PositionManager").functions.deposit(account, usdc.address, 10_000 * 10**6).transact(
        sender
    )
    order = (account, d.markets["BTC"], WAD // 2, 50_000 * WAD, False, 1)
    quoted = lens.quote_order(account, order).call(sender)
    assert (quoted.ok, quoted.reason) == (True, "")
    orders = contract(w3, d, "OrderBook").functions
    orders.submit(order).transact(sender)
    w3.provider.make_request("evm_increaseTime", [5])
    feed = w3.eth.contract(d.feeds["BTC"], abi=artifacts["DevFeed"].abi)
    feed.functions.push(40_000 * 10**8).transact({"from": DEPLOYER})
    execution = orders.execute([order], [])
    assert [(r.status, r.reason) for r in execution.call(sender)] == [(1, "")]
    # a limit, not an estimate: with too little gas for its trade an order stays pending, and the call succeeds all the same
    execution.transact({**sender, "gas": 2_000_000})
    assert contract(w3, d, "PositionManager", False).functions.position(account, 0).call()[0] == WAD // 2


# ---- again -----------------------------------------------------------------------------------------


def test_again_changes_nothing(chain, w3, venue):
    d, folder = venue
    before, lines = (nonce(w3), (folder / "31337.json").read_bytes()), []
    assert deploy(chain, key=KEY, out=folder, log=lines.append) == d
    assert (nonce(w3), (folder / "31337.json").read_bytes()) == before
    assert lines == ["nothing to do"]


def test_again_at_other_prices_changes_no_sizes(chain, w3, venue, artifacts):
    d, folder = venue
    feed = w3.eth.contract(d.feeds["BTC"], abi=artifacts["DevFeed"].abi)
    feed.functions.push(10_000 * 10**8).transact({"from": DEPLOYER})
    before = nonce(w3)
    assert deploy(chain, key=KEY, out=folder) == d
    assert nonce(w3) == before


def test_a_size_is_converted_anew_when_asked_to(chain, w3, venue, artifacts):
    d, folder = venue
    path = folder / "31337.json"
    feed = w3.eth.contract(d.feeds["BTC"], abi=artifacts["DevFeed"].abi)
    feed.functions.push(10_000 * 10**8).transact({"from": DEPLOYER})
    content = json.loads(path.read_text())
    del content["reference_prices"]["BTC"]
    path.write_text(json.dumps(content))
    lines = []
    after = deploy(chain, key=KEY, out=folder, log=lines.append)
    assert lines == ["set market BTC", "set collateral WBTC", "done in 2 transactions"]
    assert after.reference_prices == {**d.reference_prices, "BTC": "10000"}
    before = d.parameters["markets"]["BTC"]["skew_scale"]
    assert after.parameters["markets"]["BTC"]["skew_scale"] == pytest.approx(4 * before, rel=1e-3)


def test_a_changed_parameter_is_changed_and_nothing_else(chain, w3, venue):
    d, folder = venue
    config = load()
    config = replace(config, venue={**config.venue, "exec_band": config.venue["exec_band"] / 2})
    before, lines = nonce(w3), []
    changed = deploy(chain, config, key=KEY, out=folder, log=lines.append)
    assert nonce(w3) == before + 1
    assert lines == ["set venue", "done in 1 transactions"]
    assert changed.contracts == d.contracts
    assert changed.parameters["venue"]["exec_band"] == 1_000
    assert contract(w3, d, "Configurator").functions.venue().call().exec_band == 1_000


def test_changes_that_need_each_other_find_their_order(chain, w3, venue):
    """A larger keeper part fits once every market's OI is smaller: the venue comes last."""
    d, folder = venue
    config = load()
    config = replace(config, venue={**config.venue, "keeper_part": config.venue["keeper_part"] * 3})
    lines = []
    deploy(chain, config, key=KEY, out=folder, log=lines.append)
    assert lines.index("set venue") > lines.index("set market DOGE")
    assert contract(w3, d, "Configurator").functions.venue().call().keeper_part == 3_000


def test_a_market_that_is_wound_down_is_left_alone(chain, w3, venue):
    d, folder = venue
    configurator = contract(w3, d, "Configurator").functions
    configurator.close_market(d.markets["LINK"]).transact({"from": DEPLOYER})
    lines = []
    deploy(chain, key=KEY, out=folder, log=lines.append)
    assert lines == ["nothing to do"]
    assert configurator.market(d.markets["LINK"]).call().max_oi == 0


def test_a_further_market_and_collateral(chain, w3, tmp_path):
    first = deploy(chain, key=KEY, out=tmp_path, markets=["SOL"])
    more = deploy(chain, key=KEY, out=tmp_path, markets=["BTC", "SOL"])
    assert (first.markets, more.markets) == ({"SOL": 0}, {"SOL": 0, "BTC": 1})
    assert more.assets == {"USDC": 255, "WBTC": 0}
    assert contract(w3, more, "Configurator").functions.collateral(0).call().underlying == 1
    with pytest.raises(DeployError, match="market SOL is on chain and not in the file"):
        deploy(chain, key=KEY, out=tmp_path, markets=["BTC"])


def test_a_bound_of_the_contracts_is_one_line(chain, w3, venue):
    config = load()
    config = replace(config, venue={**config.venue, "kappa": config.venue["kappa"] / 3})
    before = nonce(w3)
    with pytest.raises(DeployError, match=r"set_venue: venue: refused: configurator: kappa") as fault:
        deploy(chain, config, key=KEY, out=venue[1])
    assert "\n" not in str(fault.value)
    assert nonce(w3) == before


def test_other_sources_are_refused(chain, venue, artifacts, monkeypatch):
    engine = artifacts["Engine"]
    altered = {**artifacts, "Engine": replace(engine, runtime=engine.runtime[:-1] + b"\0")}
    monkeypatch.setattr(module, "compiled", lambda names, say=None: altered)
    with pytest.raises(DeployError, match=r"Engine at 0x.* is not of these sources"):
        deploy(chain, key=KEY, out=venue[1])
    monkeypatch.setattr(
        module,
        "compiled",
        lambda names, say=None: {**artifacts, "Engine": replace(engine, creation=engine.creation + b"\0")},
    )
    with pytest.raises(DeployError, match=r"Engine at 0x.* was deployed with other arguments or sources"):
        deploy(chain, key=KEY, out=venue[1])


def test_a_lens_of_other_sources_is_replaced(chain, venue, artifacts, monkeypatch):
    d, folder = venue
    quotes = artifacts["QuoteLens"]  # the last byte is of the metadata
    altered = {**artifacts, "QuoteLens": replace(quotes, creation=quotes.creation[:-1] + b"\0")}
    monkeypatch.setattr(module, "compiled", lambda names, say=None: altered)
    after = deploy(chain, key=KEY, out=folder)
    changed = {name for name, entry in after.contracts.items() if d.contracts[name] != entry}
    assert changed == {"QuoteLens", "Lens"}
    assert after.parameters == d.parameters


def test_the_record_of_an_earlier_chain(chain, w3, venue, monkeypatch):
    d, folder = venue
    content = json.loads((folder / "31337.json").read_text())
    for place, entry in enumerate(content["contracts"].values()):
        entry["address"] = f"0x{place + 0xFFFF:040x}"
    (folder / "31337.json").write_text(json.dumps(content))
    with monkeypatch.context() as patch:
        patch.setattr(module, "DEV_CHAINS", ())
        with pytest.raises(DeployError, match="is the node behind"):
            deploy(chain, key=KEY, out=folder, **SMALL)
    lines = []
    fresh = deploy(chain, key=KEY, out=folder, log=lines.append, **SMALL)
    assert "of an earlier chain: deploying anew" in lines[0]
    assert fresh.manager != d.manager


def test_fresh_deploys_another(chain, venue):
    other = deploy(chain, key=KEY, out=venue[1], fresh=True, **SMALL)
    assert not set(other.contracts.values()) & set(venue[0].contracts.values())
    assert Deployment.load(venue[1] / "31337.json") == other


# ---- interrupted -----------------------------------------------------------------------------------


class Stopped(Exception):
    """The power fails."""


def interrupt(monkeypatch, label: str, after: bool) -> Callable[[], None]:
    """Let the run stop just before or just after a transaction goes out."""
    real = Sender.send

    def send(self, what, signed):
        if what != label:
            return real(self, what, signed)
        if after:
            real(self, what, signed)
        raise Stopped

    monkeypatch.setattr(Sender, "send", send)
    return lambda: monkeypatch.setattr(Sender, "send", real)


@pytest.fixture(scope="module")
def small(chain, w3, artifacts) -> tuple[Deployment, int]:
    """An uninterrupted deployment and how many transactions it took."""
    begun = nonce(w3)
    return deploy(chain, key=KEY, **SMALL), nonce(w3) - begun


POINTS = [
    ("deploying DevToken.USDC", False),
    ("deploying Waterfall", True),
    ("deploying Vault", True),
    ("deploying PositionManager", False),
    ("deploying PositionManager", True),
    ("deploying LiquidityPool", True),
    ("deploying CoverPool", False),
    ("deploying CoverPool", True),
    ("Configurator.wire: the PositionManager", True),
    ("Configurator.set_market: market DOGE", False),
]


@pytest.mark.parametrize(("label", "after"), POINTS)
def test_it_goes_on_where_it_stopped(chain, w3, small, clean, tmp_path, monkeypatch, label, after):
    expected, transactions = small
    begun = nonce(w3)
    resume = interrupt(monkeypatch, label, after)
    with pytest.raises(Stopped):
        deploy(chain, key=KEY, out=tmp_path, **SMALL)
    assert not Deployment.load(tmp_path / "31337.json").complete
    resume()
    done = deploy(chain, key=KEY, out=tmp_path, **SMALL)
    assert done.complete
    assert nonce(w3) - begun == transactions  # not one too many
    assert done.parameters == expected.parameters
    assert all(entry.block for entry in done.contracts.values())
    assert deploy(chain, key=KEY, out=tmp_path, **SMALL) == done


@pytest.mark.parametrize("name", ["Vault", "PositionManager", "LiquidityPool", "CoverPool"])
def test_another_transaction_in_between(chain, w3, tmp_path, monkeypatch, name):
    """An address that is named before it is there is gone: what names it is deployed again, nothing else is."""
    label = f"deploying {name}"
    resume = interrupt(monkeypatch, label, after=False)
    with pytest.raises(Stopped):
        deploy(chain, key=KEY, out=tmp_path, **SMALL)
    resume()
    before = Deployment.load(tmp_path / "31337.json")
    w3.eth.wait_for_transaction_receipt(w3.eth.send_transaction({"from": DEPLOYER, "to": OTHER, "value": 1}))
    done = deploy(chain, key=KEY, out=tmp_path, **SMALL)
    assert done.complete
    linked = [one for one in LINKED if one in before.contracts]
    assert linked and all(done.address(one) != before.address(one) for one in linked)
    for one in ("OracleAdapter", "Configurator", "Engine"):
        assert done.address(one) == before.address(one)


# ---- what is there already ---------------------------------------------------------------------------


def test_real_feeds_and_tokens_that_are_there(chain, w3, node_modules, tmp_path):
    token = deploy(chain, key=KEY, **SMALL).tokens["USDC"]
    feeds = {
        s: web3_proxy(w3, web3_mock(w3, 8, p)).address
        for s, p in (("SOL", 123 * 10**8), ("USDC", 98 * 10**6))
    }
    d = deploy(chain, key=KEY, out=tmp_path, markets=["SOL"], feeds=feeds, tokens={"USDC": token})
    assert d.feeds == feeds
    assert d.tokens == {"USDC": token}
    assert not [name for name in d.contracts if name.startswith("Dev")]
    # 123 / 0.98, as the oracle divides
    assert Decimal(d.reference_prices["SOL"]) == Decimal(123 * WAD * 100 // 98) / WAD
    assert deploy(chain, key=KEY, out=tmp_path, markets=["SOL"], feeds=feeds, tokens={"USDC": token}) == d


def test_the_sequencers_feed_of_a_layer_2(chain, w3, tmp_path):
    uptime = web3_proxy(w3, web3_mock(w3, 0, 0)).address
    config = replace(load(), sequencer=uptime)
    d = deploy(chain, config, key=KEY, out=tmp_path, markets=["SOL"])
    oracle = contract(w3, d, "OracleAdapter").functions
    assert oracle.SEQUENCER().call() == uptime
    assert oracle.in_grace().call()  # it has just come up
    assert d.owner == oracle.owner().call() == DEPLOYER
    assert deploy(chain, config, key=KEY, out=tmp_path, markets=["SOL"]) == d
    with pytest.raises(DeployError, match=r"OracleAdapter at .* was deployed with other arguments"):
        deploy(chain, key=KEY, out=tmp_path, markets=["SOL"])


def test_what_is_not_there_is_refused(chain, tmp_path):
    nowhere = "0x" + "12" * 20
    with pytest.raises(DeployError, match="feed SOL: there is no contract at 0x1212"):
        deploy(chain, key=KEY, feeds={"SOL": nowhere}, **SMALL)
    with pytest.raises(DeployError, match="sequencer: there is no contract at 0x1212"):
        deploy(chain, replace(load(), sequencer=nowhere), key=KEY, **SMALL)
    with pytest.raises(DeployError, match="token USDC: there is no contract at 0x1212"):
        deploy(chain, key=KEY, tokens={"USDC": nowhere}, **SMALL)


def test_wrong_decimals_are_refused(chain, venue):
    with pytest.raises(DeployError, match="token USDC has 18 decimals, the file says 6"):
        deploy(chain, key=KEY, tokens={"USDC": venue[0].tokens["WETH"]}, **SMALL)


def test_a_feed_without_a_valid_price_is_refused(chain, w3, venue):
    w3.provider.make_request("evm_increaseTime", [5_000])
    w3.provider.make_request("evm_mine", [])
    with pytest.raises(DeployError, match=r"feed SOL .* has no valid price: it is stale"):
        deploy(chain, key=KEY, feeds={"SOL": venue[0].feeds["SOL"]}, **SMALL)


def test_a_key_or_a_node_that_is_none(chain):
    with pytest.raises(ConfigError, match="not a private key") as fault:
        deploy(chain, key="0x1234")
    assert "1234" not in str(fault.value)
    with pytest.raises(NetworkError) as fault:
        deploy("http://127.0.0.1:9", key=KEY)
    assert "\n" not in str(fault.value)


def test_a_deployer_without_gas_money(chain):
    """It was told as the text of a dictionary."""
    with pytest.raises(CrossmarginError, match=r"(?i)insufficient funds") as fault:
        deploy(chain, key="0x" + "77" * 32, **SMALL)
    assert "\n" not in str(fault.value) and "{" not in str(fault.value)


# ---- ownership ---------------------------------------------------------------------------------------


def owners(w3: Web3, d: Deployment) -> set[str]:
    names = ("OracleAdapter", "Configurator", "OrderBook", "Liquidator")
    return {contract(w3, d, name).functions.owner().call() for name in names}


def test_handing_over_waits_for_the_new_owner(chain, w3, venue):
    d, folder = venue
    lines = []
    handed = deploy(chain, key=KEY, out=folder, owner=OTHER, log=lines.append)
    assert (
        f"{OTHER} has still to call accept_ownership on OracleAdapter, Configurator, OrderBook, Liquidator"
        in lines
    )
    assert owners(w3, d) == {handed.owner} == {DEPLOYER}
    before = nonce(w3)
    deploy(chain, key=KEY, out=folder, owner=OTHER)
    assert nonce(w3) == before


def test_the_deployer_keeps_nothing(chain, w3, venue, artifacts):
    d, folder = venue
    handed = deploy(chain, key=KEY, out=folder, owner_key=OTHER_KEY)
    assert owners(w3, d) == {handed.owner} == {OTHER}
    assert {contract(w3, d, "Configurator").functions.pending_owner().call()} == {"0x" + "00" * 20}
    for kind in ("DevToken", "DevFeed"):
        for name in (n for n in d.contracts if n.startswith(kind)):
            dev = w3.eth.contract(d.contracts[name].address, abi=artifacts[kind].abi)
            assert dev.functions.owner().call() == OTHER
            if kind == "DevToken":
                assert not dev.functions.is_minter(DEPLOYER).call()
    # in line: nothing to do for anybody; not in line: only the owner may
    assert deploy(chain, key=KEY, out=folder, owner=OTHER) == handed
    assert deploy(chain, key=OTHER_KEY, out=folder) == handed
    config = load()
    config = replace(config, rates={**config.rates, "cap_net": config.rates["cap_net"] / 2})
    with pytest.raises(DeployError, match="ownable: caller is not the owner"):
        deploy(chain, config, key=KEY, out=folder)
    changed = deploy(chain, config, key=OTHER_KEY, out=folder)
    assert changed.parameters["rates"]["cap_net"] == 500
    assert changed.deployer == DEPLOYER


def test_an_owner_key_of_another(chain):
    with pytest.raises(ConfigError, match="owner_key is not the key of owner"):
        deploy(chain, key=KEY, owner=DEPLOYER, owner_key=OTHER_KEY)


# ---- the command -------------------------------------------------------------------------------------


@pytest.fixture
def run(monkeypatch, capsys):
    """Run the command: exit code, standard output, standard error."""

    def call(*arguments: str, key: str = KEY) -> tuple[int, str, str]:
        monkeypatch.setenv("CROSSMARGIN_KEY", key)
        code = module.run(list(arguments))
        return code, *capsys.readouterr()

    return call


def test_the_command(run, chain, tmp_path):
    options = ("--rpc", chain, "--out", str(tmp_path), "--markets", "SOL, DOGE", "--price", "SOL=150.25")
    code, _, said = run(*options)
    assert code == 0, said
    assert Deployment.load(tmp_path / "31337.json").reference_prices == {"SOL": "150.25", "DOGE": "0.15"}
    assert "nothing to do" in run(*options)[1]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("--markets XRP", "there is no market XRP: choose from BTC"),
        ("--markets ,", "no markets: name at least one"),
        ("--feed SOL", "Invalid value for '--feed': say SYMBOL=VALUE"),
        ("--feed SOL=12", "SOL: '12' is not an address"),
        ("--feed XRP=12", "there is no feed XRP"),
        ("--token USDC=12", "USDC: '12' is not an address"),
        ("--price SOL=-1", "SOL: a price is above 0, not -1"),
        ("--price SOL=1e999999", "SOL: '1e999999' is out of any range"),
        ("--owner me", "owner: 'me' is not an address"),
        ("--config none.toml", "cannot read none.toml: No such file or directory"),
        ("--config .", "cannot read .: Is a directory"),
        ("--keyfile none", "cannot read the keyfile none"),
        ("--rpc node", "'node' is not the address of a node"),
        ("--rpc ws://node", "it begins with http or https://"),
        ("--rpc http://127.0.0.1:9", "no answer from http://127.0.0.1:9: connection refused"),
        ("--rpc http://127.0.0.1:9/5ecret", "no answer from http://127.0.0.1:9/…: connection refused"),
        ("--out pyproject.toml", "cannot write the deployment pyproject.toml/31337.json"),
        ("--gas 1", "No such option: --gas"),
        ("more", "unexpected extra argument (more)"),
    ],
)
def test_the_commands_faults_are_one_line(run, chain, arguments, words):
    given = arguments.split()
    code, _, said = run(*(() if "--rpc" in given else ("--rpc", chain)), *given)
    assert code != 0
    assert words in said
    assert said.startswith("deploy: ") and said.count("\n") == 1


def test_the_command_without_a_key_or_with_a_bad_one(run, chain):
    assert (
        run("--rpc", chain, key="")[2] == "deploy: there is no key: set CROSSMARGIN_KEY or name a --keyfile\n"
    )
    code, _, said = run("--rpc", chain, key="0x1234")
    assert code == 1 and "1234" not in said and said.count("\n") == 1


def test_refusals_keep_the_contracts_words(chain, venue, artifacts):
    sender = Sender(chain, OTHER_KEY)
    configurator = sender.at(artifacts["Configurator"], venue[0].configurator)
    with pytest.raises(ContractRefused) as fault:
        sender.signed("x", sender.data(configurator, "set_order_book", (OTHER,)), configurator.address)
    assert fault.value.reason == "ownable: caller is not the owner"

"""Real Chainlink contracts for tests: the bytecode of the npm package, deployed in titanoboa or through web3.

Times are unix seconds; answers are integers in the feed's own units. Needs `node_modules` and skips without it.

    feed = boa_mock(8, 3000 * 10**8)               # MockV3Aggregator: say `feed.updateAnswer(…)`
    proxy = boa_proxy(feed)                        # EACAggregatorProxy in front of it
    switch_phase(proxy, other)                     # the proxy's next phase
    flux = boa_flux(8); flux.publish(3000 * 10**8) # FluxAggregator with three oracles
    web3_mock(w3, 8, …), web3_proxy(w3, …), web3_deploy(w3, "AccessControlledAggregator", …)
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from eth_abi import encode

if TYPE_CHECKING:
    from boa.contracts.abi.abi_contract import ABIContract
    from web3 import Web3
    from web3.contract import Contract

ARTIFACTS = Path(__file__).resolve().parents[2] / "node_modules/@chainlink/contracts/abi/v0.6"
ZERO = "0x" + "00" * 20
PHASE = 2**64
# A round that oracles leave unfinished times out after so many seconds.
FLUX_TIMEOUT = 600


@dataclass(frozen=True)
class Artifact:
    """ABI and creation code of one contract."""

    name: str
    abi: list[dict[str, Any]]
    bytecode: bytes

    def init_code(self, *arguments: object) -> bytes:
        """Creation code with the constructor's arguments."""
        kinds = [item["type"] for e in self.abi if e["type"] == "constructor" for item in e["inputs"]]
        return self.bytecode + encode(kinds, arguments)


@cache
def _load(name: str) -> Artifact | None:
    path = ARTIFACTS / f"{name}.json"
    if not path.exists():
        return None
    output = json.loads(path.read_text())["compilerOutput"]
    return Artifact(
        name, output["abi"], bytes.fromhex(output["evm"]["bytecode"]["object"].removeprefix("0x"))
    )


def artifact(name: str) -> Artifact:
    """The artifact, or a skipped test."""
    found = _load(name)
    if found is None:
        pytest.skip("node_modules is absent: run `./run setup`")
    return found


def round_id(phase: int, aggregator_round: int) -> int:
    """The proxy's id of an aggregator's round."""
    return phase * PHASE + aggregator_round


# ---------------------------------------------------------------- titanoboa


def boa_deploy(name: str, *arguments: object) -> ABIContract:
    """Deploy one of the package's contracts; addresses may be given as contracts."""
    import boa
    from boa.contracts.abi.abi_contract import ABIContractFactory

    code = artifact(name)
    plain = [getattr(argument, "address", argument) for argument in arguments]
    address, _ = boa.env.deploy_code(bytecode=code.init_code(*plain))
    return ABIContractFactory(name, code.abi).at(address)


def boa_mock(decimals: int, answer: int) -> ABIContract:
    """MockV3Aggregator whose round 1 is published now."""
    return boa_deploy("MockV3Aggregator", decimals, answer)


def boa_proxy(aggregator: ABIContract, controller: object = ZERO) -> ABIContract:
    """EACAggregatorProxy in its phase 1. `controller` guards reads; none by default."""
    return boa_deploy("EACAggregatorProxy", aggregator, controller)


def switch_phase(proxy: ABIContract, aggregator: ABIContract) -> None:
    """Make `aggregator` the proxy's next phase."""
    proxy.proposeAggregator(aggregator.address)
    proxy.confirmAggregator(aggregator.address)


@dataclass(frozen=True)
class Flux:
    """A FluxAggregator and its oracles."""

    aggregator: ABIContract
    oracles: tuple[str, ...]

    def submit(self, oracle: int, answer: int) -> None:
        """One oracle's submission to the round it is due in."""
        import boa

        sender = self.oracles[oracle]
        due = self.aggregator.oracleRoundState(sender, 0)[1]
        with boa.env.prank(sender):
            self.aggregator.submit(due, answer)

    def publish(self, *answers: int) -> None:
        """A whole round: one answer from every oracle, or the same from all; the median counts."""
        for oracle in range(len(self.oracles)):
            self.submit(oracle, answers[oracle % len(answers)])


def boa_flux(
    decimals: int,
    name: str = "FluxAggregator",
    oracles: int = 3,
    bounds: tuple[int, int] = (1, 2**127),
    needed: int | None = None,
) -> Flux:
    """FluxAggregator or AccessControlledAggregator without payments and without a round yet.

    An answer appears when `needed` oracles (all by default) have submitted.
    """
    import boa

    aggregator = boa_deploy(name, ZERO, 0, FLUX_TIMEOUT, ZERO, *bounds, decimals, "test")
    accounts = [boa.env.generate_address(f"oracle {number}") for number in range(oracles)]
    aggregator.changeOracles([], accounts, accounts, needed or oracles, oracles, 0)
    return Flux(aggregator, tuple(str(account) for account in accounts))


# ---------------------------------------------------------------- web3 (anvil)


def web3_deploy(w3: Web3, name: str, *arguments: object, sender: str | None = None) -> Contract:
    """The same from an unlocked account, by default the node's first."""
    code = artifact(name)
    sender = sender or w3.eth.accounts[0]
    factory = w3.eth.contract(abi=code.abi, bytecode=code.bytecode)
    plain = [getattr(argument, "address", argument) for argument in arguments]
    receipt = w3.eth.wait_for_transaction_receipt(factory.constructor(*plain).transact({"from": sender}))
    return w3.eth.contract(address=receipt["contractAddress"], abi=code.abi)


def web3_mock(w3: Web3, decimals: int, answer: int, sender: str | None = None) -> Contract:
    """MockV3Aggregator whose round 1 is published now."""
    return web3_deploy(w3, "MockV3Aggregator", decimals, answer, sender=sender)


def web3_proxy(w3: Web3, aggregator: Contract, sender: str | None = None) -> Contract:
    """EACAggregatorProxy in its phase 1, open to all readers."""
    return web3_deploy(w3, "EACAggregatorProxy", aggregator, ZERO, sender=sender)

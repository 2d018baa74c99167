"""Real Uniswap v3 for tests: the bytecode of the npm packages, deployed in titanoboa. Needs `node_modules` and skips without it.

Amounts are token units; prices are token units of the one per unit of the other.

    dex = Uniswap.deploy()
    pool = dex.pool(weth, usdc, 3000, Fraction(1_830 * 10**6, 10**18))  # usdc units per weth unit
    dex.provide(weth, usdc, 3000, 10**21, 2 * 10**12, lp)               # over all prices
    dex.quote(weth, usdc, 3000, 10**18)                                 # what a swap would bring
    dex.router.exactInputSingle(…)
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from math import isqrt
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boa
import pytest

from tests.support.chainlink import ZERO, Artifact

if TYPE_CHECKING:
    from boa.contracts.abi.abi_contract import ABIContract

PACKAGES = Path(__file__).resolve().parents[2] / "node_modules"
FILES = {
    "UniswapV3Factory": "@uniswap/v3-core/artifacts/contracts/UniswapV3Factory.sol",
    "UniswapV3Pool": "@uniswap/v3-core/artifacts/contracts/UniswapV3Pool.sol",
    "SwapRouter": "@uniswap/v3-periphery/artifacts/contracts/SwapRouter.sol",
    "NonfungiblePositionManager": "@uniswap/v3-periphery/artifacts/contracts/NonfungiblePositionManager.sol",
    "QuoterV2": "@uniswap/v3-periphery/artifacts/contracts/lens/QuoterV2.sol",
    "WETH9": "canonical-weth/build/contracts",
}
# the widest range of a fee tier: the largest multiple of its tick spacing
WIDEST = {500: 887_270, 3_000: 887_220, 10_000: 887_200}
MAX = 2**256 - 1


@cache
def artifact(name: str) -> Artifact:
    """The artifact, or a skipped test."""
    path = PACKAGES / FILES[name] / f"{name}.json"
    if not path.exists():
        pytest.skip("node_modules is absent: run `./run setup`")
    found = json.loads(path.read_text())
    return Artifact(name, found["abi"], bytes.fromhex(found["bytecode"].removeprefix("0x")))


def at(name: str, address: str) -> ABIContract:
    """A handle on a deployed contract."""
    from boa.contracts.abi.abi_contract import ABIContractFactory

    return ABIContractFactory(name, artifact(name).abi).at(address)


def deploy(name: str, *arguments: object) -> ABIContract:
    """Deploy one of the contracts; addresses may be given as contracts."""
    plain = [str(getattr(a, "address", a)) for a in arguments]
    address, _ = boa.env.deploy_code(bytecode=artifact(name).init_code(*plain))
    return at(name, address)


@dataclass(frozen=True)
class Uniswap:
    """The core factory and the periphery in front of it."""

    factory: ABIContract
    positions: ABIContract
    router: ABIContract
    quoter: ABIContract

    @classmethod
    def deploy(cls) -> Uniswap:
        weth = deploy("WETH9")
        factory = deploy("UniswapV3Factory")
        positions = deploy("NonfungiblePositionManager", factory, weth, ZERO)
        return cls(factory, positions, deploy("SwapRouter", factory, weth), deploy("QuoterV2", factory, weth))

    def pool(self, base: Any, quote: Any, fee: int, price: Fraction) -> ABIContract:
        """A pool of two tokens at a price of the base."""
        address = self.factory.createPool(base.address, quote.address, fee)
        pool = at("UniswapV3Pool", str(address))
        ratio = price if int(base.address, 16) < int(quote.address, 16) else 1 / price
        pool.initialize(isqrt(ratio.numerator * 2**192 // ratio.denominator))
        return pool

    def provide(self, base: Any, quote: Any, fee: int, bases: int, quotes: int, lp: str) -> None:
        """Fresh tokens of an LP's at every price."""
        first, second = sorted(((base, bases), (quote, quotes)), key=lambda x: int(x[0].address, 16))
        for token, amount in (first, second):
            token.mint(lp, amount)
            token.approve(self.positions.address, MAX, sender=lp)
        tokens = (first[0].address, second[0].address)
        ticks = (-WIDEST[fee], WIDEST[fee])
        wanted = (*tokens, fee, *ticks, first[1], second[1], 0, 0, lp, boa.env.timestamp)
        self.positions.mint(wanted, sender=lp)

    def quote(self, sold: Any, bought: Any, fee: int, amount: int) -> int:
        """What a swap of so much would bring now."""
        with boa.env.anchor():
            return self.quoter.quoteExactInputSingle((sold.address, bought.address, amount, fee, 0))[0]

    def swap(self, sold: Any, bought: Any, fee: int, amount: int, user: str) -> int:
        """A user's swap of fresh tokens; returns what he got."""
        sold.mint(user, amount)
        sold.approve(self.router.address, amount, sender=user)
        order = (sold.address, bought.address, fee, user, boa.env.timestamp, amount, 0, 0)
        return self.router.exactInputSingle(order, sender=user)

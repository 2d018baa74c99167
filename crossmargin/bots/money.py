"""Is it worth its gas? Quote amounts in WAD."""

from __future__ import annotations

from typing import Any

from crossmargin.bots.settings import Common
from crossmargin.client.abi import Call
from crossmargin.client.aio import AsyncClient
from crossmargin.errors import ContractRefused

WEI = 10**18  # of a native token


class Purse:
    """What gas costs in quote, and the floor that a reward must clear."""

    def __init__(self, client: AsyncClient, common: Common) -> None:
        self._client = client
        self._common = common

    async def native_price(self) -> int:
        """WAD quote a native token costs: of the market named, else the price given; 0 ignores gas."""
        if self._common.native_market is None:
            return self._common.native_price
        (price,) = await self._client.read(self._client.calls.prices([self._common.native_market]))
        return price.price or self._common.native_price

    async def cost(self, call: Call[Any]) -> int:
        """Quote that sending a call costs, rounded up."""
        native = await self.native_price()
        if native == 0:
            return 0
        try:
            gas = await self._client.estimate(call, self._common.sender)
        except ContractRefused:
            gas = call.gas or 0
        return -(-gas * await self._client.gas_price() * native // WEI)

    async def affordable(self) -> bool:
        """False while gas is dearer than the operator wants."""
        bound = self._common.max_gas_price
        return bound is None or await self._client.gas_price() <= bound

    async def worth(self, call: Call[Any], reward: int) -> bool:
        """True if the reward exceeds gas by the floor, and gas is not too dear."""
        return await self.affordable() and reward - await self.cost(call) >= self._common.min_profit

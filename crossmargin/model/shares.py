"""Who holds the shares of a pool, and what of them waits in escrow (spec 7)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import IntEnum
from typing import NamedTuple

from .params import Reason, require


class Tranche(IntEnum):
    """The two pools: the LP pool, and the cover pool that pays before it."""

    POOL = 0
    COVER = 1


class Exit(NamedTuple):
    """Shares in escrow of one owner, and the second from which they can be paid out."""

    shares: int
    ready: int


@dataclass(frozen=True)
class Book:
    """holders: free shares by owner. pending: those in escrow. supply: all of them. A book is replaced, never altered."""

    holders: Mapping[int, int] = field(default_factory=dict)
    pending: Mapping[int, Exit] = field(default_factory=dict)
    supply: int = 0

    def minted(self, holder: int, shares: int) -> Book:
        """With a signed number of shares more for a holder, who must have what goes."""
        moved = self.moved(holder, shares)
        return replace(moved, supply=self.supply + shares)

    def moved(self, holder: int, shares: int) -> Book:
        """The same without a change of the supply: one side of a move."""
        left = self.holders.get(holder, 0) + shares
        require(left >= 0, Reason.SHARES)
        return replace(self, holders={**self.holders, holder: left})

    def requested(self, holder: int, shares: int, ready: int) -> Book:
        """Shares go to escrow; everything of the holder that is there waits until `ready`."""
        there = self.pending.get(holder, Exit(0, 0)).shares
        moved = self.moved(holder, -shares)
        return replace(moved, pending={**self.pending, holder: Exit(there + shares, ready)})

    def finalised(self, holder: int, shares: int) -> Book:
        """Shares leave escrow for good; the rest goes on waiting, for nothing."""
        there, ready = self.pending[holder]
        rest = {h: e for h, e in self.pending.items() if h != holder}
        if there > shares:
            rest[holder] = Exit(there - shares, ready)
        return replace(self, pending=rest, supply=self.supply - shares)

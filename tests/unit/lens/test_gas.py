"""What one more account of five positions costs in `health`, its slots cold."""

from __future__ import annotations

import boa

from tests.unit.lens.conftest import Seen
from tests.unit.liquidity_pool.world import World

# Bitmap, Vault word and five positions: 2,000 more for each that nobody read before in the transaction.
COLD = 7 * 2_000
SLOPE = 27_700


def five_positions(w: World, count: int) -> list[int]:
    """Accounts with quote only and a small position in each market."""
    found = []
    for i in range(count):
        account = w.account(f"small {i}", 5_000)
        for market in range(5):
            w.trade_quote(account, market, 400 if (i + market) % 2 else -400)
        found.append(account)
    return found


def gas(seen: Seen, ids: list[int]) -> int:
    """Execution gas of one call, in which everything is warm from the trades before."""
    seen.lens.health(ids)
    return seen.lens._computation.get_gas_used()


def test_of_one_more_account(seen: Seen):
    ids = five_positions(seen.w, 24)
    boa.env.time_travel(seconds=30)
    slope = (gas(seen, ids) - gas(seen, ids[:8])) / 16
    assert slope + COLD <= SLOPE

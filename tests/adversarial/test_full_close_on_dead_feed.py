"""A trader whose feed has died closes the whole position at the last word, which the market has left behind.

Found by the stateful campaign: a full close took its own market out of the prices that were checked. A partial close was refused,
the full one went through at the stale mark, and the pool lost the move.
"""

from __future__ import annotations

import boa

from tests.support.venue import WAD, Venue, build


def _long_with_dead_feed() -> tuple[Venue, int]:
    v = build()
    v.lp_deposit(10_000_000 * 10**6)
    trader = boa.env.generate_address("trader")
    account = v.deposit(trader, 20_000 * 10**6)
    v.trade(account, 0, WAD)
    boa.env.time_travel(seconds=86_401)
    v.quote_feed.push(10**8)
    return v, account


def test_neither_half_nor_all_closes_at_a_stale_price():
    with boa.env.anchor():
        v, account = _long_with_dead_feed()
        assert v.manager.account_health(account)[3] == 4
        for size in (-WAD // 2, -WAD):
            with boa.reverts("manager: no valid price"):
                v.trade(account, 0, size)
        v.set_price(0, 40_000 * WAD)
        v.trade(account, 0, -WAD)
        cash = v.manager.cash(account)
        assert cash < 10_000 * WAD, "the loss of the move stays with the trader"

"""A liquidatable account may not pay keepers out of what it owes (M-5): its quotes must say so."""

from __future__ import annotations

from tests.unit.lens.conftest import Seen
from tests.unit.lens.test_quote_order import assert_quoted, lots, order
from tests.unit.liquidity_pool.world import BTC


def test_the_keeper_fee_is_not_conceded(seen: Seen) -> None:
    v, account = seen.w.v, seen.accounts["long"]
    # closing a quote's worth frees less margin than the keeper takes
    little, much = order(BTC, -lots(seen, BTC, 1)), order(BTC, -lots(seen, BTC, 100_000))
    v.set_price(BTC, v.prices[BTC] * 796 // 1_000)
    assert seen.health(account)[3] in (1, 2)
    assert assert_quoted(seen, account, little)
    v.set_price(BTC, v.prices[BTC] * 95 // 100)
    assert seen.health(account)[3] == 3
    assert not assert_quoted(seen, account, little)
    assert assert_quoted(seen, account, much)

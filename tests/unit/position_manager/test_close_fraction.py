"""close_fraction: reduce the whole book in proportion (I-14, I-26)."""

from __future__ import annotations

from types import SimpleNamespace

import boa
import pytest

from tests.support.venue import MAX, Venue
from tests.support.words import LOT, WAD
from tests.unit.position_manager.support import (
    BTC,
    DAY,
    DOGE,
    ETH,
    HEALTHY,
    LIQUIDATABLE,
)


def close(v: Venue, who: SimpleNamespace, account: int, f: int) -> None:
    v.manager.close_fraction(account, f, sender=who.trader)


def test_reverts_for_another(v: Venue, who: SimpleNamespace, long: int) -> None:
    with boa.reverts("manager: not the owner"):
        v.manager.close_fraction(long, WAD, sender=who.outsider)


@pytest.mark.parametrize("f", [0, WAD + 1, MAX])
def test_reverts_for_no_fraction(v: Venue, who: SimpleNamespace, long: int, f: int) -> None:
    with boa.reverts("manager: fraction"):
        close(v, who, long, f)


def test_reverts_without_positions(v: Venue, who: SimpleNamespace, account: int) -> None:
    with boa.reverts("manager: nothing to close"):
        close(v, who, account, WAD)


def test_reverts_with_a_stale_price(v: Venue, who: SimpleNamespace, long: int) -> None:
    boa.env.time_travel(seconds=DAY + 1)
    with boa.reverts("manager: no valid price"):
        close(v, who, long, WAD)


def test_whole_lots_rounded_up(v: Venue, who: SimpleNamespace, long: int) -> None:
    close(v, who, long, 1)  # 1e-18 of a bitcoin is a lot
    assert v.manager.position(long, BTC)[0] == WAD - LOT
    close(v, who, long, WAD // 2)
    # half of 99,999,999 lots is 49,999,999.5
    assert v.manager.position(long, BTC)[0] == 49_999_999 * LOT


def test_all_of_a_mixed_book(v: Venue, who: SimpleNamespace, long: int) -> None:
    v.trade(long, ETH, -20 * WAD)
    v.trade(long, DOGE, 1_000 * WAD)
    close(v, who, long, WAD)
    assert v.manager.legs(long) == (0, [])
    for market in (BTC, ETH, DOGE):
        assert v.manager.position(long, market) == (0, 0)
    assert v.manager.account_health(long)[1:] == (0, 0, HEALTHY)


def test_at_the_fill_price_less_the_spread(v: Venue, who: SimpleNamespace, long: int) -> None:
    # alone in the market: P-3 gives back what it took, so all that is lost are 25 of fee each way and the spread of 0.2 %
    close(v, who, long, WAD)
    K = v.setup.markets[BTC].scale
    fill = 50_000 * WAD * (2 * K + 10**8) * 998_000 // (2 * K * 1_000_000)  # sold at skew +1
    bought = -(-50_000 * WAD * (2 * K + 10**8) // (2 * K))
    maker = 10 * WAD  # 0.02 % of 50,000: it narrows the skew
    assert v.manager.cash(long) == 10_000 * WAD - bought - 25 * WAD + fill - maker


def test_an_account_under_maintenance_may_still_close(v: Venue, who: SimpleNamespace, long: int) -> None:
    v.set_price(BTC, 41_500 * WAD)
    assert v.manager.account_health(long)[3] == LIQUIDATABLE
    close(v, who, long, WAD // 3)
    close(v, who, long, WAD)
    assert v.manager.legs(long)[0] == 0


def test_event(v: Venue, who: SimpleNamespace, long: int) -> None:
    close(v, who, long, WAD // 2)
    logs = v.manager.get_logs()
    assert [e.size for e in logs if type(e).__name__ == "Trade"] == [-WAD // 2]
    event = next(e for e in logs if type(e).__name__ == "BookReduced")
    assert (event.account, event.fraction) == (long, WAD // 2)
    # half a bitcoin: 0.2 % of 25,000 and 5 of fee, next to no impact
    assert 54 * WAD < event.cost < 56 * WAD

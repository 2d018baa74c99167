"""What the tests of the PositionManager share besides fixtures."""

from __future__ import annotations

from typing import Any

import boa

from tests.support.state_words import float_of, float_value
from tests.support.venue import Venue
from tests.support.words import RATES

USDC = 10**6
BTC, ETH, SOL, LINK, DOGE = range(5)
HEALTHY, BELOW_INITIAL, MARGIN_CALL, LIQUIDATABLE, NO_PRICE = range(5)
DAY = 86_400

SETTLE, CLAIMS = 7, 8
# flags of the rates word
SHUTTING_DOWN, CLAIMS_OPEN, LAST_PRICES = 2, 4, 8


def set_rates(v: Venue, share: int = 0, ratio: int = 0, grace_until: int = 0, flags: int = 0) -> None:
    """cover_share and adl_ratio in bps, the end of the grace, and the flags, beside the venue's caps."""
    more = {"cover_share": share, "adl_ratio": ratio, "grace_until": grace_until, "flags": flags}
    v.configure(RATES, 0, v.setup.rates.word(**more))


def settle_market(v: Venue, market: int, price: int) -> int:
    """Settle a market at a WAD price; returns what is left of it in 18 leading bits."""
    v.configure(SETTLE, market, price)
    return float_value(float_of(price))


def kill(v: Venue, market: int) -> None:
    """Let a market's feed answer beyond its bounds, from the next second on."""
    boa.env.time_travel(seconds=1)
    v.feeds[market].push(2**81)


def events(v: Venue, name: str) -> list[Any]:
    """The PositionManager's events of that name in its last call."""
    return [e for e in v.manager.get_logs() if type(e).__name__ == name and e.address == v.manager.address]

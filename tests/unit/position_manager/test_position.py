"""position: base and quote, signed."""

from __future__ import annotations

import boa
import pytest

from tests.support.venue import Venue
from tests.support.words import WAD
from tests.unit.position_manager.support import (
    BTC,
    ETH,
)


def test_none(v: Venue, account: int) -> None:
    assert v.manager.position(account, BTC) == (0, 0)
    with boa.reverts():
        v.manager.position(account, 32)


@pytest.mark.parametrize("sign", [1, -1])
def test_signed(v: Venue, account: int, sign: int) -> None:
    filled = v.trade(account, ETH, sign * WAD)
    assert v.manager.position(account, ETH) == (sign * WAD, -sign * filled[1])

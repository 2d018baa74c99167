"""collateral_word: the collateral entries alone."""

from __future__ import annotations

from tests.support.venue import Venue
from tests.support.words import COLLATERAL, collateral_word


def test_is_what_was_configured(v: Venue) -> None:
    """Underlying 8, discount 16, listed 1 of 32 bits an asset."""
    assert v.manager.collateral_word() == collateral_word(v.setup.assets) == v.manager.venue_words()[1]
    assert v.manager.collateral_word() == (0 | 500 << 8 | 1 << 24) | (1 | 700 << 8 | 1 << 24) << 32
    v.configure(COLLATERAL, 0, 12_345)
    assert v.manager.collateral_word() == 12_345

# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title bands: events when an account enters or leaves the warning band by a call of its own
@notice One bit beside the bitmap of its positions remembers where the last such call left it.
"""

from interfaces import IPositionManager
from contracts.modules import books
from contracts.modules import margin
from contracts.modules import portfolio

uses: books
uses: portfolio

CALLED: constant(uint256) = 1 << 32


@internal
def note(account: uint256, h: margin.Health):
    """
    @notice Compare a freshly weighed account with what its last call found.
    """
    state: uint256 = margin.state_of(h, books.venue)
    called: bool = state == margin.MARGIN_CALL or state == margin.LIQUIDATABLE
    word: uint256 = books.bitmaps[account]
    if called != (word & CALLED != 0) and h.priced:
        books.bitmaps[account] = word ^ CALLED
        log IPositionManager.MarginCall(
            account=account, entered=called, equity=h.equity, maintenance=h.maintenance
        )


@internal
def note_gain(account: uint256):
    """
    @notice After a deposit, which can only lead out of the band: nothing to weigh outside it.
    """
    if books.bitmaps[account] & CALLED != 0:
        self.note(account, portfolio.health(account))

"""The margin call (spec 4): which accounts their own last call found inside the band."""

from __future__ import annotations

from . import margin
from .margin import State
from .state import MarginCall
from .views import Views


class Band(Views):
    """`in_band` holds the accounts that are inside; `margin_calls` what changed, in order, for a test to drain."""

    def _note_band(self, account: int) -> None:
        """At the end of a call of the account's own: withdrawal, transfer out, trade, close_fraction.

        Without a valid price nothing is found, and the account stays where it was. What neither holds a position nor owes
        is outside with no price read, as in M-6.
        """
        holder = self.ledger.get(account)
        if holder.owes and not self.legs_valid(holder):
            return
        inside = holder.owes and self._inside(account)
        if inside != (account in self.in_band):
            self.in_band = self.in_band ^ {account}
            self.margin_calls.append(MarginCall(account, inside))

    def _note_gain(self, account: int) -> None:
        """After a deposit or a transfer to it, which tell of leaving alone: at valid prices, whatever the account holds."""
        if account in self.in_band and self.legs_valid(self.ledger.get(account)):
            self._note_band(account)

    def _inside(self, account: int) -> bool:
        holder = self.ledger.get(account)
        state = margin.state_of(self.assess(holder), holder.owes, self.params)
        return state in (State.MARGIN_CALL, State.LIQUIDATABLE)

    def band_of(self, account: int) -> bool:
        """Whether the account is inside the band now (state 2 or 3), whatever its last call found."""
        return self.health(account).state in (State.MARGIN_CALL, State.LIQUIDATABLE)

"""Double-entry balances: cash, reservations, collateral, and what the tokens held must be (L-1, L-2)."""

from __future__ import annotations

from dataclasses import dataclass, field

from .params import MAX_COLLATERAL, QUOTE, Reason, require


@dataclass(slots=True)
class Account:
    """cash, reserved: WAD quote. collateral: asset → WAD. positions: market → (base WAD, quote WAD)."""

    cash: int = 0
    reserved: int = 0
    collateral: dict[int, int] = field(default_factory=dict)
    positions: dict[int, tuple[int, int]] = field(default_factory=dict)

    def copy(self) -> Account:
        return Account(self.cash, self.reserved, dict(self.collateral), dict(self.positions))

    @property
    def empty(self) -> bool:
        """Holds and owes nothing at all."""
        return not (self.cash or self.collateral or self.positions)

    @property
    def owes(self) -> bool:
        """Has a position or negative cash: what can be liquidated, if anything is."""
        return bool(self.positions) or self.cash < 0


class Ledger:
    """All accounts, what was credited per asset, and D. Undo is a map of the accounts as they were."""

    def __init__(self) -> None:
        self.accounts: dict[int, Account] = {}
        self.credited: dict[int, int] = {QUOTE: 0}
        self.debt = 0
        self._undo: dict[int, Account | None] = {}
        self._saved = (self.credited, self.debt)

    def begin(self) -> None:
        """Start a call: everything from here can be undone."""
        self._undo = {}
        self._saved = (self.credited, self.debt)

    def rollback(self) -> None:
        """Put back what the call changed."""
        for key, old in self._undo.items():
            if old is None:
                self.accounts.pop(key, None)
            else:
                self.accounts[key] = old
        self.credited, self.debt = self._saved
        self._undo = {}

    def get(self, key: int) -> Account:
        """For reading. An unknown account is an empty one."""
        return self.accounts.get(key) or Account()

    def edit(self, key: int) -> Account:
        """For writing; remembers the account as it was at the start of the call."""
        account = self.accounts.get(key)
        if key not in self._undo:
            self._undo[key] = account.copy() if account is not None else None
        if account is None:
            account = self.accounts[key] = Account()
        return account

    def add_cash(self, key: int, amount: int) -> None:
        """Change cash by a signed WAD amount and keep D (L-2)."""
        if not amount:
            return
        account = self.edit(key)
        self.debt += max(0, -account.cash - amount) - max(0, -account.cash)
        account.cash += amount

    def move_cash(self, debtor: int, creditor: int, amount: int) -> None:
        """Signed WAD amount from one account to another."""
        self.add_cash(debtor, -amount)
        self.add_cash(creditor, amount)

    def add_collateral(self, key: int, asset: int, amount: int) -> None:
        """Change collateral by a signed WAD amount; at most eight kinds, none below zero."""
        account = self.edit(key)
        left = account.collateral.get(asset, 0) + amount
        require(left >= 0, Reason.FUNDS)
        if left:
            account.collateral[asset] = left
            require(len(account.collateral) <= MAX_COLLATERAL, Reason.ASSET_SLOTS)
        else:
            account.collateral.pop(asset, None)

    def take(self, key: int, asset: int, amount: int) -> None:
        """Remove WAD of quote (unreserved only) or collateral from an account, or reject for funds."""
        if asset == QUOTE:
            account = self.get(key)
            require(account.cash - account.reserved >= amount, Reason.FUNDS)
            self.add_cash(key, -amount)
        else:
            self.add_collateral(key, asset, -amount)

    def give(self, key: int, asset: int, amount: int) -> None:
        """Add WAD of quote or collateral to an account."""
        if asset == QUOTE:
            self.add_cash(key, amount)
        else:
            self.add_collateral(key, asset, amount)

    def credit(self, asset: int, amount: int) -> None:
        """Signed WAD amount that came in through the door; what goes out must be there."""
        total = self.credited.get(asset, 0) + amount
        require(total >= 0, Reason.LIQUIDITY)
        self.credited = {**self.credited, asset: total}

    def reserve(self, key: int, change: int) -> None:
        """Change the reservation; growing it needs free cash, shrinking it needs that much reserved."""
        account = self.get(key)
        if change > 0:
            require(account.cash - account.reserved >= change, Reason.FUNDS)
        require(account.reserved + change >= 0, Reason.RESERVED)
        if change:
            self.edit(key).reserved += change

"""What the Liquidator's tests share besides fixtures. Amounts are WAD, times seconds, unless a name says otherwise."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import boa

from tests.support.venue import Venue, account_of

WAD = 10**18
TOKEN = 10**6  # one unit of the venue's quote token
BTC, ETH, SOL = 0, 1, 2
WBTC, WETH = 0, 1  # collateral assets: 8 and 18 decimals, 500 and 700 bps
DISCOUNT = {WBTC: Fraction(5, 100), WETH: Fraction(7, 100)}
HOUR = 3_600
LIQUIDATED, HEALTHY, NO_PRICE, EMPTY, CALL_FAILED = range(5)
Outcome = tuple[int, int, int]


def now() -> int:
    return boa.env.timestamp


def wait(seconds: int) -> int:
    """Move the clock; returns the new time."""
    boa.env.time_travel(seconds=seconds)
    return now()


def ceil(x: Fraction) -> int:
    return -(-x.numerator // x.denominator)


def price_at(price: int, discount: Fraction, age: Fraction | int, duration: int = HOUR) -> int:
    """The asking price after `age` seconds: P(1 - d_c * f), rounded up; f = age / duration, rounded down to WAD."""
    share = Fraction(int(min(Fraction(age) / duration, 1) * WAD), WAD)
    return ceil(price * (1 - discount * share))


def events(contract: Any) -> list[tuple[str, dict[str, Any]]]:
    """Name and fields of the contract's own events in its last call."""
    return [
        (type(e).__name__, {k: v for k, v in e._asdict().items() if k != "address"})
        for e in contract.get_logs()
        if getattr(e, "address", None) == contract.address
    ]


@dataclass
class Stage:
    """A venue, its Liquidator, and actors by role. Inventory is given to the pool by hand where only its sale matters."""

    venue: Venue
    liquidator: Any
    trader: str
    keeper: str
    buyer: str
    outsider: str

    @property
    def account(self) -> int:
        return account_of(self.trader)

    @property
    def manager(self) -> Any:
        return self.venue.manager

    def liquidate(self, *accounts: int, reward: int = 0, sender: str | None = None) -> list[Outcome]:
        outcomes = self.liquidator.liquidate(list(accounts), reward, sender=sender or self.keeper)
        return [(o.slice, o.reward, o.reason) for o in outcomes]

    def unhealthy(self, sub: int = 0, collateral: bool = False) -> int:
        """An account of the trader's with 1,000 of cash and a long of ETH that `crash` will make liquidatable.

        4.5 ETH, or 12 ETH with one WETH of collateral besides; margin asks for 8.8 % at first and 5.9 % later.
        """
        account = self.venue.deposit(self.trader, 1_000 * TOKEN, sub=sub)
        if collateral:
            self.venue.deposit(self.trader, WAD, self.venue.tokens[WETH], sub=sub)
        self.venue.trade(account, ETH, 12 * WAD if collateral else 9 * WAD // 2)
        return account

    def crash(self, price: int = 1_850) -> None:
        self.venue.set_price(ETH, price * WAD)

    def equity(self, account: int) -> int:
        return self.manager.account_health(account)[0]

    def cash(self, account: int) -> int:
        return self.manager.cash(account)

    def set_terms(self, flat: int = 0, gas_units: int = 0, native: int = ETH, duration: int = HOUR) -> None:
        self.liquidator.set_terms((flat, gas_units, native, duration), sender=self.venue.owner)

    def stock(self, amount: int, asset: int = WETH) -> None:
        """Bring WAD of a collateral into the pool's inventory without the Liquidator."""
        token = self.venue.tokens[asset]
        decimals = token.decimals()
        scale = Fraction(10**decimals, WAD)
        account = self.venue.deposit(self.outsider, ceil(amount * scale), token, sub=9)
        self.venue.vault.shift(account, self.venue.pool_account, asset, amount, sender=self.manager.address)

    def inventory(self, asset: int = WETH) -> int:
        return self.venue.vault.collateral(self.venue.pool_account, asset)

    def ask(self, asset: int = WETH) -> tuple[int, int]:
        return tuple(self.liquidator.inventory_price(self.venue.tokens[asset].address))

    def buy(self, amount: int, asset: int = WETH, max_price: int = 2**255, **fields: Any) -> tuple[int, int]:
        return tuple(
            self.liquidator.buy_collateral(
                fields.get("token", self.venue.tokens[asset].address),
                amount,
                max_price,
                fields.get("receiver", self.outsider),
                fields.get("data", b""),
                sender=fields.get("sender", self.buyer),
            )
        )

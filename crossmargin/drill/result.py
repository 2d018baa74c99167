"""What a drill finds: a row for each account, one for each crash, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from crossmargin.client import Conservation, owner_of, sub_id_of
from crossmargin.client.codec import LOT, WAD
from crossmargin.client.records import Account
from crossmargin.drill.shocks import BPS, Shock


def describe(account: Account, symbols: Mapping[int, str], assets: Mapping[int, str]) -> str:
    """A book in words: `hedge: long ETH, short BTC`."""
    longs = [symbols.get(p.market, str(p.market)) for p in account.positions if p.base > 0]
    shorts = [symbols.get(p.market, str(p.market)) for p in account.positions if p.base < 0]
    few = len(longs) + len(shorts) <= 4
    sides = [
        f"{side} {', '.join(names)}" if few else f"{len(names)} {side}"
        for side, names in (("long", longs), ("short", shorts))
        if names
    ]
    held = ", ".join(assets.get(c.asset, str(c.asset)) for c in account.collateral)
    text = (", ".join(sides) or "no position") + (f" on {held}" if held else "")
    if account.cash < 0 and not account.positions:
        return f"debt of {money(-account.cash)}: {text}"
    return _kind(account) + text


def _kind(account: Account) -> str:
    pledged = {c.underlying for c in account.collateral}
    if pledged and account.positions and all(p.base < 0 and p.market in pledged for p in account.positions):
        return "carry: "
    net = sum(p.notional if p.base > 0 else -p.notional for p in account.positions)
    gross = sum(p.notional for p in account.positions)
    return "hedge: " if len(account.positions) > 1 and 2 * abs(net) < gross else ""


def money(amount: int) -> str:
    """WAD quote to cents, for people."""
    return f"{amount / WAD:,.2f}"


@dataclass
class Row:
    """An account's drill. `fraction`: what was closed in all, `bad_debt`, `equity`, `maintenance`: WAD; gas of each slice."""

    account: int
    book: str
    positions: int
    collateral: int
    shock: Shock | None = None
    gas: list[int] = field(default_factory=list)
    fraction: int = 0
    bad_debt: int = 0
    equity: int = 0
    maintenance: int = 0
    reason: str = ""  # why it failed

    @property
    def ok(self) -> bool:
        return not self.reason

    @property
    def slices(self) -> int:
        return len(self.gas)

    def closed(self, fraction: int) -> None:
        """Another slice of what was left."""
        self.fraction += (WAD - self.fraction) * fraction // WAD

    def result(self) -> str:
        """For people."""
        if self.reason:
            return f"FAILED: {self.reason}"
        if self.bad_debt:
            return f"closed, bad debt {money(self.bad_debt)}"
        return f"closed {self.fraction / WAD:.1%}"

    def content(self, symbols: Mapping[int, str]) -> dict[str, Any]:
        """For the file."""
        return {
            "account": hex(self.account),
            "owner": owner_of(self.account),
            "sub_id": sub_id_of(self.account),
            "book": self.book,
            "positions": self.positions,
            "collateral": self.collateral,
            "shock": None if self.shock is None else asdict(self.shock),
            "shock_text": "" if self.shock is None else self.shock.text(symbols),
            "slices": self.slices,
            "gas": self.gas,
            "fraction": str(self.fraction),
            "bad_debt": str(self.bad_debt),
            "equity": str(self.equity),
            "maintenance": str(self.maintenance),
            "ok": self.ok,
            "reason": self.reason,
        }


@dataclass
class Crash:
    """Everybody at one common shock. Amounts in WAD; `slices` over `calls` transactions of up to 32 accounts."""

    shock: Shock
    ill: int
    slices: int = 0
    calls: int = 0
    gas: int = 0
    dearest: int = 0
    bad_debt: int = 0
    by_cover: int = 0
    by_pool: int = 0
    cover_before: int = 0
    cover_after: int = 0
    pool_before: int = 0
    pool_after: int = 0
    left: int = 0
    failures: list[str] = field(default_factory=list)

    def content(self) -> dict[str, Any]:
        """For the file."""
        names = (
            "bad_debt",
            "by_cover",
            "by_pool",
            "cover_before",
            "cover_after",
            "pool_before",
            "pool_after",
        )
        return {**asdict(self), **{name: str(getattr(self, name)) for name in names}}


@dataclass
class Report:
    """The whole drill. `skipped`: accounts with nothing to liquidate; `wei`: conservation over all before it, donations aside."""

    chain_id: int
    block: int
    symbols: Mapping[int, str]
    rows: list[Row] = field(default_factory=list)
    crashes: list[Crash] = field(default_factory=list)
    skipped: int = 0
    wei: int = 0
    seconds: float = 0.0

    @property
    def failures(self) -> int:
        """Accounts and crashes that failed, and books that do not agree before anything was done."""
        return sum(not r.ok for r in self.rows) + sum(bool(c.failures) for c in self.crashes) + bool(self.wei)

    def line(self) -> str:
        """The drill in one line."""
        good = [row for row in self.rows if row.ok]
        dearest = max((gas for row in self.rows for gas in row.gas), default=0)
        slices = max((row.slices for row in self.rows), default=0)
        text = f"{len(self.rows)} accounts: {len(good)} liquidated, {len(self.rows) - len(good)} failed"
        text += f"; at most {slices} slice{'s' * (slices != 1)} each, the dearest {dearest:,} gas"
        for crash in self.crashes:
            state = "FAILED" if crash.failures else "nobody left"
            text += f"; {crash.shock.text({})}: {crash.ill} at once, {state}"
        return text + f"; {self.seconds:.0f} s"

    def content(self) -> dict[str, Any]:
        """For the file: amounts in WAD as texts, shocks in bps and seconds."""
        return {
            "chain_id": self.chain_id,
            "block": self.block,
            "accounts": [row.content(self.symbols) for row in self.rows],
            "crashes": [crash.content() for crash in self.crashes],
            "skipped": self.skipped,
            "wei": str(self.wei),
            "failures": self.failures,
            "summary": self.line(),
        }


def unhealed(after: Account, h: int) -> str:
    """What is wrong with an account after its last slice; empty if it has E >= h MM (h in bps), or nothing is left of it."""
    if not after.positions:
        if after.cash < 0:
            return f"everything is closed and it still owes {money(-after.cash)}"
        return ""
    if any(p.price_state for p in after.positions):
        return ""  # a dead leg stays, whatever its weight
    target = -(-h * after.raw // BPS)
    slack = 10**12 + 2 * sum(p.price * LOT // WAD for p in after.positions)  # sizes are whole lots
    if after.equity + slack < target:
        return f"equity {money(after.equity)} is below h MM = {money(target)}"
    return ""


def apart(before: Conservation, after: Conservation) -> int:
    """What the books of the same accounts lost or gained against ledger, tokens and markets between two moments, in wei."""

    def rows(books: Conservation) -> list[int]:
        assets = [(one.held - one.credited, one.credited - one.accounts) for one in books.assets.values()]
        markets = [(one.base, one.quote) for one in books.markets.values()]
        return [x for pair in (*assets, *markets) for x in pair] + [books.debt - books.owed]

    return sum(abs(a - b) for a, b in zip(rows(before), rows(after), strict=True))


def strays(books: Conservation) -> int:
    """Conservation in wei, without what was sent to the Vault past its door."""
    donated = sum(row.held - row.credited for row in books.assets.values() if row.held > row.credited)
    return books.wei - donated


def short(account: int) -> str:
    """An account id for a narrow column: 0x1234…abcd/3."""
    owner, sub = owner_of(account), sub_id_of(account)
    return f"{owner[:6]}…{owner[-4:]}" + (f"/{sub}" if sub else "")

"""The course of a drill: every account alone, then all at once in a crash and in a rally.

An account is brought below maintenance by the smallest move found, liquidated by a stranger's key slice by slice, and looked at;
what is wrong is the reason in its row. Each begins where the feeds were taken over.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from crossmargin.client import show_account
from crossmargin.client.codec import WAD
from crossmargin.client.events import BadDebt, Claimed, Liquidated, LiquidationFailed
from crossmargin.client.records import LIQUIDATABLE, Account, Outcome, Reason, Receipt
from crossmargin.drill.result import Crash, Report, Row, apart, describe, money, strays, unhealed
from crossmargin.drill.shocks import (
    BPS,
    DAY,
    DEEP,
    GRID,
    WAITS,
    DrillError,
    Shock,
    answers,
    deepest,
    wad_prices,
)
from crossmargin.drill.stage import Stage
from crossmargin.errors import CrossmarginError, NetworkError

MOST_SLICES = 16
BATCH = 32  # accounts in one call


class Drill:
    """Every account alone, then all at once. `tell` hears of stages, `done` of each account."""

    def __init__(
        self,
        stage: Stage,
        accounts: Sequence[int] | None = None,
        tell: Callable[[str], object] = lambda text: None,
        done: Callable[[Row, int], object] = lambda row, of: None,
    ) -> None:
        self._stage = stage
        self._wanted = accounts
        self._tell = tell
        self._done = done
        self._known: set[int] = set()

    def run(self) -> Report:
        """The whole of it, on a stage that is not taken over yet."""
        began, stage = time.monotonic(), self._stage
        self._tell("looking for accounts")
        patients, skipped = self._patients()
        self._tell("replacing the feeds, inside a snapshot")
        stage.take_over()
        report = Report(stage.node.chain_id, stage.node.found, stage.symbols, skipped=skipped)
        report.wei = strays(stage.client.conservation(self._known))
        self._h = stage.client.read(stage.client.calls.call("Configurator", "venue"))["h"]
        self._tell(f"{len(patients)} accounts, one by one")
        for patient in patients:
            row = self._account(patient)
            report.rows.append(row)
            self._done(row, len(patients))
        for share in DEEP:
            self._tell("everybody at once, prices " + ("falling" if share < 0 else "rising"))
            report.crashes.append(self._crash(share, [p.id for p in patients], report.wei))
        report.seconds = time.monotonic() - began
        return report

    def _patients(self) -> tuple[list[Account], int]:
        """Accounts with positions or debt, and how many have neither."""
        client, deployment = self._stage.client, self._stage.deployment
        blocks = [c.block for c in deployment.contracts.values() if c.block is not None]
        self._known = client.known_accounts(min(blocks, default=0))
        ours = {int(address, 16) for address in (deployment.pool, deployment.cover)}
        wanted = self._wanted if self._wanted else sorted(self._known)
        ids = [a for a in dict.fromkeys(wanted) if a >> 96 not in ours]
        self._known |= set(ids)
        found = [a for a in client.accounts(ids) if a.positions or a.cash < 0]
        if not found:
            raise DrillError(
                f"none of {len(ids)} accounts has a position or debt: there is nothing to liquidate"
                if ids
                else "nobody has deposited yet: there is nothing to liquidate"
            )
        return found, len(ids) - len(found)

    # ---- one account

    def _account(self, patient: Account) -> Row:
        stage = self._stage
        book = describe(patient, stage.symbols, stage.assets)
        row = Row(patient.id, book, len(patient.positions), len(patient.collateral))
        try:
            stage.rewind()
            row.shock = self._break(patient)
            if row.shock is None:
                row.reason = "no move of prices and no time makes it liquidatable"
            else:
                self._heal(row)
        except NetworkError:
            raise
        except CrossmarginError as fault:  # a view or a call that reverts is a finding
            row.reason = row.reason or str(fault)
        return row

    def _break(self, patient: Account) -> Shock | None:
        """Apply the first shock after which the account is liquidatable."""
        if self._is_ill(patient.id):
            return Shock()
        for shock in self._shocks(patient):
            for further in shock.further():
                if not self._stage.push(further):
                    break
                if self._is_ill(patient.id):
                    return further
            self._stage.rewind()
        return None

    def _is_ill(self, account: int) -> bool:
        (health,) = self._stage.client.health([account])
        return health.state == LIQUIDATABLE or bool(self._stage.client.liquidatable([account]))

    def _shocks(self, patient: Account) -> Iterator[Shock]:
        """What might do it: the common factor, one market, time."""
        nearest = self._stage.client.liquidation_shock(patient.id)
        if nearest:
            yield Shock("common", nearest * BPS // WAD)
        markets = sorted({p.market for p in patient.positions} | {c.underlying for c in patient.collateral})
        grid = [Shock("common", bps) for bps in GRID]
        grid += [Shock("market", bps, market) for bps in GRID for market in markets]
        yield from self._promising(patient.id, grid)
        yield from (Shock("time", seconds=days * DAY) for days in WAITS)

    def _promising(self, account: int, shocks: Sequence[Shock]) -> list[Shock]:
        """Those of the shocks that the Lens says make it liquidatable."""
        stage, tried, calls = self._stage, [], []
        for shock in shocks:
            given = answers(stage.feeds, shock, stage.ref)
            if given is not None:
                prices = wad_prices(stage.feeds, given)
                row = [prices.get(market, 0) for market in range(max(prices) + 1)]
                tried.append(shock)
                calls.append(stage.client.calls.health_at([account], row))
        found = stage.client.read_all(calls)
        return [shock for shock, (health,) in zip(tried, found, strict=True) if health.state == LIQUIDATABLE]

    def _heal(self, row: Row) -> None:
        """Slice by slice until the account is healthy or closed; the first thing that is wrong is the row's reason."""
        stage, ours = self._stage, [row.account, self._stage.keeper_account]
        before = stage.client.conservation(ours)
        while not row.reason:
            said = stage.outcome(row.account)
            receipt = stage.liquidate([row.account])
            row.reason = self._slice(row, said, receipt)
            if row.reason or not stage.client.liquidatable([row.account]):
                break
            if row.slices == MOST_SLICES:
                row.reason = f"still liquidatable after {MOST_SLICES} slices"
        (after,) = stage.client.accounts([row.account])
        row.equity, row.maintenance = after.equity, after.maintenance
        books, solvency = stage.client.conservation(ours), stage.client.solvency()
        row.reason = (
            row.reason
            or unhealed(after, self._h)
            or _moved(apart(before, books))
            or ("solvency() and the Vault differ about D" if solvency.debt != books.debt else "")
        )

    def _slice(self, row: Row, said: Outcome, receipt: Receipt) -> str:
        """Take down one slice; what is wrong with it."""
        if not receipt.ok:
            return f"liquidate reverted: {receipt.reason or 'no reason'}"
        for event in receipt.events:
            if isinstance(event, LiquidationFailed):
                return f"the call failed: {event.reason or 'no reason: too little gas, or arithmetic'}"
            if isinstance(event, BadDebt):
                row.bad_debt += event.by_first + event.by_last
        slices = [e for e in receipt.events if isinstance(e, Liquidated) and e.account == row.account]
        if said.reason or not slices:
            return f"liquidate says: {Reason(said.reason).words}" if said.reason else "liquidate did nothing"
        (event,) = slices
        row.gas.append(receipt.gas_used)
        row.closed(event.fraction)
        if event.keeper != self._stage.keeper_account:
            return "the reward went to another account than the caller's"
        if event.equity >= event.maintenance and event.equity >= 0:
            return "it was liquidated with equity above maintenance"
        return ""

    # ---- all of them

    def _crash(self, share: int, accounts: Sequence[int], wei: int) -> Crash:
        stage = self._stage
        stage.rewind()
        crash = Crash(deepest(stage.feeds, stage.ref, share), 0)
        stage.push(crash.shock)
        pool = stage.client.pool()
        crash.cover_before, crash.pool_before = pool.cover_cash, pool.state.equity
        ill = self._ill(accounts)
        crash.ill = len(ill)
        events: list[Any] = []
        for _ in range(MOST_SLICES):
            if not ill:
                break
            fresh = self._sweep(crash, ill)
            events += fresh
            ill = self._ill(accounts)
            if not any(isinstance(event, Liquidated) for event in fresh):
                break
        crash.left = len(ill)
        self._add_up(crash, events)
        crash.failures += self._left(accounts, ill, events)
        if strays(stage.client.conservation(self._known | {stage.keeper_account})) != wei:
            crash.failures.append("the books do not agree any more")
        return crash

    def _ill(self, accounts: Sequence[int]) -> list[int]:
        health = self._stage.client.health(accounts)
        due = set(self._stage.client.liquidatable(accounts))
        return [a for a, h in zip(accounts, health, strict=True) if h.state == LIQUIDATABLE or a in due]

    def _sweep(self, crash: Crash, ill: Sequence[int]) -> list[Any]:
        """One call for each 32 of them."""
        found: list[Any] = []
        for start in range(0, len(ill), BATCH):
            receipt = self._stage.liquidate(ill[start : start + BATCH])
            crash.calls += 1
            crash.gas += receipt.gas_used
            crash.dearest = max(crash.dearest, receipt.gas_used)
            if not receipt.ok:
                crash.failures.append(f"liquidate reverted: {receipt.reason or 'no reason'}")
            found += receipt.events
        return found

    def _add_up(self, crash: Crash, events: Sequence[Any]) -> None:
        """W-1: who paid what, and whether the events, the cover pool's claims and its cash agree."""
        debts = [event for event in events if isinstance(event, BadDebt)]
        crash.slices = sum(isinstance(event, Liquidated) for event in events)
        crash.by_cover, crash.by_pool = sum(e.by_first for e in debts), sum(e.by_last for e in debts)
        crash.bad_debt = crash.by_cover + crash.by_pool
        pool = self._stage.client.pool()
        crash.cover_after, crash.pool_after = pool.cover_cash, pool.state.equity
        earned = sum(event.to_cover for event in events if isinstance(event, Liquidated))
        # a claim counts against its market's cap even where the fund had less than that
        if sum(event.amount for event in events if isinstance(event, Claimed)) < crash.by_cover:
            crash.failures.append("the cover pool paid more than was claimed")
        if crash.cover_after - crash.cover_before != earned - crash.by_cover:
            crash.failures.append("the cover pool's cash is not what it earned less what it paid")

    def _left(self, accounts: Sequence[int], ill: Sequence[int], events: Sequence[Any]) -> list[str]:
        """Who is still below maintenance, and who owes with nothing to sell."""
        failed = {event.account: event.reason for event in events if isinstance(event, LiquidationFailed)}
        found = [
            f"{show_account(a)} is left: {failed.get(a) or Reason(self._stage.outcome(a).reason).words}"
            for a in ill
        ]
        for after in self._stage.client.accounts(accounts):
            if not after.positions and not after.collateral and after.cash < 0:
                found.append(f"{show_account(after.id)} owes {money(-after.cash)} that nobody has paid")
        return found


def _moved(wei: int) -> str:
    return f"the books moved apart by {wei} wei" if wei else ""

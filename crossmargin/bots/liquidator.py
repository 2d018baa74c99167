"""The liquidator: slices accounts that have fallen below maintenance, and may buy the collateral this leaves.

    python -m crossmargin.bots.liquidator --config liquidator.toml

Accounts come from the deposits and trades on the chain, or from a list. Each block the Lens is asked which of them would
be liquidated, those with a dead leg included; whole batches are simulated at what their gas costs, and sent if the rewards
exceed it by the floor. No capital is needed but for gas. With --buy it also buys inventory below the oracle's price, up to a
total. Unless told not to it settles positions in settled markets, with --deleverage it closes winners when the pool is
short of capital, and with --close it samples the prices of closing markets and settles them: none of it is paid for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import click

from crossmargin.bots import settings
from crossmargin.bots.closing import Closer
from crossmargin.bots.deleveraging import Deleverager, Settler
from crossmargin.bots.money import Purse
from crossmargin.bots.runtime import REREAD, Cursor, Head, Log, connect, first_block, log_receipt, serve
from crossmargin.bots.settings import Common
from crossmargin.client.aio import AsyncClient
from crossmargin.client.calls import HEALTH_CHUNK
from crossmargin.client.codec import QUOTE, WAD, CollateralTerms, account_id, show_account
from crossmargin.client.events import BadDebt, Bought, Deposit, Liquidated, LiquidationFailed, Trade, Transfer
from crossmargin.client.records import Outcome, Reason, Receipt
from crossmargin.errors import NO_REASON, ContractRefused, CrossmarginError

NAME = "liquidator"
BATCH = 16  # accounts in a transaction: their gas must fit in a block
KINDS = (Deposit, Trade, Transfer)
BPS = 10_000


class Liquidator:
    """The bot. `listed`: watch these accounts alone. `cooldown`: seconds before an account that gave nothing is tried again."""

    name = NAME

    def __init__(
        self,
        client: AsyncClient,
        common: Common,
        log: Log,
        listed: Sequence[int] = (),
        reward_account: int = 0,
        batch: int = BATCH,
        chunk: int = HEALTH_CHUNK,
        cooldown: int = 10,
        buyer: Buyer | None = None,
        settler: Settler | None = None,
        deleverager: Deleverager | None = None,
        closer: Closer | None = None,
    ) -> None:
        self._client = client
        self._calls = client.calls
        self._common = common
        self._log = log
        self._discovers = not listed
        self._accounts: set[int] = set(listed)
        self._reward_account = reward_account or account_id(common.sender)
        self._batch = batch
        self._chunk = chunk
        self._cooldown = cooldown
        self._buyer = buyer
        self._settler = settler
        self._deleverager = deleverager
        self._closer = closer
        self._purse = Purse(client, common)
        self._cursor = Cursor(
            common.cursor, NAME, "manager", "PositionManager", self._calls.at("PositionManager")
        )
        self._next_block = common.from_block
        self._quiet_until: dict[int, int] = {}
        self._again = False

    # ---- what the runtime asks for -----------------------------------------------------------------

    async def start(self, head: Head) -> None:
        """Go on where the cursor says the last run stopped."""
        self._load_cursor(head)
        self._log.info(
            "started",
            address=self._common.sender,
            dry_run=self._common.dry_run,
            block=head.block,
            from_block=self._next_block,
            reward_account=show_account(self._reward_account),
        )

    def state(self) -> Mapping[str, Any]:
        """Accounts watched, and how far the chain was read."""
        spent = {"spent_tokens": self._buyer.spent} if self._buyer else {}
        return {"accounts": len(self._accounts), "next_block": self._next_block, **spent}

    def waiting(self) -> bool:
        """True after a look that could not take everything."""
        return self._again

    async def look(self, head: Head) -> None:
        """Settle what is settled, find who is below maintenance, slice them, close winners if need be, buy what is left."""
        self._again = False
        if self._discovers:
            await self._discover(head)
        if self._closer is not None:
            await self._closer.look(head)
        if self._settler is not None:
            await self._settler.look(head, self._accounts)
        ill = await self._liquidatable(head)
        for start in range(0, len(ill), self._batch):
            await self._treat(ill[start : start + self._batch], head)
        # slices give the pool capital: only what is missing after them is taken from winners
        if self._deleverager is not None and not self._again:
            self._again = await self._deleverager.look(head, self._accounts)
        if self._buyer is not None:
            await self._buyer.look()
        self._save_cursor()

    # ---- discovering -------------------------------------------------------------------------------

    async def _discover(self, head: Head) -> None:
        first = max(self._next_block - REREAD, self._common.from_block)
        if first > head.block:
            return
        for event in await self._client.events(*KINDS, first=first, last=head.block):
            self._accounts.add(event.to_account if isinstance(event, Transfer) else event.account)
        self._next_block = head.block + 1

    async def _liquidatable(self, head: Head) -> list[int]:
        """Who would be liquidated, of those not left alone. What is refused is asked again in halves: it may lack gas."""
        known = sorted(a for a in self._accounts if self._quiet_until.get(a, 0) <= head.time)
        parts: list[Sequence[int]] = [known[i : i + self._chunk] for i in range(0, len(known), self._chunk)]
        found: list[int] = []
        fitting, refused = 1, False
        while parts:
            answers = await self._client.read_all(
                [self._calls.liquidatable(part) for part in parts], may_fail=True
            )
            halves: list[Sequence[int]] = []
            for part, answer in zip(parts, answers, strict=True):
                if isinstance(answer, ContractRefused):
                    refused = True
                    halves += self._halves(part, answer, head)
                elif isinstance(answer, CrossmarginError):
                    raise answer
                else:
                    found += answer
                    fitting = max(fitting, len(part))
            parts = halves
        if refused:  # next time begin with what fitted
            self._chunk = fitting
        return found

    def _halves(self, accounts: Sequence[int], fault: ContractRefused, head: Head) -> list[Sequence[int]]:
        """The halves of a part that was refused; an account that is refused by itself is left alone."""
        if len(accounts) == 1:
            self._calm(accounts[0], head, f"cannot be read: {fault.reason or NO_REASON}")
            return []
        middle = len(accounts) // 2
        return [accounts[:middle], accounts[middle:]]

    # ---- liquidating -------------------------------------------------------------------------------

    async def _treat(self, accounts: Sequence[int], head: Head) -> None:
        """Simulate a batch; send those in it that pay."""
        outcomes = await self._outcomes(accounts)
        paying = []
        for account, outcome in outcomes.items():
            if outcome is not None and outcome.reason == Reason.LIQUIDATED:
                paying.append((outcome.reward, account))
            elif outcome is not None and outcome.reason == Reason.GRACE:
                self._calm(account, head, "grace", await self._grace_until())
            else:
                self._calm(account, head, Reason(outcome.reason).words if outcome else "refused")
        chosen = await self._worth_it(paying, head)
        if not chosen:
            return
        call = self._calls.liquidate(chosen, self._reward_account)
        if self._common.dry_run:
            reward = sum(row for row, account in paying if account in chosen)
            self._log.info("would_liquidate", accounts=",".join(map(show_account, chosen)), reward=reward)
            return
        (receipt,) = await self._client.send_all(self._common.key, [call])
        self._settle(chosen, receipt, head)

    async def _outcomes(self, accounts: Sequence[int]) -> dict[int, Outcome | None]:
        """What `liquidate` would say of each. One that breaks the whole batch is found by halving it."""
        call = self._calls.liquidate(accounts, self._reward_account)
        try:
            # the reward depends on the base fee: show the call the one it will meet
            price = await self._client.gas_price() if self._common.key else 0
            found = await self._client.simulate(call, self._common.sender, price)
            return dict(zip(accounts, found, strict=True))
        except ContractRefused as fault:
            if len(accounts) == 1:
                self._log.warn("refused", account=show_account(accounts[0]), reason=fault.reason)
                return {accounts[0]: None}
        middle = len(accounts) // 2
        return {**await self._outcomes(accounts[:middle]), **await self._outcomes(accounts[middle:])}

    async def _worth_it(self, paying: Sequence[tuple[int, int]], head: Head) -> list[int]:
        """Drop the least paying until each earns its share of the gas and the batch its floor."""
        left = sorted(paying, reverse=True)
        if left and not await self._purse.affordable():
            self._log.info("gas_too_dear", accounts=len(left))
            return []
        while left:
            accounts = [account for _, account in left]
            cost = await self._purse.cost(self._calls.liquidate(accounts, self._reward_account))
            total = sum(reward for reward, _ in left)
            if total - cost >= self._common.min_profit and left[-1][0] * len(left) >= cost:
                return accounts
            reward, account = left.pop()
            self._calm(account, head, f"reward {reward} does not pay its gas")
        return []

    async def _grace_until(self) -> int:
        """When the venue's own grace ends; that of the chain's sequencer has no end that could be read."""
        return (await self._client.read(self._calls.rates())).grace_until

    def _calm(self, account: int, head: Head, why: str, until: int = 0) -> None:
        self._quiet_until[account] = max(head.time + self._cooldown, until)
        self._log.info("left_alone", account=show_account(account), why=why, until=self._quiet_until[account])

    def _settle(self, accounts: Sequence[int], receipt: Receipt, head: Head) -> None:
        where = log_receipt(self._log, receipt, accounts=len(accounts))
        done = set()
        for event in receipt.events:
            if isinstance(event, Liquidated):
                done.add(event.account)
                self._log.info(
                    "liquidated",
                    account=show_account(event.account),
                    fraction=event.fraction,
                    reward=event.reward,
                    **where,
                )
            elif isinstance(event, BadDebt):
                self._log.warn(
                    "bad_debt", account=show_account(event.account), cover=event.by_first, pool=event.by_last
                )
            elif isinstance(event, LiquidationFailed):
                self._log.warn(
                    "failed_account", account=show_account(event.account), reason=event.reason or "-"
                )
        for account in set(accounts) - done:
            self._calm(account, head, "not liquidated")
        self._again = bool(done)

    # ---- cursor ------------------------------------------------------------------------------------

    def _load_cursor(self, head: Head) -> None:
        found = self._cursor.read(_remembered) if self._discovers else None
        if found is not None:
            block, self._accounts = found
            self._next_block = first_block(block, head, self._common, self._log)

    def _save_cursor(self) -> None:
        if self._discovers and not self._common.dry_run:
            accounts = [str(account) for account in sorted(self._accounts)]
            self._cursor.write({"next_block": self._next_block, "accounts": accounts})


def _remembered(row: Mapping[str, Any]) -> tuple[int, set[int]]:
    return int(row["next_block"]), {int(text) for text in row["accounts"]}


class Buyer:
    """Buys inventory at `discount` bps below the oracle's price or cheaper, for `budget` quote token units at most."""

    def __init__(
        self, client: AsyncClient, common: Common, log: Log, budget: int, discount: int, receiver: str
    ) -> None:
        self._client = client
        self._calls = client.calls
        self._common = common
        self._log = log
        self._budget = budget
        self._discount = discount
        self._receiver = receiver
        self._terms: dict[int, CollateralTerms] = {}
        self._tokens: dict[int, str] = {}
        self._decimals: dict[int, int] = {}
        self.spent = 0

    async def look(self) -> None:
        """Buy what is cheap enough, as long as there is money."""
        if not self._terms:
            await self._learn()
        assets = sorted(self._terms)
        if not assets or self.spent >= self._budget:
            return
        reads = [self._calls.inventory_price(self._tokens[a]) for a in assets]
        *offers, prices = await self._client.read_all(
            [*reads, self._calls.prices([self._terms[a].underlying for a in assets])]
        )
        for asset, offer, mark in zip(assets, offers, prices, strict=True):
            if mark.state or not offer.available or not offer.price:
                continue
            if offer.price * BPS <= mark.price * (BPS - self._discount):
                await self._buy(asset, offer.available, offer.price)

    async def _learn(self) -> None:
        self._terms = await self._client.read(self._calls.collateral_terms())
        ids = [*sorted(self._terms), QUOTE]
        tokens = await self._client.read_all([self._calls.vault("token", asset) for asset in ids])
        self._tokens = dict(zip(ids, tokens, strict=True))
        decimals = await self._client.read_all([self._calls.token(token, "decimals") for token in tokens])
        self._decimals = dict(zip(ids, decimals, strict=True))

    async def _buy(self, asset: int, available: int, price: int) -> None:
        money = await self._money()
        # quote units that one whole token costs, rounded up
        whole = -(-price * 10 ** self._decimals[QUOTE] // WAD)
        amount = min(available, money * 10 ** self._decimals[asset] // whole)
        if amount == 0:
            return
        call = self._calls.buy_collateral(self._tokens[asset], amount, price, self._receiver)
        if self._common.dry_run:
            self._log.info("would_buy", token=self._tokens[asset], amount=amount, price=price)
            return
        try:
            await self._approve()
            await self._client.simulate(call, self._common.sender)
            (receipt,) = await self._client.send_all(self._common.key, [call])
        except ContractRefused as fault:
            self._log.warn("purchase_refused", token=self._tokens[asset], reason=fault.reason)
            return
        self._settle(receipt)

    def _settle(self, receipt: Receipt) -> None:
        """Count what it cost on chain: the price falls between the simulation and the block."""
        where = log_receipt(self._log, receipt, purchases=1)
        for event in receipt.events:
            if isinstance(event, Bought):
                self.spent += event.cost
                self._log.info(
                    "bought",
                    token=event.token,
                    amount=event.amount,
                    cost=event.cost,
                    price=event.price,
                    **where,
                )

    async def _money(self) -> int:
        left = self._budget - self.spent
        if self._common.dry_run:
            return left
        quote = self._tokens[QUOTE]
        return min(left, await self._client.read(self._calls.token(quote, "balanceOf", self._common.sender)))

    async def _approve(self) -> None:
        """Let the Vault take what is left of the budget, no more."""
        quote, left = self._tokens[QUOTE], self._budget - self.spent
        allowed = await self._client.read(
            self._calls.token(quote, "allowance", self._common.sender, self._calls.at("Vault"))
        )
        if allowed < left:
            (receipt,) = await self._client.send_all(self._common.key, [self._calls.approve(quote, left)])
            self._log.info("approved", token=quote, amount=left, ok=receipt.ok, tx=receipt.tx_hash)


@click.command(context_settings={"help_option_names": ["-h", "--help"], "show_default": True})
@settings.options(
    click.option(
        "--account",
        "accounts",
        type=settings.ACCOUNT,
        multiple=True,
        help="Watch this account alone; may be repeated.",
    ),
    click.option(
        "--reward-account",
        type=settings.ACCOUNT,
        default=0,
        help="Account id that is paid; the key's 0 by default.",
    ),
    click.option(
        "--batch", type=click.IntRange(1, 20), default=BATCH, help="Most accounts in a transaction."
    ),
    click.option(
        "--chunk",
        type=click.IntRange(1, HEALTH_CHUNK),
        default=HEALTH_CHUNK,
        help="Accounts asked about in one call.",
    ),
    click.option(
        "--cooldown",
        type=click.IntRange(0),
        default=10,
        help="Seconds before an account that gave nothing is tried again.",
    ),
    click.option(
        "--settle/--no-settle",
        default=True,
        help="Close positions in settled markets, which earns nothing.",
    ),
    click.option(
        "--deleverage/--no-deleverage",
        default=False,
        help="Close winners when the pool is short of capital, which earns nothing.",
    ),
    click.option(
        "--close/--no-close",
        default=False,
        help="Sample the prices of closing markets and settle them, which earns nothing.",
    ),
    click.option("--buy", is_flag=True, help="Buy the collateral that liquidations leave."),
    click.option(
        "--max-spend", type=click.IntRange(0), default=0, help="Quote token units to spend on it in one run."
    ),
    click.option(
        "--min-discount",
        type=click.IntRange(0, BPS),
        default=100,
        help="Bps below the oracle's price to buy at.",
    ),
)
def main(
    accounts: tuple[int, ...],
    reward_account: int,
    batch: int,
    chunk: int,
    cooldown: int,
    settle: bool,
    deleverage: bool,
    close: bool,
    buy: bool,
    max_spend: int,
    min_discount: int,
    **given: Any,
) -> int:
    """Liquidate accounts below maintenance.

    Every option may stand in the file of --config or in the environment as CROSSMARGIN_<OPTION>. The key comes from
    --keyfile or CROSSMARGIN_KEY.
    """
    if buy and not max_spend:
        raise click.UsageError("--buy needs --max-spend: how many quote token units it may cost in all")
    common = settings.common(given)
    log = Log(NAME)
    client = connect(common, log)
    buyer = Buyer(client, common, log, max_spend, min_discount, common.sender) if buy else None
    settler = Settler(client, common, log) if settle else None
    deleverager = Deleverager(client, common, log, cooldown) if deleverage else None
    closer = Closer(client, common, log) if close else None
    duties = (buyer, settler, deleverager, closer)
    bot = Liquidator(client, common, log, accounts, reward_account, batch, chunk, cooldown, *duties)
    return serve(bot, client, common, log)


if __name__ == "__main__":
    settings.run_program(main, NAME)

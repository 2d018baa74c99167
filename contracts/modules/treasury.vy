# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title treasury: the doors of the two pools' own accounts: LP money in and out, inventory sold
"""

from interfaces import IPositionManager
from interfaces import IVault
from contracts.modules import auction
from contracts.modules import authority
from contracts.modules import books
from contracts.modules import checks
from contracts.modules import packing
from contracts.modules import portfolio
from contracts.modules import wiring

uses: authority
uses: books
uses: portfolio
uses: wiring


@external
def sell_inventory(
    sale: IVault.Sale, share: uint256, limit: uint256, data: Bytes[1024]
) -> (uint256, uint256):
    """
    @notice Sell collateral the pool took over at P(1 - share * d_c), at most `limit`; no share (WAD) counts for more than 1.
            The buyer approved the Vault; with `data` he is called before he pays. Liquidator only. Returns the price (WAD) and
            what was paid (quote token units).
    """
    authority.check_role(authority.LIQUIDATOR)
    entry: uint256 = packing.asset_entry(books.collateral, sale.asset)
    word: uint256 = wiring.refresh(1 << packing.asset_underlying(entry))[0]
    portfolio.check_priced(packing.price_state(word) == 0)
    price: uint256 = auction.price_up(packing.price_of(word), packing.asset_discount(entry), share)
    checks.that(price <= limit, "manager: price above the limit")
    return price, extcall IVault(wiring.VAULT).exchange(wiring.POOL_ACCOUNT, sale, price, data)


@external
def pool_deposit(payer: address, tokens: uint256):
    """
    @notice Credit the caller's account with quote from `payer`. LiquidityPool and CoverPool only.
    """
    credited: uint256 = wiring.pull(authority.checked_pool(), wiring.QUOTE, payer, tokens)
    self._log_flow(payer, convert(credited, int256))


@external
def pool_withdraw(receiver: address, tokens: uint256):
    """
    @notice Pay an LP out of the caller's cash, of which D must stay (L-2). LiquidityPool and CoverPool only; the pool checks the
            utilisations.
    """
    account: uint256 = authority.checked_pool()
    debited: uint256 = wiring.push(account, wiring.QUOTE, receiver, tokens, 0)
    # the cover pool's need not be there too if the pool's is
    left: int256 = max(wiring.cash_of(account), wiring.cash_of(wiring.POOL_ACCOUNT))
    checks.that(
        left >= convert(staticcall IVault(wiring.VAULT).debt(), int256),
        "manager: cash owed to winners",
    )
    self._log_flow(receiver, -convert(debited, int256))


@internal
def _log_flow(counterparty: address, amount: int256):
    log IPositionManager.PoolFlow(counterparty=counterparty, amount=amount)

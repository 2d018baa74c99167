# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title Vault: custody of tokens and the double-entry ledger of balances
@license MIT
@notice One word of cash, reservation and asset bits for each account, one amount for each collateral it holds.
        Amounts are WAD (1e18) unless called `tokens`, which are in the token's own decimals. Asset ids: 0 … 7 are
        collateral in the order of listing, 255 is the quote token.
        Only the PositionManager moves anything; it decides who may, the Vault that the books stay right.
        Every function but MANAGER is locked while a token is being moved, views included.
        Keeps I-1 (tokens held >= ledger), I-2 and L-1 (sums of balances = credited), the D of I-4 and L-2,
        I-7 (bit set <=> amount not zero) and its part of I-28: no role here can move what belongs to an account.
@custom:kill There is no switch, owner or upgrade here. Stop new business where it is decided: set the venue to
        reduce-only and the entry caps to zero; withdrawals go on. A token that misbehaves blocks its own moves only: stop
        its deposits. If ever tokens held < `credited` or the sums differ from it, pause entries and let the accounts move
        to a new Vault with a new PositionManager.
"""

from contracts.modules import ledger
from contracts.modules import packing
from contracts.modules import tokens as erc20
from interfaces import IInventoryBuyer
from interfaces import IVault
from snekmate.utils import math

implements: IVault
initializes: erc20
initializes: ledger

QUOTE: constant(uint256) = 255
MAX_ASSETS: constant(uint256) = 8
MAX_U128: constant(uint256) = 2**128 - 1
WAD: constant(uint256) = 10**18

MANAGER: public(immutable(address))


@deploy
def __init__(manager: address, quote: address):
    """
    @notice `quote` must be a token with 2 … 24 decimals ("vault: decimals").
    @param manager The PositionManager, whose address may be known before its code is there.
    @param quote The settlement token, asset 255.
    """
    MANAGER = manager
    erc20.__init__(quote)
    log IVault.AssetListed(asset=QUOTE, token=quote, decimals=erc20.find(QUOTE)[1])


# ---- the PositionManager's calls ----------------------------------------------------------------

@external
def list_asset(token: address) -> uint256:
    """
    @notice Admit a collateral token for good. Reverts for the quote token or a listed one ("vault: already listed"),
            for a ninth ("vault: too many assets"), and for what has no code or not 2 … 24 decimals ("vault: decimals").
    @return The new asset's id, 0 … 7.
    """
    self._check_manager()
    asset: uint256 = erc20.add(token)
    log IVault.AssetListed(asset=asset, token=token, decimals=erc20.find(asset)[1])
    return asset


@external
def set_cap(asset: uint256, cap: uint256):
    """
    @notice Let deposits leave at most `cap` (WAD, below 2**96: "vault: cap range") of a collateral in the ledger; 0 at first.
    """
    self._check_manager()
    erc20.check_known(asset < erc20.count)
    ledger.set_cap(asset, cap)


@external
def pull(account: uint256, asset: uint256, payer: address, tokens: uint256) -> uint256:
    """
    @notice Take `tokens` from `payer`, who approved the Vault, and credit `account` with what arrived, at most `tokens`,
            rounded down to WAD. Reverts if that is nothing ("vault: nothing credited"), if the token returns false
            ("vault: token refused"), if `tokens` is not a whole number of WAD units ("vault: amount granularity") or
            beyond 2**128 - 1, and if the balance or the asset's cap ("vault: deposit cap") would be passed.
    @return WAD credited.
    """
    self._check_manager()
    return self._take(account, asset, payer, tokens)


@external
def push(account: uint256, asset: uint256, receiver: address, tokens: uint256, heir: uint256) -> uint256:
    """
    @notice Debit `account` and send exactly `tokens` to `receiver`. Of the quote only cash - reserved can leave
            ("vault: insufficient balance"), and only while the ledger holds it: positive cash may exceed the tokens
            by D ("vault: not enough tokens"). Reverts if the Vault's balance does not fall by exactly `tokens` ("vault: token
            moved wrong amount"), and where `pull` does for the amount; 0 is allowed.
    @param heir If not 0, quote that leaves also costs the account its share of D, tokens * D / credited, which this account gets (W-3).
    @return WAD debited.
    """
    self._check_manager()
    token: address = empty(address)
    decimals: uint256 = 0
    token, decimals = erc20.find(asset)
    amount: uint256 = self._give(account, asset, token, decimals, receiver, tokens)
    if heir != 0 and asset == QUOTE and ledger.owed > 0:
        held: uint256 = ledger.total_of(QUOTE) + amount
        share: int256 = convert(math._ceil_div(amount * convert(ledger.owed, uint256), held), int256)
        ledger.owe(ledger.book(account, -share) + ledger.book(heir, share))
    return amount


@external
def exchange(account: uint256, sale: IVault.Sale, price: uint256, data: Bytes[1024]) -> uint256:
    """
    @notice Sell some of `account`'s collateral at `price` (WAD quote per WAD): delivery to the receiver, then a call of the buyer's
            `on_inventory` if there is `data`, then payment by the buyer, who approved the Vault, rounded up. What arrives of it
            must be worth the price ("vault: paid too little"). All under this contract's lock.
    @return Quote token units asked for.
    """
    self._check_manager()
    asset: uint256 = 0
    decimals: uint256 = 0
    asset, decimals = erc20.listed(sale.token)
    erc20.check_known(asset == sale.asset)
    sold: uint256 = self._give(account, asset, sale.token, decimals, sale.receiver, sale.tokens)
    # sold is a balance, below 2**128, and a price below 2**96
    worth: uint256 = unsafe_mul(sold, price)
    cost: uint256 = erc20.quote_up(worth)
    if len(data) != 0:
        extcall IInventoryBuyer(sale.buyer).on_inventory(sale.token, sale.tokens, cost, data)
    # a paid amount is below 2**182
    assert unsafe_mul(self._take(account, QUOTE, sale.buyer, cost), WAD) >= worth, "vault: paid too little"
    return cost


@external
def post(
    account: uint256,
    pool: uint256,
    change: int256,
    keeper: uint256,
    fee: uint256,
    cover: uint256,
    to_cover: uint256,
):
    """
    @notice Book a change of `account`'s cash against the `pool`, and what it pays to a keeper and to the cover pool (WAD). Accounts
            may coincide. Cash stays within int128 ("vault: cash range"); D follows exactly.
            Reservations are not looked at: losses and fees may take cash below them.
    """
    self._check_manager()
    paid: int256 = convert(fee, int256) + convert(to_cover, int256)
    debt: int256 = ledger.book(account, change - paid)
    # four changes of at most 2**127 each
    debt = unsafe_add(debt, ledger.book(pool, -change))
    debt = unsafe_add(debt, ledger.book(keeper, convert(fee, int256)))
    debt = unsafe_add(debt, ledger.book(cover, convert(to_cover, int256)))
    ledger.owe(debt)


@external
def shift(from_account: uint256, to_account: uint256, asset: uint256, amount: uint256):
    """
    @notice Move `amount` (WAD) of collateral, or of the quote at most cash - reserved ("vault: insufficient balance"),
            between accounts. An account's shift to itself changes nothing.
    """
    self._check_manager()
    erc20.check_known(asset < MAX_ASSETS or asset == QUOTE)
    ledger.debit(from_account, asset, amount)
    ledger.credit(to_account, asset, amount)
    log IVault.Shifted(from_account=from_account, to_account=to_account, asset=asset, amount=amount)


@external
def reserve(account: uint256, change: int256):
    """
    @notice Change what is reserved of `account`'s cash by `change` (WAD, signed). Growth needs cash - reserved >= change
            ("vault: insufficient balance"); the result lies in 0 … 2**96 - 1 ("vault: reserved range").
    """
    self._check_manager()
    ledger.reserve(account, change)


@external
def write_off(account: uint256, first: uint256, granted: uint256, last: uint256):
    """
    @notice W-1: bring `account`'s negative cash to zero. `first` pays at most `granted`, and as far as its cash is positive;
            `last` the rest, which may make it negative. Without negative cash nothing happens. If one account is
            named twice the sums stay right, but it pays itself.
    """
    self._check_manager()
    missing: int256 = unsafe_sub(0, packing.vault_cash(ledger.words[account]))
    if missing <= 0:
        return
    able: int256 = max(packing.vault_cash(ledger.words[first]), 0)
    # no balance is beyond 2**127
    by_first: int256 = min(min(able, convert(min(granted, MAX_U128), int256)), missing)
    by_last: int256 = unsafe_sub(missing, by_first)
    # three changes of at most 2**127 each
    debt: int256 = ledger.book(account, missing)
    debt = unsafe_add(debt, ledger.book(first, -by_first))
    debt = unsafe_add(debt, ledger.book(last, -by_last))
    ledger.owe(debt)
    log IVault.BadDebt(
        account=account, by_first=convert(by_first, uint256), by_last=convert(by_last, uint256)
    )


# ---- views --------------------------------------------------------------------------------------

@view
@external
def cash(account: uint256) -> int256:
    """
    @return WAD quote, signed; the reserved part included.
    """
    return packing.vault_cash(ledger.words[account])


@view
@external
def reserved(account: uint256) -> uint256:
    """
    @return WAD quote of `account`'s cash promised to keepers; may exceed the cash after a loss.
    """
    return packing.vault_reserved(ledger.words[account])


@view
@external
def collateral(account: uint256, asset: uint256) -> uint256:
    """
    @return WAD of a collateral asset; zero for ids that are not listed, the quote included (see `cash`).
    """
    if asset >= MAX_ASSETS:
        return 0
    return ledger.amounts[account][asset]


@view
@external
def word(account: uint256) -> uint256:
    """
    @return The account's packed word: cash, what of it is reserved, bitmap of its collateral (see packing.vy).
    """
    return ledger.words[account]


@view
@external
def snapshot(account: uint256) -> (uint256, DynArray[uint256, 8]):
    """
    @return The account's packed word (see packing.vy), and its collateral amounts in WAD in ascending order of asset.
    """
    word: uint256 = ledger.words[account]
    found: DynArray[uint256, 8] = []
    assets: uint256 = packing.vault_assets(word)
    for asset: uint256 in range(MAX_ASSETS):
        if assets == 0:
            break
        if assets & 1 != 0:
            found.append(ledger.amounts[account][asset])
        assets >>= 1
    return word, found


@view
@external
def debt() -> uint256:
    """
    @return D of L-2: the sum of max(0, -cash) over all accounts, WAD quote.
    """
    return convert(ledger.owed, uint256)


@view
@external
def credited(asset: uint256) -> uint256:
    """
    @return WAD that the ledger answers for: the sum of all balances of `asset`. Donated tokens are not in it.
    """
    return ledger.total_of(asset)


@view
@external
def cap(asset: uint256) -> uint256:
    """
    @return WAD of a collateral asset that a deposit may leave in the ledger at most.
    """
    return ledger.totals[asset] >> 160


@view
@external
def totals() -> (uint256, uint256, uint256):
    """
    @return Quote tokens held (donations included, floor), quote credited and D, all WAD: the terms of L-1 and L-2.
    """
    token: address = empty(address)
    decimals: uint256 = 0
    token, decimals = erc20.find(QUOTE)
    held: uint256 = min(erc20.held(token), MAX_U128)  # the range of to_wad_floor
    return erc20.to_wad_floor(held, decimals), ledger.total_of(QUOTE), convert(ledger.owed, uint256)


@view
@external
def token(asset: uint256) -> address:
    """
    @return The token of an asset id. Reverts for an id that is not listed ("vault: unknown asset").
    """
    return erc20.find(asset)[0]


@view
@external
def asset_of(token: address) -> uint256:
    """
    @return The asset id of a token: 0 … 7, 255 for the quote. Reverts for a token not listed ("vault: unknown token").
    """
    return erc20.listed(token)[0]


@view
@external
def holding(account: uint256, token: address) -> (uint256, uint256, uint256):
    """
    @notice What `account` holds of a token as collateral, and the token's facts. Reverts for a token not listed.
    @return Asset id, decimals, WAD (0 for the quote, see `cash`).
    """
    asset: uint256 = 0
    decimals: uint256 = 0
    asset, decimals = erc20.listed(token)
    return asset, decimals, ledger.amounts[account][asset] if asset != QUOTE else 0


@view
@external
def decimals_of(asset: uint256) -> uint256:
    """
    @return The token's decimals as read when it was listed, 2 … 24. Reverts for an id that is not listed.
    """
    return erc20.find(asset)[1]


@view
@external
def asset_count() -> uint256:
    """
    @return How many collateral assets are listed, 0 … 8; their ids are below it. The quote does not count.
    """
    return erc20.count


# ---- tokens -------------------------------------------------------------------------------------

@internal
def _take(account: uint256, asset: uint256, payer: address, tokens: uint256) -> uint256:
    token: address = empty(address)
    decimals: uint256 = 0
    token, decimals = erc20.find(asset)
    erc20.check_tokens(tokens, decimals)
    arrived: uint256 = erc20.take(token, payer, tokens)
    amount: uint256 = erc20.to_wad_floor(arrived, decimals)
    assert amount > 0, "vault: nothing credited"
    ledger.credit(account, asset, amount)
    ledger.grow(asset, amount)
    log IVault.Credited(account=account, asset=asset, payer=payer, tokens=arrived, amount=amount)
    return amount


@internal
def _give(
    account: uint256, asset: uint256, token: address, decimals: uint256, receiver: address, tokens: uint256
) -> uint256:
    erc20.check_tokens(tokens, decimals)
    amount: uint256 = erc20.to_wad_floor(tokens, decimals)  # exact after the check
    ledger.debit(account, asset, amount)
    ledger.shrink(asset, amount)
    erc20.give(token, receiver, tokens)
    log IVault.Debited(account=account, asset=asset, receiver=receiver, tokens=tokens, amount=amount)
    return amount


@view
@internal
def _check_manager():
    assert msg.sender == MANAGER, "vault: not manager"

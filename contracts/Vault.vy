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

from contracts.modules import packing
from contracts.modules import tokens as erc20
from interfaces import IVault

implements: IVault
initializes: erc20

QUOTE: constant(uint256) = 255
MAX_ASSETS: constant(uint256) = 8
MAX_U128: constant(uint256) = 2**128 - 1
MAX_CASH: constant(int256) = 2**127 - 1
MIN_CASH: constant(int256) = -(2**127)

MANAGER: public(immutable(address))

# account => 0 cash int128 | 128 reserved uint96 | 224 bitmap of collateral assets uint8 (see packing.vy)
words: HashMap[uint256, uint256]
# account => WAD of each collateral asset, at most 2**128 - 1
amounts: HashMap[uint256, uint256[MAX_ASSETS]]
# asset => sum of all balances in WAD (L-1): the tokens that the ledger answers for
total: HashMap[uint256, uint256]
# D: sum of max(0, -cash) over all accounts, never negative
owed: int256


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
def pull(account: uint256, asset: uint256, payer: address, tokens: uint256) -> uint256:
    """
    @notice Take `tokens` from `payer`, who approved the Vault, and credit `account` with what arrived, at most `tokens`,
            rounded down to WAD. Reverts if that is nothing ("vault: nothing credited"), if the token returns false
            ("vault: token refused"), if `tokens` is not a whole number of WAD units ("vault: amount granularity") or
            beyond 2**128 - 1, and if the balance would pass its bound. Returns the WAD credited.
    """
    self._check_manager()
    token: address = empty(address)
    decimals: uint256 = 0
    token, decimals = erc20.find(asset)
    erc20.check_tokens(tokens, decimals)
    arrived: uint256 = erc20.take(token, payer, tokens)
    amount: uint256 = erc20.to_wad_floor(arrived, decimals)
    assert amount > 0, "vault: nothing credited"
    self._credit(account, asset, amount)
    # far from overflow: each call adds less than 2**128
    self.total[asset] = unsafe_add(self.total[asset], amount)
    log IVault.Credited(account=account, asset=asset, payer=payer, tokens=arrived, amount=amount)
    return amount


@external
def push(account: uint256, asset: uint256, receiver: address, tokens: uint256) -> uint256:
    """
    @notice Debit `account` and send exactly `tokens` to `receiver`. Of the quote only cash - reserved can leave
            ("vault: insufficient balance"), and only while the ledger holds it: positive cash may exceed the tokens
            by D ("vault: not enough tokens"). Reverts if the Vault's balance does not fall by exactly `tokens` ("vault: token
            moved wrong amount"), and where `pull` does for the amount; 0 is allowed.
    @return WAD debited.
    """
    self._check_manager()
    token: address = empty(address)
    decimals: uint256 = 0
    token, decimals = erc20.find(asset)
    erc20.check_tokens(tokens, decimals)
    amount: uint256 = erc20.to_wad_floor(tokens, decimals)  # exact after the check
    self._debit(account, asset, amount)
    total: uint256 = self.total[asset]
    assert total >= amount, "vault: not enough tokens"
    self.total[asset] = unsafe_sub(total, amount)
    erc20.give(token, receiver, tokens)
    log IVault.Debited(account=account, asset=asset, receiver=receiver, tokens=tokens, amount=amount)
    return amount


@external
def post(accounts: DynArray[uint256, 4], deltas: DynArray[int256, 4]):
    """
    @notice Book cash changes (WAD, signed) that sum to zero ("vault: unbalanced"); one delta an account
            ("vault: lengths differ"), cash within int128 ("vault: cash range"). D follows exactly.
            Reservations are not looked at: losses and fees may take cash below them.
    """
    self._check_manager()
    assert len(accounts) == len(deltas), "vault: lengths differ"
    total: int256 = 0
    debt: int256 = 0
    for i: uint256 in range(len(accounts), bound=4):
        # _book has checked that each delta is a difference of two int128: four of them cannot overflow
        delta: int256 = deltas[i]
        if delta != 0:
            debt = unsafe_add(debt, self._book(accounts[i], delta))
            total = unsafe_add(total, delta)
    assert total == 0, "vault: unbalanced"
    self._owe(debt)


@external
def shift(from_account: uint256, to_account: uint256, asset: uint256, amount: uint256):
    """
    @notice Move `amount` (WAD) of collateral, or of the quote at most cash - reserved ("vault: insufficient balance"),
            between accounts. An account's shift to itself changes nothing.
    """
    self._check_manager()
    erc20.check_known(asset < MAX_ASSETS or asset == QUOTE)
    self._debit(from_account, asset, amount)
    self._credit(to_account, asset, amount)
    log IVault.Shifted(from_account=from_account, to_account=to_account, asset=asset, amount=amount)


@external
def reserve(account: uint256, change: int256):
    """
    @notice Change what is reserved of `account`'s cash by `change` (WAD, signed). Growth needs cash - reserved >= change
            ("vault: insufficient balance"); the result lies in 0 … 2**96 - 1 ("vault: reserved range").
    """
    self._check_manager()
    word: uint256 = self.words[account]
    if change > 0:
        self._check_free(word, convert(change, uint256))
    # no overflow: growth is below 2**127 here, and any fall from a uint96 stays above -2**255 or is caught
    reserved: int256 = unsafe_add(convert(packing.vault_reserved(word), int256), change)
    assert 0 <= reserved and reserved < 2**96, "vault: reserved range"
    self.words[account] = packing.pack_vault(
        packing.vault_cash(word), convert(reserved, uint256), packing.vault_assets(word)
    )


@external
def write_off(account: uint256, first: uint256, last: uint256):
    """
    @notice W-1, first form: bring `account`'s negative cash to zero. `first` pays as far as its cash is positive,
            `last` the rest, which may make it negative. Without negative cash nothing happens. If one account is
            named twice the sums stay right, but it pays itself.
    """
    self._check_manager()
    missing: int256 = unsafe_sub(0, packing.vault_cash(self.words[account]))
    if missing <= 0:
        return
    by_first: int256 = max(min(packing.vault_cash(self.words[first]), missing), 0)
    by_last: int256 = unsafe_sub(missing, by_first)
    # three changes of at most 2**127 each
    debt: int256 = self._book(account, missing)
    if by_first != 0:
        debt = unsafe_add(debt, self._book(first, -by_first))
    if by_last != 0:
        debt = unsafe_add(debt, self._book(last, -by_last))
    self._owe(debt)
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
    return packing.vault_cash(self.words[account])


@view
@external
def reserved(account: uint256) -> uint256:
    """
    @return WAD quote of `account`'s cash promised to keepers; may exceed the cash after a loss.
    """
    return packing.vault_reserved(self.words[account])


@view
@external
def collateral(account: uint256, asset: uint256) -> uint256:
    """
    @return WAD of a collateral asset; zero for ids that are not listed, the quote included (see `cash`).
    """
    if asset >= MAX_ASSETS:
        return 0
    return self.amounts[account][asset]


@view
@external
def word(account: uint256) -> uint256:
    """
    @return The account's packed word: cash, what of it is reserved, bitmap of its collateral (see packing.vy).
    """
    return self.words[account]


@view
@external
def snapshot(account: uint256) -> (uint256, DynArray[uint256, 8]):
    """
    @return The account's packed word (see packing.vy), and its collateral amounts in WAD in ascending order of asset.
    """
    word: uint256 = self.words[account]
    found: DynArray[uint256, 8] = []
    assets: uint256 = packing.vault_assets(word)
    for asset: uint256 in range(MAX_ASSETS):
        if assets == 0:
            break
        if assets & 1 != 0:
            found.append(self.amounts[account][asset])
        assets >>= 1
    return word, found


@view
@external
def debt() -> uint256:
    """
    @return D of L-2: the sum of max(0, -cash) over all accounts, WAD quote.
    """
    return convert(self.owed, uint256)


@view
@external
def credited(asset: uint256) -> uint256:
    """
    @return WAD that the ledger answers for: the sum of all balances of `asset`. Donated tokens are not in it.
    """
    return self.total[asset]


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
    return erc20.to_wad_floor(held, decimals), self.total[QUOTE], convert(self.owed, uint256)


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
    return erc20.id_of(token)


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


# ---- the ledger ---------------------------------------------------------------------------------

@internal
def _credit(account: uint256, asset: uint256, amount: uint256):
    if asset == QUOTE:
        self._owe(self._book(account, convert(amount, int256)))
        return
    before: uint256 = self.amounts[account][asset]
    # before <= MAX_U128, and amount < 2**182: at most MAX_TOKENS in WAD, or another account's balance
    after: uint256 = unsafe_add(before, amount)
    assert after <= MAX_U128, "vault: amount range"
    self.amounts[account][asset] = after
    if before == 0:
        self._set_held(account, asset, after)


@internal
def _debit(account: uint256, asset: uint256, amount: uint256):
    if asset == QUOTE:
        self._check_free(self.words[account], amount)
        # no D: cash stays at or above reserved
        self._book(account, -convert(amount, int256))
        return
    before: uint256 = self.amounts[account][asset]
    self._check_balance(before >= amount)
    after: uint256 = unsafe_sub(before, amount)
    self.amounts[account][asset] = after
    if after == 0:
        self._set_held(account, asset, after)


@internal
def _book(account: uint256, delta: int256) -> int256:
    # returns by how much the account's share of D rose
    word: uint256 = self.words[account]
    # The hot path: cash, the low 128 bits, is read and replaced in place (layout in packing.vy).
    before: int256 = convert(convert(word << 128, bytes32), int256) >> 128
    # before is an int128: a sum that wraps around 2**255 lands far outside the range
    after: int256 = unsafe_add(before, delta)
    assert MIN_CASH <= after and after <= MAX_CASH, "vault: cash range"
    self.words[account] = ((word >> 128) << 128) | (convert(convert(after, bytes32), uint256) & MAX_U128)
    return unsafe_sub(min(before, 0), min(after, 0))


@internal
def _owe(change: int256):
    # most calls leave D alone: it costs them no slot
    if change != 0:
        self.owed += change


@internal
def _set_held(account: uint256, asset: uint256, amount: uint256):
    # I-7; only called when an amount leaves or reaches zero
    word: uint256 = self.words[account]
    bit: uint256 = 1 << asset
    assets: uint256 = packing.vault_assets(word) & ~bit
    if amount > 0:
        assets |= bit
    self.words[account] = packing.pack_vault(packing.vault_cash(word), packing.vault_reserved(word), assets)


# ---- checks: each reason once -------------------------------------------------------------------

@view
@internal
def _check_manager():
    assert msg.sender == MANAGER, "vault: not manager"


@pure
@internal
def _check_free(word: uint256, amount: uint256):
    free: int256 = unsafe_sub(packing.vault_cash(word), convert(packing.vault_reserved(word), int256))
    self._check_balance(free >= 0 and convert(free, uint256) >= amount)


@pure
@internal
def _check_balance(enough: bool):
    assert enough, "vault: insufficient balance"

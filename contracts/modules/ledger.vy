# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title ledger: the balances of all accounts, their sums, and D
@notice Part of the Vault, whose name the reasons carry. One word of cash, reservation and asset bits for each account, one
        amount for each collateral it holds; WAD. Keeps I-2, I-7, L-1 and the D of I-4 and L-2: who moves a balance here moves its sum, or
        another balance the other way.
"""

from contracts.modules import packing

QUOTE: constant(uint256) = 255
MAX_ASSETS: constant(uint256) = 8
MAX_U128: constant(uint256) = 2**128 - 1
MAX_CASH: constant(int256) = 2**127 - 1
MIN_CASH: constant(int256) = -(2**127)
MAX_TOTAL: constant(uint256) = 2**160 - 1

# account => 0 cash int128 | 128 reserved uint96 | 224 bitmap of collateral assets uint8 (see packing.vy)
words: HashMap[uint256, uint256]
# account => WAD of each collateral asset, at most 2**128 - 1
amounts: HashMap[uint256, uint256[MAX_ASSETS]]
# sum of all cash in WAD, at most 2**160 - 1 (L-1): the quote that the ledger answers for
quote_total: uint256
# collateral asset => 0 sum of all balances in WAD uint160 (L-1) | 160 the most that a deposit may leave uint96 (WAD)
totals: HashMap[uint256, uint256]
# D: sum of max(0, -cash) over all accounts, never negative
owed: int256


# ---- sums ---------------------------------------------------------------------------------------

@view
@internal
def total_of(asset: uint256) -> uint256:
    """
    @return WAD of `asset` that the ledger answers for.
    """
    return self.quote_total if asset == QUOTE else self.totals[asset] & MAX_TOTAL


@internal
def grow(asset: uint256, amount: uint256):
    """
    @notice The ledger answers for `amount` (below 2**182) more; of a collateral for no more than its cap.
    """
    if asset == QUOTE:
        held: uint256 = unsafe_add(self.quote_total, amount)
        assert held <= MAX_TOTAL, "vault: total range"
        self.quote_total = held
        return
    word: uint256 = self.totals[asset]
    total: uint256 = unsafe_add(word & MAX_TOTAL, amount)
    # a cap is below 2**96
    assert total <= word >> 160, "vault: deposit cap"
    self.totals[asset] = ((word >> 160) << 160) | total


@internal
def shrink(asset: uint256, amount: uint256):
    """
    @notice The ledger answers for `amount` less.
    """
    if asset == QUOTE:
        held: uint256 = self.quote_total
        self._check_tokens(held >= amount)
        self.quote_total = unsafe_sub(held, amount)
        return
    word: uint256 = self.totals[asset]
    self._check_tokens(word & MAX_TOTAL >= amount)
    self.totals[asset] = unsafe_sub(word, amount)


@pure
@internal
def _check_tokens(enough: bool):
    assert enough, "vault: not enough tokens"


@internal
def set_cap(asset: uint256, cap: uint256):
    """
    @notice What deposits may leave of a collateral at most; no bound on what is there already.
    """
    assert cap < 2**96, "vault: cap range"
    self.totals[asset] = (self.totals[asset] & MAX_TOTAL) | (cap << 160)


# ---- balances -----------------------------------------------------------------------------------

@internal
def credit(account: uint256, asset: uint256, amount: uint256):
    if asset == QUOTE:
        self.owe(self.book(account, convert(amount, int256)))
        return
    before: uint256 = self.amounts[account][asset]
    # before <= MAX_U128, and amount < 2**182: at most MAX_TOKENS in WAD, or another account's balance
    after: uint256 = unsafe_add(before, amount)
    assert after <= MAX_U128, "vault: amount range"
    self.amounts[account][asset] = after
    if before == 0:
        self._set_held(account, asset, after)


@internal
def debit(account: uint256, asset: uint256, amount: uint256):
    if asset == QUOTE:
        self.check_free(self.words[account], amount)
        # no D: cash stays at or above reserved
        self.book(account, -convert(amount, int256))
        return
    before: uint256 = self.amounts[account][asset]
    self._check_balance(before >= amount)
    after: uint256 = unsafe_sub(before, amount)
    self.amounts[account][asset] = after
    if after == 0:
        self._set_held(account, asset, after)


@internal
def book(account: uint256, delta: int256) -> int256:
    """
    @notice Change an account's cash. The caller books the other side and adds what is returned to D.
    @return By how much the account's share of D rose.
    """
    if delta == 0:
        return 0
    word: uint256 = self.words[account]
    # The hot path: cash, the low 128 bits, is read and replaced in place (layout in packing.vy).
    before: int256 = convert(convert(word << 128, bytes32), int256) >> 128
    # before is an int128: a sum that wraps around 2**255 lands far outside the range
    after: int256 = unsafe_add(before, delta)
    assert MIN_CASH <= after and after <= MAX_CASH, "vault: cash range"
    self.words[account] = ((word >> 128) << 128) | (convert(convert(after, bytes32), uint256) & MAX_U128)
    return unsafe_sub(min(before, 0), min(after, 0))


@internal
def owe(change: int256):
    """
    @notice D changes. Most calls leave it alone: it costs them no slot.
    """
    if change != 0:
        self.owed += change


@internal
def reserve(account: uint256, change: int256):
    """
    @notice Change what is reserved of an account's cash (WAD, signed).
    """
    word: uint256 = self.words[account]
    if change > 0:
        self.check_free(word, convert(change, uint256))
    # no overflow: growth is below 2**127 here, and any fall from a uint96 stays above -2**255 or is caught
    reserved: int256 = unsafe_add(convert(packing.vault_reserved(word), int256), change)
    assert 0 <= reserved and reserved < 2**96, "vault: reserved range"
    self.words[account] = packing.pack_vault(
        packing.vault_cash(word), convert(reserved, uint256), packing.vault_assets(word)
    )


@internal
def _set_held(account: uint256, asset: uint256, amount: uint256):
    # I-7; only called when an amount leaves or reaches zero
    word: uint256 = self.words[account]
    bit: uint256 = 1 << asset
    assets: uint256 = packing.vault_assets(word) & ~bit
    if amount > 0:
        assets |= bit
    self.words[account] = packing.pack_vault(packing.vault_cash(word), packing.vault_reserved(word), assets)


@pure
@internal
def check_free(word: uint256, amount: uint256):
    free: int256 = unsafe_sub(packing.vault_cash(word), convert(packing.vault_reserved(word), int256))
    self._check_balance(free >= 0 and convert(free, uint256) >= amount)


@pure
@internal
def _check_balance(enough: bool):
    assert enough, "vault: insufficient balance"

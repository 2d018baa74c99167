# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title tokens: the listed ERC-20s, the border between token units and WAD, and moves that believe balances
@notice Part of the Vault: `self` is the holder of the tokens and the reasons carry the Vault's name.
        A token may return true, return nothing or revert; a false counts as a failure. What a token says about
        a move is never enough: the balance of the Vault must have changed by it.
"""

from ethereum.ercs import IERC20
from contracts.modules import rounding

QUOTE: constant(uint256) = 255
MAX_ASSETS: constant(uint256) = 8
ADDRESS_BITS: constant(uint256) = 2**160 - 1
ID_BITS: constant(uint256) = 2**16 - 1
MIN_DECIMALS: constant(uint256) = 2
MAX_DECIMALS: constant(uint256) = 24
WAD_DECIMALS: constant(uint256) = 18
# Largest amount of a token in one move: with a scale of at most 10**16 the WAD amount stays below 2**182.
MAX_TOKENS: constant(uint256) = 2**128 - 1

# Token words: 0 token address | 160 decimals uint8
QUOTE_WORD: immutable(uint256)
registry: HashMap[uint256, uint256]
# token => 0 asset + 1 uint16 | 16 decimals uint8
ids: HashMap[address, uint256]
# collateral assets listed, at most MAX_ASSETS
count: uint256


@deploy
def __init__(quote: address):
    QUOTE_WORD = self._word(quote)
    self.ids[quote] = self._id_word(QUOTE, QUOTE_WORD)


# ---- the registry -------------------------------------------------------------------------------

@internal
def add(token: address) -> uint256:
    """
    @notice Admit a collateral token for good.
    @return Its asset id: 0, 1, … in the order of listing.
    """
    assert self.ids[token] == 0, "vault: already listed"
    asset: uint256 = self.count
    assert asset < MAX_ASSETS, "vault: too many assets"
    word: uint256 = self._word(token)
    self.registry[asset] = word
    self.ids[token] = self._id_word(asset, word)
    self.count = asset + 1
    return asset


@view
@internal
def find(asset: uint256) -> (address, uint256):
    """
    @return Token and decimals of a listed asset.
    """
    word: uint256 = QUOTE_WORD
    if asset != QUOTE:
        word = self.registry[asset]
    # a listed token has at least two decimals
    self.check_known(word != 0)
    return convert(word & ADDRESS_BITS, address), word >> 160


@view
@internal
def listed(token: address) -> (uint256, uint256):
    """
    @return Asset id and decimals of a listed token.
    """
    word: uint256 = self.ids[token]
    assert word != 0, "vault: unknown token"
    return unsafe_sub(word & ID_BITS, 1), word >> 16


@pure
@internal
def check_known(known: bool):
    assert known, "vault: unknown asset"


@view
@internal
def _word(token: address) -> uint256:
    return convert(token, uint256) | (self._decimals(token) << 160)


@pure
@internal
def _id_word(asset: uint256, word: uint256) -> uint256:
    return (asset + 1) | ((word >> 160) << 16)


@view
@internal
def _decimals(token: address) -> uint256:
    # an address without code, or without the call, has no decimals
    ok: bool = False
    answer: Bytes[32] = b""
    ok, answer = raw_call(
        token, method_id("decimals()"), max_outsize=32, is_static_call=True, revert_on_failure=False
    )
    decimals: uint256 = 0
    if ok and len(answer) == 32:
        decimals = convert(answer, uint256)
    assert MIN_DECIMALS <= decimals and decimals <= MAX_DECIMALS, "vault: decimals"
    return decimals


# ---- units --------------------------------------------------------------------------------------

@pure
@internal
def to_wad_floor(tokens: uint256, decimals: uint256) -> uint256:
    # decimals is 2 … 24 and tokens at most 2**128 - 1: no power and no product overflows
    if decimals <= WAD_DECIMALS:
        return unsafe_mul(tokens, 10**unsafe_sub(WAD_DECIMALS, decimals))
    return unsafe_div(tokens, 10**unsafe_sub(decimals, WAD_DECIMALS))


@view
@internal
def quote_up(worth: uint256) -> uint256:
    """
    @notice Quote token units, rounded up to whole WAD units as well, that are worth that much (1e-36 quote, below 2**224).
    """
    decimals: uint256 = QUOTE_WORD >> 160
    if decimals <= WAD_DECIMALS:
        # the same as rounding up twice
        return rounding.ceil_div_unsigned(worth, 10**unsafe_sub(2 * WAD_DECIMALS, decimals))
    return unsafe_mul(
        rounding.ceil_div_unsigned(worth, 10**WAD_DECIMALS), 10**unsafe_sub(decimals, WAD_DECIMALS)
    )


@pure
@internal
def check_tokens(tokens: uint256, decimals: uint256):
    """
    @notice An amount at the door must be a whole number of WAD units and at most 2**128 - 1 token units.
    """
    assert tokens <= MAX_TOKENS, "vault: too many tokens"
    if decimals > WAD_DECIMALS:
        unit: uint256 = 10**unsafe_sub(decimals, WAD_DECIMALS)
        assert tokens % unit == 0, "vault: amount granularity"


# ---- moves --------------------------------------------------------------------------------------

@view
@internal
def held(token: address) -> uint256:
    return staticcall IERC20(token).balanceOf(self)


@internal
def take(token: address, payer: address, tokens: uint256) -> uint256:
    """
    @notice Take `tokens` from `payer`, who approved this contract.
    @return What arrived, in token units and never more than was asked for: a surplus is a donation.
    """
    before: uint256 = self.held(token)
    self._check_moved(extcall IERC20(token).transferFrom(payer, self, tokens, default_return_value=True))
    arrived: uint256 = unsafe_sub(max(self.held(token), before), before)
    return min(arrived, tokens)


@internal
def give(token: address, receiver: address, tokens: uint256):
    """
    @notice Send exactly `tokens`: a fee on top of them would be paid by the other accounts.
    """
    before: uint256 = self.held(token)
    self._check_moved(extcall IERC20(token).transfer(receiver, tokens, default_return_value=True))
    # a balance that grew wraps around, far above any `tokens`
    fell: uint256 = unsafe_sub(before, self.held(token))
    assert fell == tokens, "vault: token moved wrong amount"


@pure
@internal
def _check_moved(returned: bool):
    assert returned, "vault: token refused"

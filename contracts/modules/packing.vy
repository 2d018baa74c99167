# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title packing: every packed word of the venue, its layout and its only encoder and decoder
@notice Layouts are written from the least significant bit upwards. Encoders check ranges, decoders need not.
"""

from contracts.modules import floats

LOT: constant(int256) = 10**10
MICRO: constant(uint256) = 10**12  # WAD per µ

U8: constant(uint256) = 2**8 - 1
U12: constant(uint256) = 2**12 - 1
U14: constant(uint256) = 2**14 - 1
U16: constant(uint256) = 2**16 - 1
U20: constant(uint256) = 2**20 - 1
U24: constant(uint256) = 2**24 - 1
U30: constant(uint256) = 2**30 - 1
U32: constant(uint256) = 2**32 - 1
U40: constant(uint256) = 2**40 - 1
U48: constant(uint256) = 2**48 - 1
U64: constant(uint256) = 2**64 - 1
U72: constant(uint256) = 2**72 - 1
U96: constant(uint256) = 2**96 - 1
U128: constant(uint256) = 2**128 - 1

# ---- bits ---------------------------------------------------------------------------------------

@pure
@internal
def signed(word: uint256, bits: uint256) -> int256:
    """
    @notice The low `bits` of a word as a two's complement number.
    """
    unused: uint256 = unsafe_sub(256, bits)
    return convert(convert(word << unused, bytes32), int256) >> unused


# Encoders gather what lies outside their fields and look at it once. A signed x fits n bits if and only if x + 2^(n - 1),
# modulo 2^256, has no bit from the n-th on; its field is then the low n bits of its raw word.

@pure
@internal
def _refuse(reason: String[32]):
    raise reason


# ---- vault account word -------------------------------------------------------------------------
#   0 cash int128 | 128 reserved uint96 | 224 bitmap of collateral assets uint8

@pure
@internal
def vault_cash(word: uint256) -> int256:
    return convert(convert(word << 128, bytes32), int256) >> 128


@pure
@internal
def vault_reserved(word: uint256) -> uint256:
    return (word >> 128) & U96


@pure
@internal
def vault_assets(word: uint256) -> uint256:
    return (word >> 224) & U8


@pure
@internal
def pack_vault(cash: int256, reserved: uint256, assets: uint256) -> uint256:
    raw: uint256 = convert(convert(cash, bytes32), uint256)
    if unsafe_add(raw, 2**127) >> 128 != 0:
        self._refuse("packing: out of range")
    if reserved >> 96 != 0:
        self._refuse("packing: too large")
    return (raw & U128) | (reserved << 128) | (assets << 224)


# ---- price word ---------------------------------------------------------------------------------
#   0 price uint96 (WAD) | 96 publish time uint40 | 136 block time of the last check uint40 |
#   176 valid until uint40 | 216 state uint8 | 224 spare (volatility scales) | 255 grace bit: the OracleAdapter sets it in every word it
#   gives out while liquidations wait for the chain's sequencer, and stores it in none

@pure
@internal
def price_of(word: uint256) -> uint256:
    return word & U96


@pure
@internal
def price_time(word: uint256) -> uint256:
    return (word >> 96) & U40


@pure
@internal
def price_checked(word: uint256) -> uint256:
    return (word >> 136) & U40


@pure
@internal
def price_valid_until(word: uint256) -> uint256:
    return (word >> 176) & U40


@pure
@internal
def price_state(word: uint256) -> uint256:
    return (word >> 216) & U8


# ---- position word ------------------------------------------------------------------------------
#   0 base int128 (WAD, whole lots) | 128 quote int128 (WAD)

@pure
@internal
def position_base(word: uint256) -> int256:
    return convert(convert(word << 128, bytes32), int256) >> 128


@pure
@internal
def position_quote(word: uint256) -> int256:
    return convert(convert(word, bytes32), int256) >> 128


@pure
@internal
def pack_position(base: int256, quote: int256) -> uint256:
    low: uint256 = convert(convert(base, bytes32), uint256)
    high: uint256 = convert(convert(quote, bytes32), uint256)
    if ((unsafe_add(low, 2**127) | unsafe_add(high, 2**127)) >> 128) != 0:
        self._refuse("packing: out of range")
    return (low & U128) | (high << 128)


# ---- market: carry word -------------------------------------------------------------------------
#   0 long index int64 | 64 short index int64 (1e-11 quote per base) | 128 time uint32 | 160 funding rate int30 (1e-9 a day) |
#   190 skew fraction int20 (2^-19) | 210 borrow rate uint14 (1e-6 a day) | 224 OI scale uint8 (hundredths above 1) | 232 price float24
# A settled market (W-3) has only indices and price: its carry has stopped, and no time tells it.

@pure
@internal
def carry_stopped(word: uint256) -> bool:
    return (word >> 128) & U32 == 0


@pure
@internal
def replace_accrued(
    word: uint256, long_index: int256, short_index: int256, time: uint256, rate: int256
) -> uint256:
    """
    @notice The carry word with what time alone changes; skew, borrow, OI scale and price keep their bits.
    """
    long: uint256 = convert(convert(long_index, bytes32), uint256)
    short: uint256 = convert(convert(short_index, bytes32), uint256)
    r: uint256 = convert(convert(rate, bytes32), uint256)
    indices: uint256 = (unsafe_add(long, 2**63) | unsafe_add(short, 2**63)) >> 64
    if (indices | (unsafe_add(r, 2**29) >> 30)) != 0:
        self._refuse("packing: out of range")
    times: uint256 = (time << 128) | ((r & U30) << 160)
    return ((word >> 190) << 190) | times | (long & U64) | ((short & U64) << 64)


@pure
@internal
def replace_touched(word: uint256, skew: int256, oi_scale: uint256, price: uint256) -> uint256:
    """
    @notice The carry word with what a touch changes besides time: skew fraction, OI scale, price. The borrow rate is cleared.
    """
    k: uint256 = convert(convert(skew, bytes32), uint256)
    if unsafe_add(k, 2**19) >> 20 != 0:
        self._refuse("packing: out of range")
    if oi_scale >> 8 != 0:
        self._refuse("packing: too large")
    scales: uint256 = ((k & U20) << 190) | (oi_scale << 224)
    return (word & (max_value(uint256) >> 66)) | scales | (floats.near(word >> 250, price) << 232)


@pure
@internal
def with_borrow(word: uint256, borrow: uint256) -> uint256:
    """
    @notice The carry word with another borrow rate (1e-6 a day, below 2^14).
    """
    if borrow >> 14 != 0:
        self._refuse("packing: too large")
    return (word & ~(U14 << 210)) | (borrow << 210)


# ---- market: book word --------------------------------------------------------------------------
#   0 long lots uint72 | 72 short lots uint72 | 144 sum of traders' position quote int112 (WAD)

@pure
@internal
def book_long(word: uint256) -> int256:
    return convert(convert(word & U72, bytes32), int256)


@pure
@internal
def book_short(word: uint256) -> int256:
    return convert(convert((word >> 72) & U72, bytes32), int256)


@pure
@internal
def book_quote(word: uint256) -> int256:
    return convert(convert(word, bytes32), int256) >> 144


@pure
@internal
def pack_book(longs: int256, shorts: int256, quote: int256) -> uint256:
    # a negative side is too large as well
    low: uint256 = convert(convert(longs, bytes32), uint256)
    high: uint256 = convert(convert(shorts, bytes32), uint256)
    raw: uint256 = convert(convert(quote, bytes32), uint256)
    if ((low | high) >> 72) != 0:
        self._refuse("packing: too large")
    if unsafe_add(raw, 2**111) >> 112 != 0:
        self._refuse("packing: out of range")
    return low | (high << 72) | (raw << 144)


# ---- market: terms word (fixed by the Configurator) ----------------------------------------------
#   0 skew scale uint64 (lots) | 64 taker | 80 maker | 96 latency spread uint16 (1e-6) | 112 p_min uint16 (bps) |
#   128 OI level low | 144 OI level high uint16 (bps of skew scale) | 160 OI cap uint8 (hundredths) | 168 listed bit | 169 reduce-only bit

@pure
@internal
def terms_scale(word: uint256) -> int256:
    return convert(convert(word & U64, bytes32), int256)


@pure
@internal
def field16(word: uint256, at: uint256) -> uint256:
    """
    @notice The uint16 field of a word that starts at bit `at`.
    """
    return (word >> at) & U16


# ---- market: limits word ------------------------------------------------------------------------
#   0 max OI a side uint72 (lots) | 72 max OI a side uint96 (WAD quote) | 168 share of R uint16 (bps) | 184 min notional uint48 (µ)

@pure
@internal
def limits_base(word: uint256) -> int256:
    return convert(convert(word & U72, bytes32), int256)


@pure
@internal
def limits_quote(word: uint256) -> uint256:
    return (word >> 72) & U96


@pure
@internal
def limits_min_notional(word: uint256) -> uint256:
    return unsafe_mul((word >> 184) & U48, MICRO)


# ---- market: risk entry, 64 bits, four to a page --------------------------------------------------
#   0 beta uint12 | 12 sigma uint12 | 24 w uint12 (bps) | 36 funding clamp uint14 (1e-4 a day) | 50 velocity uint14 (1e-3 a day^2)

@pure
@internal
def risk_beta(entry: uint256) -> uint256:
    return entry & U12


@pure
@internal
def risk_sigma(entry: uint256) -> uint256:
    return (entry >> 12) & U12


@pure
@internal
def risk_w(entry: uint256) -> uint256:
    return (entry >> 24) & U12


@pure
@internal
def risk_clamp(entry: uint256) -> int256:
    """
    @notice In 1e-9 a day.
    """
    return convert(unsafe_mul((entry >> 36) & U14, 10**5), int256)


# ---- collateral entry, 32 bits, eight to the collateral word --------------------------------------
#   0 underlying uint8 | 8 discount uint16 (bps) | 24 listed bit

@pure
@internal
def asset_entry(word: uint256, asset: uint256) -> uint256:
    return (word >> unsafe_mul(asset, 32)) & U32


@pure
@internal
def asset_underlying(entry: uint256) -> uint256:
    return entry & U8


@pure
@internal
def asset_discount(entry: uint256) -> uint256:
    return (entry >> 8) & U16


@pure
@internal
def lendable(entry: uint256) -> uint256:
    """
    @notice 1e4 minus the largest liquidation discount, in bps.
    """
    return unsafe_sub(10**4, self.asset_discount(entry))


# ---- venue word ---------------------------------------------------------------------------------
#   0 im factor | 16 h | 32 kappa | 48 profit weight | 64 p_max uint16 (bps) | 80 keeper part uint16 (1e-6) |
#   96 warning | 112 execution band uint16 (bps) | 128 min margin uint64 (µ) | 192 keeper cap uint64 (µ)

IM_FACTOR: constant(uint256) = 0
H: constant(uint256) = 16
KAPPA: constant(uint256) = 32
PROFIT_WEIGHT: constant(uint256) = 48
P_MAX: constant(uint256) = 64
KEEPER_PART: constant(uint256) = 80
WARNING: constant(uint256) = 96
EXEC_BAND: constant(uint256) = 112


@pure
@internal
def venue_min_margin(word: uint256) -> uint256:
    return unsafe_mul((word >> 128) & U64, MICRO)


@pure
@internal
def venue_keeper_cap(word: uint256) -> uint256:
    return unsafe_mul((word >> 192) & U64, MICRO)


# ---- the pool's sums, two words, in µ --------------------------------------------------------------
#   first:  0 A int64 | 64 V int64 | 128 Z uint64 | 192 G uint64
#   second: 0 H uint64 | 64 B uint128 (µ^2) | 192 bitmap of listed markets uint32

struct Sums:
    a: int256
    v: int256
    z: uint256
    g: uint256
    h: uint256
    b: uint256
    listed: uint256


@pure
@internal
def unpack_sums(first: uint256, second: uint256) -> Sums:
    return Sums(
        a=self.signed(first, 64),
        v=self.signed(first >> 64, 64),
        z=(first >> 128) & U64,
        g=first >> 192,
        h=second & U64,
        b=(second >> 64) & U128,
        listed=(second >> 192) & U32,
    )


@pure
@internal
def pack_sums(s: Sums) -> (uint256, uint256):
    a: uint256 = convert(convert(s.a, bytes32), uint256)
    v: uint256 = convert(convert(s.v, bytes32), uint256)
    if ((unsafe_add(a, 2**63) | unsafe_add(v, 2**63)) >> 64) != 0:
        self._refuse("packing: out of range")
    if (((s.z | s.g | s.h) >> 64) | (s.b >> 128)) != 0:
        self._refuse("packing: too large")
    first: uint256 = (a & U64) | ((v & U64) << 64) | (s.z << 128) | (s.g << 192)
    return first, s.h | (s.b << 64) | (s.listed << 192)

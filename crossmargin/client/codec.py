"""Account ids and the packed words of the contracts, decoded without a chain. Layouts: contracts/modules/packing.vy.

Amounts are WAD (1e18 = 1.0) unless a unit is named.
"""

from __future__ import annotations

from dataclasses import dataclass

WAD = 10**18
LOT = 10**10  # WAD base units: sizes are multiples of it
QUOTE = 255  # the Vault's asset id of the settlement token
MARKETS = 32
SUB_BITS = 96


# ---- account ids ---------------------------------------------------------------------------------


def account_id(owner: str | int, sub_id: int = 0) -> int:
    """`owner << 96 | sub_id`; the owner as a 0x address."""
    if not 0 <= sub_id < 2**SUB_BITS:
        raise ValueError(f"sub id {sub_id}: must be from 0 to 2^96 - 1")
    return ((int(owner, 16) if isinstance(owner, str) else owner) << SUB_BITS) | sub_id


def owner_of(account: int) -> str:
    """The owner's checksummed address."""
    from eth_utils.address import to_checksum_address

    return to_checksum_address(f"{account >> SUB_BITS:#042x}")


def sub_id_of(account: int) -> int:
    """Which of its owner's accounts it is."""
    return account & (2**SUB_BITS - 1)


def show_account(account: int) -> str:
    """Owner and, if not 0, sub id: 0xAb…cd/3."""
    sub = sub_id_of(account)
    return owner_of(account) + (f"/{sub}" if sub else "")


def parse_account(text: str) -> int:
    """An id as 0xowner, 0xowner/sub, or a plain number (decimal or 0x with more than 40 digits)."""
    owner, slash, sub = text.strip().partition("/")
    try:
        if owner.lower().startswith("0x") and len(owner) == 42:
            return account_id(owner, int(sub, 0) if slash else 0)
        if not slash:
            number = int(owner, 0)
            if 0 <= number < 2**256:
                return number
    except ValueError:
        pass
    raise ValueError(f"account {text!r}: write 0xowner, 0xowner/sub or the id as a number")


# ---- bits ----------------------------------------------------------------------------------------


def bits_of(bitmap: int) -> list[int]:
    """The set bits, ascending."""
    return [bit for bit in range(bitmap.bit_length()) if bitmap >> bit & 1]


def unsigned(word: int, at: int, bits: int) -> int:
    """A field of a word."""
    return word >> at & (1 << bits) - 1


def signed(word: int, at: int, bits: int) -> int:
    """A two's complement field of a word."""
    value = unsigned(word, at, bits)
    return value - (1 << bits) if value >> (bits - 1) else value


# ---- words ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Balance:
    """An account in the Vault: signed `cash` and `reserved` in WAD quote, collateral by asset id in WAD."""

    cash: int
    reserved: int
    collateral: dict[int, int]


def decode_balance(word: int, amounts: list[int] | tuple[int, ...]) -> Balance:
    """From `Vault.snapshot`."""
    assets = bits_of(unsigned(word, 224, 8))
    return Balance(signed(word, 0, 128), unsigned(word, 128, 96), dict(zip(assets, amounts, strict=True)))


@dataclass(frozen=True)
class Leg:
    """A position: signed `base` (WAD base units, positive is long) and `quote` (WAD), see P-1."""

    base: int
    quote: int


def decode_position(word: int) -> Leg:
    """From `PositionManager.legs`."""
    return Leg(signed(word, 0, 128), signed(word, 128, 128))


@dataclass(frozen=True)
class Carry:
    """Carry of a market as of its last touch, at `time` (Unix seconds).

    `long_index`, `short_index`: 1e-11 quote per base unit. `funding_rate`: 1e-9 a day, positive is paid by longs.
    `skew_fraction`: 2^-19. `borrow_rate`: 1e-6 a day, paid by both sides. `oi_scale`: hundredths above 1.
    `price`: WAD, the 18 leading bits of the touch's price.
    """

    long_index: int
    short_index: int
    time: int
    funding_rate: int
    skew_fraction: int
    borrow_rate: int
    oi_scale: int
    price: int

    @property
    def settled(self) -> bool:
        """W-3: carry has stopped for good, and `price` is the settlement price."""
        return self.time == 0 and self.price != 0


def decode_carry(word: int) -> Carry:
    """From the carry word of `PositionManager.market_words`."""
    return Carry(
        long_index=signed(word, 0, 64),
        short_index=signed(word, 64, 64),
        time=unsigned(word, 128, 32),
        funding_rate=signed(word, 160, 30),
        skew_fraction=signed(word, 190, 20),
        borrow_rate=unsigned(word, 210, 14),
        oi_scale=unsigned(word, 224, 8),
        price=unsigned(word, 232, 18) << unsigned(word, 250, 6) + 8,
    )


@dataclass(frozen=True)
class Book:
    """Open interest of a market: `longs`, `shorts` in WAD base units, `quote` the sum of its positions' quote (WAD)."""

    longs: int
    shorts: int
    quote: int

    @property
    def skew(self) -> int:
        """Longs less shorts, WAD base units."""
        return self.longs - self.shorts


def decode_book(word: int) -> Book:
    """From the book word of `PositionManager.market_words`."""
    return Book(unsigned(word, 0, 72) * LOT, unsigned(word, 72, 72) * LOT, signed(word, 144, 112))


@dataclass(frozen=True)
class Rates:
    """The venue's rates word. Caps, exit caps, `borrow_kink`, `cover_share`, `adl_ratio` in bps; the curve in 1e-6 a day.

    Cooldowns of LP exits in seconds; no liquidation before `grace_until` (Unix seconds). The flags: `paused` (no increases),
    `shutting_down`, `claims_open`, `last_prices` (the last price of a feed counts as valid).
    """

    cap_net: int
    cap_gross: int
    exit_cap_net: int
    exit_cap_gross: int
    borrow_base: int
    borrow_slope1: int
    borrow_slope2: int
    borrow_kink: int
    pool_cooldown: int
    cover_cooldown: int
    cover_share: int
    adl_ratio: int
    grace_until: int
    paused: bool
    shutting_down: bool
    claims_open: bool
    last_prices: bool


def decode_rates(word: int) -> Rates:
    """From `PositionManager.venue_words`."""
    fields = [unsigned(word, 16 * i, 16) for i in range(12)]
    flags = (bool(unsigned(word, 232 + i, 1)) for i in range(4))
    return Rates(*fields[:8], 60 * fields[8], 60 * fields[9], *fields[10:], unsigned(word, 192, 40), *flags)


@dataclass(frozen=True)
class CollateralTerms:
    """An asset as collateral. `underlying`: market id whose price it has. `discount`: d_c in bps."""

    asset: int
    underlying: int
    discount: int


def decode_collateral(word: int) -> dict[int, CollateralTerms]:
    """The listed assets of the collateral word, by asset id."""
    found = {}
    for asset in range(8):
        entry = unsigned(word, 32 * asset, 32)
        if entry >> 24 & 1:
            found[asset] = CollateralTerms(asset, entry & 0xFF, entry >> 8 & 0xFFFF)
    return found

"""What the Vault's tests share besides fixtures. The packed word is built here by hand, not by packing.vy."""

from __future__ import annotations

QUOTE = 255
WAD = 10**18
# the highest cap of a collateral
MOST = 2**96 - 1


def admit(vault: object, token: object) -> int:
    """List a collateral that may come in any number; its asset id."""
    asset = vault.list_asset(token.address)
    vault.set_cap(asset, MOST)
    return asset


def book(vault: object, account: int, pool: int, change: int) -> None:
    """Change an account's cash against another's, without charges."""
    vault.post(account, pool, change, 0, 0, 0, 0)


def word(cash: int = 0, reserved: int = 0, assets: int = 0) -> int:
    """The account word: cash int128, reserved uint96 from bit 128, bitmap of assets uint8 from bit 224."""
    assert -(2**127) <= cash < 2**127 and 0 <= reserved < 2**96 and 0 <= assets < 2**8
    return cash % 2**128 | reserved << 128 | assets << 224


def last_event(contract: object) -> tuple[str, dict[str, object]]:
    """Name and fields of the last event in the contract's last call."""
    event = contract.get_logs()[-1]
    fields = event._asdict()
    assert fields.pop("address") == contract.address
    return type(event).__name__, fields

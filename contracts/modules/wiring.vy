# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title wiring: the contracts a PositionManager is bound to for good, and its calls to them
@notice Each call is encoded once here: an inline encoding costs 150 to 250 bytes a site. The Vault is known to be a contract from
        the constructor on, so calls without an answer do not ask again.
"""

from interfaces import IOracleAdapter
from interfaces import IVault
from contracts.modules import checks

QUOTE: constant(uint256) = 255

VAULT: public(immutable(address))
ORACLE: public(immutable(address))
ENGINE: public(immutable(address))
WATERFALL: public(immutable(address))
CONFIGURATOR: public(immutable(address))
QUOTE_TOKEN: immutable(address)
POOL_ACCOUNT: immutable(uint256)
COVER_ACCOUNT: immutable(uint256)


@deploy
def __init__(
    vault: address,
    oracle: address,
    engine: address,
    waterfall: address,
    pool: address,
    cover: address,
    configurator: address,
):
    checks.that(staticcall IVault(vault).MANAGER() == self, "manager: vault of another")
    VAULT = vault
    ORACLE = oracle
    ENGINE = engine
    WATERFALL = waterfall
    CONFIGURATOR = configurator
    QUOTE_TOKEN = staticcall IVault(vault).token(QUOTE)
    POOL_ACCOUNT = convert(pool, uint256) << 96
    COVER_ACCOUNT = convert(cover, uint256) << 96


@view
@external
def POOL() -> address:
    """
    @return The LiquidityPool.
    """
    return convert(POOL_ACCOUNT >> 96, address)


@view
@external
def COVER() -> address:
    """
    @return The CoverPool.
    """
    return convert(COVER_ACCOUNT >> 96, address)


@view
@internal
def is_protocol(account: uint256) -> bool:
    """
    @notice Whether an account belongs to one of the two pools.
    """
    return account >> 96 == POOL_ACCOUNT >> 96 or account >> 96 == COVER_ACCOUNT >> 96


@view
@internal
def asset_of(token: address) -> uint256:
    """
    @notice The Vault's id of a token, which reverts for an unknown one.
    """
    if token == QUOTE_TOKEN:
        return QUOTE
    return staticcall IVault(VAULT).asset_of(token)


@internal
def pull(account: uint256, asset: uint256, payer: address, tokens: uint256) -> uint256:
    return extcall IVault(VAULT).pull(account, asset, payer, tokens)


@internal
def push(account: uint256, asset: uint256, receiver: address, tokens: uint256, heir: uint256) -> uint256:
    return extcall IVault(VAULT).push(account, asset, receiver, tokens, heir)


@internal
def shift(from_account: uint256, to_account: uint256, asset: uint256, amount: uint256):
    extcall IVault(VAULT).shift(from_account, to_account, asset, amount, skip_contract_check=True)


@internal
def reserve(account: uint256, change: int256):
    extcall IVault(VAULT).reserve(account, change, skip_contract_check=True)


@view
@internal
def cash_of(account: uint256) -> int256:
    return staticcall IVault(VAULT).cash(account)


@internal
def refresh(ids: uint256) -> DynArray[uint256, 32]:
    if ids == 0:
        return []
    return extcall IOracleAdapter(ORACLE).refresh(ids)


@view
@internal
def words(ids: uint256) -> DynArray[uint256, 32]:
    if ids == 0:
        return []
    return staticcall IOracleAdapter(ORACLE).words(ids)


@internal
def book(account: uint256, change: int256, keeper: uint256, keeper_fee: uint256, to_cover: uint256):
    # the account's change, against the pool; fees to keeper and cover pool come out of the account as well
    extcall IVault(VAULT).post(
        account, POOL_ACCOUNT, change, keeper, keeper_fee, COVER_ACCOUNT, to_cover, skip_contract_check=True
    )


@internal
def write_off(account: uint256, granted: uint256):
    # W-1: the cover pool, then the pool
    extcall IVault(VAULT).write_off(account, COVER_ACCOUNT, granted, POOL_ACCOUNT, skip_contract_check=True)

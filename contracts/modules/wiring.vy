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
POOL: public(immutable(address))
CONFIGURATOR: public(immutable(address))
QUOTE_TOKEN: immutable(address)
POOL_ACCOUNT: immutable(uint256)
COVER_ACCOUNT: immutable(uint256)


@deploy
def __init__(vault: address, oracle: address, engine: address, pool: address, configurator: address):
    checks.that(staticcall IVault(vault).MANAGER() == self, "manager: vault of another")
    VAULT = vault
    ORACLE = oracle
    ENGINE = engine
    POOL = pool
    CONFIGURATOR = configurator
    QUOTE_TOKEN = staticcall IVault(vault).token(QUOTE)
    POOL_ACCOUNT = convert(pool, uint256) << 96
    COVER_ACCOUNT = (convert(pool, uint256) << 96) | 1


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
def push(account: uint256, asset: uint256, receiver: address, tokens: uint256) -> uint256:
    return extcall IVault(VAULT).push(account, asset, receiver, tokens)


@internal
def post(accounts: DynArray[uint256, 4], deltas: DynArray[int256, 4]):
    extcall IVault(VAULT).post(accounts, deltas, skip_contract_check=True)


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
    # the account's change, against the pool; fees to keeper and cover come out of the account as well
    fee: int256 = convert(keeper_fee, int256)
    cover: int256 = convert(to_cover, int256)
    accounts: DynArray[uint256, 4] = [account, POOL_ACCOUNT]
    deltas: DynArray[int256, 4] = [change - fee - cover, -change]
    if cover != 0:
        accounts.append(COVER_ACCOUNT)
        deltas.append(cover)
    if keeper == account:
        deltas[0] += fee
    elif fee != 0:
        accounts.append(keeper)
        deltas.append(fee)
    self.post(accounts, deltas)

# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title authority: who may ask the PositionManager for what, and the Configurator's calls
@notice Invariant I-28: a role proposes; it moves nobody's balance by itself.
"""

from interfaces import IEngine
from interfaces import IPositionManager
from interfaces import IVault
from contracts.modules import books
from contracts.modules import checks
from contracts.modules import portfolio
from contracts.modules import wiring

uses: books
uses: portfolio
uses: wiring

ORDER_BOOK: constant(uint256) = 1
LIQUIDATOR: constant(uint256) = 2
# given once, at deployment
WATERFALL: constant(uint256) = 3

roles: public(HashMap[address, uint256])


@external
def configure(kind: uint256, id: uint256, word: uint256):
    """
    @notice Store a parameter word (kinds in books.vy, layouts in packing.vy). Configurator only, who checks the bounds.
    """
    self.check_configurator()
    if kind == books.CLAIMS:
        wiring.write_off(wiring.POOL_ACCOUNT, max_value(uint256))
    elif kind == books.DEPOSIT_CAP:
        extcall IVault(wiring.VAULT).set_cap(id, word, skip_contract_check=True)
    elif kind < books.TERMS or kind == books.LIMITS:
        books.configure(kind, id, word)
    else:
        before: IEngine.Leg = portfolio.market_words(id)
        books.configure(kind, id, word)
        after: IEngine.Leg = portfolio.market_words(id)
        if kind == books.SETTLE:
            after.word = word
        books.carries[id], books.first_sums, books.second_sums = staticcall IEngine(wiring.ENGINE).reprice(
            before, after, books.first_sums, books.second_sums
        )
    log IPositionManager.Configured(kind=kind, id=id, word=word)


@external
def set_role(holder: address, role: uint256):
    """
    @notice 0 none, 1 OrderBook, 2 Liquidator; 3 is the Waterfall's from the beginning. Configurator only.
    """
    self.check_configurator()
    self.roles[holder] = role
    log IPositionManager.RoleSet(holder=holder, role=role)


@external
def list_asset(token: address) -> uint256:
    """
    @notice Let the Vault hold a further collateral token. Configurator only.
    """
    self.check_configurator()
    return extcall IVault(wiring.VAULT).list_asset(token)


@view
@internal
def check_role(role: uint256):
    self.check_allowed(self.roles[msg.sender] == role)


@pure
@internal
def check_allowed(ok: bool):
    checks.that(ok, "manager: not allowed")


@view
@internal
def checked_pool() -> uint256:
    """
    @notice The account of the calling pool.
    """
    account: uint256 = convert(msg.sender, uint256) << 96
    checks.that(wiring.is_protocol(account), "manager: not the pool")
    return account


@view
@internal
def check_configurator():
    checks.that(msg.sender == wiring.CONFIGURATOR, "manager: not configurator")

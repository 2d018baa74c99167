# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title FakeManager: PositionManager, Vault and oracle in one, that record what a Configurator sets and say what a test told them
"""

from interfaces import IPositionManager


struct Setting:
    kind: uint256
    id: uint256
    word: uint256


CONFIGURATOR: public(address)
settings: public(DynArray[Setting, 512])

words: HashMap[uint256, HashMap[uint256, uint256]]
books: HashMap[uint256, uint256]
prices: HashMap[uint256, uint256]
listed: uint256

# kind 8 pays so much of both
debt: public(uint256)
pool_cash: public(int256)
cover: public(uint256)
refreshed: public(uint256)


@deploy
def __init__(configurator: address):
    self.CONFIGURATOR = configurator


# ---- what a test says ---------------------------------------------------------------------------


@external
def set_book(id: uint256, word: uint256):
    self.books[id] = word


@external
def set_price(id: uint256, word: uint256):
    self.prices[id] = word


@external
def set_debts(debt: uint256, pool_cash: int256, cover: uint256):
    self.debt = debt
    self.pool_cash = pool_cash
    self.cover = cover


@external
def forget():
    self.settings = []


# ---- PositionManager ----------------------------------------------------------------------------


@external
def configure(kind: uint256, id: uint256, word: uint256):
    assert msg.sender == self.CONFIGURATOR, "manager: not configurator"
    self.settings.append(Setting(kind=kind, id=id, word=word))
    self.words[kind][id] = word
    if kind == 3:
        self.listed |= 1 << id
    if kind == 8:
        paid: uint256 = min(self.cover, self.debt)
        self.debt -= paid
        self.pool_cash += convert(paid, int256)


@external
def list_asset(token: address) -> uint256:
    return 0


@view
@external
def market_words(ids: uint256) -> DynArray[IPositionManager.MarketWords, 32]:
    found: DynArray[IPositionManager.MarketWords, 32] = []
    for id: uint256 in range(32):
        if (ids >> id) & 1 == 1:
            found.append(
                IPositionManager.MarketWords(
                    carry=0,
                    book=self.books[id],
                    terms=self.words[3][id],
                    limits=self.words[4][id],
                    risk=self.words[5][id],
                )
            )
    return found


@view
@external
def venue_words() -> (uint256, uint256, uint256, uint256, uint256, uint256):
    return self.words[0][0], self.words[2][0], 0, 0, self.words[1][0], self.listed


@view
@external
def VAULT() -> address:
    return self


@view
@external
def ORACLE() -> address:
    return self


@view
@external
def POOL() -> address:
    return 0x0000000000000000000000000000000000001234


# ---- Vault ---------------------------------------------------------------------------------------


@view
@external
def cash(account: uint256) -> int256:
    assert account == 4660 << 96
    return self.pool_cash


@view
@external
def token(asset: uint256) -> address:
    return self


@view
@external
def cap(asset: uint256) -> uint256:
    return self.words[6][asset]


# ---- oracle --------------------------------------------------------------------------------------


@external
def refresh(ids: uint256) -> DynArray[uint256, 32]:
    self.refreshed += 1
    for id: uint256 in range(32):
        if ids == 1 << id:
            return [self.prices[id]]
    raise "one market only"

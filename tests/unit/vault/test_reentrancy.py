"""A token, or a buyer, that is at the same time the Vault's manager calls every function back in the middle of a move.

Being the manager it passes every check of the caller, so that only the lock can stop it.
"""

import boa
import pytest

from tests.unit.vault.support import MOST, QUOTE, word

ARGUMENTS = {
    "list_asset": lambda s: (s.spare.address,),
    "set_cap": lambda s: (0, 1),
    "pull": lambda s: (s.account, QUOTE, s.payer, 10),
    "push": lambda s: (s.account, 0, s.payer, 10, s.other),
    "exchange": lambda s: (s.account, (0, s.hook.address, 10, s.payer, s.payer), 10**18, b""),
    "post": lambda s: (s.account, s.other, -1, s.other, 1, s.other, 1),
    "shift": lambda s: (s.account, s.other, 0, 1),
    "reserve": lambda s: (s.account, 1),
    "write_off": lambda s: (s.debtor, s.other, 1, s.other + 1),
    "totals": lambda s: (),
    "cash": lambda s: (s.account,),
    "reserved": lambda s: (s.account,),
    "collateral": lambda s: (s.account, 0),
    "word": lambda s: (s.account,),
    "snapshot": lambda s: (s.account,),
    "debt": lambda s: (),
    "credited": lambda s: (QUOTE,),
    "cap": lambda s: (0,),
    "token": lambda s: (0,),
    "holding": lambda s: (s.account, s.hook.address),
    "asset_of": lambda s: (s.hook.address,),
    "decimals_of": lambda s: (0,),
    "asset_count": lambda s: (),
    "MANAGER": lambda s: (),
}


class Stage:
    """A Vault whose manager and collateral 0 are the same HookToken; 100 units of each asset in one account."""

    TOKEN = "HookToken"

    def __init__(self, deploy, roles, ids):
        self.account, self.other, self.payer = ids.trader, ids.pool, roles.payer
        self.debtor = ids.keeper
        self.hook = deploy(self.TOKEN, 18)
        self.quote = deploy("StandardToken", 18)
        self.spare = deploy("StandardToken", 18)
        self.vault = deploy("Vault", self.manager(deploy), self.quote.address)
        self.act("list_asset", self.hook.address)
        self.act("set_cap", 0, MOST)
        self.act("post", self.debtor, ids.second, -5, 0, 0, 0, 0)
        for token, asset in ((self.hook, 0), (self.quote, QUOTE)):
            token.mint(self.payer, 1_000)
            token.approve(self.vault.address, 1_000, sender=self.payer)
            self.act("pull", self.account, asset, self.payer, 100)

    def manager(self, _deploy):
        """Address of what acts as manager."""
        return self.hook.address

    def calldata(self, name):
        return getattr(self.vault, name).prepare_calldata(*ARGUMENTS[name](self))

    def act(self, name, *args):
        """The hook token's call as manager."""
        self.hook.act(self.vault.address, getattr(self.vault, name).prepare_calldata(*args))


@pytest.fixture
def stage(deploy, roles, ids):
    return Stage(deploy, roles, ids)


def test_the_list_is_complete(stage):
    functions = {item["name"] for item in stage.vault.abi if item["type"] == "function"}
    assert functions == set(ARGUMENTS)


@pytest.mark.parametrize("name", ARGUMENTS)
def test_each_call_works_outside_a_move(stage, name):
    """Without this, a mistake in the arguments would pass for a lock."""
    stage.hook.act(stage.vault.address, stage.calldata(name))


@pytest.mark.parametrize("move", ["pull", "push"])
@pytest.mark.parametrize("name", [name for name in ARGUMENTS if name != "MANAGER"])
def test_each_call_fails_inside_a_move(stage, name, move):
    stage.hook.arm(stage.vault.address, stage.calldata(name))
    stage.act(move, stage.account, 0, stage.payer, 7, *([0] if move == "push" else []))
    assert stage.hook.calls() == 1
    assert (stage.hook.succeeded(), stage.hook.answer()) == (False, b"")
    # the move itself went through, and nothing else happened
    left = 107 if move == "pull" else 93
    assert stage.vault.snapshot(stage.account) == (word(cash=100, assets=1), [left])
    assert stage.vault.snapshot(stage.other) == (0, [])
    assert (stage.vault.credited(0), stage.vault.credited(QUOTE)) == (left, 100)
    assert stage.vault.asset_count() == 1


def test_the_manager_is_told_even_inside_a_move(stage):
    """The one getter without a lock: an immutable cannot be half changed."""
    stage.hook.arm(stage.vault.address, stage.calldata("MANAGER"))
    stage.act("push", stage.account, 0, stage.payer, 7, 0)
    assert stage.hook.succeeded()
    assert stage.hook.answer() == bytes(12) + bytes.fromhex(stage.hook.address[2:])


def test_the_lock_is_gone_after_a_move_that_failed(stage):
    with boa.reverts("vault: insufficient balance"):
        stage.act("push", stage.account, 0, stage.payer, 101, 0)
    stage.act("push", stage.account, 0, stage.payer, 100, 0)
    assert stage.vault.snapshot(stage.account) == (word(cash=100), [])


def test_a_deposit_in_the_middle_of_a_push_is_not_paid_for(stage):
    """Tokens that come back during the transfer hide no part of it: the balance must fall by all of it."""
    stage.hook.mint(stage.hook.address, 7)
    back = stage.hook.transfer.prepare_calldata(stage.vault.address, 7)
    stage.hook.arm(stage.hook.address, back)
    with boa.reverts("vault: token moved wrong amount"):
        stage.act("push", stage.account, 0, stage.payer, 7, 0)
    assert stage.vault.credited(0) == stage.hook.balanceOf(stage.vault.address) == 100


def test_a_payers_gift_in_the_middle_of_a_pull_is_a_gift(stage):
    stage.hook.mint(stage.hook.address, 50)
    stage.hook.arm(stage.hook.address, stage.hook.mint.prepare_calldata(stage.vault.address, 50))
    stage.act("pull", stage.account, 0, stage.payer, 7)
    assert stage.hook.succeeded()
    assert stage.vault.credited(0) == 107
    assert stage.hook.balanceOf(stage.vault.address) == 157


# ---- the callback of a sale ---------------------------------------------------------------------


class Sale(Stage):
    """The same with a Buyer as manager: it sells to itself, and is called before it pays."""

    TOKEN = "StandardToken"

    def __init__(self, deploy, roles, ids):
        super().__init__(deploy, roles, ids)
        self.quote.mint(self.buyer.address, 50)
        self.buyer.pay(self.quote.address, self.vault.address, 50)

    def manager(self, deploy):
        """Address of what acts as manager."""
        self.buyer = deploy("Buyer")
        return self.buyer.address

    def act(self, name, *args):
        """The buyer's call as manager."""
        self.buyer.act(self.vault.address, getattr(self.vault, name).prepare_calldata(*args))

    def sell(self):
        """7 tokens for 50 quote, with the callback."""
        buyer = self.buyer.address
        self.act("exchange", self.account, (0, self.hook.address, 7, buyer, buyer), 50 * 10**18 // 7, b"1")


@pytest.fixture
def sale(deploy, roles, ids):
    return Sale(deploy, roles, ids)


@pytest.mark.parametrize("name", ARGUMENTS)
def test_each_call_works_outside_a_sale(sale, name):
    sale.buyer.act(sale.vault.address, sale.calldata(name))


@pytest.mark.parametrize("name", [name for name in ARGUMENTS if name != "MANAGER"])
def test_each_call_fails_inside_the_callback(sale, name):
    sale.buyer.plan(sale.vault.address, sale.calldata(name))
    sale.sell()
    assert sale.buyer.calls() == 1
    assert (sale.buyer.succeeded(), sale.buyer.answer()) == (False, b"")
    # the sale itself went through, and nothing else happened
    assert sale.vault.snapshot(sale.account) == (word(cash=150, assets=1), [93])
    assert sale.vault.snapshot(sale.other) == (0, [])
    assert (sale.vault.credited(0), sale.vault.credited(QUOTE)) == (93, 150)
    assert (sale.vault.asset_count(), sale.vault.cap(0)) == (1, MOST)


def test_the_manager_is_told_even_inside_the_callback(sale):
    sale.buyer.plan(sale.vault.address, sale.calldata("MANAGER"))
    sale.sell()
    assert sale.buyer.answer() == bytes(12) + bytes.fromhex(sale.buyer.address[2:])


def test_the_lock_is_gone_after_a_sale_that_failed(sale):
    sale.buyer.refuse(True)
    with boa.reverts("buyer: refuses"):
        sale.sell()
    sale.buyer.refuse(False)
    sale.sell()
    assert sale.vault.snapshot(sale.account) == (word(cash=150, assets=1), [93])

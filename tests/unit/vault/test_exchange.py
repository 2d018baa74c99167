"""Vault.exchange: collateral for cash; delivery, a call of the buyer if he wants one, payment."""

import boa
import pytest

from tests.unit.vault.support import QUOTE, WAD, admit, book, word

DATA = b"a path"


@pytest.fixture
def buyer(deploy, vault, quote):
    """A contract with 1,000 quote that approved the Vault."""
    buyer = deploy("Buyer")
    quote.mint(buyer.address, 1_000 * 10**6)
    buyer.pay(quote.address, vault.address, 2**256 - 1)
    return buyer


@pytest.fixture
def stocked(vault, weth, deposit, ids):
    """The pool's account with 10 ether."""
    deposit(ids.pool, 0, weth, 10 * WAD)
    return ids.pool


PRICE = 175 * WAD  # 4 ether cost 700 quote


def exchange(vault, account, buyer, tokens=4 * WAD, price=PRICE, data=b"", **kw):
    asset, receiver = kw.pop("asset", 0), kw.pop("receiver", buyer.address)
    token = kw.pop("token", None) or vault.token(asset)
    return vault.exchange(account, (asset, token, tokens, buyer.address, receiver), price, data, **kw)


def state(vault, quote, weth, buyer, account):
    """Everything that an exchange moves."""
    return (
        vault.snapshot(account),
        vault.credited(0),
        vault.credited(QUOTE),
        weth.balanceOf(buyer.address),
        quote.balanceOf(buyer.address),
    )


def test_refuses_all_but_the_manager(vault, stocked, buyer, roles):
    for caller in (roles.outsider, roles.payer, buyer.address):
        with boa.reverts("vault: not manager"):
            exchange(vault, stocked, buyer, sender=caller)


@pytest.mark.parametrize("asset", [1, 8, 254, QUOTE, 256, 2**256 - 1])
def test_refuses_the_id_of_another_asset(vault, weth, stocked, buyer, asset):
    """The manager prices the id, the Vault delivers the token."""
    with boa.reverts("vault: unknown asset"):
        exchange(vault, stocked, buyer, asset=asset, token=weth.address)


def test_refuses_an_unknown_token(vault, stocked, buyer):
    with boa.reverts("vault: unknown token"):
        exchange(vault, stocked, buyer, token=buyer.address)


def test_refuses_more_than_there_is(vault, stocked, buyer, deposit, weth, ids):
    deposit(ids.trader, 0, weth, 90 * WAD)
    with boa.reverts("vault: insufficient balance"):
        exchange(vault, stocked, buyer, tokens=10 * WAD + 1)
    exchange(vault, stocked, buyer, tokens=10 * WAD, price=WAD)


def test_refuses_parts_of_a_wad_unit(deploy, vault, deposit, buyer, ids):
    token = deploy("StandardToken", 24)
    admit(vault, token)
    deposit(ids.pool, 0, token, 5 * 10**6)
    with boa.reverts("vault: amount granularity"):
        exchange(vault, ids.pool, buyer, tokens=10**6 + 1)


def test_refuses_too_many_tokens_of_either_kind(vault, stocked, buyer):
    with boa.reverts("vault: too many tokens"):
        exchange(vault, stocked, buyer, tokens=2**128)
    with boa.reverts("vault: too many tokens"):
        exchange(vault, stocked, buyer, price=2**190)


@pytest.mark.parametrize("data", [b"", DATA])
def test_refuses_a_buyer_who_does_not_pay(vault, quote, weth, stocked, buyer, data):
    before = state(vault, quote, weth, buyer, stocked)
    with boa.reverts("token: balance"):
        exchange(vault, stocked, buyer, price=250 * WAD + 1, data=data)
    buyer.pay(quote.address, vault.address, 700 * 10**6 - 1)
    with boa.reverts("token: allowance"):
        exchange(vault, stocked, buyer, data=data)
    assert state(vault, quote, weth, buyer, stocked) == before
    assert buyer.calls() == 0


def test_refuses_a_price_of_nothing(vault, stocked, buyer):
    with boa.reverts("vault: nothing credited"):
        exchange(vault, stocked, buyer, price=0)


def test_refuses_when_the_buyer_reverts(vault, quote, weth, stocked, buyer):
    buyer.refuse(True)
    before = state(vault, quote, weth, buyer, stocked)
    with boa.reverts("buyer: refuses"):
        exchange(vault, stocked, buyer, data=DATA)
    assert state(vault, quote, weth, buyer, stocked) == before
    exchange(vault, stocked, buyer)


def test_refuses_a_buyer_with_data_but_without_code(vault, quote, stocked, roles):
    quote.mint(roles.payer, 1_000 * 10**6)
    quote.approve(vault.address, 2**256 - 1, sender=roles.payer)
    args = (stocked, (0, vault.token(0), 4 * WAD, roles.payer, roles.receiver), PRICE)
    with pytest.raises(boa.BoaError):
        vault.exchange(*args, DATA)
    assert vault.exchange(*args, b"") == 700 * 10**6


def test_refuses_any_other_fall_of_the_balance(deploy, vault, deposit, buyer, ids):
    token = deploy("FeeToken", 18)
    admit(vault, token)
    deposit(ids.pool, 0, token, 10_000)
    deposit(ids.trader, 0, token, 10_000)
    token.set_parts(10_100, 10_000)
    with boa.reverts("vault: token moved wrong amount"):
        exchange(vault, ids.pool, buyer, tokens=10_000)


def test_refuses_the_vault_as_receiver(vault, stocked, buyer):
    with boa.reverts("vault: token moved wrong amount"):
        exchange(vault, stocked, buyer, receiver=vault.address)


@pytest.mark.parametrize("data", [b"", DATA])
def test_delivers_and_is_paid(vault, quote, weth, stocked, buyer, data):
    assert exchange(vault, stocked, buyer, data=data) == 700 * 10**6
    logs = [
        (type(e).__name__, e.account, e.asset, e.tokens, e.amount)
        for e in vault.get_logs()
        if e.address == vault.address
    ]
    assert logs == [
        ("Debited", stocked, 0, 4 * WAD, 4 * WAD),
        ("Credited", stocked, QUOTE, 700 * 10**6, 700 * WAD),
    ]
    assert state(vault, quote, weth, buyer, stocked) == (
        (word(cash=700 * WAD, assets=1), [6 * WAD]),
        6 * WAD,
        700 * WAD,
        4 * WAD,
        300 * 10**6,
    )
    assert quote.balanceOf(vault.address) == 700 * 10**6
    assert vault.debt() == 0


def test_delivers_to_the_receiver_and_takes_from_the_buyer(vault, quote, weth, stocked, buyer, roles):
    exchange(vault, stocked, buyer, receiver=roles.receiver, data=DATA)
    assert (weth.balanceOf(roles.receiver), weth.balanceOf(buyer.address)) == (4 * WAD, 0)
    assert quote.balanceOf(buyer.address) == 300 * 10**6


def test_calls_nobody_without_data(vault, stocked, buyer):
    exchange(vault, stocked, buyer)
    assert buyer.calls() == 0


def test_calls_the_buyer_once_between_delivery_and_payment(vault, quote, weth, stocked, buyer):
    """He holds the tokens by then and has not paid yet; what he is told is what happens."""
    buyer.plan(quote.address, quote.balanceOf.prepare_calldata(buyer.address))
    exchange(vault, stocked, buyer, data=DATA)
    assert buyer.calls() == 1
    assert buyer.caller() == vault.address
    told = (buyer.token(), buyer.amount(), buyer.cost(), buyer.data())
    assert told == (weth.address, 4 * WAD, 700 * 10**6, DATA)
    assert buyer.held() == 4 * WAD
    assert int.from_bytes(buyer.answer(), "big") == 1_000 * 10**6


def test_the_longest_data_arrives_whole(vault, stocked, buyer):
    data = bytes(i % 251 for i in range(1024))
    exchange(vault, stocked, buyer, data=data)
    assert buyer.data() == data


def test_a_buyer_may_pay_with_what_he_gets_for_the_tokens(deploy, vault, quote, weth, stocked):
    """He owns nothing before; in the callback he gets the money."""
    poor = deploy("Buyer")
    poor.pay(quote.address, vault.address, 2**256 - 1)
    poor.plan(quote.address, quote.mint.prepare_calldata(poor.address, 700 * 10**6))
    assert exchange(vault, stocked, poor, data=DATA) == 700 * 10**6
    assert (quote.balanceOf(poor.address), weth.balanceOf(poor.address)) == (0, 4 * WAD)


def test_approval_may_come_in_the_callback(deploy, vault, quote, stocked):
    late = deploy("Buyer")
    quote.mint(late.address, 700 * 10**6)
    late.plan(late.address, late.pay.prepare_calldata(quote.address, vault.address, 700 * 10**6))
    exchange(vault, stocked, late, data=DATA)
    assert quote.balanceOf(late.address) == 0


def test_what_he_gives_the_vault_in_the_callback_is_a_gift(vault, quote, stocked, buyer):
    """Paid too early it is a donation: the price is due all the same."""
    buyer.plan(quote.address, quote.transfer.prepare_calldata(vault.address, 300 * 10**6))
    assert exchange(vault, stocked, buyer, data=DATA) == 700 * 10**6
    assert buyer.succeeded()
    assert (vault.credited(QUOTE), quote.balanceOf(vault.address)) == (700 * WAD, 1_000 * 10**6)


def test_tokens_sent_back_in_the_callback_are_a_gift(vault, weth, stocked, buyer):
    buyer.plan(weth.address, weth.transfer.prepare_calldata(vault.address, 4 * WAD))
    exchange(vault, stocked, buyer, data=DATA)
    assert (vault.credited(0), weth.balanceOf(vault.address)) == (6 * WAD, 10 * WAD)


def test_the_price_pays_debt_first(vault, stocked, buyer, ids):
    book(vault, stocked, ids.trader, -500 * WAD)
    assert vault.debt() == 500 * WAD
    exchange(vault, stocked, buyer)
    assert (vault.cash(stocked), vault.debt()) == (200 * WAD, 0)


def market(deploy, roles, ids, quote, decimals=18):
    """A Vault over that quote, with 1,000 units of a token in the pool's account; quote and approval with the payer."""
    vault = deploy("Vault", roles.manager, quote.address)
    token = deploy("StandardToken", decimals)
    admit(vault, token)
    for kind, amount in ((token, 1_000 * 10**decimals), (quote, 2**127)):
        kind.mint(roles.payer, amount)
        kind.approve(vault.address, amount, sender=roles.payer)
    vault.pull(ids.pool, 0, roles.payer, 1_000 * 10**decimals)

    def sell(tokens, price):
        sale = (0, token.address, tokens, roles.payer, roles.receiver)
        return vault.exchange(ids.pool, sale, price, b"")

    return vault, sell


def test_refuses_a_quote_that_keeps_a_fee(deploy, roles, ids):
    """What arrives must be worth the price, to what rounding up has left over."""
    fee = deploy("FeeToken", 6)
    vault, sell = market(deploy, roles, ids, fee)
    fee.set_parts(10_000, 9_999)
    with boa.reverts("vault: paid too little"):
        sell(WAD, WAD // 100)
    # 100.01 units are rounded up to 101, of which 100 arrive; 100 of 100 leave 99
    with boa.reverts("vault: paid too little"):
        sell(WAD, WAD // 10**4 + 10**10)
    with boa.reverts("vault: paid too little"):
        sell(WAD, WAD // 10**4)
    fee.set_parts(10_000, 10_000)
    assert sell(WAD, WAD // 10**4) == 100
    assert vault.cash(ids.pool) == WAD // 10**4


@pytest.mark.parametrize("quote_decimals", [2, 6, 18, 24])
@pytest.mark.parametrize("decimals", [2, 18, 24])
def test_the_price_is_rounded_up_in_any_units(deploy, roles, ids, quote_decimals, decimals):
    """To WAD, then to token units of the quote."""
    quote = deploy("StandardToken", quote_decimals)
    vault, sell = market(deploy, roles, ids, quote, decimals)
    cash = 0
    # prices, and amounts in hundredths of a token; the last are the smallest there are
    for price, hundredths in (
        (2_000 * WAD, 123),
        (WAD // 3, 7),
        (10**15 + 1, 1),
        (10**25 - 1, 9_999),
        (1, 1),
    ):
        wad = -(-price * hundredths * WAD // 100 // WAD)
        cost = -(-wad * 10**quote_decimals // WAD)
        assert sell(hundredths * 10**decimals // 100, price) == cost
        cash += cost * WAD // 10**quote_decimals
        assert vault.cash(ids.pool) == cash


def test_leaves_other_accounts_alone(vault, weth, deposit, give_cash, stocked, buyer, ids):
    deposit(ids.trader, 0, weth, 3)
    give_cash(ids.trader, 2)
    exchange(vault, stocked, buyer, data=DATA)
    assert vault.snapshot(ids.trader) == (word(cash=2 * WAD, assets=1), [3])

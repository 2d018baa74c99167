"""The plan: varied, deterministic, within initial margin by an independent reckoning, and partly close to it."""

from fractions import Fraction

import pytest

from crossmargin.demo.books import (
    DECIMALS,
    LOT,
    MAX_ACCOUNTS,
    QUOTE,
    UNDERLYING,
    WAD,
    Book,
    make_plan,
    margin,
    notional_to_size,
    weight,
)
from crossmargin.demo.paths import MARKETS, START_PRICE, PathError

# docs/parameters.md: loading, own part, discount of the collateral.
BETA = {"BTC": 0.040, "ETH": 0.055, "SOL": 0.080, "LINK": 0.075, "DOGE": 0.080}
SIGMA = {"BTC": 0.016, "ETH": 0.020, "SOL": 0.025, "LINK": 0.030, "DOGE": 0.035}
DISCOUNT = {"WETH": 0.07, "WBTC": 0.05}
DOLLARS = {market: price / 1e8 for market, price in START_PRICE.items()}


def equity(book: Book) -> float:
    total = 0.0
    for deposit in book.deposits:
        tokens = deposit.amount / 10 ** DECIMALS[deposit.token]
        if deposit.token == QUOTE:
            total += tokens
        else:
            total += tokens * DOLLARS[UNDERLYING[deposit.token]] * (1 - DISCOUNT[deposit.token])
    return total


def initial_margin(book: Book) -> float:
    """M-1 to M-4 in floats, from sizes and tokens."""
    net, gross = dict.fromkeys(MARKETS, 0.0), dict.fromkeys(MARKETS, 0.0)
    for target in book.targets:
        notional = target.size / 1e18 * DOLLARS[target.market]
        net[target.market] += notional
        gross[target.market] += abs(notional)
    for deposit in book.deposits:
        if deposit.token != QUOTE:
            market = UNDERLYING[deposit.token]
            worth = deposit.amount / 10 ** DECIMALS[deposit.token] * DOLLARS[market]
            net[market] += worth
            gross[market] += worth
    common = sum(BETA[m] * net[m] for m in MARKETS)
    own = sum((SIGMA[m] * net[m]) ** 2 for m in MARKETS)
    floor = 0.6 * sum((BETA[m] ** 2 + SIGMA[m] ** 2) ** 0.5 * gross[m] for m in MARKETS)
    return 1.5 * max((common**2 + own) ** 0.5, floor)


def test_the_plan_is_the_same_for_the_same_seed():
    assert make_plan(START_PRICE, seed=3) == make_plan(START_PRICE, seed=3)
    assert make_plan(START_PRICE, seed=3) != make_plan(START_PRICE, seed=4)


def test_at_least_forty_accounts_of_every_kind():
    plan = make_plan(START_PRICE)
    assert len(plan.books) >= 40
    assert len({book.name for book in plan.books}) == len(plan.books)
    kinds = {book.kind for book in plan.books}
    assert {"single long", "single short", "long basket", "mixed", "hedged", "cash and carry"} <= kinds
    assert sum(plan.providers) == 10_000_000 * 10**6
    assert plan.cover == (250_000 * 10**6,)


@pytest.mark.parametrize("seed", range(5))
def test_every_book_fits_its_initial_margin_and_says_how_tightly(seed):
    for book in make_plan(START_PRICE, accounts=66, seed=seed).books:
        assert book.equity / 1e18 == pytest.approx(equity(book), rel=1e-6)
        use = initial_margin(book) / equity(book)
        assert use <= 0.97
        # Loadings are whole bps, and weights are rounded up: within half a per cent.
        assert book.use / 1e4 == pytest.approx(use, rel=5e-3, abs=5e-4)


def test_enough_accounts_are_close_to_their_limit_and_some_are_not():
    use = [book.use for book in make_plan(START_PRICE).books]
    assert sum(value > 9000 for value in use) >= 12
    assert sum(value < 4500 for value in use) >= 5


def test_both_sides_and_all_markets_are_held():
    sizes = [target for book in make_plan(START_PRICE).books for target in book.targets]
    for market in MARKETS:
        assert {target.size > 0 for target in sizes if target.market == market} == {True, False}
    assert all(target.size % LOT == 0 and target.size != 0 for target in sizes)


def test_every_book_can_pay_its_keepers_and_fees():
    """An order reserves the keeper's fee of 0.2 in cash: who deposited collateral alone never opened."""
    for book in make_plan(START_PRICE, accounts=66).books:
        (cash,) = (deposit.amount for deposit in book.deposits if deposit.token == QUOTE)
        notional = sum(abs(target.size) / 1e18 * DOLLARS[target.market] for target in book.targets)
        assert cash / 1e6 > 0.2 * len(book.targets) + 0.0005 * notional  # and the taker's fee of 5 bps
        if "carry" in book.kind or book.kind == "long on collateral":
            assert cash / 1e6 < 0.02 * equity(book)


def test_cash_and_carry_is_hedged_by_its_collateral():
    carries = [book for book in make_plan(START_PRICE).books if book.kind == "cash and carry"]
    assert {deposit.token for book in carries for deposit in book.deposits} == {"WETH", "WBTC", QUOTE}
    for book in carries:
        (deposit, _), (target,) = book.deposits, book.targets
        assert target.market == UNDERLYING[deposit.token]
        held = Fraction(deposit.amount, 10 ** DECIMALS[deposit.token])
        assert float(Fraction(-target.size, WAD) / held) == pytest.approx(1, rel=1e-3)


def test_later_trades_refer_to_what_is_there():
    plan = make_plan(START_PRICE)
    assert len(plan.trades) >= 8
    assert list(plan.trades) == sorted(plan.trades, key=lambda trade: (trade.permille, trade.account))
    for trade in plan.trades:
        assert 0 < trade.permille < 1000
        assert (trade.reduce == 0) != (trade.add == 0)
        if trade.market is not None:
            assert trade.market in {target.market for target in plan.books[trade.account].targets}
    assert any(trade.market is None for trade in plan.trades)


@pytest.mark.parametrize("markets", [("SOL",), ("BTC", "DOGE"), ("ETH", "BTC", "LINK")])
def test_fewer_markets_make_a_plan_of_those_alone(markets):
    plan = make_plan({market: START_PRICE[market] for market in markets})
    assert {target.market for book in plan.books for target in book.targets} == set(markets)
    tokens = {deposit.token for book in plan.books for deposit in book.deposits}
    assert {UNDERLYING[token] for token in tokens if token != QUOTE} <= set(markets)
    assert all(len({t.market for t in book.targets}) == len(book.targets) > 0 for book in plan.books)


def test_totals_add_up():
    plan = make_plan(START_PRICE, accounts=5)
    assert plan.total("WETH") == plan.books[4].deposits[0].amount
    fees = plan.books[4].deposits[1]
    assert fees.token == QUOTE
    assert plan.total(QUOTE) == sum(book.deposits[0].amount for book in plan.books[:4]) + fees.amount


def test_a_depegged_quote_buys_less():
    """At 0.5 dollars a quote token, the same equity in quote is half the size in base units."""
    at_par = make_plan(START_PRICE, accounts=1).books[0].targets[0].size
    cheap = make_plan(START_PRICE, accounts=1, quote=50_000_000).books[0].targets[0].size
    assert cheap == pytest.approx(at_par / 2, rel=1e-6)


@pytest.mark.parametrize("accounts", [0, MAX_ACCOUNTS + 1])
def test_a_bad_number_of_accounts(accounts):
    with pytest.raises(
        PathError, match=rf"^--accounts {accounts} is out of range: choose 1 to {MAX_ACCOUNTS}$"
    ):
        make_plan(START_PRICE, accounts=accounts)


def test_sizes_are_cut_to_lots_towards_zero():
    third = WAD // 3
    assert notional_to_size(WAD, 3 * WAD) == third // LOT * LOT
    assert notional_to_size(-WAD, 3 * WAD) == -(third // LOT * LOT)


def test_margin_of_known_cases():
    # w(ETH) = sqrt(550^2 + 200^2) = 585.2 bps, rounded up.
    assert weight("ETH") == 586
    # A single position of 1,000: 1,000 * 0.05852.
    assert margin({"ETH": (1000 * WAD, 1000 * WAD)}) / WAD == pytest.approx(58.52, abs=0.01)
    # Fully hedged with its own underlying: the floor of 0.6 * w * gross.
    assert margin({"ETH": (0, 2000 * WAD)}) / WAD == pytest.approx(0.6 * 0.0586 * 2000, abs=0.01)

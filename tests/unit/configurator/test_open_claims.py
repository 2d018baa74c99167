"""open_claims()"""

import boa
import pytest

from tests.unit.configurator.support import CLAIMS_OPEN, DAY, PAUSED, SHUTTING_DOWN, WAD, Rates

DOWN = Rates().word() | PAUSED | SHUTTING_DOWN


@pytest.fixture
def settled(stage):
    """Shut down, all settled, books empty of lots, no debts."""
    stage.settle_all()
    # the sum of traders' position quote may be left over
    stage.manager.set_book(1, (2**112 - 5) << 144)
    stage.settings()
    return stage


def test_only_after_a_shutdown(stage):
    with boa.reverts("configurator: not shut down"):
        stage.configurator.open_claims()
    for market in range(3):
        stage.do("close_market", market)
    stage.wait(DAY)
    for market in range(3):
        stage.configurator.settle_market(market)
    with boa.reverts("configurator: not shut down"):
        stage.configurator.open_claims()


@pytest.mark.parametrize("missing", [0, 1, 2])
def test_every_market_is_settled(stage, missing):
    stage.do("shut_down")
    stage.wait(DAY)
    for market in {0, 1, 2} - {missing}:
        stage.configurator.settle_market(market)
    with boa.reverts("configurator: market not settled"):
        stage.configurator.open_claims()


@pytest.mark.parametrize("book", [1, 2**71, 1 << 72, 1 << 143, 1 | 1 << 72 | 1 << 144])
@pytest.mark.parametrize("market", [0, 2])
def test_every_book_is_closed_out(settled, market, book):
    settled.manager.set_book(market, book)
    with boa.reverts("configurator: open positions"):
        settled.configurator.open_claims()


@pytest.mark.parametrize(
    ("debt", "cash"), [(1, 0), (1, 5 * WAD), (5 * WAD, -5 * WAD + 1), (5 * WAD + 1, -5 * WAD), (0, -1)]
)
def test_nobody_but_the_pool_owes_anything(settled, debt, cash):
    settled.manager.set_debts(debt, cash, 0)
    with boa.reverts("configurator: open debts"):
        settled.configurator.open_claims()


def test_once(settled):
    settled.configurator.open_claims()
    with boa.reverts("configurator: already so"):
        settled.configurator.open_claims()


@pytest.mark.parametrize(
    ("cash", "cover", "left"),
    [(0, 7, 0), (9 * WAD, 7, 0), (-9 * WAD, 4 * WAD, 5 * WAD), (-9 * WAD, 10 * WAD, 0), (-1, 0, 1)],
)
def test_the_cover_pool_pays_and_quote_goes_out_again(settled, outsider, cash, cover, left):
    settled.manager.set_debts(max(0, -cash), cash, cover)
    with boa.env.prank(outsider):
        settled.configurator.open_claims()
    assert settled.logged("ClaimsOpened") == [(left,)]
    assert sorted(settled.settings()) == [(1, 0, DOWN | CLAIMS_OPEN), (8, 0, 0)]
    assert settled.rates() == DOWN | CLAIMS_OPEN


def test_without_any_market(factories):
    """Only LPs to pay."""
    owner = boa.env.generate_address("owner")
    configurator = factories["Configurator"].deploy(owner)
    manager = factories["FakeManager"].deploy(configurator)
    with boa.env.prank(owner):
        configurator.wire(manager)
        configurator.shut_down()
    configurator.open_claims()
    assert manager.venue_words()[4] == PAUSED | SHUTTING_DOWN | CLAIMS_OPEN

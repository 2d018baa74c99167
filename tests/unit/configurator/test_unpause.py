"""unpause()"""

import boa
import pytest

from tests.unit.configurator.support import DAY, NOT_OWNER, Rates, flags_of, grace_of

GRACE = 900


@pytest.fixture
def paused(stage):
    stage.do("pause")
    stage.settings()
    return stage


def test_only_the_owner(paused, outsider):
    with boa.env.prank(outsider), boa.reverts(NOT_OWNER):
        paused.configurator.unpause()


def test_only_after_a_pause(stage):
    with boa.reverts("configurator: not paused"):
        stage.do("unpause")
    stage.do("pause")
    stage.do("unpause")
    with boa.reverts("configurator: not paused"):
        stage.do("unpause")


def test_not_after_a_shutdown(paused):
    paused.do("shut_down")
    with boa.reverts("configurator: shut down"):
        paused.do("unpause")


def test_the_flag_goes_and_grace_begins(paused):
    until = paused.wait(5 * DAY) + GRACE
    paused.do("unpause")
    assert paused.logged("Unpaused") == [(until,)]
    assert paused.settings() == [(1, 0, Rates().word() | until << 192)]


def test_once_a_day(paused):
    """Else liquidations could be held up for ever."""
    first = paused.wait(0)
    paused.do("unpause")
    paused.do("pause")
    assert grace_of(paused.rates()) == first + GRACE  # a pause does not end the grace before it
    for seconds in (0, GRACE, DAY - GRACE - 1):
        paused.wait(seconds)
        with boa.reverts("configurator: too soon"):
            paused.do("unpause")
    second = paused.wait(1)
    assert second == first + DAY
    paused.do("unpause")
    assert (flags_of(paused.rates()), grace_of(paused.rates())) == (0, second + GRACE)

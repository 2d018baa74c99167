"""set_collateral(asset, discount, cap) and collateral(asset)"""

import boa
import pytest

from tests.unit.configurator.support import NOT_OWNER, WAD


@pytest.fixture
def assets(venue):
    """Three collateral assets."""
    for _ in range(3):
        venue.do("list_collateral", venue.new_token(), 0, 700, 100 * WAD)
    return venue


def test_only_the_owner(assets, outsider):
    with boa.env.prank(outsider), boa.reverts(NOT_OWNER):
        assets.configurator.set_collateral(0, 700, 0)


def test_unlisted(assets):
    for asset in (3, 8, 255, 2**255):
        with boa.reverts("configurator: asset"):
            assets.do("set_collateral", asset, 700, 0)
        with boa.reverts("configurator: asset"):
            assets.configurator.collateral(asset)


def test_bounds(assets):
    with boa.reverts("configurator: discount"):
        assets.do("set_collateral", 0, 5_001, 0)
    with boa.reverts("configurator: cap"):
        assets.do("set_collateral", 0, 700, 2**96)


def test_one_entry_changes(assets):
    before = [assets.configurator.collateral(i) for i in range(3)]
    assets.do("set_collateral", 1, 900, 5 * WAD)
    after = [assets.configurator.collateral(i) for i in range(3)]
    assert after[0] == before[0] and after[2] == before[2]
    assert tuple(after[1]) == (before[1].token, 0, 900, 5 * WAD)
    word = assets.venue_words()[1]
    assert [word >> 32 * i & 0xFFFFFFFF for i in range(4)] == [
        700 << 8 | 1 << 24,
        900 << 8 | 1 << 24,
        700 << 8 | 1 << 24,
        0,
    ]


def test_the_manager_holds_deposits_to_the_cap(assets, outsider):
    token = assets.new_token()
    asset = assets.do("list_collateral", token, 0, 700, 0)
    vault = assets.manager.VAULT()
    account = int(outsider, 16) << 96
    token.mint(outsider, 10 * WAD)
    with boa.env.prank(outsider):
        token.approve(vault, 10 * WAD)
        with boa.reverts("vault: deposit cap"):
            assets.manager.deposit(account, token, 1)
    assets.do("set_collateral", asset, 700, 5 * WAD)
    with boa.env.prank(outsider):
        assets.manager.deposit(account, token, 5 * WAD)
        with boa.reverts("vault: deposit cap"):
            assets.manager.deposit(account, token, 1)

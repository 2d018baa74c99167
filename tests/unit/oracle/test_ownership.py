"""The constructor and the two-step owner."""

import boa


def test_the_constructor_names_the_owner(bare, owner):
    assert bare.oracle.owner() == owner
    assert bare.oracle.pending_owner() == "0x" + "00" * 20


def test_outsiders_cannot_transfer(bare, outsider):
    with boa.reverts("ownable: caller is not the owner"), boa.env.prank(outsider):
        bare.oracle.transfer_ownership(outsider)
    with boa.reverts("ownable: caller is not the owner"), boa.env.prank(outsider):
        bare.oracle.renounce_ownership()


def test_the_new_owner_must_accept(bare, owner, outsider):
    with boa.env.prank(owner):
        bare.oracle.transfer_ownership(outsider)
    assert bare.oracle.owner() == owner
    with boa.reverts("ownable_2step: caller is not the new owner"), boa.env.prank(owner):
        bare.oracle.accept_ownership()
    with boa.env.prank(outsider):
        bare.oracle.accept_ownership()
    assert bare.oracle.owner() == outsider

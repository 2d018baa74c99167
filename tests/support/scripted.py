"""What the tests of re-entrancy over a scripted core share."""

from __future__ import annotations

# immutables and the two-step ownership of snekmate stand outside the lock; they move no value
UNLOCKED = {
    "MANAGER",
    "owner",
    "pending_owner",
    "transfer_ownership",
    "accept_ownership",
    "renounce_ownership",
}
